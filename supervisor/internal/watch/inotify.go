package watch

import (
	"errors"
	"io/fs"
	"os"

	"github.com/fsnotify/fsnotify"
)

// notifier is what tells of events in directories.
type notifier interface {
	Add(dir string) error    // again is no error
	Remove(dir string) error // of one that is gone: an error of no interest
	Close() error
}

// source is a notifier and its channels, which are used by one goroutine only.
type source struct {
	notifier
	events <-chan fsnotify.Event
	errors <-chan error
}

// inotify opens the kernel's notifier.
func inotify() (*source, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &source{w, w.Events, w.Errors}, nil
}

// watches are the directories that a source watches.
type watches struct {
	src *source
	on  map[string]fs.FileInfo // by real path
}

// sync makes the watches those of a trail. It returns whether there are new ones,
// so that the trail may be older than they are, and the directories that cannot be
// watched, with the reason.
func (w *watches) sync(t trail) (fresh bool, failed map[string]error) {
	for dir, was := range w.on {
		_, still := t.dirs[dir]
		if info, err := os.Lstat(dir); !still || err != nil || !os.SameFile(was, info) {
			_ = w.src.Remove(dir)
			delete(w.on, dir)
		}
	}
	for dir := range t.dirs {
		info, err := os.Lstat(dir)
		if err == nil {
			// Again and again: an inode may be used anew by another directory of the
			// same name, and its watch has gone with the old one.
			err = w.src.Add(dir)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // it went away just now
			fresh = true
		case err != nil:
			if failed == nil {
				failed = map[string]error{}
			}
			failed[dir] = err
			delete(w.on, dir)
		case w.on[dir] == nil:
			fresh = true
			w.on[dir] = info
		}
	}
	return fresh, failed
}
