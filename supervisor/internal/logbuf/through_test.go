package logbuf

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// fickle is an output that takes some bytes at once, or none, as chance will have it.
type fickle struct {
	recorder
	rnd *rand.Rand
}

var errNoRoom = errors.New("no room")

func (f *fickle) TryWrite(p []byte) (int, error) {
	n := f.rnd.IntN(2*len(p) + 1)
	if n >= len(p) {
		return f.Write(p)
	}
	_, _ = f.Write(p[:n])
	return n, errNoRoom
}

// What an output takes at once and what it takes later is, together, what it would have
// taken in its own time: the same bytes in the same order, in every format. In a bubble,
// where a busy machine does not make an output look as if it took nothing.
func TestThroughIsTheSame(t *testing.T) { synctest.Test(t, throughIsTheSame) }

func throughIsTheSame(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	for _, format := range []Format{FormatRaw, FormatText, FormatJSON} {
		for seed := range uint64(8) {
			var plain recorder
			quick := &fickle{rnd: rand.New(rand.NewPCG(seed, 7))}
			slow, fast := NewConsole(&plain, &plain, format), NewConsole(quick, quick, format)
			rnd := rand.New(rand.NewPCG(seed, 8))
			var lives [2][2]*LifeLog
			for i, name := range []string{"a", "b"} {
				o := Options{Name: name, Now: now, Console: slow}
				if rnd.IntN(3) == 0 {
					o.Format = FormatRaw
				}
				lives[i][0] = New(o).Life(1)
				o.Console = fast
				lives[i][1] = New(o).Life(1)
			}
			for range 40 {
				who, stream := rnd.IntN(2), []supervisor.Stream{supervisor.Stdout, supervisor.Stderr}[rnd.IntN(2)]
				chunk := randomChunk(rnd)
				lives[who][0].Write(stream, chunk)
				lives[who][1].Write(stream, chunk)
			}
			for who := range lives {
				for _, life := range lives[who] {
					life.End(supervisor.Stdout)
					life.End(supervisor.Stderr)
				}
			}
			slow.Close(time.Minute)
			fast.Close(time.Minute)
			if plain.String() != quick.String() {
				t.Fatalf("%s, seed %d (-slow +through):\n%s", format, seed, cmp.Diff(plain.String(), quick.String()))
			}
		}
	}
}

// randomChunk is short lines, one long line, or a lot, often without the last newline.
func randomChunk(rnd *rand.Rand) []byte {
	var b strings.Builder
	size := []int{10, 200, MaxLine - 1, MaxLine + 10, 60_000, 400_000}[rnd.IntN(6)*rnd.IntN(6)/5]
	width := []int{5, 80, 3 * MaxLine}[rnd.IntN(3)]
	for b.Len() < size {
		b.WriteString(strings.Repeat(string(rune('a'+rnd.IntN(26))), 1+rnd.IntN(width)))
		if rnd.IntN(5) > 0 {
			b.WriteByte('\n')
		}
	}
	return []byte(b.String())
}

// While the output has room nobody has to drain, and no buffer is held.
func TestThroughNeedsNoDrain(t *testing.T) {
	out := &willing{}
	c := NewConsole(out, nil, FormatText)
	life := New(Options{Name: "web", Console: c}).Life(1)
	for range 20 {
		life.Write(supervisor.Stdout, numbered(0, 400))
	}
	c.stdout.mu.Lock()
	if c.stdout.draining || c.stdout.held != 0 {
		t.Errorf("draining %v, %d buffers held", c.stdout.draining, c.stdout.held)
	}
	c.stdout.mu.Unlock()
	c.Close(time.Minute)
	if got, want := strings.Count(out.String(), "\n"), 20*400; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
}

// willing is an output that takes everything at once.
type willing struct{ recorder }

func (w *willing) TryWrite(p []byte) (int, error) { return w.Write(p) }

// A piece of a long line that went straight through is ended before another one's line.
func TestT67ThroughEndsAPiece(t *testing.T) {
	out := &willing{}
	c := NewConsole(out, nil, FormatRaw)
	a := New(Options{Name: "a", Console: c}).Life(1)
	b := New(Options{Name: "b", Console: c}).Life(1)
	long := strings.Repeat("x", MaxLine)
	a.Write(supervisor.Stdout, []byte(long+"y"))
	b.Write(supervisor.Stdout, []byte("hello\n"))
	a.Write(supervisor.Stdout, []byte("\n"))
	a.Write(supervisor.Stdout, []byte(long+"y\n")) // nobody between: one line
	c.Close(time.Minute)
	if got, want := out.String(), long+"\nhello\ny\n"+long+"y\n"; got != want {
		t.Errorf("got %s", cmp.Diff(want, got))
	}
}
