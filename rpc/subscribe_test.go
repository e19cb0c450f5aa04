package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

func subscribe(method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":%q,"params":%s}`, method, method, params)
}

func outLine(n int) supervisor.LogLine {
	return supervisor.LogLine{Time: supervisortest.Epoch.Add(time.Duration(n) * time.Second), Stream: supervisor.Stdout, Run: 1, Msg: fmt.Sprint("line ", n)}
}

// What a subscriber reads, word for word: the answer first, then each notification once
// and in order, the end with its reason.
func TestSubscriptionsToTheLetter(t *testing.T) {
	d := open(t, "unix", Options{})
	ws := d.dial()
	expect := func(want ...string) {
		t.Helper()
		for _, w := range want {
			if got := receive(t, ws); got != w {
				t.Errorf("\n got %s\nwant %s", got, w)
			}
		}
	}
	send(t, ws, subscribe("events.subscribe", `{"name":"web"}`))
	expect(`{"jsonrpc":"2.0","id":"events.subscribe","result":{"subscription":"1"}}`)
	d.fake.Put(supervisor.ProcessInfo{Name: "other"})
	d.fake.Emit(supervisor.Event{Type: supervisor.EventReady, Name: "web", Run: 1, Status: supervisor.StatusRunning, Ready: true})
	// Numbers 1 and 2 are those of the processes that were there before.
	expect(`{"jsonrpc":"2.0","method":"events.event","params":{"subscription":"1","event":{"seq":4,"ts":"2026-01-02T03:04:05Z","type":"ready","name":"web","run":1,"status":"running","ready":true}}}`)
	send(t, ws, subscribe("logs.subscribe", `{"name":"web","lines":1}`))
	expect(
		`{"jsonrpc":"2.0","id":"logs.subscribe","result":{"subscription":"2"}}`,
		`{"jsonrpc":"2.0","method":"logs.line","params":{"subscription":"2","line":{"ts":"2026-01-02T03:04:06Z","stream":"stderr","run":1,"msg":"GET /cart?a=1&b=2: 500"}}}`,
	)
	d.fake.AddLog("web", outLine(9))
	expect(`{"jsonrpc":"2.0","method":"logs.line","params":{"subscription":"2","line":{"ts":"2026-01-02T03:04:14Z","stream":"stdout","run":1,"msg":"line 9"}}}`)
	send(t, ws, subscribe("unsubscribe", `{"subscription":"1"}`))
	expect(`{"jsonrpc":"2.0","id":"unsubscribe","result":true}`)
	if err := d.fake.Delete(t.Context(), supervisor.Caller{Role: supervisor.RoleOperator}, "web"); err != nil {
		t.Fatal(err)
	}
	expect(`{"jsonrpc":"2.0","method":"subscription.ended","params":{"subscription":"2","reason":"deleted","message":"\"web\" was deleted: no such process"}}`)
	send(t, ws, `[`+subscribe("unsubscribe", `{"subscription":"2"}`)+`,`+subscribe("events.subscribe", `{}`)+`]`)
	expect(`[{"jsonrpc":"2.0","id":"unsubscribe","error":{"code":-32003,"message":"invalid request: there is no subscription \"2\" on this connection","data":{"reason":"Invalid"}}},` +
		`{"jsonrpc":"2.0","id":"events.subscribe","result":{"subscription":"3"}}]`)
	send(t, ws, subscribe("system.shutdown", `{}`))
	// The answer and the notifications are worked on side by side.
	var got []string
	for range 3 {
		got = append(got, receive(t, ws))
	}
	got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "system.shutdown") })
	if len(got) != 2 || !strings.Contains(got[0], `"type":"shutdown"`) ||
		got[1] != `{"jsonrpc":"2.0","method":"subscription.ended","params":{"subscription":"3","reason":"shutdown","message":"process manager is shutting down"}}` {
		t.Errorf("at the end: %q", got)
	}
}

func TestSubscriptionsAreRefused(t *testing.T) {
	d := open(t, "tcp", Options{Auth: secrets{}})
	for _, c := range []struct{ method, params, want string }{
		{"events.subscribe", `{}`, `-32010,"message":"cannot call events.subscribe over HTTP: it needs a WebSocket","data":{"reason":"NeedsWebSocket"}`},
		{"logs.subscribe", `["web"]`, `-32010,`},
		{"unsubscribe", `["1"]`, `-32010,`},
	} {
		_, got := d.do("POST", "/rpc", subscribe(c.method, c.params), jsonType, "Authorization: Bearer "+goodSecret)
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.method, got)
		}
	}
	stranger, viewer := d.dial(), d.dial("Authorization: Bearer "+viewerSecret)
	send(t, stranger, subscribe("events.subscribe", `{}`))
	if got := receive(t, stranger); !strings.Contains(got, `-32008,`) {
		t.Errorf("nobody may listen: %s", got)
	}
	for _, c := range []struct{ method, params, want string }{
		{"events.subscribe", `{}`, `"result"`},
		{"logs.subscribe", `{"name":"gone"}`, `"code":-32001,"message":"cannot show the log of \"gone\": no such process","data":{"reason":"NotFound","name":"gone"}`},
		{"logs.subscribe", `{"name":"web","lines":-1}`, `"code":-32003,`},
		{"logs.subscribe", `{"name":"web","stream":"sdout"}`, `"code":-32602,"message":"cannot call logs.subscribe: parameter \"stream\": \"sdout\" is not one of [stdout stderr] (did you mean \"stdout\"?)"`},
		{"events.subscribe", `{"names":"web"}`, `"code":-32602,"message":"cannot call events.subscribe: unknown parameter \"names\" (did you mean \"name\"?)"`},
		{"unsubscribe", `{}`, `"code":-32602,`},
	} {
		send(t, viewer, subscribe(c.method, c.params))
		if got := receive(t, viewer); !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s", c.method, c.params, got)
		}
	}
}

// A connection has so many subscriptions and no more; an ended one makes room, and all
// are freed with the connection.
func TestT87SubscriptionsAreBoundedAndFreed(t *testing.T) {
	d := open(t, "unix", Options{})
	ws := d.dial()
	for range maxSubscriptions {
		send(t, ws, subscribe("events.subscribe", `{}`))
		if got := receive(t, ws); !strings.Contains(got, "result") {
			t.Fatal(got)
		}
	}
	send(t, ws, subscribe("logs.subscribe", `["web"]`))
	if got := receive(t, ws); !strings.Contains(got, `-32003,"message":"invalid request: cannot subscribe to the log of web: there are 64 subscriptions on this connection already"`) {
		t.Error(got)
	}
	send(t, ws, subscribe("unsubscribe", `["7"]`))
	receive(t, ws)
	send(t, ws, subscribe("events.subscribe", `{}`))
	if got := receive(t, ws); !strings.Contains(got, "result") {
		t.Error(got)
	}
	if n := d.fake.Streams(); n != maxSubscriptions {
		t.Errorf("%d streams are open", n)
	}
	_ = ws.CloseNow()
	if err := d.stop(); err != nil { // waits for all connections
		t.Error(err)
	}
	if n := d.fake.Streams(); n != 0 {
		t.Errorf("%d streams are left", n)
	}
}

// While lines are written all the time, one who joins has each once, from the first
// notification behind his answer on.
func TestFollowerHasNoGapAndNoDuplicate(t *testing.T) {
	d := open(t, "unix", Options{})
	tokens := make(chan struct{}, 100000) // one for each line to write
	written := make(chan struct{})
	go func() {
		defer close(written)
		i := 0
		for range tokens {
			d.fake.AddLog("migrate", outLine(i))
			i++
		}
	}()
	for range 5 {
		for range 300 {
			tokens <- struct{}{} // some come before the answer, some behind it
		}
		ws := d.dial()
		send(t, ws, subscribe("logs.subscribe", `{"name":"migrate","lines":3}`))
		if got := receive(t, ws); !strings.Contains(got, "result") {
			t.Fatalf("before the answer: %s", got)
		}
		last := -1
		for range 200 {
			tokens <- struct{}{}
			var n int
			text := receive(t, ws)
			if _, err := fmt.Sscanf(text[strings.Index(text, `"msg":"`):], `"msg":"line %d"`, &n); err != nil {
				t.Fatal(text, err)
			}
			if last >= 0 && n != last+1 {
				t.Fatalf("line %d behind %d", n, last)
			}
			last = n
		}
		_ = ws.CloseNow()
	}
	close(tokens)
	<-written
}

// Who reads slowly loses events and is told; the others of the connection, and those of
// other connections, do not feel it.
func TestT87SlowListenerIsTold(t *testing.T) {
	fake := newFake()
	inBubble(t, Options{Auth: secrets{}, Control: fake}, func(t *testing.T, l *pipeListener) {
		fake.Put(running)
		slow, quick := dialPipe(t, l, "Bearer "+goodSecret), dialPipe(t, l, "Bearer "+goodSecret)
		defer slow.CloseNow()
		defer quick.CloseNow()
		for _, ws := range []*websocket.Conn{slow, quick} {
			send(t, ws, subscribe("events.subscribe", `{"name":"web"}`))
			receive(t, ws)
			send(t, ws, subscribe("events.subscribe", `{"name":"rare"}`))
			receive(t, ws)
		}
		for i := range 2 * supervisortest.EventRoom {
			fake.Emit(supervisor.Event{Type: supervisor.EventStatus, Name: "web"})
			var got EventNote
			if readNote(t, quick, &got); got.Event.Name != "web" || got.Event.Seq != uint64(i+4) {
				t.Fatalf("event %d for who reads: %+v", i, got)
			}
			synctest.Wait() // who listens for something else has had its turn, however busy the machine is
		}
		fake.Emit(supervisor.Event{Type: supervisor.EventStatus, Name: "rare"})
		method, events := "", 0
		for {
			var got EndedNote
			if method = readNote(t, slow, &got); method != "events.event" {
				if method != "subscription.ended" || got.Reason != EndSlow || got.Subscription != "1" {
					t.Errorf("the end: %s %+v", method, got)
				}
				break
			}
			events++
		}
		if events > 3 { // one in the hands of the pipe, one in those of the subscription, and rare
			t.Errorf("%d events before the end", events)
		}
		// The connection and its other subscription live on.
		fake.Emit(supervisor.Event{Type: supervisor.EventStatus, Name: "rare"})
		send(t, slow, listCall)
		receive(t, slow)
	})
}

// readNote reads a notification.
func readNote(t *testing.T, ws *websocket.Conn, params any) (method string) {
	t.Helper()
	text := receive(t, ws)
	message := struct {
		Method string
		Params any
	}{Params: params}
	if err := json.Unmarshal([]byte(text), &message); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return message.Method
}

// A client that takes nothing loses its connection, and what it had is given back.
func TestT87SilentListenerIsCutOff(t *testing.T) {
	fake := newFake()
	inBubble(t, Options{Auth: secrets{}, Control: fake}, func(t *testing.T, l *pipeListener) {
		fake.Put(running)
		ws := dialPipe(t, l, "Bearer "+goodSecret)
		defer ws.CloseNow()
		send(t, ws, subscribe("events.subscribe", `{}`))
		receive(t, ws)
		fake.Emit(supervisor.Event{Type: supervisor.EventManifest})
		fake.Emit(supervisor.Event{Type: supervisor.EventManifest})
		time.Sleep(writeTimeout + time.Second)
		synctest.Wait()
		if n := fake.Streams(); n != 0 {
			t.Errorf("%d streams are left", n)
		}
	})
}

// Calls and subscriptions of one connection at the same time, for the race detector:
// subscribing, unsubscribing, and the end of the connection in the middle.
func TestSubscriptionsComeAndGo(t *testing.T) {
	d := open(t, "unix", Options{})
	for range 20 {
		ws := d.dial()
		for i := range 30 {
			send(t, ws, subscribe("logs.subscribe", `["web"]`))
			send(t, ws, subscribe("events.subscribe", `[]`))
			send(t, ws, subscribe("unsubscribe", fmt.Sprintf(`["%d"]`, i)))
			d.fake.AddLog("web", outLine(i))
		}
		receive(t, ws)
		_ = ws.CloseNow()
	}
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	if n := d.fake.Streams(); n != 0 {
		t.Errorf("%d streams are left", n)
	}
}

// A source that panics ends its subscription, not the manager.
func TestPanicOfASubscription(t *testing.T) {
	fake := newFake()
	d := open(t, "unix", Options{Control: panicking{fake}})
	ws := d.dial()
	send(t, ws, subscribe("events.subscribe", `{}`))
	receive(t, ws)
	want := `{"jsonrpc":"2.0","method":"subscription.ended","params":{"subscription":"1","reason":"error","message":"internal error (see the manager's log)"}}`
	if got := receive(t, ws); got != want {
		t.Error(got)
	}
	send(t, ws, listCall)
	receive(t, ws)
}

type panicking struct{ *supervisortest.Fake }

func (p panicking) Events(ctx context.Context, who supervisor.Caller, req supervisor.EventsRequest) (supervisor.EventStream, error) {
	s, err := p.Fake.Events(ctx, who, req)
	return panickingStream{s}, err
}

type panickingStream struct{ supervisor.EventStream }

func (panickingStream) Next(context.Context) (supervisor.Event, error) { panic("out of order") }

// Each notification fits the schemas of the document.
func TestNotificationsFitTheDocument(t *testing.T) {
	_, plain := readDocument(t, openrpc())
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openrpc.json", plain); err != nil {
		t.Fatal(err)
	}
	at := supervisortest.Epoch
	full := map[string]any{ // with every member
		"events.event": EventNote{"1", supervisor.Event{
			Seq: 7, Time: at, Type: supervisor.EventEnded, Name: "web", Run: 2, Status: supervisor.StatusBackoff, Reason: supervisor.ReasonSignaled,
			Signal: new("SIGKILL"), NextRun: &at, Message: "killed",
		}},
		"logs.line":          LineNote{"1", supervisor.LogLine{Time: at, Stream: supervisor.Stderr, Run: 2, Msg: "x", Partial: true}, 4096},
		"subscription.ended": ended("1", supervisor.ErrSlow),
	}
	for i, n := range Notifications() {
		raw, err := json.Marshal(full[n.Name])
		if err != nil {
			t.Fatal(err)
		}
		var params map[string]any
		if err := json.Unmarshal(raw, &params); err != nil {
			t.Fatal(err)
		}
		for j, p := range n.Params {
			schema, err := compiler.Compile(fmt.Sprintf("openrpc.json#/x-notifications/%d/params/%d/schema", i, j))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(params[p.Name]); err != nil {
				t.Errorf("%s.%s: %v", n.Name, p.Name, err)
			}
		}
		if len(params) != len(n.Params) {
			t.Errorf("%s: %v", n.Name, params)
		}
	}
}

// Each example of a notification is what a subscriber gets.
func TestT85ExamplesOfNotifications(t *testing.T) {
	doc, _ := readDocument(t, openrpc())
	d := open(t, "unix", Options{})
	events, lines := d.dial(), d.dial()
	send(t, events, subscribe("events.subscribe", `{"name":"web"}`))
	receive(t, events)
	d.fake.Emit(supervisor.Event{Type: supervisor.EventReady, Name: "web", Run: 1, Status: supervisor.StatusRunning, Ready: true, PID: new(42)})
	send(t, lines, subscribe("logs.subscribe", `{"name":"web","lines":1}`))
	receive(t, lines)
	got := map[string]string{"events.event": receive(t, events), "logs.line": receive(t, lines)}
	if err := d.fake.Delete(t.Context(), supervisor.Caller{Role: supervisor.RoleOperator}, "web"); err != nil {
		t.Fatal(err)
	}
	got["subscription.ended"] = receive(t, lines)
	for _, n := range doc.Notifications {
		for _, e := range n.Examples {
			want := map[string]any{}
			for _, p := range e.Params {
				want[p.Name] = p.Value
			}
			var message struct {
				Method string
				Params map[string]any
			}
			if err := json.Unmarshal([]byte(got[n.Name]), &message); err != nil {
				t.Fatalf("%s: %v", n.Name, err)
			}
			if diff := cmp.Diff(want, message.Params); diff != "" || message.Method != n.Name {
				t.Errorf("%s %s: %s\n%s", n.Name, e.Name, message.Method, diff)
			}
		}
		if len(n.Examples) == 0 {
			t.Errorf("%s has no example", n.Name)
		}
	}
}
