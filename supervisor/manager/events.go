package manager

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/logbuf"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// eventRoom is how many events a reader may be behind before it has lost some.
const eventRoom = 1024

// events hands events to whoever listens. The loop never waits for a reader.
type events struct {
	mu   sync.Mutex
	seq  uint64
	list []*eventStream
	over bool
}

// eventStream is one listener.
type eventStream struct {
	hub  *events
	req  supervisor.EventsRequest
	wake chan struct{} // there is something to look at

	// Guarded by hub.mu.
	queue []supervisor.Event
	why   error // nothing comes any more; nil: it goes on
}

var _ supervisor.EventStream = (*eventStream)(nil)

// Events implements supervisor.Control.
func (m *Manager) Events(_ context.Context, who supervisor.Caller, req supervisor.EventsRequest) (supervisor.EventStream, error) {
	if err := who.MayLook(); err != nil {
		return nil, fmt.Errorf("cannot listen to events: %w", err)
	}
	s := &eventStream{hub: &m.events, req: req, wake: make(chan struct{}, 1)}
	m.events.mu.Lock()
	defer m.events.mu.Unlock()
	if m.events.over {
		return nil, fmt.Errorf("cannot listen to events: %w", supervisor.ErrClosed)
	}
	m.events.list = append(m.events.list, s)
	return s, nil
}

// Next implements supervisor.EventStream.
func (s *eventStream) Next(ctx context.Context) (supervisor.Event, error) {
	for {
		if ev, ok, err := s.take(); ok || err != nil {
			return ev, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return supervisor.Event{}, ctx.Err()
		}
	}
}

// take fetches one event; what came before the end comes before the error.
func (s *eventStream) take() (ev supervisor.Event, ok bool, err error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if len(s.queue) == 0 {
		return ev, false, s.why
	}
	ev = s.queue[0]
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil // memory for who listens, not for who listened once
	}
	return ev, true, nil
}

// offer gives it an event, and reports whether there was room. The caller holds the
// lock.
func (s *eventStream) offer(ev supervisor.Event) bool {
	if len(s.queue) >= eventRoom {
		return false
	}
	s.queue = append(s.queue, ev)
	s.poke()
	return true
}

func (s *eventStream) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close implements supervisor.EventStream.
func (s *eventStream) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.drop(s, supervisor.ErrClosed)
}

// drop ends a stream. The caller holds the lock.
func (h *events) drop(s *eventStream, why error) {
	h.list = slices.DeleteFunc(h.list, func(o *eventStream) bool { return o == s })
	if s.why == nil {
		s.why = why
	}
	s.poke()
}

// close ends all streams.
func (h *events) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	for _, s := range slices.Clone(h.list) {
		h.drop(s, supervisor.ErrClosed)
	}
}

// emit numbers an event and hands it to those who want it; fill adds to it, and is
// called only when somebody listens.
func (l *loop) emit(e *entry, kind supervisor.EventType, fill func(*supervisor.Event)) {
	h := &l.m.events
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	if len(h.list) == 0 {
		return
	}
	ev := supervisor.Event{Seq: h.seq, Time: l.m.wall().Round(0), Type: kind}
	if e != nil {
		describe(&ev, e)
	}
	if fill != nil {
		fill(&ev)
	}
	for _, s := range slices.Clone(h.list) {
		if !s.wants(e) {
			continue
		}
		if !s.offer(ev) {
			h.drop(s, supervisor.ErrSlow)
		}
	}
}

// wants reports whether a listener is to have an event of an entry; nil: of the
// manager.
func (s *eventStream) wants(e *entry) bool {
	if e == nil {
		return s.req.Name == "" && len(s.req.Labels) == 0
	}
	if n := s.req.Name; n != "" && n != e.spec.Name && n != e.group && n != e.parent {
		return false
	}
	return hasLabels(e.spec.Labels, s.req.Labels)
}

// hasLabels reports whether all wanted labels are there.
func hasLabels(have, want map[string]string) bool {
	for key, value := range want {
		if got, ok := have[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// describe writes what a process is now into an event.
func describe(ev *supervisor.Event, e *entry) {
	p := e.proc
	ev.Name, ev.Run, ev.Status, ev.Ready = e.spec.Name, p.Gen, p.Status(), p.Ready()
	if p.PID != 0 {
		pid := p.PID
		ev.PID = &pid
	}
	if !p.CronAt.IsZero() {
		at := p.CronAt.Round(0)
		ev.NextRun = &at
	}
	if p.State == machine.Idle || p.State == machine.Backoff {
		ev.Reason = p.Reason()
	}
}

// emitStep tells listeners what one step has changed.
func (l *loop) emitStep(e *entry, old, now machine.Proc) {
	if now.Last.Gen != old.Last.Gen {
		l.emit(e, supervisor.EventEnded, func(ev *supervisor.Event) {
			ev.Run, ev.Reason = now.Last.Gen, now.Last.Reason
			switch exit := now.Last.Exit; {
			case exit.Err != "":
				ev.Message = exit.Err
			case exit.Signal != 0:
				text := exit.Signal.String()
				ev.Signal = &text
			default:
				code := exit.Code
				ev.ExitCode = &code
			}
		})
	}
	if now.Status() != old.Status() || now.Gen != old.Gen || !now.CronAt.Equal(old.CronAt) {
		l.emit(e, supervisor.EventStatus, func(ev *supervisor.Event) {
			if now.State == machine.Waiting {
				ev.Message = fmt.Sprintf("waits for %v", waitsFor(now))
			}
		})
	}
	if now.Ready() != old.Ready() {
		l.emit(e, supervisor.EventReady, nil)
	}
}

// logStream is one follower of a log.
type logStream struct {
	name string
	*logbuf.Follower
	ctx   context.Context // ends with Close, and with the manager
	close context.CancelFunc
}

var _ supervisor.LogStream = (*logStream)(nil)

// Follow implements supervisor.Control.
func (m *Manager) Follow(ctx context.Context, who supervisor.Caller, req supervisor.LogsRequest) (supervisor.LogStream, error) {
	log, err := m.logOf(ctx, who, "follow the log of", req)
	if err != nil {
		return nil, err
	}
	s := &logStream{name: req.Name}
	s.ctx, s.close = context.WithCancel(context.Background())
	s.Follower = log.Follow(query(req))
	go func() {
		select {
		case <-m.done:
			s.close()
		case <-s.ctx.Done():
		}
	}()
	return s, nil
}

// Next implements supervisor.LogStream.
func (s *logStream) Next(ctx context.Context) (supervisor.LogBatch, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(supervisor.ErrClosed) })()
	lines, lost, err := s.Follower.Next(ctx)
	switch {
	case err == nil:
	case s.ctx.Err() != nil:
		err = supervisor.ErrClosed
	case err == supervisor.ErrClosed: //nolint:errorlint // it is that value
		err = fmt.Errorf("%q was deleted: %w", s.name, supervisor.ErrNotFound)
	}
	return supervisor.LogBatch{Lines: lines, Lost: lost}, err
}

// Close implements supervisor.LogStream.
func (s *logStream) Close() {
	s.close()
	s.Follower.Close()
}
