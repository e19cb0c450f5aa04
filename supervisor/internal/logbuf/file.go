package logbuf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// FileSize is the size, in bytes, from which on a log file is rotated by default.
	FileSize = 10 << 20
	// FileBackups is how many rotated files are kept beside the current one by
	// default.
	FileBackups = 3

	// fileMode is that of log files, whatever the umask: a collector that has the
	// group of this program may read them, and nobody else.
	fileMode = 0o640

	// checkEvery is how often a file is compared with what its path leads to.
	checkEvery = time.Second
	// rotateRetry is when a rotation that failed is tried again.
	rotateRetry = time.Minute
)

// file writes one log file and rotates it. It is used by one goroutine at a time,
// the drain of its sink.
//
// All is appended (O_APPEND), so that a file that somebody cuts to nothing goes on at
// its beginning. Rotation is a rename and then a new file: a crash between the two, or
// a full disk, loses and doubles nothing.
type file struct {
	path     string
	rotation atomic.Pointer[rotation]
	keeper   *keeper
	report   func(error) // told about a failed rotation

	out     *os.File    // nil: not open
	opened  fs.FileInfo // of out, when it was opened
	own     bool        // out is a regular file that path itself names: it may be rotated
	size    int64       // of out, when it is a regular file
	begun   time.Time   // when its first line was written, as far as known: of a file that was there, its last change
	checked time.Time
	refused time.Time // last failed rotation
}

// rotation says when a file is rotated and what is kept.
type rotation struct {
	max      int64         // bytes; rotate before the file becomes bigger
	every    time.Duration // rotate before the first line of a new period, in UTC; 0: time does not matter
	backups  int           // files beside the current one
	age      time.Duration // rotated files that are older are removed; 0: age does not matter
	compress bool          // rotated files
}

func newFile(path string, k *keeper, report func(error)) *file {
	f := &file{path: path, keeper: k, report: report}
	f.rotation.Store(&rotation{max: FileSize, backups: FileBackups})
	return f
}

// Write appends p, which is not empty, in one piece to one file.
func (f *file) Write(p []byte) (int, error) {
	now := time.Now()
	if f.out == nil || now.Sub(f.checked) >= checkEvery {
		f.checked = now
		if err := f.look(); err != nil {
			return 0, err
		}
	}
	if f.own && f.due(now, len(p)) {
		if err := f.rotate(); err != nil {
			return 0, err
		}
	}
	if f.size == 0 {
		f.begun = now
	}
	n, err := f.out.Write(p)
	f.size += int64(n)
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		f.release()
	}
	return n, err
}

// due says whether the file has to be moved aside before n more bytes come to it. Periods
// are those of [time.Time.Truncate], so that a file which an earlier life of this program
// has left is rotated at the same time as if there had been one life.
func (f *file) due(now time.Time, n int) bool {
	r := f.rotation.Load()
	if f.size == 0 {
		return false
	}
	return f.size+int64(n) > r.max || r.every > 0 && now.Truncate(r.every).After(f.begun.Truncate(r.every))
}

// look finds out what the path leads to now, lets go of what is no longer there, and
// opens what is.
func (f *file) look() error {
	if f.out != nil {
		info, err := os.Stat(f.path)
		if err == nil && os.SameFile(f.opened, info) {
			f.size = info.Size() // somebody may have cut it
			return nil
		}
		f.release()
	}
	return f.open()
}

// open opens what the path leads to, or makes the file and its directories.
func (f *file) open() error {
	out, err := openLog(f.path)
	if err != nil {
		return fmt.Errorf("cannot open log file: %w", err)
	}
	info, err := out.Stat()
	if err != nil {
		_ = out.Close()
		return fmt.Errorf("cannot open log file: %w", err)
	}
	link, err := os.Lstat(f.path)
	f.out, f.opened, f.checked = out, info, time.Now()
	// A link is not rotated: only the link would be moved. Neither is a device or a pipe.
	f.own = info.Mode().IsRegular() && err == nil && os.SameFile(info, link)
	f.size, f.begun = info.Size(), info.ModTime()
	return nil
}

// openLog opens a file to append to. What it makes has fileMode.
func openLog(path string) (*os.File, error) {
	// Not to wait for the reader of a named pipe that has none.
	const flags = os.O_WRONLY | os.O_APPEND | syscall.O_NONBLOCK
	out, err := os.OpenFile(path, flags, 0)
	if !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	out, err = os.OpenFile(path, flags|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	_ = out.Chmod(fileMode) // not every file system has modes
	return out, nil
}

// rotate moves the file aside and begins a new one. When it cannot be moved it goes on
// growing: a log that is too big is better than none. An error says that there is no
// file to write to.
func (f *file) rotate() error {
	now := time.Now()
	if now.Sub(f.refused) < rotateRetry {
		return nil
	}
	err := os.Rename(f.path, backupName(f.path, now))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // else somebody has moved it just now
		f.refused = now
		f.report(fmt.Errorf("cannot rotate log file %q: %w; it goes on growing", f.path, err))
		return nil
	}
	f.release()
	if err := f.open(); err != nil {
		return err
	}
	f.tidy()
	return nil
}

// tidy removes the rotated files that are too many, and has the others compressed or
// removed when they are too old, in the background.
func (f *file) tidy() {
	r := *f.rotation.Load()
	f.keeper.removeSurplus(f.path, r)
	f.keeper.watch(f.path, r)
}

// reopen lets go of the file; the next write opens what the path leads to then. It
// also removes what need not be kept: fewer files may be wanted now.
func (f *file) reopen() {
	f.release()
	f.tidy()
}

// release lets go of the file.
func (f *file) release() {
	if f.out != nil {
		_ = f.out.Close()
	}
	f.out, f.opened, f.own = nil, nil, false
}
