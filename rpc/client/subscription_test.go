package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// An inn is a server that can be closed and opened again at the same place.
type inn struct {
	t    *testing.T
	path string
	stop func()
}

func newInn(t *testing.T) *inn {
	return &inn{t: t, path: filepath.Join(t.TempDir(), "rpc.sock"), stop: func() {}}
}

func (i *inn) open(o rpc.Options) {
	i.t.Helper()
	l, err := net.Listen("unix", i.path)
	if err != nil {
		i.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rpc.NewServer(o).Serve(ctx, l) }()
	i.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			i.t.Errorf("Serve: %v", err)
		}
		i.stop = func() {}
	}
	i.t.Cleanup(func() { i.stop() })
}

func line(n int) supervisor.LogLine {
	// Ten lines have the same time, and some are the same altogether.
	return supervisor.LogLine{Time: supervisortest.Epoch.Add(time.Duration(n/10) * time.Second), Stream: supervisor.Stdout, Run: 1, Msg: fmt.Sprint("line ", n/2)}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Lines come once and in order, also when the connection breaks in between, again and
// again, and the manager goes on writing meanwhile.
func TestLinesSurviveTheConnection(t *testing.T) {
	ctx := soon(t)
	fake := supervisortest.New()
	fake.Put(supervisor.ProcessInfo{Name: "web"})
	at := newInn(t)
	at.open(rpc.Options{Control: fake})
	c := dial(t, client.Options{Socket: at.path})
	total := 0
	write := func(n int) {
		for range n {
			fake.AddLog("web", line(total))
			total++
		}
	}
	write(7)
	s, err := c.LogsSubscribe(ctx, client.LogsSubscribeParams{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, gaps := 0, ""
	next := func() client.LineNotice {
		n, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("after %d lines: %v", got, err)
		}
		return n
	}
	read := func(until int) {
		t.Helper()
		for got < until {
			n := next()
			if n.Gap != nil {
				gaps += map[bool]string{false: "<", true: ">"}[n.Gap.Over]
				continue
			}
			if n.Line != line(got) {
				t.Fatalf("line %d is %v", got, n.Line)
			}
			got++
		}
	}
	for round := range 3 {
		write(8)
		read(total - round) // some are under way when it breaks
		at.stop()
		write(5)
		at.open(rpc.Options{Control: fake})
		read(total)
	}
	if gaps != "<><><>" {
		t.Errorf("gaps %q", gaps)
	}
	if err := fake.Delete(ctx, supervisor.Caller{Role: supervisor.RoleOperator}, "web"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(ctx); !errors.Is(err, supervisor.ErrNotFound) {
		t.Errorf("after the end of the process: %v", err)
	}
}

func TestEventsTellTheirGap(t *testing.T) {
	ctx := soon(t)
	fake := supervisortest.New()
	at := newInn(t)
	at.open(rpc.Options{Control: fake})
	s, err := dial(t, client.Options{Socket: at.path}).EventsSubscribe(ctx, client.EventsSubscribeParams{})
	if err != nil {
		t.Fatal(err)
	}
	fake.Put(supervisor.ProcessInfo{Name: "before"})
	var seen []string
	for n, err := range s.All(ctx) {
		switch {
		case errors.Is(err, client.ErrClosed):
			seen = append(seen, "closed")
		case err != nil:
			t.Fatal(err)
		case n.Gap == nil:
			if seen = append(seen, n.Event.Name); n.Event.Name == "before" {
				at.stop()
			} else {
				s.Close()
			}
		case !n.Gap.Over:
			if !errors.Is(n.Gap.Why, supervisor.ErrClosed) {
				t.Errorf("a server that ended: %v", n.Gap.Why)
			}
			seen = append(seen, "lost")
			fake.Put(supervisor.ProcessInfo{Name: "during"})
			at.open(rpc.Options{Control: fake})
		default:
			seen = append(seen, "back")
			fake.Put(supervisor.ProcessInfo{Name: "after"})
		}
	}
	if want := []string{"before", "lost", "back", "after", "closed"}; !slices.Equal(seen, want) {
		t.Errorf("%v, want %v", seen, want)
	}
}

// Who does not call Next in time is told what has become of him, and goes on.
func TestT87SlowReaderIsTold(t *testing.T) {
	ctx := soon(t)
	fake := supervisortest.New()
	at := newInn(t)
	at.open(rpc.Options{Control: fake})
	s, err := dial(t, client.Options{Socket: at.path}).EventsSubscribe(ctx, client.EventsSubscribeParams{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	long := strings.Repeat("x", 4<<10) // more than what sockets hold
	for range 4 * supervisortest.EventRoom {
		fake.Emit(supervisor.Event{Type: supervisor.EventManifest, Message: long})
	}
	var last uint64
	for n, err := range s.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if n.Gap == nil {
			if n.Event.Seq != last+1 {
				t.Fatalf("event %d behind %d", n.Event.Seq, last)
			}
			last++
			continue
		}
		if !errors.Is(n.Gap.Why, supervisor.ErrSlow) {
			t.Errorf("%v", n.Gap.Why)
		}
		if n.Gap.Over {
			break
		}
	}
	fake.Emit(supervisor.Event{Type: supervisor.EventManifest, Message: "after"})
	if n, err := s.Next(ctx); err != nil || n.Event.Message != "after" {
		t.Errorf("%v %v", n, err)
	}
}

// Without a will to reconnect the reason of the end is told.
func TestSubscriptionThatDoesNotReconnect(t *testing.T) {
	ctx := soon(t)
	fake := supervisortest.New()
	at := newInn(t)
	at.open(rpc.Options{Control: fake})
	c := dial(t, client.Options{Socket: at.path, Reconnect: -1})
	s, err := c.EventsSubscribe(ctx, client.EventsSubscribeParams{})
	if err != nil {
		t.Fatal(err)
	}
	at.stop()
	if n, err := s.Next(ctx); !errors.Is(err, supervisor.ErrClosed) {
		t.Errorf("%v %v", n, err)
	}
	s.Close()
	if _, err := c.EventsSubscribe(ctx, client.EventsSubscribeParams{}); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("nobody is there: %v", err)
	}
	limited := dial(t, client.Options{Socket: at.path, Reconnect: 300 * time.Millisecond})
	at.open(rpc.Options{Control: fake})
	if s, err = limited.EventsSubscribe(ctx, client.EventsSubscribeParams{}); err != nil {
		t.Fatal(err)
	}
	at.stop()
	if n, err := s.Next(ctx); err != nil || n.Gap == nil || n.Gap.Over {
		t.Errorf("%v %v", n, err)
	}
	if _, err := s.Next(ctx); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("when the time is up: %v", err)
	}
}

func TestSubscriptionIsRefused(t *testing.T) {
	ctx := soon(t)
	fake := supervisortest.New()
	at := newInn(t)
	at.open(rpc.Options{Control: fake, Auth: oneSecret("right")})
	for _, c := range []struct {
		secret string
		name   string
		want   error
	}{{"wrong", "web", client.ErrUnauthorized}, {"right", "web", supervisor.ErrNotFound}, {"", "web", client.ErrUnauthorized}} {
		_, err := dial(t, client.Options{Socket: at.path, Secret: c.secret}).LogsSubscribe(ctx, client.LogsSubscribeParams{Name: c.name})
		if !errors.Is(err, c.want) {
			t.Errorf("secret %q: %v", c.secret, err)
		}
	}
}
