package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// EndReason says why a subscription has ended by itself.
type EndReason string

// The reasons.
const (
	EndDeleted  EndReason = "deleted"  // the process is not known any more
	EndSlow     EndReason = "slow"     // its notifications were not taken in time, and some are lost
	EndShutdown EndReason = "shutdown" // the manager ends
	EndError    EndReason = "error"    // the manager failed; its log tells more
)

// EndReasons lists them.
func EndReasons() []EndReason { return []EndReason{EndDeleted, EndSlow, EndShutdown, EndError} }

// EventsSubscribeParams are the parameters of events.subscribe.
type EventsSubscribeParams struct {
	Name   string            `json:"name,omitempty" doc:"Only events of this process, or of its replicas or runs. Absent: of all, and of the manager."`
	Labels map[string]string `json:"labels,omitempty" doc:"Only events of processes with all of these labels."`
}

// LogsSubscribeParams are the parameters of logs.subscribe: those of process.logs.
type LogsSubscribeParams LogsParams

// UnsubscribeParams are the parameters of unsubscribe.
type UnsubscribeParams struct {
	Subscription string `json:"subscription" doc:"What the subscribing method returned."`
}

// SubscribeResult names a subscription.
type SubscribeResult struct {
	Subscription string `json:"subscription" doc:"Name of the subscription on this connection; each of its notifications carries it."`
}

// EventNote are the parameters of the notification events.event.
type EventNote struct {
	Subscription string           `json:"subscription" doc:"The subscription."`
	Event        supervisor.Event `json:"event" doc:"What has happened."`
}

// LineNote are the parameters of the notification logs.line.
type LineNote struct {
	Subscription string             `json:"subscription" doc:"The subscription."`
	Line         supervisor.LogLine `json:"line" doc:"The line."`
	Lost         uint64             `json:"lost,omitempty" doc:"Bytes right before this line that were overwritten before they could be sent."`
}

// EndedNote are the parameters of the notification subscription.ended.
type EndedNote struct {
	Subscription string    `json:"subscription" doc:"The subscription; nothing more comes of it."`
	Reason       EndReason `json:"reason" doc:"Why it has ended."`
	Message      string    `json:"message" doc:"The same in words."`
}

// A note is a notification before it is written.
type note struct {
	method string
	params any
}

// A source is where a subscription's notifications come from.
type source struct {
	next  func(ctx context.Context) ([]note, error)
	close func()
}

// subscriptions are those of one WebSocket. They end with it.
type subscriptions struct {
	ctx     context.Context // of the connection
	write   func([]byte) error
	log     *slog.Logger
	running sync.WaitGroup // their goroutines

	mu     sync.Mutex
	last   uint64                   // guarded by mu
	open   map[string]*subscription // guarded by mu; nil: one that is being opened
	closed bool                     // no more are taken, guarded by mu
}

func newSubscriptions(ctx context.Context, write func([]byte) error, log *slog.Logger) *subscriptions {
	return &subscriptions{ctx: ctx, write: write, log: log, open: map[string]*subscription{}}
}

// A subscription has a goroutine of its own, which reads the source at the pace of
// the connection: who is slow holds up nobody but himself, and what he misses meanwhile
// the source counts.
type subscription struct {
	id    string
	stop  context.CancelCauseFunc
	begin chan struct{} // closed when the answer with its name is on its way
	done  chan struct{} // closed when its last notification is
	quiet atomic.Bool   // nothing more is wanted
}

// add makes a subscription; open opens its source under a name. The notifications
// begin with the function that is returned.
func (s *subscriptions) add(what string, open func(id string) (source, error)) (id string, begin func(), err error) {
	id, err = s.reserve(what)
	if err != nil {
		return "", nil, err
	}
	taken := false
	defer func() { // also when open panics
		if !taken {
			s.forget(id)
		}
	}()
	from, err := open(id)
	if err != nil {
		return "", nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		from.close()
		return "", nil, fmt.Errorf("cannot subscribe to %s: %w", what, supervisor.ErrClosed)
	}
	sub := &subscription{id: id, begin: make(chan struct{}), done: make(chan struct{})}
	ctx, stop := context.WithCancelCause(s.ctx)
	sub.stop = stop
	s.open[id], taken = sub, true
	s.running.Go(func() { s.carry(ctx, sub, from) })
	return id, sync.OnceFunc(func() { close(sub.begin) }), nil
}

// reserve takes a place and a name.
func (s *subscriptions) reserve(what string) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxSubscriptions {
		return "", fmt.Errorf("%w: cannot subscribe to %s: there are %d subscriptions on this connection already", supervisor.ErrInvalid, what, maxSubscriptions)
	}
	s.last++
	id = strconv.FormatUint(s.last, 10)
	s.open[id] = nil
	return id, nil
}

func (s *subscriptions) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// carry is the life of a subscription.
func (s *subscriptions) carry(ctx context.Context, sub *subscription, from source) {
	defer sub.stop(nil)
	defer close(sub.done)
	defer from.close()
	select {
	case <-sub.begin:
	case <-ctx.Done(): // only what is unsubscribed, or has lost its connection
	}
	why := s.forward(ctx, sub, from)
	s.forget(sub.id)
	if s.ctx.Err() == nil && !sub.quiet.Load() {
		_ = s.notify(note{"subscription.ended", ended(sub.id, why)}) // nobody is there otherwise
	}
}

// forward sends what the source has until it ends, and returns why. The context only
// ends the waiting: what the source has ready is still sent.
func (s *subscriptions) forward(ctx context.Context, sub *subscription, from source) (why error) {
	defer func() {
		if caught := recover(); caught != nil {
			s.log.Error("a subscription panicked", slog.String("subscription", sub.id),
				slog.Any("panic", caught), slog.String("stack", string(debug.Stack())))
			why = errors.New("internal error (see the manager's log)")
		}
	}()
	for {
		notes, err := from.next(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		for _, n := range notes {
			if sub.quiet.Load() {
				return nil
			}
			if err := s.notify(n); err != nil {
				return err
			}
		}
	}
}

func (s *subscriptions) notify(n note) error {
	params, err := encode(n.params)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", n.method, err)
	}
	message := make([]byte, 0, len(params)+len(n.method)+48)
	message = append(message, `{"jsonrpc":"2.0","method":"`...)
	message = append(message, n.method...) // one of three words of ours
	message = append(message, `","params":`...)
	message = append(message, params...)
	return s.write(append(message, '}'))
}

// ended says why in the words of the API.
func ended(id string, why error) EndedNote {
	out := EndedNote{Subscription: id, Reason: EndError, Message: why.Error()}
	switch {
	case errors.Is(why, supervisor.ErrSlow):
		out.Reason = EndSlow
	case errors.Is(why, supervisor.ErrNotFound):
		out.Reason = EndDeleted
	case errors.Is(why, supervisor.ErrClosed):
		out.Reason = EndShutdown
	}
	return out
}

// remove ends a subscription. When it returns, its last notification has been sent.
func (s *subscriptions) remove(id string) error {
	s.mu.Lock()
	sub := s.open[id]
	s.mu.Unlock()
	if sub == nil {
		return fmt.Errorf("%w: there is no subscription %q on this connection", supervisor.ErrInvalid, clip(id))
	}
	sub.quiet.Store(true)
	sub.stop(nil)
	<-sub.done // no longer than one write
	return nil
}

// shutDown ends all with the reason shutdown, and waits for their last words a while.
func (s *subscriptions) shutDown(atMost time.Duration) {
	s.mu.Lock()
	s.closed = true
	for _, sub := range s.open {
		if sub != nil {
			sub.stop(supervisor.ErrClosed)
		}
	}
	s.mu.Unlock()
	over := make(chan struct{})
	go func() {
		s.running.Wait()
		close(over)
	}()
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// wait waits until all are gone; the context of the connection has ended.
func (s *subscriptions) wait() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
}
