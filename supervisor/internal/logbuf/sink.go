package logbuf

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	// maxBuffers is how many buffers a sink may hold: one being written, one being
	// filled, and the queue between them.
	maxBuffers = 4
	// stallAfter is how long a sink may take nothing before it is skipped.
	stallAfter = time.Second
)

// account is what one process, or the manager itself, has lost.
type account struct {
	name    string
	dropped atomic.Uint64 // bytes that some sink did not take
}

// feed is one stream of one life, or the manager's own lines, as a sink sees it.
type feed struct {
	account *account
	stream  supervisor.Stream
	stderr  bool // stream is stderr
	run     uint64
	// urgent feeds never wait: they may use one buffer more than the others, and
	// lose what does not fit even there.
	urgent atomic.Bool
	read   reader // of the writer; for Await
	half   bool   // guarded by Log.mu; the rate limit has skipped a piece of its last line
}

func newFeed(a *account, stream supervisor.Stream, run uint64) *feed {
	return &feed{account: a, stream: stream, stderr: stream == supervisor.Stderr, run: run}
}

// sink is a place that takes bytes in its own time: a stream of the console or a
// file. Writers fill buffers; a goroutine that lives while there is something to
// write carries them out.
type sink struct {
	name   string      // in notices and errors
	out    io.Writer   // used by the draining goroutine only
	quick  tryWriter   // out, if it can be written to without waiting; used under mu while nobody drains
	report func(error) // told about failed writes, at most once a minute

	mu       sync.Mutex
	format   Format             // guarded by mu; of notices
	cur      *buffer            // guarded by mu; being filled, or nil
	queue    []*buffer          // guarded by mu; full ones, oldest first
	held     int                // guarded by mu; buffers in cur, queue and the hand of the drain
	draining bool               // guarded by mu; the goroutine runs
	idle     chan struct{}      // guarded by mu; closed when the goroutine ends; nil: nobody waits
	room     chan struct{}      // guarded by mu; closed when a buffer comes free; nil: nobody waits
	progress time.Time          // guarded by mu; when out last took a byte, or the drain began
	stalled  bool               // guarded by mu; skipped until out takes a byte again
	open     *feed              // guarded by mu; whose line the text in cur ends in the middle of
	losses   map[*account]int64 // guarded by mu; bytes dropped since the last notice
	reopen   bool               // guarded by mu; the drain is to open out anew
	ending   bool               // guarded by mu; write what is there, wait for nothing
	hurry    chan struct{}      // guarded by mu; closed when ending is set
	reported time.Time          // guarded by mu; when report was last called
}

func newSink(name string, f Format, out io.Writer, report func(error)) *sink {
	s := &sink{name: name, format: f, out: out, report: report, hurry: make(chan struct{})}
	s.quick, _ = out.(tryWriter)
	return s
}

// tryWriter is an output that can be written to without waiting: it takes what it has
// room for, in the order of the calls, and gives an error when that is not all.
type tryWriter interface{ TryWrite(p []byte) (int, error) }

// put hands the batch to the sink. It waits while the sink has no room but makes
// progress; what a stalled sink does not take is counted and forgotten, and only
// whole lines are. False says that the sink is ending: what is left in the batch
// was neither taken nor counted.
func (s *sink) put(b *batch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(b.data) > 0 {
		if s.ending {
			return false
		}
		if s.stalled {
			s.lose(b)
			return true
		}
		s.tellLosses()
		if s.mayFill(b.from) {
			if s.pass(b); len(b.data) > 0 {
				s.fill(b)
			}
			if len(b.data) == 0 || len(s.queue) > 0 { // else a buffer has just grown for the next line
				s.carry()
			}
			continue
		}
		s.start()
		if b.from.urgent.Load() || !s.waitRoom() {
			s.lose(b)
			return true
		}
	}
	if s.held > 0 {
		s.start()
	}
	return true
}

// pass writes raw lines straight from the batch, as far as the output takes them at once.
// It does so only when nothing is in front of them; the rest, which may begin in the
// middle of a line, is for fill, with a buffer that has room for all of it.
func (s *sink) pass(b *batch) {
	if s.quick == nil || s.draining || s.held > 0 || b.format != FormatRaw || b.kind == last {
		return
	}
	if s.open != nil && s.open != b.from {
		return
	}
	part := b.data
	if len(part) > bigBuffer { // a line has room in a buffer, many pieces of lines do not come at once
		part = part[:bytes.LastIndexByte(part[:bigBuffer], '\n')+1]
	}
	n, _ := s.quick.TryWrite(part) // what is wrong the drain will find and report
	if n == 0 {
		return
	}
	b.data = b.data[n:]
	s.open = nil
	if b.kind == piece {
		s.open = b.from
	}
}

// carry writes what is in the buffers as far as the output takes it at once, so that
// the drain has nothing to do while the output has room.
func (s *sink) carry() {
	if s.quick == nil || s.draining {
		return
	}
	for s.held > 0 {
		buf := s.cur
		if len(s.queue) > 0 {
			buf = s.queue[0]
		}
		n, err := s.quick.TryWrite(buf.data)
		if err != nil || n < len(buf.data) {
			buf.data = buf.data[:copy(buf.data, buf.data[n:])]
			s.start()
			return
		}
		if len(s.queue) > 0 {
			s.queue = slices.Delete(s.queue, 0, 1)
		} else {
			s.cur = nil
		}
		buf.free()
		s.held--
	}
}

// mayFill reports whether there is a buffer to write to, or may be one more.
func (s *sink) mayFill(f *feed) bool {
	limit := maxBuffers
	if f.urgent.Load() {
		limit++
	}
	if s.cur == nil {
		return s.held < limit
	}
	return s.held <= limit
}

// fill moves lines of the batch to the current buffer, and puts the buffer into
// the queue when the next line does not fit.
func (s *sink) fill(b *batch) {
	if s.cur == nil {
		s.cur = newBuffer(len(b.data))
		s.held++
	}
	buf := s.cur
	before := len(b.data)
	if s.open != nil && s.open != b.from && len(buf.data) < cap(buf.data) {
		buf.data = append(buf.data, '\n')
		s.open = nil
	}
	if s.open == nil || s.open == b.from {
		buf.data = b.fill(buf.data)
	}
	if len(b.data) < before {
		s.open = nil
		if b.kind == piece && b.format == FormatRaw {
			s.open = b.from
		}
	}
	if len(b.data) == 0 {
		return
	}
	if buf.small() {
		s.cur = buf.grown()
		return
	}
	s.queue = append(s.queue, buf)
	s.cur = nil
}

// waitRoom waits, without the lock, until a buffer may have come free; false says
// that the sink is stalled.
func (s *sink) waitRoom() bool {
	left := stallAfter - time.Since(s.progress)
	if left <= 0 {
		s.stalled = true
		return false
	}
	if s.room == nil {
		s.room = make(chan struct{})
	}
	room := s.room
	s.mu.Unlock()
	timer := time.NewTimer(left)
	select {
	case <-room:
	case <-timer.C:
	}
	timer.Stop()
	s.mu.Lock()
	return true
}

func (s *sink) wakeWaiting() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}

// lose counts what is left of the batch as dropped.
func (s *sink) lose(b *batch) {
	b.from.account.dropped.Add(uint64(len(b.data)))
	if s.losses == nil {
		s.losses = map[*account]int64{}
	}
	s.losses[b.from.account] += int64(len(b.data))
}

// flush asks for everything to be written and returns a channel that is closed
// when the sink has nothing left to do.
func (s *sink) flush() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start()
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	return s.idle
}

// end makes the sink write what it has without waiting for a failing output, and
// refuse what comes later.
func (s *sink) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending {
		s.ending = true
		close(s.hurry)
		s.wakeWaiting()
	}
}

func (s *sink) setFormat(f Format) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.format = f
}

// noticeFormat is the format of lines that the sink itself has to say.
func (s *sink) noticeFormat() Format {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.format
}

// revive takes an end back.
func (s *sink) revive(f Format) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.format = f
	if s.ending {
		s.ending = false
		s.stalled = false // nobody drains, so nobody would find out
		s.hurry = make(chan struct{})
	}
}

// openAnew makes the drain open the output again before it writes the next byte.
func (s *sink) openAnew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reopen = true
	s.start()
}
