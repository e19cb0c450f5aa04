package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// How a subscription gets its connection back.
const (
	firstDelay   = 100 * time.Millisecond // before the first attempt; it doubles
	longestDelay = 5 * time.Second
	healthy      = 10 * time.Second // a connection that lasted so long begins anew with firstDelay
	noticeRoom   = 64               // notices that are read ahead of Next
)

// EventNotice is what [Client.EventsSubscribe] delivers: an event, or a gap.
type EventNotice struct {
	Event supervisor.Event
	Gap   *Gap // not nil: Event is empty
}

// LineNotice is what [Client.LogsSubscribe] delivers: a line, or a gap.
type LineNotice struct {
	Line supervisor.LogLine
	Lost uint64 // bytes right before this line that were overwritten before they could be sent
	Gap  *Gap   // not nil: Line is empty
}

// Gap tells that the subscription was interrupted. It comes twice: when it begins, and
// with Over when the subscription stands again. What happened in between is missing from
// events: who keeps a picture of the processes lists them anew when it is over. Lines are
// fetched again from the last one on, so that none comes twice and only those are missing
// that the manager does not have any more.
type Gap struct {
	Why   error     // ErrUnreachable, supervisor.ErrClosed (the manager ended), supervisor.ErrSlow (Next was not called in time)
	Since time.Time // when it began
	Over  bool
}

// Subscription delivers what happens, as long as nobody closes it: when its connection is
// lost it makes a new one and tells so by a [Gap]; how long it tries is Options.Reconnect.
// Each has a connection of its own, so that none waits for another. One goroutine uses it
// at a time, but Close may be called from any.
type Subscription[N any] struct {
	c       *Client
	method  string
	feed    feed[N]
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	notices chan N
	over    chan struct{} // closed behind the last notice; then why is set
	why     error
}

// A feed knows one kind of notification.
type feed[N any] interface {
	params() any                                  // of the subscribing method; later ones go on where it stopped
	read(params json.RawMessage) (N, bool, error) // of a notification; false: it has come before
	gap(*Gap) N
}

// subscribe begins a subscription; ctx bounds that alone.
func subscribe[P, N any](ctx context.Context, c *Client, method string, params P, of func(P) feed[N]) (*Subscription[N], error) {
	s := &Subscription[N]{c: c, method: method, feed: of(params), notices: make(chan N, noticeRoom), over: make(chan struct{})}
	l, err := c.open(ctx, method, s.feed.params())
	if err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(s.over)
		defer s.cancel()
		s.why = s.run(l)
	}()
	return s, nil
}

// Next waits for the next notice. It returns ctx's error when that ends first; the
// subscription goes on then. Any other error is its end: supervisor.ErrNotFound when the
// process was deleted, ErrClosed after Close, ErrUnreachable when the time to reconnect
// is up, ErrUnauthorized or another refusal when it could not be made anew; without
// reconnecting also supervisor.ErrClosed and supervisor.ErrSlow.
func (s *Subscription[N]) Next(ctx context.Context) (N, error) {
	var none N
	select {
	case n := <-s.notices:
		return n, nil
	default:
	}
	select {
	case n := <-s.notices:
		return n, nil
	case <-s.over:
		select {
		case n := <-s.notices: // what came before the end
			return n, nil
		default:
			return none, s.why
		}
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// All yields what Next returns, up to and with its first error.
func (s *Subscription[N]) All(ctx context.Context) iter.Seq2[N, error] {
	return func(yield func(N, error) bool) {
		for {
			n, err := s.Next(ctx)
			if !yield(n, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the subscription and its connection.
func (s *Subscription[N]) Close() {
	s.cancel()
	<-s.over
}

// run delivers until the end, over as many connections as it takes.
func (s *Subscription[N]) run(l *link) error {
	delay := firstDelay
	for {
		began := time.Now()
		why := s.deliver(l)
		l.close()
		if s.ctx.Err() != nil {
			return ErrClosed
		}
		if !mayReturn(why) || s.c.reconnect < 0 {
			return why
		}
		if time.Since(began) >= healthy {
			delay = firstDelay
		}
		gap := Gap{Why: why, Since: time.Now()}
		s.hand(s.feed.gap(&gap))
		var err error
		if l, err = s.again(gap.Since, &delay); err != nil {
			return err
		}
		over := gap
		over.Over = true
		s.hand(s.feed.gap(&over))
	}
}

// again makes a new connection, and tries for as long as it may.
func (s *Subscription[N]) again(since time.Time, delay *time.Duration) (*link, error) {
	for {
		select {
		case <-time.After(*delay/2 + rand.N(*delay/2)): // so that many clients do not come at once
		case <-s.ctx.Done():
			return nil, ErrClosed
		}
		*delay = min(*delay*2, longestDelay)
		l, err := s.c.open(s.ctx, s.method, s.feed.params())
		switch {
		case err == nil:
			return l, nil
		case s.ctx.Err() != nil:
			return nil, ErrClosed
		case !mayReturn(err):
			return nil, err
		case s.c.reconnect > 0 && time.Since(since) >= s.c.reconnect:
			return nil, err
		}
	}
}

// mayReturn tells whether it may be different the next time.
func mayReturn(err error) bool {
	return errors.Is(err, ErrUnreachable) || errors.Is(err, supervisor.ErrClosed) || errors.Is(err, supervisor.ErrSlow) ||
		errors.Is(err, context.DeadlineExceeded)
}

// deliver hands on what one connection brings until it ends, and returns why.
func (s *Subscription[N]) deliver(l *link) error {
	for {
		method, params, err := l.next(s.ctx)
		switch {
		case err != nil:
			return err
		case method == "subscription.ended":
			return endedError(params)
		}
		n, fresh, err := s.feed.read(params)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", method, err)
		}
		if fresh {
			l.busy.Store(true) // pings are not answered while Next is waited for
			s.hand(n)
			l.busy.Store(false)
		}
	}
}

func (s *Subscription[N]) hand(n N) {
	select {
	case s.notices <- n:
	case <-s.ctx.Done():
	}
}

// endedError is what subscription.ended says, as an error.
func endedError(params json.RawMessage) error {
	var note struct{ Reason, Message string }
	if err := json.Unmarshal(params, &note); err != nil {
		return fmt.Errorf("cannot read subscription.ended: %w", err)
	}
	switch note.Reason {
	case "deleted":
		return fmt.Errorf("the subscription has ended: %w (%s)", supervisor.ErrNotFound, note.Message)
	case "slow":
		return fmt.Errorf("the subscription has ended: %w", supervisor.ErrSlow)
	case "shutdown":
		return fmt.Errorf("the subscription has ended: %w", supervisor.ErrClosed)
	}
	return fmt.Errorf("the subscription has ended: %s", note.Message)
}
