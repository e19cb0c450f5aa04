package access

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor/permission"
)

const (
	// lookEvery is how often files are looked at, at most.
	lookEvery = time.Second
	// settled is the age from which an unchanged time of modification can be
	// trusted: within one tick of the file system's clock two writes of the same
	// size look alike.
	settled = 2 * time.Second
)

// reloaded is a value made from a few files, made again when one of them
// changes. Whoever asks pays for the look; while one looks the others get the
// value in force, so a file system that hangs stalls one caller, not all.
type reloaded[T any] struct {
	what  string // for the log
	paths []string
	load  func() (T, error)
	log   *slog.Logger
	now   func() time.Time // nil: time.Now

	value atomic.Pointer[T]

	looking sync.Mutex // guards the fields below
	looked  time.Time
	seen    []fs.FileInfo
	trouble string // what was logged last; "": all is well
}

// first makes the first value.
func (r *reloaded[T]) first() error {
	if r.now == nil {
		r.now = time.Now
	}
	r.looking.Lock()
	defer r.looking.Unlock()
	return r.look()
}

// get returns the value in force.
func (r *reloaded[T]) get() T {
	if r.looking.TryLock() {
		if since := r.now().Sub(r.looked); since >= lookEvery || since < 0 {
			r.report(r.look())
		}
		r.looking.Unlock()
	}
	return *r.value.Load()
}

// look makes the value again if a file has changed since the last good one. The
// files are described before they are read: a change in between is found by the
// next look.
func (r *reloaded[T]) look() error {
	r.looked = r.now()
	infos := make([]fs.FileInfo, len(r.paths))
	for i, path := range r.paths {
		info, err := os.Stat(path)
		if err != nil {
			r.seen = nil
			return denied(path, err)
		}
		infos[i] = info
	}
	if r.unchanged(infos) {
		return nil
	}
	value, err := r.load()
	if err != nil {
		r.seen = nil
		return err
	}
	r.value.Store(&value)
	r.seen = infos
	return nil
}

func (r *reloaded[T]) unchanged(infos []fs.FileInfo) bool {
	if len(r.seen) != len(infos) {
		return false
	}
	for i, now := range infos {
		was := r.seen[i]
		if !os.SameFile(was, now) || was.Size() != now.Size() || !was.ModTime().Equal(now.ModTime()) ||
			r.looked.Sub(now.ModTime()) < settled {
			return false
		}
	}
	return true
}

// report logs a new trouble, and its end, once.
func (r *reloaded[T]) report(err error) {
	switch {
	case err == nil && r.trouble != "":
		r.trouble = ""
		r.log.Info(r.what+" is good again", "files", r.paths)
	case err != nil && r.trouble != err.Error():
		r.trouble = err.Error()
		r.log.Error("cannot use the changed "+r.what+": the last good one stays in force", "files", r.paths, "reason", err)
	}
}

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, denied(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, denied(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("the file is larger than %d bytes", limit)
	}
	return data, nil
}

// denied adds to a "permission denied" who asked and who may read.
func denied(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: %s", reason(err), permission.DeniedRead(path))}
}

// reason strips the operation and the path off a file error whose message is to
// begin with words of our own; errors.Is sees the same as before.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
