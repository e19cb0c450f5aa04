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
	Now       func() time.Time // stamps lines; nil: time.Now

	// What Update can change.

	Format    Format        // of its lines on the console; empty: the console's
	File      string        // path of the log file; empty: none
	MaxSize   int64         // bytes from which on the file is rotated; 0: FileSize
	MaxFiles  *int          // rotated files that are kept; nil: FileBackups
	Every     time.Duration // the file is rotated with the first line of each such period, in UTC; 0: for its size only
	MaxAge    time.Duration // rotated files that are older are removed; 0: never for that
	Compress  bool          // rotated files are compressed
	Stamps    bool          // a time in front of each of its lines, in text on the console and in the file
	RateLimit int64         // bytes in a second that reach the console and the file; 0: no limit
}

// rotation says how the file is rotated.
func (o Options) rotation() rotation {
	r := rotation{max: FileSize, every: o.Every, backups: FileBackups, age: o.MaxAge, compress: o.Compress}
	if o.MaxSize > 0 {
		r.max = o.MaxSize
	}
	if o.MaxFiles != nil {
		r.backups = max(0, *o.MaxFiles)
	}
	return r
}

// Query selects lines.
type Query struct {
	Lines    int               // the newest n; 0: supervisor.DefaultLogLines; negative: all that are kept
	Stream   supervisor.Stream // empty: both
	Since    time.Time         // lines at or after; zero: no bound
	Run      uint64            // of this life; 0: of all
	Previous bool              // of the life before the newest one, whatever Run says
}

// Counters count bytes since the log was made; they never go down.
type Counters struct {
	Stdout, Stderr uint64 // written by the process
	// Dropped are bytes that a sink did not take, the console and the file counted
	// apart, and once those that the rate limit kept from both; the ring takes all.
	Dropped uint64
}

// Log is the log of one process over all its lives. All methods may be called from
// any goroutine and none waits for a sink; only [LifeLog.Write] does.
type Log struct {
	account
	console *Console
	now     func() time.Time
	stdout  atomic.Uint64
	stderr  atomic.Uint64

	wanted atomic.Pointer[[]*wanted] // nil: nobody waits for a line; replaced under mu

	mu     sync.Mutex
	ring   ring      // guarded by mu
	run    uint64    // guarded by mu; the newest life; 0: none
	before uint64    // guarded by mu; the life before it; 0: none
	format Format    // guarded by mu; on the console
	file   *fileSink // guarded by mu; nil: none
	rotate rotation  // guarded by mu; of file
	inFile Format    // guarded by mu; of lines in file
	limit  *limiter  // guarded by mu; nil: there never was a limit
	closed bool      // guarded by mu

	followers []*Follower // guarded by mu
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
	l.Update(o)
	return l
}

// Update changes the format, the file and its rotation, and the rate limit to those
// of o. The rest of o is not looked at.
func (l *Log) Update(o Options) {
	if o.Format == "" {
		o.Format = l.console.format
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endGap() // where it was
	if l.limit == nil && o.RateLimit > 0 {
		l.limit = &limiter{}
	}
	if l.limit != nil {
		l.limit.bucket.setRate(o.RateLimit)
	}
	l.format = o.Format.Stamped(o.Stamps)
	l.inFile = inFile(o.Stamps)
	l.setFile(o.File, o.rotation())
}

// Tail returns the lines that q selects, oldest first. It shows complete lines: a
// line that the process has not ended yet is not among them.
func (l *Log) Tail(q Query) []supervisor.LogLine {
	if q.Lines == 0 {
		q.Lines = supervisor.DefaultLogLines
	}
	l.mu.Lock()
	if q.Previous {
		q.Run = l.before
	}
	if q.Previous && q.Run == 0 {
		l.mu.Unlock()
		return []supervisor.LogLine{}
	}
	s := l.ring.snapshot(q.Run)
	l.mu.Unlock()
	return s.tail(q)
}

// Lives returns the numbers of the newest life and of the one before it; 0: there is none.
func (l *Log) Lives() (newest, before uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.run, l.before
}

// TailRun returns the newest n lines of a life, of both streams, oldest first: what
// its history keeps. They are complete once the life's streams have ended.
func (l *Log) TailRun(run uint64, n int) []supervisor.LogLine {
	if n <= 0 || run == 0 {
		return []supervisor.LogLine{}
	}
	l.mu.Lock()
	s := l.ring.newest(run, n)
	l.mu.Unlock()
	return s.tail(Query{Lines: n, Run: run})
}

// Counters returns the current counts.
func (l *Log) Counters() Counters {
	return Counters{Stdout: l.stdout.Load(), Stderr: l.stderr.Load(), Dropped: l.dropped.Load()}
}

// setFile changes the file, to none when path is empty, and its rotation. What was
// written before still reaches the old one. The caller holds the lock.
func (l *Log) setFile(path string, r rotation) {
	if l.closed {
		return
	}
	changed := r != l.rotate
	l.rotate = r
	if l.file != nil && l.file.file.path == path {
		l.file.file.rotation.Store(&r)
		l.file.setFormat(l.inFile)
		if changed {
			l.file.openAnew()
		}
		return
	}
	if l.file != nil {
		l.console.release(l.file)
		l.file = nil
	}
	if path != "" {
		l.file = l.console.acquire(path, r, l.inFile)
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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endGap()
	l.setFile("", l.rotate)
	l.closed = true
	l.wakeFollowers()
}
