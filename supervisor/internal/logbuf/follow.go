package logbuf

import (
	"context"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
)

// Follower reads the lines of a log as they are written. It keeps nothing of its own:
// it goes on in the ring where it has stopped, so that a slow one holds up nobody and
// loses what the ring forgets, which it is told.
type Follower struct {
	log   *Log
	q     Query
	first []supervisor.LogLine // what was there before
	next  uint64               // offset of the first byte not read
	wake  chan struct{}
}

// Follow begins to read: first the newest lines that q selects, then what is written
// from then on. With q.Previous the lines of the lives behind the one before come in
// between, all of them. Close ends it.
func (l *Log) Follow(q Query) *Follower {
	f := &Follower{log: l, q: q, wake: make(chan struct{}, 1)}
	if q.Lines == 0 {
		q.Lines = supervisor.DefaultLogLines
	}
	l.mu.Lock()
	before := l.before
	run := q.Run
	if q.Previous {
		run = before
	}
	s := l.ring.snapshot(run)
	f.next = l.ring.end
	l.followers = append(slices.Clip(l.followers), f)
	l.mu.Unlock()
	f.q.Lines = -1
	if q.Previous {
		f.first = s.from(before, q)
	} else {
		f.first = s.tail(q)
	}
	return f
}

// from returns the newest lines of a life that q asks for, and all of the lives behind it.
func (s snapshot) from(run uint64, q Query) []supervisor.LogLine {
	n := q.Lines
	q.Run, q.Lines = 0, -1
	all := s.tail(q)
	out := make([]supervisor.LogLine, 0, len(all))
	for _, line := range slices.Backward(all) {
		if line.Run == run {
			n--
		}
		if line.Run > run || line.Run == run && n >= 0 {
			out = append(out, line)
		}
	}
	slices.Reverse(out)
	return out
}

// Next waits for lines and returns them, with the number of bytes that the ring has
// forgotten before them. The error is that of ctx, or supervisor.ErrClosed when the log
// was closed and everything is read.
func (f *Follower) Next(ctx context.Context) (lines []supervisor.LogLine, lost uint64, err error) {
	if lines, f.first = f.first, nil; len(lines) > 0 {
		return lines, 0, nil
	}
	for {
		lines, missed, closed := f.read()
		if lost += missed; len(lines) > 0 {
			return lines, lost, nil
		}
		if closed {
			return nil, lost, supervisor.ErrClosed
		}
		select {
		case <-f.wake:
		case <-ctx.Done():
			return nil, lost, ctx.Err()
		}
	}
}

// read takes what has come since it was last called.
func (f *Follower) read() (lines []supervisor.LogLine, lost uint64, closed bool) {
	f.log.mu.Lock()
	if f.next < f.log.ring.start {
		lost = f.log.ring.start - f.next
		f.next = f.log.ring.start
	}
	s := f.log.ring.since(f.next)
	f.next = f.log.ring.end
	closed = f.log.closed
	f.log.mu.Unlock()
	return s.tail(f.q), lost, closed
}

// Close ends the following. It may be called more than once, from any goroutine.
func (f *Follower) Close() {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	f.log.followers = slices.DeleteFunc(slices.Clone(f.log.followers), func(o *Follower) bool { return o == f })
}

// wakeFollowers tells them that there is something. The caller holds the lock.
func (l *Log) wakeFollowers() {
	for _, f := range l.followers {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}
