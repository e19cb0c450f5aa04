package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// fake is a notifier whose events are made by the test, so that time can be.
type fake struct {
	events chan fsnotify.Event
	errors chan error

	mu     sync.Mutex
	added  map[string]bool // guarded by mu
	refuse error           // guarded by mu; what Add says
}

func newFake() *fake {
	return &fake{events: make(chan fsnotify.Event), errors: make(chan error), added: map[string]bool{}}
}

func (f *fake) Add(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return f.refuse
	}
	f.added[dir] = true
	return nil
}

func (f *fake) Remove(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.added, dir)
	return nil
}

func (f *fake) set(refuse error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = refuse
}

func (f *fake) watches(dir string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.added[dir]
}

func (f *fake) Close() error { return nil }

func (f *fake) open() (*source, error) { return &source{f, f.events, f.errors}, nil }

// bubble is a watch in a synctest bubble, of a directory with a.yaml.
type bubble struct {
	t    *testing.T
	fake *fake
	dir  string

	mu    sync.Mutex // a clock that moves is no order of events for the race detector
	begin time.Time
	calls []time.Duration // guarded by mu; since the last do
	lines []string        // guarded by mu; warnings
	opens int             // guarded by mu; attempts to open inotify
}

// inBubble tells the story and ends the watch.
func inBubble(t *testing.T, fail error, story func(b *bubble)) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "old")
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t: t, fake: newFake(), dir: dir}
		open := func() (*source, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.opens++
			if fail != nil {
				return nil, fail
			}
			return b.fake.open()
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			watch(ctx, dir, Options{
				Changed: func() {
					b.mu.Lock()
					defer b.mu.Unlock()
					b.calls = append(b.calls, time.Since(b.begin))
				},
				Warn: func(msg string, args ...any) {
					b.mu.Lock()
					defer b.mu.Unlock()
					b.lines = append(b.lines, fmt.Sprintln(append([]any{msg}, args...)...))
				},
			}, open, os.DevNull)
		}()
		synctest.Wait()
		story(b)
		cancel()
		<-done
	})
}

// event is an event of a name in the directory.
func (b *bubble) event(name string) {
	b.fake.events <- fsnotify.Event{Name: filepath.Join(b.dir, name), Op: fsnotify.Create}
}

// pass lets time pass, and what is to happen then.
func (b *bubble) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// soon stands for a call at a time that depends on when the poll was last.
const soon = time.Duration(-1)

// do acts, waits, and checks when Changed was called.
func (b *bubble) do(what string, act func(), wait time.Duration, want ...time.Duration) {
	b.t.Helper()
	b.since()
	act()
	b.pass(wait)
	calls := b.since()
	if len(want) == 1 && want[0] == soon && len(calls) == 1 && calls[0] <= blindPoll+still {
		return
	}
	if fmt.Sprint(calls) != fmt.Sprint(want) {
		b.t.Errorf("%s: called after %v, want %v", what, calls, want)
	}
}

// since returns when Changed was called, and begins anew.
func (b *bubble) since() []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls := b.calls
	b.begin, b.calls = time.Now(), nil
	return calls
}

// warned returns the warnings and the attempts to open inotify.
func (b *bubble) warned() (lines []string, opens int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines, b.opens
}

func TestT54OneCallForABurst(t *testing.T) {
	inBubble(t, nil, func(b *bubble) {
		const ms = time.Millisecond
		b.do("nothing happens", func() {}, time.Hour)
		b.do("one event", func() { b.event("a.yaml") }, time.Second, 200*ms)
		b.do("two swaps within 100 ms", func() {
			for range 2 {
				for _, name := range []string{"..2026_x", "..data_tmp", "..data", "..2025_x"} {
					b.event(name)
				}
				time.Sleep(90 * ms)
			}
		}, time.Second, 290*ms)
		b.do("two swaps apart", func() { b.event("..data"); time.Sleep(300 * ms); b.event("..data") }, time.Second, 200*ms, 500*ms)
		b.do("names that nobody reads", func() {
			for _, name := range []string{"notes.txt", ".a.yaml.swp", ".hidden.yaml", "..2026_y", "..data_tmp", "a.yaml~"} {
				b.event(name)
			}
			b.fake.events <- fsnotify.Event{Name: "/elsewhere/a.yaml", Op: fsnotify.Write}
		}, time.Hour)
		b.do("a new file", func() { b.event("new.yml") }, time.Second, 200*ms)
		b.do("the directory itself", func() { b.event("") }, time.Second, 200*ms)
		b.do("lost events", func() { b.fake.errors <- fsnotify.ErrEventOverflow }, time.Second, 200*ms)
		b.do("a writer that never rests", func() {
			for range 50 {
				b.event("a.yaml")
				time.Sleep(100 * ms)
			}
		}, time.Second, 2000*ms, 4000*ms, 5100*ms)
		if lines, _ := b.warned(); len(lines) != 0 {
			t.Errorf("warned: %q", lines)
		}
	})
}

// TestPollFindsWhatNobodyTells changes files without an event: on a network file
// system, or through another mount.
func TestPollFindsWhatNobodyTells(t *testing.T) {
	inBubble(t, nil, func(b *bubble) {
		change := func() { write(t, filepath.Join(b.dir, "a.yaml"), fmt.Sprint(time.Now())) }
		b.do("a change", change, DefaultPoll+time.Second, DefaultPoll+still)
		b.do("nothing", func() {}, time.Hour)
		b.do("a writer that never rests", func() {
			for i := range 600 {
				write(t, filepath.Join(b.dir, "b.yaml"), strings.Repeat("x", i))
				time.Sleep(50 * time.Millisecond)
			}
			if n := len(b.since()); n < 2 || n > 3 { // at each poll, after at most 2 s
				t.Errorf("%d calls in 30 s", n)
			}
			b.pass(20 * time.Second)
			b.since()
		}, time.Hour)
	})
}

// TestWithoutInotify: it looks every second, says so once, and tries again.
func TestWithoutInotify(t *testing.T) {
	inBubble(t, syscall.EMFILE, func(b *bubble) {
		b.do("a change", func() { write(t, filepath.Join(b.dir, "a.yaml"), "new text") }, 3*time.Second, blindPoll+still)
		b.do("nothing", func() {}, 10*time.Minute)
		b.do("a swap", func() {
			v := &volume{t: t, dir: b.dir}
			must(t, os.Remove(filepath.Join(b.dir, "a.yaml")))
			v.swap(map[string]string{"a.yaml": "1"})
			v.swap(map[string]string{"a.yaml": "2"})
		}, 3*time.Second, soon)
		lines, opens := b.warned()
		if opens < 10 || opens > 12 {
			t.Errorf("tried inotify %d times in 10 minutes", opens)
		}
		if len(lines) != 1 || !strings.Contains(lines[0], "too many open files") {
			t.Errorf("warned: %q", lines)
		}
	})
}

// TestDirectoryThatCannotBeWatched: the limit of watches is used up.
func TestDirectoryThatCannotBeWatched(t *testing.T) {
	inBubble(t, nil, func(b *bubble) {
		b.fake.set(syscall.ENOSPC)
		b.do("it is made again", func() {
			must(t, os.Rename(b.dir, b.dir+".old"))
			must(t, os.Mkdir(b.dir, 0o755))
			b.event("a.yaml")
		}, time.Minute, still)
		b.do("a change", func() { write(t, filepath.Join(b.dir, "a.yaml"), "newer") }, 3*time.Second, soon)
		if lines, _ := b.warned(); len(lines) != 1 || !strings.Contains(lines[0], b.dir) {
			t.Errorf("warned: %q", lines)
		}
		b.fake.set(nil)
		b.pass(time.Second)
		b.do("a change that nobody tells", func() { write(t, filepath.Join(b.dir, "a.yaml"), "newest!") }, 9*time.Second)
		if !b.fake.watches(b.dir) {
			t.Error("it is not watched again")
		}
	})
}

// TestInotifyEnds: the reader of the kernel's events has given up.
func TestInotifyEnds(t *testing.T) {
	inBubble(t, nil, func(b *bubble) {
		ended := b.fake.events
		b.fake.events = make(chan fsnotify.Event) // for the next one
		close(ended)
		b.pass(time.Second)
		b.do("a change", func() { write(t, filepath.Join(b.dir, "a.yaml"), "new text") }, 3*time.Second, soon)
		b.pass(2 * time.Minute)
		if _, opens := b.warned(); opens < 2 {
			t.Error("nobody opened it again")
		}
		b.do("an event", func() { b.event("a.yaml") }, time.Second, still)
	})
}

var errRefused = errors.New("not here")

// TestSince: what changed between the first reading and the watch leads to a call.
func TestSince(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	write(t, path, "one")
	for _, change := range []bool{false, true} {
		since := LookAt(path)
		if change {
			write(t, path, "changed")
		}
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			calls := 0
			watch(ctx, path, Options{Changed: func() { calls++ }, Since: since}, func() (*source, error) { return nil, errRefused }, os.DevNull)
			if want := map[bool]int{false: 0, true: 1}[change]; calls != want {
				t.Errorf("%d calls, want %d", calls, want)
			}
		})
	}
}
