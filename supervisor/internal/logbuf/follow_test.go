package logbuf

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// Lines are numbered by their writers; a follower that joins in the middle has each
// from its first one on once, in order, also over lives.
func TestT71Follow(t *testing.T) {
	l := New(Options{RingBytes: 1 << 20})
	const lines, lives = 2000, 5
	started, joined := make(chan struct{}), make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		n := 0
		for run := range lives {
			life := l.Life(uint64(run + 1))
			for range lines {
				text := fmt.Sprintf("%d\n", n)
				cut := rand.IntN(len(text)) // also in the middle of a line
				life.Write(supervisor.Stdout, []byte(text[:cut]))
				life.Write(supervisor.Stdout, []byte(text[cut:]))
				if n++; n == lines/2 {
					close(started)
				}
			}
			life.End(supervisor.Stdout)
			life.End(supervisor.Stderr)
			<-joined // in the first life, however busy the machine is
		}
		l.Close()
	})
	<-started
	f := l.Follow(Query{Lines: 10})
	close(joined)
	defer f.Close()
	want, seen := -1, 0
	for {
		batch, lost, err := f.Next(t.Context())
		if errors.Is(err, supervisor.ErrClosed) {
			break
		}
		if err != nil || lost != 0 {
			t.Fatalf("lost %d, %v", lost, err)
		}
		for _, line := range batch {
			var n int
			if _, err := fmt.Sscan(line.Msg, &n); err != nil {
				t.Fatal(err)
			}
			if want >= 0 && n != want {
				t.Fatalf("line %d, want %d", n, want)
			}
			want = n + 1
			seen++
		}
	}
	writing.Wait()
	if want != lines*lives || seen < lines*(lives-1) {
		t.Errorf("the last line is %d of %d, %d were seen", want-1, lines*lives-1, seen)
	}
}

// A follower that does not read is told how much the ring has forgotten, and holds up
// nobody.
func TestFollowTooSlow(t *testing.T) {
	l := New(Options{RingBytes: 4 << 10})
	f := l.Follow(Query{})
	life := l.Life(1)
	line := strings.Repeat("x", 99) + "\n"
	const written = 1000
	for range written {
		life.Write(supervisor.Stdout, []byte(line))
	}
	batch, lost, err := f.Next(t.Context())
	if err != nil || int(lost)+len(batch)*len(line) != written*len(line) || len(batch) < 10 {
		t.Errorf("%d lines and %d bytes lost of %d: %v", len(batch), lost, written*len(line), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if batch, lost, err = f.Next(ctx); !errors.Is(err, context.Canceled) || len(batch) > 0 || lost > 0 {
		t.Errorf("nothing new: %d lines, %d lost, %v", len(batch), lost, err)
	}
	f.Close()
	f.Close()
	if len(l.followers) != 0 {
		t.Error("it is still known")
	}
}

// What a query selects holds for what is written later too.
func TestFollowSelects(t *testing.T) {
	l := New(Options{})
	one := l.Life(1)
	one.Write(supervisor.Stdout, []byte("a\n"))
	one.Write(supervisor.Stderr, []byte("b\n"))
	f := l.Follow(Query{Stream: supervisor.Stderr})
	defer f.Close()
	one.Write(supervisor.Stdout, []byte("c\n"))
	one.Write(supervisor.Stderr, []byte("d\n"))
	l.Close()
	var got []string
	for {
		batch, _, err := f.Next(t.Context())
		if err != nil {
			break
		}
		for _, line := range batch {
			got = append(got, line.Msg)
		}
	}
	if text := strings.Join(got, " "); text != "b d" {
		t.Errorf("got %q, want %q", text, "b d")
	}
}

// Who follows from the life before on misses nothing of the lives behind it.
func TestFollowFromTheLifeBefore(t *testing.T) {
	all := func(f *Follower) (got []supervisor.LogLine) {
		defer f.Close()
		for {
			batch, _, err := f.Next(t.Context())
			if err != nil {
				return got
			}
			got = append(got, batch...)
		}
	}
	l := New(Options{})
	first := l.Life(3)
	first.Write(supervisor.Stdout, []byte("a\n"))
	fromFirst := l.Follow(Query{Previous: true, Lines: 2})
	second := l.Life(4)
	second.Write(supervisor.Stdout, []byte("b\nc\n"))
	second.Write(supervisor.Stderr, []byte("d\n"))
	third := l.Life(6)
	third.Write(supervisor.Stdout, []byte("e\n"))
	first.Write(supervisor.Stdout, []byte("late\n")) // of a descendant that held the pipe
	second.Write(supervisor.Stdout, []byte("later\n"))
	third.Write(supervisor.Stdout, []byte("f\ng\n"))
	fromSecond := l.Follow(Query{Previous: true, Lines: 2})
	stdout := l.Follow(Query{Previous: true, Lines: 2, Stream: supervisor.Stdout})
	third.Write(supervisor.Stdout, []byte("h\n"))
	l.Life(7).Write(supervisor.Stdout, []byte("i\n"))
	l.Close()
	for _, c := range []struct {
		what string
		f    *Follower
		want []string
	}{
		{"there was no life before", fromFirst, []string{
			"3 stdout a", "4 stdout b", "4 stdout c", "4 stderr d", "6 stdout e", "3 stdout late", "4 stdout later", "6 stdout f", "6 stdout g", "6 stdout h", "7 stdout i",
		}},
		{"two lines of the life before", fromSecond, []string{
			"4 stderr d", "6 stdout e", "4 stdout later", "6 stdout f", "6 stdout g", "6 stdout h", "7 stdout i",
		}},
		{"one stream", stdout, []string{
			"4 stdout c", "6 stdout e", "4 stdout later", "6 stdout f", "6 stdout g", "6 stdout h", "7 stdout i",
		}},
	} {
		if diff := cmp.Diff(c.want, texts(all(c.f))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.what, diff)
		}
	}
}
