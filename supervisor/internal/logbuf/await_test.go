package logbuf

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

func TestAwait(t *testing.T) {
	long := strings.Repeat("x", maxMatch)
	tests := []struct {
		name    string
		pattern string
		writes  []string
		want    int // the write, from 0, at which it is found; -1: never; len(writes): at the end
	}{
		{"a line", `listening on \d+`, []string{"starting\n", "listening on 80\n"}, 1},
		{"anchored", `^ready$`, []string{"not ready\nready now\n", "so\nready\nso\n", "ready\n"}, 1},
		{"a line in three writes", `^ready$`, []string{"re", "ad", "y\n"}, 2},
		{"not before its end", `ready`, []string{"ready", " or not", "\n"}, 2},
		{"the last line, without newline", `ready`, []string{"ready"}, 1},
		{"a carriage return", `^ready$`, []string{"ready\r\n"}, 0},
		{"never", `ready`, []string{"steady\n", "read\ny\n"}, -1},
		{"an empty line", `^$`, []string{"a\n", "\n"}, 1},
		{"in the fourth piece of a line", `^x+ready$`, []string{long[:3*MaxLine], "ready", "\n"}, 2},
		{"behind a long line", `^ready$`, []string{long, "tail\n", "ready\n"}, 2},
		{"behind a long line, in one write", `^ready$`, []string{long + "tail\nready\n"}, 0},
		{"the first 64 KiB", `x$`, []string{long + "tail\n"}, 0},
		{"behind the first 64 KiB", `tail`, []string{long + "tail", "\n", "head tail\n"}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := New(Options{Name: "web"})
			life := l.Life(7)
			at, now, calls := -1, 0, 0
			l.Await(7, regexp.MustCompile(tt.pattern), func() { calls++; at = now; l.Tail(Query{}); l.mu.Lock(); defer l.mu.Unlock() })
			for i, text := range tt.writes {
				now = i
				life.Write(supervisor.Stdout, []byte(text))
			}
			now = len(tt.writes)
			life.End(supervisor.Stdout)
			life.End(supervisor.Stderr)
			if at != tt.want {
				t.Errorf("found at write %d, want %d", at, tt.want)
			}
			if calls > 1 {
				t.Errorf("found is called %d times", calls)
			}
			if l.wanted.Load() != nil {
				t.Error("somebody waits for a life that has ended")
			}
		})
	}
}

// TestAwaitOfOneLife: lines of other lives do not count, waits do not disturb each
// other, and what is stopped is not called.
func TestAwaitOfOneLife(t *testing.T) {
	l := New(Options{Name: "web"})
	old, life := l.Life(1), l.Life(2)
	var a, b, stopped, late int
	ready := regexp.MustCompile("ready")
	l.Await(2, ready, func() { a++ })
	l.Await(2, regexp.MustCompile("steady"), func() { b++ })
	stop := l.Await(2, ready, func() { stopped++ })
	stop()
	stop()
	old.Write(supervisor.Stdout, []byte("ready, steady\n"))
	if a+b != 0 {
		t.Error("a line of another life counts")
	}
	life.Write(supervisor.Stderr, []byte("re"))
	life.Write(supervisor.Stdout, []byte("ste"))
	life.Write(supervisor.Stderr, []byte("ady now\n"))
	life.Write(supervisor.Stdout, []byte("ady\n"))
	if a != 1 || b != 1 || stopped != 0 {
		t.Errorf("called %d, %d, %d times; want 1, 1, 0", a, b, stopped)
	}
	l.Await(2, ready, func() { late++ }) // the line is kept
	l.Await(2, regexp.MustCompile("^nothing like it$"), func() { late++ })
	if late != 1 {
		t.Errorf("for a line that is kept: called %d times", late)
	}
	l.Await(3, ready, func() {})
	life.End(supervisor.Stdout)
	life.End(supervisor.Stderr)
	if list := l.wantedNow(); len(list) != 1 || list[0].run != 3 {
		t.Errorf("%d wait", len(list))
	}
}

// TestAwaitKeptLongLine: pieces in the ring are one line too.
func TestAwaitKeptLongLine(t *testing.T) {
	l := New(Options{Name: "web"})
	life := l.Life(1)
	life.Write(supervisor.Stdout, []byte(strings.Repeat("x", 2*MaxLine)+"ready"))
	life.Write(supervisor.Stderr, []byte("in between\n"))
	life.Write(supervisor.Stdout, []byte("\n"))
	found := false
	l.Await(1, regexp.MustCompile("^x+ready$"), func() { found = true })
	if !found {
		t.Error("it is not found")
	}
}

// TestAwaitFromTheMiddleOfALongLine: its end is not taken for a line.
func TestAwaitFromTheMiddleOfALongLine(t *testing.T) {
	l := New(Options{Name: "web"})
	life := l.Life(1)
	life.Write(supervisor.Stdout, []byte(strings.Repeat("x", MaxLine)+"x"))
	calls := 0
	l.Await(1, regexp.MustCompile("^x?ready$"), func() { calls++ })
	life.Write(supervisor.Stdout, []byte("ready\n"))
	if calls != 0 {
		t.Error("the end of a line is found")
	}
	if life.Write(supervisor.Stdout, []byte("ready\n")); calls != 1 {
		t.Errorf("the next line: called %d times", calls)
	}
}

// TestAwaitInAnyChunks: however the text is cut, a wait finds what a reader of the
// whole would.
func TestAwaitInAnyChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab\n\r")), 0, 60, -1).Draw(t, "text")
		pad := rapid.SampledFrom([]int{0, 0, MaxLine - 3, MaxLine, 2*MaxLine + 1}).Draw(t, "pad")
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		text = text[:at] + strings.Repeat("c", pad) + text[at:]
		re := regexp.MustCompile(rapid.SampledFrom([]string{"^ab$", "^a*$", "bb", "ca$", "^bc+a", "^c+$"}).Draw(t, "pattern"))
		want := false
		for line := range strings.Lines(text) {
			want = want || re.MatchString(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		}
		l := New(Options{Name: "web", RingBytes: 1 << 20})
		life := l.Life(1)
		calls := 0
		l.Await(1, re, func() { calls++ })
		for rest := []byte(text); len(rest) > 0; {
			n := min(len(rest), rapid.SampledFrom([]int{1, 2, 5, 20, MaxLine, 1 << 20}).Draw(t, "chunk"))
			life.Write(supervisor.Stdout, rest[:n])
			rest = rest[n:]
		}
		life.End(supervisor.Stdout)
		if found := calls > 0; calls > 1 || found != want {
			t.Fatalf("called %d times, want found %v", calls, want)
		}
		calls = 0
		l.Await(1, re, func() { calls++ })
		if found := calls > 0; found != want {
			t.Fatalf("among kept lines: called %d times, want found %v", calls, want)
		}
	})
}

// TestAwaitWhileWriting: a wait that comes in the middle misses nothing and is
// called once, and one that is stopped at the same time at most once.
func TestAwaitWhileWriting(t *testing.T) {
	re := regexp.MustCompile("^ready$")
	for range 300 {
		l := New(Options{Name: "web"})
		life := l.Life(1)
		var first, second atomic.Int32
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 5 {
				life.Write(supervisor.Stdout, []byte("ready\n"))
			}
		}()
		l.Await(1, re, func() { first.Add(1) })
		l.Await(1, re, func() { second.Add(1) })()
		<-done
		if first.Load() != 1 || second.Load() > 1 {
			t.Fatalf("called %d and %d times", first.Load(), second.Load())
		}
	}
}
