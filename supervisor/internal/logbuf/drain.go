package logbuf

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// Sizes of one write, in bytes. Small ones make progress visible on a slow
	// output: a blocking write tells nothing until it is done. So an output that
	// takes maxStep bytes a second is never taken for a stalled one, and after its
	// first slow write minStep bytes a second are enough.
	minStep, maxStep = 4 << 10, 32 << 10
	// slowWrite is the duration from which on the smallest step is used.
	slowWrite = 20 * time.Millisecond

	retryFirst, retryMax = time.Second, 8 * time.Second // between attempts on a failing output
	retryFull            = 5 * time.Millisecond         // when a non-blocking output is full

	reportEvery = time.Minute
)

// reopener is an output that can be closed and opened again by name.
type reopener interface{ reopen() }

// start begins draining, if nobody does.
func (s *sink) start() {
	if !s.draining {
		s.draining = true
		s.progress = time.Now()
		go s.drain()
	}
}

// drain carries buffers to the output until there are none.
func (s *sink) drain() {
	w := writer{sink: s, step: maxStep / 4}
	for {
		buf := s.next()
		if buf == nil {
			return
		}
		ok := w.write(buf.data)
		s.done(buf, ok)
	}
}

// next takes the oldest buffer. When there is none the drain is over.
func (s *sink) next() *buffer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reopen {
		s.reopen = false
		if out, ok := s.out.(reopener); ok {
			s.mu.Unlock() // a file system may hang
			out.reopen()
			s.mu.Lock()
		}
	}
	s.tellLosses()
	var buf *buffer
	switch {
	case len(s.queue) > 0:
		buf = s.queue[0]
		s.queue = slices.Delete(s.queue, 0, 1)
	case s.cur != nil:
		buf, s.cur = s.cur, nil
	default:
		s.draining = false
		if s.idle != nil {
			close(s.idle)
			s.idle = nil
		}
	}
	return buf
}

// done gives a buffer back. When it could not be written the sink is ending, and
// the others are given up too.
func (s *sink) done(buf *buffer, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	give := func(b *buffer) {
		b.free()
		s.held--
	}
	give(buf)
	if !ok {
		for _, b := range s.queue {
			give(b)
		}
		s.queue = nil
		if s.cur != nil {
			give(s.cur)
			s.cur = nil
		}
	}
	s.wakeWaiting()
}

// writer writes to a sink's output in steps and outlasts its failures.
type writer struct {
	sink  *sink
	step  int
	retry time.Duration // before the next attempt; 0: the last one succeeded
}

// write returns when all is written, or false when the sink is ending and its
// output fails. A line is never left half: after a failure it goes on at the very
// byte.
func (w *writer) write(data []byte) bool {
	for len(data) > 0 {
		part := wholeLines(data, w.step)
		begun := time.Now()
		n, err := w.sink.out.Write(part)
		if err == nil && n < len(part) {
			err = io.ErrShortWrite
		}
		if n > 0 {
			w.retry = 0
			w.sink.progressed()
		}
		data = data[n:]
		if err != nil {
			if !w.pause(err) {
				return false
			}
			continue
		}
		if took := time.Since(begun); took >= slowWrite {
			w.step = minStep
		} else {
			w.step = min(2*w.step, maxStep)
		}
	}
	return true
}

// wholeLines is the beginning of data up to the last newline within step bytes, or
// up to the first one behind.
func wholeLines(data []byte, step int) []byte {
	if len(data) <= step {
		return data
	}
	if i := bytes.LastIndexByte(data[:step], '\n'); i >= 0 {
		return data[:i+1]
	}
	if i := bytes.IndexByte(data[step:], '\n'); i >= 0 {
		return data[:step+i+1]
	}
	return data
}

// progressed notes that the output took something.
func (s *sink) progressed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = time.Now()
	s.stalled = false
}

// pause waits before the next attempt. False says that there is none.
func (w *writer) pause(err error) bool {
	if errors.Is(err, syscall.EAGAIN) { // somebody made a shared stream non-blocking: full is not failed
		//nolint:forbidigo // nothing may cut this short: at the end a full output is still drained, and Close has its own deadline
		time.Sleep(retryFull)
		return true
	}
	w.retry = min(max(2*w.retry, retryFirst), retryMax)
	hurry := w.sink.failed(err)
	timer := time.NewTimer(w.retry)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-hurry:
		return false
	}
}

// failed marks the sink as stalled, reports the error, and returns the channel
// that is closed when nothing is to be waited for.
func (s *sink) failed(err error) <-chan struct{} {
	s.mu.Lock()
	s.stalled = true
	s.wakeWaiting()
	hurry := s.hurry
	now := time.Now()
	tell := !s.ending && (s.reported.IsZero() || now.Sub(s.reported) >= reportEvery)
	if tell {
		s.reported = now
	}
	s.mu.Unlock()
	if tell {
		s.report(err)
	}
	return hurry
}

// tellLosses writes one line for each process that lost something, if the sink
// takes lines again. The caller holds the lock.
func (s *sink) tellLosses() {
	if len(s.losses) == 0 || s.stalled {
		return
	}
	from := &feed{}
	from.urgent.Store(true)
	order := slices.SortedFunc(maps.Keys(s.losses), func(a, b *account) int { return strings.Compare(a.name, b.name) })
	for _, who := range order {
		notice := batch{from: from, format: FormatRaw, kind: lines, data: appendLossNotice(nil, s, who.name, s.losses[who])}
		for len(notice.data) > 0 {
			if !s.mayFill(from) {
				return
			}
			s.fill(&notice)
		}
		delete(s.losses, who)
	}
	s.start()
}
