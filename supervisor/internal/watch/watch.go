package watch

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// DefaultPoll is the time between two looks when Options.Poll is 0.
	DefaultPoll = 10 * time.Second
	// blindPoll is that time while something cannot be watched, or is a file that is mounted
	// by itself: what is written into it elsewhere is an event of the directory there.
	blindPoll = time.Second
	// reopenEvery is how often inotify is tried again where it was not to be had:
	// the number of its instances is limited for each user, fs.inotify in sysctl.
	reopenEvery = time.Minute
	// maxRounds bounds the attempts to put watches on what changes meanwhile.
	maxRounds = 5
)

// Options are what Watch needs to know.
type Options struct {
	// Changed is called when what the path leads to may have changed; it may be the
	// same as before. Calls do not overlap. What happens during a call leads to
	// another one.
	Changed func()
	// Warn gets at most one line for each problem, with keys and values as for slog;
	// nil: nobody is told.
	Warn func(msg string, args ...any)
	// Poll is the time between two looks where inotify works, 0: DefaultPoll.
	Poll time.Duration
	// Since is a look that was taken before the content was read for the first time.
	// What changed since then leads to a call. Without it Watch begins at its call.
	Since *Look
}

// Look is what a path led to at one moment.
type Look struct{ marks []mark }

// LookAt looks at a path. It costs a few stat(2) and never fails.
func LookAt(path string) *Look { return &Look{follow(absolute(path)).marks} }

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Watch calls o.Changed each time what the path leads to may have changed and has
// been still for 200 ms, or 2 s after the first change when it is never still. It
// returns when ctx ends. It never fails: where inotify is not to be had it looks
// every second.
func Watch(ctx context.Context, path string, o Options) { watch(ctx, path, o, inotify, mountInfo) }

// watcher is the state of one Watch.
type watcher struct {
	o      Options
	path   string
	open   func() (*source, error)
	mounts string

	watches           // src is nil: there is no inotify
	opened  time.Time // when that was tried last
	blind   bool      // something is not watched
	single  bool      // a file is mounted by itself
	trail   trail     // of the last look
	settle  settle
	heard   bool // the burst has an event, not only a difference
	told    map[string]bool
}

func watch(ctx context.Context, path string, o Options, open func() (*source, error), mounts string) {
	w := &watcher{o: o, path: absolute(path), open: open, mounts: mounts, told: map[string]bool{}}
	if w.o.Poll <= 0 {
		w.o.Poll = DefaultPoll
	}
	w.look()
	if o.Since != nil && !sameMarks(o.Since.marks, w.trail.marks) {
		w.settle.touch(time.Now())
	}
	w.run(ctx)
	w.shut()
}

// run waits for events and for the next look.
func (w *watcher) run(ctx context.Context) {
	polled := time.Now()
	timer := time.NewTimer(w.wait(polled))
	defer timer.Stop()
	for {
		var events <-chan fsnotify.Event
		var errs <-chan error
		if w.src != nil {
			events, errs = w.src.events, w.src.errors
		}
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-events:
			if !ok {
				w.shut()
			} else if in, ours := w.trail.dirs[filepath.Dir(ev.Name)]; ours && in.has(filepath.Base(ev.Name)) || w.on[ev.Name] != nil {
				w.hear()
			} else {
				continue
			}
		case err, ok := <-errs:
			if ok && err != nil { // an overflow, most of all
				w.hear()
			}
		case <-timer.C:
			if w.wake(time.Now()) {
				w.o.Changed()
			}
			polled = time.Now()
		}
		// A burst only ever moves its end away: the timer is early then, never late.
		timer.Reset(w.wait(polled))
	}
}

// hear notes an event.
func (w *watcher) hear() {
	w.settle.touch(time.Now())
	w.heard = true
}

// wait is how long there is nothing to do.
func (w *watcher) wait(polled time.Time) time.Duration {
	every := w.o.Poll
	if w.blind || w.single {
		every = min(every, blindPoll)
	}
	next := polled.Add(every)
	if due := w.settle.due(); !due.IsZero() && due.Before(next) {
		next = due
	}
	return time.Until(next)
}

// wake looks, and reports whether a burst is over.
func (w *watcher) wake(now time.Time) bool {
	before := w.trail.marks
	w.look()
	// Who has heard events has heard of the last one. Who has not only knows that it
	// is still when it finds the same twice.
	if !w.heard && !sameMarks(before, w.trail.marks) {
		w.settle.touch(now)
	}
	if !w.settle.over(now) {
		return false
	}
	w.settle.clear()
	w.heard = false
	return true
}

// look follows the path with watches on the directories that it goes through, and
// keeps what it found. Watches come first: what changes behind a look is heard.
func (w *watcher) look() {
	w.reopen()
	known := w.trail.files
	for range maxRounds {
		w.trail = follow(w.path)
		if w.src == nil {
			w.blind = true
			break
		}
		fresh, failed := w.sync(w.trail)
		w.blind = fresh || len(failed) > 0
		for dir, err := range failed {
			w.warn("cannot watch a directory of the manifest; it is looked at every second instead", dir, "directory", dir, "error", err)
		}
		if !fresh {
			break
		}
	}
	if !slices.Equal(known, w.trail.files) {
		mounted := mountedFiles(w.mounts, w.trail.files)
		w.single = len(mounted) > 0
		for _, file := range mounted {
			w.warn("the manifest is mounted as a single file (subPath, or a bind mount): Kubernetes never updates such a mount, and a file that replaces it is not seen; mount its directory instead", file, "file", file)
		}
	}
}

// reopen tries to get inotify, if there is none and it was not tried lately.
func (w *watcher) reopen() {
	now := time.Now()
	if w.src != nil || !w.opened.IsZero() && now.Sub(w.opened) < reopenEvery {
		return
	}
	w.opened = now
	src, err := w.open()
	if err != nil {
		w.warn("cannot watch the manifest for changes; it is looked at every second instead", "", "path", w.path, "error", err)
		return
	}
	w.watches = watches{src: src, on: map[string]fs.FileInfo{}}
}

// shut gives inotify back.
func (w *watcher) shut() {
	if w.src != nil {
		_ = w.src.Close()
		w.watches = watches{}
		w.blind = true
	}
}

// warn tells of a problem with a thing once.
func (w *watcher) warn(msg, thing string, args ...any) {
	key := fmt.Sprint(msg, thing)
	if w.o.Warn == nil || w.told[key] {
		return
	}
	w.told[key] = true
	w.o.Warn(msg, args...)
}
