package rpc

import (
	"context"
	"reflect"

	"github.com/processmanager/processmanager/supervisor"
)

// A Notification is what the server sends by itself, over a WebSocket.
type Notification struct {
	Name        string
	Summary     string
	Description string
	Params      []Param
	ParamsName  string // name of the Go type of the parameters
}

// Notifications returns them, in the order of the document.
func Notifications() []Notification {
	return []Notification{
		notification[EventNote]("events.event", "Something has happened",
			"Comes in the order of what happened, without gaps from the answer of events.subscribe on; its number tells."),
		notification[LineNote]("logs.line", "A line was captured",
			"First the lines that process.logs would return, then each as it is written, over restarts, without gap or duplicate; lost tells when it went too fast."),
		notification[EndedNote]("subscription.ended", "A subscription has ended",
			"Comes once, behind the last notification of a subscription that ends by itself. A subscription that was too slow may be made anew."),
	}
}

func notification[P any](name, summary, description string) Notification {
	t := reflect.TypeFor[P]()
	return Notification{Name: name, Summary: summary, Description: description, Params: paramsOf(t), ParamsName: t.Name()}
}

// subscriptionMethods are about notifications.
func subscriptionMethods() []Method {
	return []Method{
		define("events.subscribe", subscribeEvents).
			doc("Listen to events", "From now on what happens comes as notifications events.event. A listener that is 1024 events behind is ended.").
			result("subscription", "The new subscription. Its notifications come behind this answer.").
			subscribes("events.event", supervisor.ErrInvalid),

		define("logs.subscribe", subscribeLogs).
			doc("Follow captured output", "The newest captured lines and all that follow come as notifications logs.line, until the process is deleted.").
			result("subscription", "The new subscription. Its notifications come behind this answer.").
			subscribes("logs.line", supervisor.ErrNotFound, supervisor.ErrInvalid),

		define("unsubscribe", func(_ context.Context, s *session, p UnsubscribeParams) (bool, error) {
			err := s.stream.subs.remove(p.Subscription)
			return err == nil, err
		}).doc("End a subscription", "Ends a subscription of this connection. Behind the answer nothing comes of it any more.").
			result("ended", "Always true.").
			subscribes("", supervisor.ErrInvalid),
	}
}

// subscribes marks a method that is about notifications; first is the one it begins.
func (m Method) subscribes(first string, list ...error) Method {
	m = m.fails(list...)
	m.WebSocket = true
	if first != "" {
		m.Notifications = []string{first, "subscription.ended"}
	}
	return m
}

func subscribeEvents(ctx context.Context, s *session, p EventsSubscribeParams) (SubscribeResult, error) {
	return s.subscribe(ctx, "events", func(id string) (source, error) {
		events, err := s.control().Events(ctx, s.caller(), supervisor.EventsRequest{Name: p.Name, Labels: p.Labels})
		if err != nil {
			return source{}, err
		}
		next := func(ctx context.Context) ([]note, error) {
			ev, err := events.Next(ctx)
			if err != nil {
				return nil, err
			}
			return []note{{"events.event", EventNote{id, ev}}}, nil
		}
		return source{next: next, close: events.Close}, nil
	})
}

func subscribeLogs(ctx context.Context, s *session, p LogsSubscribeParams) (SubscribeResult, error) {
	if p.Stream != "" {
		if err := oneOf("logs.subscribe", "stream", p.Stream, streams()); err != nil {
			return SubscribeResult{}, err
		}
	}
	return s.subscribe(ctx, "the log of "+clip(p.Name), func(id string) (source, error) {
		lines, err := s.control().Follow(ctx, s.caller(), supervisor.LogsRequest{
			Name: p.Name, Lines: p.Lines, Stream: p.Stream, Previous: p.Previous, Since: p.Since,
		})
		if err != nil {
			return source{}, err
		}
		next := func(ctx context.Context) ([]note, error) {
			batch, err := lines.Next(ctx)
			if err != nil {
				return nil, err
			}
			notes := make([]note, len(batch.Lines))
			for i, line := range batch.Lines {
				notes[i] = note{"logs.line", LineNote{id, line, batch.Lost}}
				batch.Lost = 0
			}
			return notes, nil
		}
		return source{next: next, close: lines.Close}, nil
	})
}

// subscribe makes a subscription whose notifications begin when the answer of the
// message has been written.
func (s *session) subscribe(ctx context.Context, what string, open func(id string) (source, error)) (SubscribeResult, error) {
	id, begin, err := s.stream.subs.add(what, open)
	if err != nil {
		return SubscribeResult{}, err
	}
	afterwards(ctx, begin)
	return SubscribeResult{id}, nil
}

// afterKey finds what is to be done when the answer of a message has been written.
type afterKey struct{}

// withAfter returns a context for the work on one message, and the function that does
// what was put off.
func withAfter(ctx context.Context) (_ context.Context, done func()) {
	var list []func()
	return context.WithValue(ctx, afterKey{}, &list), func() {
		for _, do := range list {
			do()
		}
	}
}

// afterwards puts something off. The requests of a message are worked on one by one.
func afterwards(ctx context.Context, do func()) {
	if list, ok := ctx.Value(afterKey{}).(*[]func()); ok {
		*list = append(*list, do)
	}
}
