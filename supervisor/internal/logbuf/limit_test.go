package logbuf

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// TestBucket pours at random: whole lines only, never more than the rate and one
// line over it, and nothing is skipped before a second's bytes were given.
func TestBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Int64Range(1, 3000).Draw(t, "rate")
		var b bucket
		b.setRate(rate)
		begin := time.Unix(1000, 0)
		now := begin
		var passed, skipped, longest, given int64
		mayBeFull := true // nothing was given in this second but what a full bucket has
		for range rapid.IntRange(1, 60).Draw(t, "deliveries") {
			pause := time.Duration(rapid.IntRange(0, 1500).Draw(t, "pause")) * time.Millisecond
			now = now.Add(pause)
			if b.skips && rapid.Bool().Draw(t, "told") {
				b.reset()
			}
			var data []byte
			for _, n := range rapid.SliceOfN(rapid.IntRange(1, 400), 1, 10).Draw(t, "lines") {
				data = append(data, strings.Repeat("x", n-1)+"\n"...)
				longest = max(longest, int64(n))
			}
			given += int64(len(data))
			mayBeFull = mayBeFull && given <= rate
			half := false
			from, to := b.take(data, lines, &half, now)
			if from != 0 || half {
				t.Fatalf("passes from %d on, half %v", from, half)
			}
			if to > 0 && data[to-1] != '\n' {
				t.Fatal("a line is cut")
			}
			passed += int64(to)
			skipped += int64(len(data) - to)
			if allowed := float64(rate)*(1+now.Sub(begin).Seconds()) + float64(longest); float64(passed) > allowed {
				t.Fatalf("%d bytes passed in %v, at most %.0f may", passed, now.Sub(begin), allowed)
			}
			if mayBeFull && skipped > 0 {
				t.Fatalf("%d of %d bytes were skipped at a rate of %d", skipped, given, rate)
			}
		}
	})
}

// TestRateLimitInTheLongRun: a writer of any speed above the rate gets about the rate, and
// the gaps have a notice each, one a second at most, with what is missing there.
func TestRateLimitInTheLongRun(t *testing.T) {
	for _, speed := range []int{1, 2, 3, 20} { // thousands of bytes in a tenth of a second
		synctest.Test(t, func(t *testing.T) {
			out := &recorder{}
			c := NewConsole(out, nil, FormatText)
			l := New(Options{Name: "web", Console: c, RateLimit: 9000})
			life := l.Life(1)
			const seconds = 60
			for i := range seconds * 10 {
				life.Write(supervisor.Stdout, numbered(i*speed, (i+1)*speed))
				time.Sleep(100 * time.Millisecond)
			}
			l.Close()
			c.Close(time.Minute)
			text := strings.ReplaceAll(out.String(), "rate limit: ", "output dropped: stdout took nothing for a while #")
			var lines []string
			for line := range strings.Lines(text) { // as checkNumbered wants it
				if head, rest, ok := strings.Cut(line, " #"); ok {
					_, rest, _ = strings.Cut(rest, " dropped")
					line = head + rest
				}
				lines = append(lines, line)
			}
			missing := checkNumbered(t, strings.Join(lines, ""), "web | ", seconds*10*speed)
			if n := int(l.Counters().Dropped); n != missing {
				t.Errorf("%d bytes are missing, %d are counted", missing, n)
			}
			total := seconds * 10 * speed * 1000
			if passed := total - missing; passed < 9000*seconds*9/10 || passed > 9000*(seconds+1)+1000 {
				t.Errorf("%d bytes passed in %d s", passed, seconds)
			}
			if n := strings.Count(out.String(), "rate limit"); n > seconds+1 {
				t.Errorf("%d notices in %d s", n, seconds)
			}
			if n := len(l.Tail(Query{Lines: -1})); n < 60 {
				t.Errorf("the ring has %d lines", n)
			}
		})
	}
}

// TestRateLimitNotice shows a burst on both streams and to the file, in each format.
func TestRateLimitNotice(t *testing.T) {
	for _, f := range []Format{FormatRaw, FormatText, FormatJSON} {
		t.Run(string(f), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "web.log")
			now := time.Now()
			var out, errs recorder
			c := NewConsole(&out, &errs, f)
			l := New(Options{Name: "web", Console: c, File: path, RateLimit: 20, Now: func() time.Time { return now }})
			life := l.Life(1)
			life.Write(supervisor.Stdout, []byte("ten bytes\nten bytes\nis skipped\nthis too\n"))
			life.Write(supervisor.Stderr, []byte("and this\n"))
			if n := l.Counters().Dropped; n != 29 {
				t.Errorf("dropped %d bytes, want 29", n)
			}
			now = now.Add(limitPause)
			l.mu.Lock()
			l.endGap() // what its timer does
			l.mu.Unlock()
			life.Write(supervisor.Stdout, []byte("again\n"))
			life.Write(supervisor.Stdout, []byte("a line that is longer than what is left of a second passes\n"))
			life.Write(supervisor.Stdout, []byte("skipped\n"))
			life.End(supervisor.Stdout)
			c.Close(time.Minute) // tells of the second gap
			got := "--- stdout\n" + out.String() + "--- stderr\n" + errs.String() + "--- file\n" + read(t, path)
			golden(t, "limit_"+string(f)+".txt", withoutTimes(got))
			if n := len(l.Tail(Query{})); n != 8 {
				t.Errorf("the ring has %d lines, want 8", n)
			}
		})
	}
}

// withoutTimes replaces the times of JSON lines.
func withoutTimes(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if head, rest, ok := strings.Cut(line, `{"ts":"`); ok {
			_, rest, _ = strings.Cut(rest, `"`)
			line = head + `{"ts":"NOW"` + rest
		}
		out.WriteString(line)
	}
	return out.String()
}

// TestRateLimitInTheMiddleOfALongLine: the rest of a line is skipped with the piece
// that was, and in raw the next line does not stick to the first piece.
func TestRateLimitInTheMiddleOfALongLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &recorder{}
		c := NewConsole(out, nil, FormatRaw)
		l := New(Options{Name: "web", Console: c, RateLimit: MaxLine})
		life := l.Life(1)
		long := strings.Repeat("x", MaxLine)
		life.Write(supervisor.Stdout, []byte(long+long+long+"1"))
		time.Sleep(limitPause)
		synctest.Wait()
		life.Write(supervisor.Stdout, []byte("2\nshort\n"))
		life.End(supervisor.Stdout)
		l.Close()
		c.Close(time.Minute)
		got := strings.ReplaceAll(out.String(), long, "<long>")
		const notice = "processmanager | WARN rate limit: %d bytes dropped name=web bytes=%[1]d\n"
		if want := "<long>\n" + fmt.Sprintf(notice, 2*MaxLine) + "short\n" + fmt.Sprintf(notice, 3); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestRateLimitGoes: a limit that is taken away in a gap leaves a notice.
func TestRateLimitGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &recorder{}
		c := NewConsole(out, nil, FormatText)
		l := New(Options{Name: "web", Console: c, RateLimit: 10})
		life := l.Life(1)
		life.Write(supervisor.Stdout, numbered(0, 3))
		l.Update(Options{Name: "web", RateLimit: 0})
		life.Write(supervisor.Stdout, numbered(3, 100))
		l.Update(Options{RateLimit: 2000})
		life.Write(supervisor.Stdout, numbered(100, 103))
		time.Sleep(time.Minute)
		c.Close(time.Minute)
		text := out.String()
		if n := strings.Count(text, "web | "); n != 1+97+2 {
			t.Errorf("%d lines passed, want 100", n)
		}
		if !strings.Contains(text, "rate limit: 2000 bytes dropped name=web bytes=2000\nweb | 00000003 ") || !strings.HasSuffix(text, "rate limit: 1000 bytes dropped name=web bytes=1000\n") {
			t.Errorf("the notices are not where they should be: %s", strings.ReplaceAll(text, "x", ""))
		}
	})
}

// TestRateLimitAtTheEnd: a log that is closed in a gap tells of it in its file too.
func TestRateLimitAtTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.log")
	c := NewConsole(nil, nil, FormatRaw)
	l := New(Options{Name: "web", Console: c, File: path, RateLimit: 10})
	l.Life(1).Write(supervisor.Stdout, []byte("ten bytes\nnine more\n"))
	l.Close()
	c.Close(time.Minute)
	if got, want := read(t, path), "ten bytes\nprocessmanager | WARN rate limit: 10 bytes dropped name=web bytes=10\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRateLimitNeverMixes is TestT67LinesNeverMix with a limit, under the race detector.
func TestRateLimitNeverMixes(t *testing.T) {
	out := &recorder{}
	c := NewConsole(out, out, FormatText)
	done := make(chan *Log)
	const writers, each = 8, 4000
	for i := range writers {
		l := New(Options{Name: fmt.Sprintf("w%d", i), Console: c, RateLimit: 200_000})
		go func() { writeChecked(l.Life(1), uint64(i), each); done <- l }()
	}
	var dropped uint64
	for range writers {
		l := <-done
		l.Close()
		dropped += l.Counters().Dropped
	}
	c.Close(time.Minute)
	var told uint64
	rest := &bytes.Buffer{}
	for line := range strings.Lines(out.String()) {
		if _, n, ok := strings.Cut(line, " bytes="); ok {
			var bytes uint64
			_, _ = fmt.Sscan(n, &bytes)
			told += bytes
			continue
		}
		rest.WriteString(line)
	}
	countChecked(t, rest, func(line string) string { _, line, _ = strings.Cut(line, " | "); return line })
	if told != dropped || dropped == 0 {
		t.Errorf("dropped %d bytes, told of %d", dropped, told)
	}
}
