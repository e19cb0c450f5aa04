package logbuf

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// DefaultRingBytes is the size of a ring when Options.RingBytes is 0.
const DefaultRingBytes = 64 << 10

// Options describes the log of one process.
type Options struct {
	Name      string           // of the process
	Console   *Console         // nil: none, and errors of the file are told to nobody
	RingBytes int              // most memory for the lines kept; 0: DefaultRingBytes; a line that is longer is not kept
	File      string           // path of the log file; empty: none
	Now       func() time.Time // stamps lines; nil: time.Now
}

// Query selects lines.
type Query struct {
	Lines  int               // the newest n; 0: supervisor.DefaultLogLines; negative: all that are kept
	Stream supervisor.Stream // empty: both
	Since  time.Time         // lines at or after; zero: no bound
}

// Counters count bytes since the log was made; they never go down.
type Counters struct {
	Stdout, Stderr uint64 // written by the process
	Dropped        uint64 // that a sink did not take, the console and the file counted apart; the ring takes all
}

// Log is the log of one process over all its lives. All methods may be called from
// any goroutine and none waits for a sink; only [LifeLog.Write] does.
type Log struct {
	account
	console *Console
	now     func() time.Time
	stdout  atomic.Uint64
	stderr  atomic.Uint64

	mu     sync.Mutex
	ring   ring      // guarded by mu
	file   *fileSink // guarded by mu; nil: none
	closed bool      // guarded by mu
}

// New makes an empty log. Nothing is opened before the first line.
func New(o Options) *Log {
	l := &Log{console: o.Console, now: o.Now}
	l.name = o.Name
	if l.console == nil {
		l.console = NewConsole(nil, nil, FormatRaw)
	}
	if l.now == nil {
		l.now = time.Now
	}
	l.ring.limit = o.RingBytes
	if o.RingBytes <= 0 {
		l.ring.limit = DefaultRingBytes
	}
	l.SetFile(o.File)
	return l
}

// Tail returns the lines that q selects, oldest first. It shows complete lines: a
// line that the process has not ended yet is not among them.
func (l *Log) Tail(q Query) []supervisor.LogLine {
	if q.Lines == 0 {
		q.Lines = supervisor.DefaultLogLines
	}
	l.mu.Lock()
	s := l.ring.snapshot()
	l.mu.Unlock()
	return s.tail(q)
}

// Counters returns the current counts.
func (l *Log) Counters() Counters {
	return Counters{Stdout: l.stdout.Load(), Stderr: l.stderr.Load(), Dropped: l.dropped.Load()}
}

// SetFile makes the log write to another file, or to none when path is empty. What
// was written before still reaches the old one.
func (l *Log) SetFile(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.file == nil && path == "" || l.file != nil && l.file.file.path == path {
		return
	}
	if l.file != nil {
		l.console.release(l.file)
		l.file = nil
	}
	if path != "" {
		l.file = l.console.acquire(path)
	}
}

func (l *Log) currentFile() *fileSink {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file
}

// Reopen opens the log file again by its name, after somebody else has renamed it.
func (l *Log) Reopen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.openAnew()
	}
}

// Close ends the use of the log file, which is written to its end in the
// background ([Console.Close] waits for that). The ring stays readable, and lines
// that come later still reach it and the console.
func (l *Log) Close() {
	l.SetFile("")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}
