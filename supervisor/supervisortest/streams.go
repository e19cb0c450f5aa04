package supervisortest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/processmanager/processmanager/supervisor"
)

// EventRoom is how many events a listener may be behind.
const EventRoom = 1024

// happened is an event, and the labels of the process that it is about.
type happened struct {
	supervisor.Event
	labels map[string]string
}

// Emit makes an event happen; number and time are filled in.
func (f *Fake) Emit(ev supervisor.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.emit(ev, nil)
	f.tell()
}

func (f *Fake) emit(ev supervisor.Event, labels map[string]string) {
	ev.Seq, ev.Time = uint64(len(f.events)+1), f.Now()
	f.events = append(f.events, happened{ev, labels})
}

// emitOf makes an event of a process as it is now. f.mu is held.
func (f *Fake) emitOf(info *supervisor.ProcessInfo, kind supervisor.EventType) {
	f.emit(supervisor.Event{
		Type: kind, Name: info.Name, Run: info.Run, Status: info.Status, Ready: info.Ready, PID: info.PID, Reason: info.Reason, NextRun: info.NextRun,
	}, info.Labels)
}

// A stream waits for what is behind its place in a list.
type stream struct {
	f    *Fake
	next int
	end  chan struct{}
	once sync.Once
}

// Close ends the stream.
func (s *stream) Close() {
	s.once.Do(func() {
		s.f.mu.Lock()
		s.f.streams--
		s.f.mu.Unlock()
		close(s.end)
	})
}

// wait calls look, which says whether there is something, until it does.
func (s *stream) wait(ctx context.Context, look func() (bool, error)) error {
	for {
		s.f.mu.Lock()
		found, err := look()
		changed, closed := s.f.changed, s.f.closed
		s.f.mu.Unlock()
		switch {
		case found || err != nil:
			return err
		case closed:
			return supervisor.ErrClosed
		}
		select {
		case <-changed:
		case <-s.end:
			return supervisor.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type eventStream struct {
	stream
	req supervisor.EventsRequest
}

// Events implements supervisor.Control.
func (f *Fake) Events(ctx context.Context, who supervisor.Caller, req supervisor.EventsRequest) (supervisor.EventStream, error) {
	if err := f.enter(ctx, "Events", who, req); err != nil {
		return nil, err
	}
	if err := who.MayLook(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.streams++
	return &eventStream{stream: stream{f: f, next: len(f.events), end: make(chan struct{})}, req: req}, nil
}

// Next implements supervisor.EventStream.
func (s *eventStream) Next(ctx context.Context) (ev supervisor.Event, err error) {
	err = s.wait(ctx, func() (bool, error) {
		if len(s.f.events)-s.next > EventRoom {
			return false, supervisor.ErrSlow
		}
		for ; s.next < len(s.f.events); s.next++ {
			if h := s.f.events[s.next]; s.wants(h) {
				ev = h.Event
				s.next++
				return true, nil
			}
		}
		return false, nil
	})
	return ev, err
}

func (s *eventStream) wants(h happened) bool {
	for k, v := range s.req.Labels {
		if h.labels[k] != v {
			return false
		}
	}
	return s.req.Name == "" || s.req.Name == h.Name
}

type logStream struct {
	stream
	req   supervisor.LogsRequest
	first []supervisor.LogLine
}

// Follow implements supervisor.Control.
func (f *Fake) Follow(ctx context.Context, who supervisor.Caller, req supervisor.LogsRequest) (supervisor.LogStream, error) {
	if err := f.enterLogs(ctx, "Follow", who, req); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	first, err := f.newest(req)
	if err != nil {
		return nil, err
	}
	if req.Previous {
		first = append(first, f.since(req)...)
	}
	f.streams++
	return &logStream{stream: stream{f: f, next: len(f.logs[req.Name]), end: make(chan struct{})}, req: req, first: first}, nil
}

// since are the lines of the current or last life that a request selects, whatever its
// Lines. f.mu is held.
func (f *Fake) since(req supervisor.LogsRequest) []supervisor.LogLine {
	run := f.procs[req.Name].Run
	return slices.DeleteFunc(slices.Clone(f.logs[req.Name]), func(l supervisor.LogLine) bool {
		return req.Stream != "" && l.Stream != req.Stream || l.Time.Before(req.Since) || l.Run < run
	})
}

// Next implements supervisor.LogStream. A batch has one line.
func (s *logStream) Next(ctx context.Context) (batch supervisor.LogBatch, err error) {
	if len(s.first) > 0 {
		batch.Lines, s.first = s.first[:1:1], s.first[1:]
		return batch, nil
	}
	err = s.wait(ctx, func() (bool, error) {
		if _, known := s.f.procs[s.req.Name]; !known {
			return false, fmt.Errorf("%q was deleted: %w", s.req.Name, supervisor.ErrNotFound)
		}
		for lines := s.f.logs[s.req.Name]; s.next < len(lines); {
			line := lines[s.next]
			s.next++
			if s.req.Stream == "" || s.req.Stream == line.Stream {
				batch.Lines = []supervisor.LogLine{line}
				return true, nil
			}
		}
		return false, nil
	})
	return batch, err
}
