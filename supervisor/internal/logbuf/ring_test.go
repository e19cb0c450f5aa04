package logbuf

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// naive is the ring as one would write it without caring for speed: a list of
// lines, from which the oldest are dropped until the rest fits.
type naive struct {
	limit int
	list  []naiveLine
	adds  int
}

type naiveLine struct {
	text string
	rec  record
	add  int // lines of one add share one record
}

func (m *naive) add(data string, rec record) {
	m.adds++
	for _, line := range strings.SplitAfter(data, "\n") {
		if line != "" {
			m.list = append(m.list, naiveLine{line, rec, m.adds})
		}
	}
	for m.cost() > m.limit && len(m.list) > 0 {
		m.list = m.list[1:]
	}
}

func (m *naive) cost() int {
	cost, seen := 0, map[int]bool{}
	for _, l := range m.list {
		cost += len(l.text)
		if !seen[l.add] {
			seen[l.add] = true
			cost += recordCost
		}
	}
	return cost
}

func (m *naive) tail(q Query) []supervisor.LogLine {
	out := []supervisor.LogLine{}
	for _, l := range m.list {
		if q.Stream != "" && q.Stream != l.rec.stream() || !q.Since.IsZero() && time.Unix(0, l.rec.at).Before(q.Since) {
			continue
		}
		out = append(out, supervisor.LogLine{
			Time: time.Unix(0, l.rec.at).UTC(), Stream: l.rec.stream(), Run: l.rec.run,
			Msg: strings.TrimSuffix(l.text, "\n"), Partial: l.rec.kind == piece,
		})
	}
	if q.Lines >= 0 && len(out) > q.Lines {
		out = out[len(out)-q.Lines:]
	}
	return out
}

func TestT70RingAgainstModel(t *testing.T) { // T70
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(rapid.IntRange(1, 600), rapid.IntRange(600, 6000)).Draw(t, "limit")
		r := ring{limit: limit}
		m := naive{limit: limit}
		written := 0
		sizes := []int{0, 1, 2, limit - 1 - recordCost, limit - recordCost, limit + 1 - recordCost, limit - 1, limit, limit + 1, 10 * limit}
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			size := max(0, rapid.OneOf(rapid.SampledFrom(sizes), rapid.IntRange(0, 80)).Draw(t, "size"))
			text := []byte(strings.Repeat("abcdefghijklmnopqrstuvwxyz", size/26+1)[:size])
			rec := record{
				at: int64(step) * 1000, run: uint64(step / 7), kind: lines,
				stderr: rapid.Bool().Draw(t, "stderr"),
			}
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				rec.kind = piece
			case 1:
				rec.kind = last
			default:
				for _, at := range rapid.SliceOfN(rapid.IntRange(0, max(0, size-1)), 0, 8).Draw(t, "newlines") {
					if at < size {
						text[at] = '\n'
					}
				}
				if size > 0 {
					text[size-1] = '\n'
				}
			}
			if size == 0 {
				continue // a delivery is never empty
			}
			for range rapid.SampledFrom([]int{0, 0, 0, 100, 1000}).Draw(t, "burst of tiny lines") {
				tiny := record{at: rec.at, run: rec.run, kind: lines}
				r.add([]byte("x\n"), tiny)
				m.add("x\n", tiny)
				written += 2
			}
			written += size
			r.add(text, rec)
			m.add(string(text), rec)

			if r.used() > limit || len(r.text) > limit || r.end != uint64(written) {
				t.Fatalf("used %d, allocated %d of %d, end %d of %d", r.used(), len(r.text), limit, r.end, written)
			}
			q := Query{
				Lines:  rapid.SampledFrom([]int{-1, -1, 0, 1, 3}).Draw(t, "n"),
				Stream: rapid.SampledFrom([]supervisor.Stream{"", "", supervisor.Stdout, supervisor.Stderr}).Draw(t, "of"),
			}
			if rapid.Bool().Draw(t, "since") {
				q.Since = time.Unix(0, int64(rapid.IntRange(0, step+1).Draw(t, "from"))*1000)
			}
			if diff := cmp.Diff(m.tail(q), r.snapshot(0).tail(q)); diff != "" {
				t.Fatalf("step %d, %+v: (-model +ring)\n%s", step, q, diff)
			}
		}
	})
}

func TestT70RingSizes(t *testing.T) { // T70, by hand
	const limit = 100 + recordCost // one record of 100 bytes
	line := func(n int) string { return strings.Repeat("x", n-1) + "\n" }
	tests := []struct {
		name string
		in   string
		want int // lines kept, of 30 bytes before and these
	}{
		{"one byte", "\n", 2},
		{"cap-1", line(99), 1},
		{"cap", line(100), 1},
		{"cap+1", line(101), 0},
		{"cap+1 in two lines", line(51) + line(50), 1},
		{"10×cap in lines of 10", strings.Repeat(line(10), 100), 10},
		{"10×cap in lines of 7", strings.Repeat(line(7), 143), 14},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := ring{limit: limit}
			r.add([]byte(line(30)), record{kind: lines})
			r.add([]byte(tt.in), record{kind: lines})
			got := r.snapshot(0).tail(Query{Lines: -1})
			if len(got) != tt.want {
				t.Fatalf("kept %d lines, want %d", len(got), tt.want)
			}
			for _, l := range got {
				if strings.ContainsRune(l.Msg, 0) || !strings.Contains(line(30)+tt.in, l.Msg+"\n") {
					t.Errorf("kept a line that nobody wrote: %q", l.Msg)
				}
			}
		})
	}
}

func TestT68ManyTinyWritesStayWithinTheLimit(t *testing.T) {
	if size := unsafe.Sizeof(record{}); size != recordCost {
		t.Errorf("a record takes %d bytes and counts %d", size, recordCost)
	}
	r := ring{limit: DefaultRingBytes}
	for range 100000 {
		r.add([]byte("\n"), record{kind: lines})
	}
	if n := len(r.recs.ring) * int(unsafe.Sizeof(record{})); n > 2*DefaultRingBytes {
		t.Errorf("records take %d bytes", n)
	}
	if got := len(r.snapshot(0).tail(Query{Lines: -1})); got != DefaultRingBytes/(recordCost+1) {
		t.Errorf("kept %d lines", got)
	}
}

func TestTailOverLives(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := New(Options{Name: "web", Now: func() time.Time { now = now.Add(time.Second); return now }})
	one, two := l.Life(1), l.Life(2)
	one.Write(supervisor.Stdout, []byte("a\nhal"))
	one.Write(supervisor.Stderr, []byte("oops\n"))
	one.Write(supervisor.Stdout, []byte("f\nend"))
	one.End(supervisor.Stdout) // T65
	one.End(supervisor.Stderr)
	two.Write(supervisor.Stdout, []byte("again\nunfinished"))

	var got []string
	for _, x := range l.Tail(Query{}) {
		got = append(got, fmt.Sprintf("%s %d %s %q", x.Time.Format("05"), x.Run, x.Stream, x.Msg))
	}
	want := []string{
		`06 1 stdout "a"`,
		`07 1 stderr "oops"`,
		`08 1 stdout "half"`,
		`09 1 stdout "end"`,
		`10 2 stdout "again"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := l.Tail(Query{Lines: 1, Stream: supervisor.Stderr}); len(got) != 1 || got[0].Msg != "oops" {
		t.Errorf("newest of stderr: %+v", got)
	}
	if got := l.Tail(Query{Since: time.Date(2026, 1, 2, 3, 4, 9, 0, time.UTC)}); len(got) != 2 {
		t.Errorf("since second 9: %+v", got)
	}
	if c := l.Counters(); c != (Counters{Stdout: 26, Stderr: 5}) {
		t.Errorf("counters %+v", c)
	}
}

// TestRingGrowsAtEveryOffset: both the old and the new array may wrap anywhere.
func TestRingGrowsAtEveryOffset(t *testing.T) {
	one := "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
	two := strings.ToUpper(one)
	for offset := range uint64(1200) {
		r := ring{limit: 10000, text: make([]byte, 100), start: offset, end: offset}
		r.add([]byte(one+"\n"), record{kind: lines})
		r.add([]byte(two+"\n"), record{kind: lines}) // grows
		got := r.snapshot(0).tail(Query{Lines: -1})
		if len(got) != 2 || got[0].Msg != one || got[1].Msg != two {
			t.Fatalf("at offset %d: %+v", offset, got)
		}
	}
}
