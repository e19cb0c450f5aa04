package logbuf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

const (
	// FileSize is the size, in bytes, from which on a log file is rotated by default.
	FileSize = 10 << 20
	// FileBackups is how many rotated files are kept beside the current one by
	// default.
	FileBackups = 3

	// checkEvery is how often a file is compared with what its path leads to.
	checkEvery = time.Second
	// rotateRetry is when a rotation that failed is tried again.
	rotateRetry = time.Minute

	// backupStamp is the time in the name of a rotated file: NAME-STAMP.log.
	backupStamp = "2006-01-02T15-04-05.000"
)

// file writes one log file and rotates it. It is used by one goroutine at a time,
// the drain of its sink.
//
// lumberjack opens, renames and creates; when to do so is decided here, because it
// would rename what is not a regular file, go on writing to a file that somebody
// has removed, and keep a goroutine for ever for each path.
type file struct {
	path     string
	rotation atomic.Pointer[rotation]
	spare    *spareLoggers
	report   func(error) // told about a failed rotation

	log     *lumberjack.Logger // nil: not open
	special *os.File           // instead of log, when path is no regular file
	opened  fs.FileInfo        // of the open regular file; nil: not open
	size    int64
	checked time.Time
	rotated time.Time // last rotation
	refused time.Time // last failed rotation
}

// rotation says when a file is rotated and what is kept.
type rotation struct {
	max     int64 // bytes; rotate before the file becomes bigger
	backups int   // files beside the current one
}

func newFile(path string, spare *spareLoggers, report func(error)) *file {
	f := &file{path: path, spare: spare, report: report}
	f.rotation.Store(&rotation{FileSize, FileBackups})
	return f
}

// Write appends p, which is not empty, in one piece to one file.
func (f *file) Write(p []byte) (int, error) {
	if now := time.Now(); f.log == nil || now.Sub(f.checked) >= checkEvery {
		f.checked = now
		if err := f.look(); err != nil {
			return 0, err
		}
	}
	if f.special != nil {
		n, err := f.special.Write(p)
		if err != nil && !errors.Is(err, syscall.EAGAIN) {
			f.closeSpecial()
		}
		return n, err
	}
	if f.size > 0 && f.size+int64(len(p)) > f.rotation.Load().max {
		f.rotate()
	}
	n, err := f.log.Write(p)
	f.size += int64(n)
	if f.opened == nil && n > 0 {
		f.opened, _ = os.Stat(f.path)
	}
	if err != nil {
		_ = f.log.Close()
		f.opened, f.checked = nil, time.Time{}
	}
	return n, err
}

// look finds out what the path leads to now, and lets go of what is no longer
// there.
func (f *file) look() error {
	if f.log == nil {
		f.log = f.spare.get(f.path)
	}
	info, err := os.Stat(f.path)
	if err == nil && !info.Mode().IsRegular() {
		return f.openSpecial(info)
	}
	f.closeSpecial()
	if err != nil {
		info = nil
	}
	if f.opened != nil && (info == nil || !os.SameFile(f.opened, info)) {
		_ = f.log.Close()
		f.opened = nil
	}
	f.size = 0
	if info != nil {
		f.size = info.Size()
	}
	return nil
}

// openSpecial opens a device, a pipe or what a link such as /dev/stdout leads to.
// It is never rotated.
func (f *file) openSpecial(info fs.FileInfo) error {
	if f.opened != nil {
		_ = f.log.Close()
		f.opened = nil
	}
	if f.special != nil {
		return nil
	}
	if info.IsDir() {
		return fmt.Errorf("cannot open log file %q: it is a directory", f.path)
	}
	special, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("cannot open log file: %w", err)
	}
	f.special = special
	return nil
}

func (f *file) closeSpecial() {
	if f.special != nil {
		_ = f.special.Close()
		f.special = nil
	}
}

// rotate moves the file aside. When that fails the file goes on growing: a log
// that is too big is better than none.
func (f *file) rotate() {
	now := time.Now()
	if now.Sub(f.refused) < rotateRetry || now.Truncate(time.Millisecond).Equal(f.rotated.Truncate(time.Millisecond)) {
		return // a second name of one millisecond would replace the first
	}
	f.opened = nil
	if err := f.log.Rotate(); err != nil {
		f.refused = now
		f.report(fmt.Errorf("cannot rotate log file %q: %w; it goes on growing", f.path, err))
		return
	}
	f.rotated = time.Now() // after the name was chosen
	f.size = 0
	f.prune()
}

// prune removes the oldest rotated files. Errors are of no use to anyone: the next
// rotation tries again.
func (f *file) prune() {
	dir, base := filepath.Split(f.path)
	ext := filepath.Ext(base)
	prefix := strings.TrimSuffix(base, ext) + "-"
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return
	}
	var stamps []string
	for _, e := range entries {
		stamp, ours := strings.CutPrefix(e.Name(), prefix)
		if stamp, ours = cutSuffixIf(stamp, ext, ours); !ours {
			continue
		}
		if _, err := time.Parse(backupStamp, stamp); err == nil {
			stamps = append(stamps, stamp)
		}
	}
	slices.Sort(stamps)
	for _, stamp := range stamps[:max(0, len(stamps)-f.rotation.Load().backups)] {
		_ = os.Remove(filepath.Join(dir, prefix+stamp+ext))
	}
}

func cutSuffixIf(text, suffix string, ok bool) (string, bool) {
	if !ok {
		return text, false
	}
	return strings.CutSuffix(text, suffix)
}

// reopen lets go of the file; the next write opens what the path leads to then. It
// also removes what need not be kept: fewer files may be wanted now.
func (f *file) reopen() {
	f.release()
	f.prune()
}

func (f *file) release() {
	f.closeSpecial()
	if f.log != nil {
		_ = f.log.Close()
	}
	f.opened, f.checked = nil, time.Time{}
}

// close ends the use of the file.
func (f *file) close() {
	f.release()
	if f.log != nil {
		f.spare.put(f.log)
		f.log = nil
	}
}

// spareLoggers keeps closed lumberjack loggers for the next file: each has a
// goroutine that never ends. It does nothing but read settings that never change
// (no backups, no age, no compression), so that another path may be set.
type spareLoggers struct {
	mu   sync.Mutex
	free []*lumberjack.Logger // guarded by mu
}

func (s *spareLoggers) get(path string) *lumberjack.Logger {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		l := s.free[n-1]
		s.free = s.free[:n-1]
		l.Filename = path
		return l
	}
	const never = 1 << 30 // megabytes: lumberjack is told when to rotate
	return &lumberjack.Logger{Filename: path, MaxSize: never}
}

func (s *spareLoggers) put(l *lumberjack.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, l)
}
