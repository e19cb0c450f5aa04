package logbuf

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// managerName stands where a process's name stands in the manager's own lines.
const managerName = "processmanager"

// Console is the container's stdout and stderr, shared by all processes and by the
// manager's own log. It also keeps the open log files, so that two processes with
// one path share one writer. All methods may be called from any goroutine.
type Console struct {
	format Format
	stdout *sink   // nil: goes nowhere
	stderr *sink   // the same as stdout when both are one file
	own    account // of the manager's own lines

	mu     sync.Mutex
	files  map[string]*fileSink // guarded by mu; by path
	gapped map[*Log]bool        // guarded by mu; those that have yet to tell what a rate limit dropped
	keeper *keeper              // has a lock of its own
}

// fileSink is the sink of one log file.
type fileSink struct {
	*sink
	file *file
	refs int // guarded by Console.mu; logs that write to it
}

// NewConsole makes a console of two writers; a nil one swallows what it gets.
// Writers that are the same file (2>&1, a terminal) get one queue, so that their
// lines cannot mix.
func NewConsole(stdout, stderr io.Writer, f Format) *Console {
	c := &Console{format: f, files: map[string]*fileSink{}, gapped: map[*Log]bool{}}
	c.own.name = managerName
	c.keeper = newKeeper(func(err error) { c.Logger(slog.LevelWarn).Warn(err.Error()) })
	switch {
	case stdout != nil && stderr != nil && sameOutput(stdout, stderr):
		c.stdout = newSink("stdout and stderr", f, stdout, c.reporter("stdout and stderr"))
		c.stderr = c.stdout
		return c
	case stdout != nil:
		c.stdout = newSink("stdout", f, stdout, c.reporter("stdout"))
	}
	if stderr != nil {
		c.stderr = newSink("stderr", f, stderr, c.reporter("stderr"))
	}
	return c
}

// stater is what an *os.File and what is made of one can do.
type stater interface{ Stat() (os.FileInfo, error) }

// sameOutput reports whether two writers lead to the same place.
func sameOutput(a, b io.Writer) bool {
	if x, ok := a.(stater); ok {
		if y, ok := b.(stater); ok {
			xi, xerr := x.Stat()
			yi, yerr := y.Stat()
			return xerr == nil && yerr == nil && os.SameFile(xi, yi)
		}
	}
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.TypeOf(a).Comparable() && a == b
}

func (c *Console) sink(stream supervisor.Stream) *sink {
	if stream == supervisor.Stderr {
		return c.stderr
	}
	return c.stdout
}

// reporter is what a sink calls when its output fails.
func (c *Console) reporter(sink string) func(error) {
	return func(err error) {
		c.Logger(slog.LevelWarn).Warn("cannot write log output; it is dropped until writing works again",
			"sink", sink, "error", err)
	}
}

// Close writes what can be written within the time, then leaves the rest. Lines
// that come later are counted as dropped. Log files are closed too.
func (c *Console) Close(timeout time.Duration) {
	c.mu.Lock()
	gapped := slices.Collect(maps.Keys(c.gapped))
	c.mu.Unlock()
	for _, l := range gapped {
		l.mu.Lock()
		l.endGap()
		l.mu.Unlock()
	}
	c.mu.Lock()
	var open []*fileSink
	for _, f := range c.files {
		open = append(open, f)
	}
	c.mu.Unlock()
	late := time.NewTimer(timeout)
	defer late.Stop()
	// Files first: their errors still find a console.
	for _, f := range open {
		f.end()
		if !await(f.flush(), late) {
			break
		}
	}
	c.keeper.close()
	for _, f := range open {
		c.closeIdle(f)
	}
	for _, s := range []*sink{c.stdout, c.stderr} {
		if s != nil {
			s.end()
		}
	}
	for _, s := range []*sink{c.stdout, c.stderr} {
		if s != nil && !await(s.flush(), late) {
			return
		}
	}
}

// noteGap notes whether a log has yet to tell what a rate limit dropped.
func (c *Console) noteGap(l *Log, gapped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if gapped {
		c.gapped[l] = true
	} else {
		delete(c.gapped, l)
	}
}

// await waits for done, but not longer than until the timer fires. A timer that has
// fired stays so: later calls return at once.
func await(done <-chan struct{}, late *time.Timer) bool {
	select {
	case <-done:
		return true
	default:
	}
	select {
	case <-done:
		return true
	case <-late.C:
		late.Reset(0)
		return false
	}
}

// acquire returns the sink of a log file, opened on its first line. Of two logs with
// one file the last one says how it is rotated, and the format of notices in it.
func (c *Console) acquire(path string, r rotation, format Format) *fileSink {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[path]
	if f == nil {
		out := newFile(path, c.keeper, func(err error) { c.Logger(slog.LevelWarn).Warn(err.Error()) })
		f = &fileSink{sink: newSink(path, format, out, c.reporter(path)), file: out}
		c.files[path] = f
		c.keeper.use(path, 1)
	}
	f.refs++
	f.file.rotation.Store(&r)
	c.keeper.watch(path, r) // what an earlier life has left
	f.revive(format)
	return f
}

// release gives a sink back; the last one closes the file once what was written to
// it is on its way. It does not wait for that.
func (c *Console) release(f *fileSink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.refs--
	if f.refs > 0 {
		return
	}
	f.end()
	idle := f.flush()
	go func() {
		<-idle
		c.closeIdle(f)
	}()
}

// closeIdle closes a file that nobody uses and whose sink has nothing to do.
func (c *Console) closeIdle(f *fileSink) {
	c.mu.Lock()
	unused := c.files[f.file.path] == f && f.idleAndEnding()
	if unused {
		delete(c.files, f.file.path)
		c.keeper.use(f.file.path, -1)
		c.keeper.watch(f.file.path, *f.file.rotation.Load()) // files of deleted processes become too old as well
	}
	c.mu.Unlock()
	if unused {
		f.file.release()
	}
}

func (s *sink) idleAndEnding() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending && !s.draining
}

// appendLossNotice appends the line that says what is missing at this place.
func appendLossNotice(dst []byte, s *sink, who string, bytes int64) []byte {
	rec := slog.NewRecord(time.Now(), slog.LevelWarn, fmt.Sprintf("output dropped: %s took nothing for a while", s.name), 0)
	rec.AddAttrs(slog.String("name", who), slog.Int64("bytes", bytes))
	return appendRecord(dst, s.format, noticeStream(s.name), rec, nil)
}

// noticeStream is the stream on which a sink's notices appear.
func noticeStream(sink string) supervisor.Stream {
	if sink == string(supervisor.Stdout) {
		return supervisor.Stdout
	}
	return supervisor.Stderr
}
