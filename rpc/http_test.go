package rpc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

const listCall = `{"jsonrpc":"2.0","method":"process.list","id":1}`

func TestT86T88HTTPStatus(t *testing.T) {
	auth := "Authorization: Bearer " + goodSecret
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		want                     int
	}{
		{"a call", "POST", "/rpc", listCall, []string{auth, jsonType}, 200},
		{"charset", "POST", "/rpc", listCall, []string{auth, "Content-Type: application/json; charset=utf-8"}, 200},
		{"scheme in other letters", "POST", "/rpc", listCall, []string{"Authorization: bearer " + goodSecret, jsonType}, 200},
		{"bad JSON is answered", "POST", "/rpc", `{`, []string{auth, jsonType}, 200},
		{"no secret", "POST", "/rpc", listCall, []string{jsonType}, 401},
		{"wrong secret", "POST", "/rpc", listCall, []string{"Authorization: Bearer nonsense", jsonType}, 401},
		{"other scheme", "POST", "/rpc", listCall, []string{"Authorization: Basic " + goodSecret, jsonType}, 401},
		{"secret in the query", "POST", "/rpc?secret=" + goodSecret, listCall, []string{jsonType}, 401},
		{"text/plain", "POST", "/rpc", listCall, []string{auth, "Content-Type: text/plain"}, 415},
		{"a form", "POST", "/rpc", listCall, []string{auth, "Content-Type: application/x-www-form-urlencoded"}, 415},
		{"no type", "POST", "/rpc", listCall, []string{auth}, 415},
		{"compressed", "POST", "/rpc", listCall, []string{auth, jsonType, "Content-Encoding: gzip"}, 415},
		{"1 MiB", "POST", "/rpc", listCall + strings.Repeat(" ", maxMessage-len(listCall)), []string{auth, jsonType}, 200},
		{"1 MiB and a byte", "POST", "/rpc", listCall + strings.Repeat(" ", maxMessage-len(listCall)+1), []string{auth, jsonType}, 413},
		{"GET with parameters", "GET", "/rpc?method=process.stop&params=[\"web\"]&id=1", "", []string{auth}, 426},
		{"PUT", "PUT", "/rpc", listCall, []string{auth, jsonType}, 405},
		{"HEAD", "HEAD", "/rpc", "", []string{auth}, 405},
		{"document", "GET", "/openrpc.json", "", []string{auth}, 200},
		{"document, no secret", "GET", "/openrpc.json", "", nil, 401},
		{"document, POST", "POST", "/openrpc.json", "", []string{auth}, 405},
		{"elsewhere", "GET", "/metrics", "", []string{auth}, 404},
		{"the page, no secret", "GET", "/", "", nil, 200},
		{"the page, HEAD", "HEAD", "/", "", nil, 200},
		{"the page, POST", "POST", "/", "", []string{auth}, 405},
		{"no part of the page", "GET", "/page.css", "", nil, 404},
		{"the page under a rebound name", "GET", "/", "", []string{"Host: evil.example"}, 403},
		{"the page under an allowed name", "GET", "/", "", []string{"Host: pm.example"}, 200},
		{"foreign origin", "POST", "/rpc", listCall, []string{auth, jsonType, "Origin: https://evil.example"}, 403},
		{"no origin at all", "POST", "/rpc", listCall, []string{auth, jsonType, "Origin: null"}, 403},
		{"somebody's address as origin", "POST", "/rpc", listCall, []string{auth, jsonType, "Origin: http://203.0.113.5"}, 403},
		{"rebound name", "POST", "/rpc", listCall, []string{auth, jsonType, "Host: evil.example"}, 403},
		{"rebound name and its own origin", "POST", "/rpc", listCall, []string{auth, jsonType, "Host: evil.example:80", "Origin: http://evil.example:80"}, 403},
		{"allowed host", "POST", "/rpc", listCall, []string{auth, jsonType, "Host: pm.example"}, 200},
		{"allowed origin", "POST", "/rpc", listCall, []string{auth, jsonType, "Origin: https://pm.example"}, 200},
		{"localhost", "POST", "/rpc", listCall, []string{auth, jsonType, "Host: localhost:99", "Origin: http://localhost:3000"}, 200},
		{"preflight", "OPTIONS", "/rpc", "", []string{"Origin: https://pm.example", "Access-Control-Request-Method: POST"}, 204},
		{"foreign preflight", "OPTIONS", "/rpc", "", []string{"Origin: https://evil.example", "Access-Control-Request-Method: POST"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, "tcp", Options{Auth: secrets{}, AllowedHosts: []string{"pm.example"}})
			resp, body := d.do(c.method, c.path, c.body, c.headers...)
			if resp.StatusCode != c.want {
				t.Fatalf("status %d, want %d: %s", resp.StatusCode, c.want, body)
			}
			if strings.Contains(body, goodSecret) || strings.Contains(body, "nonsense") {
				t.Errorf("a secret comes back: %s", body)
			}
			if challenge := resp.Header.Get("WWW-Authenticate"); (c.want == 401) != strings.HasPrefix(challenge, "Bearer ") {
				t.Errorf("WWW-Authenticate: %q", challenge)
			}
			if c.want == 405 && resp.Header.Get("Allow") == "" {
				t.Error("no Allow header")
			}
			if c.want >= 400 && c.method != "HEAD" && !strings.HasPrefix(body, `{"jsonrpc":"2.0","id":null,"error":`) {
				t.Errorf("the body is no JSON-RPC error: %s", body)
			}
			for _, call := range d.fake.Calls() {
				if c.want != 200 {
					t.Errorf("the manager was called: %v", call)
				}
			}
		})
	}
}

func TestT86AllowedOriginMayReadTheAnswer(t *testing.T) {
	d := open(t, "unix", Options{AllowedHosts: []string{"pm.example"}})
	resp, _ := d.do("POST", "/rpc", listCall, jsonType, "Origin: https://pm.example")
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "https://pm.example" {
		t.Errorf("Access-Control-Allow-Origin: %q", got)
	}
	if got := resp.Header.Get("Vary"); got != "Origin" {
		t.Errorf("Vary: %q", got)
	}
}

// Without a secret the file mode of the socket decides; over TCP nobody is let
// in, even if somebody opened it.
func TestNoSecretConfigured(t *testing.T) {
	if resp, body := open(t, "unix", Options{}).do("POST", "/rpc", listCall, jsonType); resp.StatusCode != 200 {
		t.Errorf("unix: %d %s", resp.StatusCode, body)
	}
	d := open(t, "tcp", Options{})
	if resp, body := d.do("POST", "/rpc", listCall, jsonType, "Authorization: Bearer x"); resp.StatusCode != 401 {
		t.Errorf("tcp: %d %s", resp.StatusCode, body)
	}
	if _, resp, err := d.tryDial(); err == nil || resp.StatusCode != 401 {
		t.Errorf("tcp, WebSocket: %v %v", resp, err)
	}
}

func TestT86ViewerMayLookOnly(t *testing.T) {
	d := open(t, "tcp", Options{Auth: secrets{}})
	as := "Authorization: Bearer " + viewerSecret
	for _, c := range []struct{ call, want string }{
		{`{"jsonrpc":"2.0","method":"process.list","id":1}`, `"result":[`},
		{`{"jsonrpc":"2.0","method":"rpc.discover","id":1}`, `"openrpc":"1.3.2"`},
		{`{"jsonrpc":"2.0","method":"process.stop","params":["web"],"id":1}`, `"code":-32008`},
	} {
		if _, body := d.do("POST", "/rpc", c.call, as, jsonType); !strings.Contains(body, c.want) {
			t.Errorf("%s\n%s", c.call, body)
		}
	}
	calls := d.fake.Calls()
	if who := calls[0].Who; who.Role != supervisor.RoleViewer || who.Door != supervisor.DoorRPC || !strings.HasPrefix(who.Peer, "127.0.0.1:") {
		t.Errorf("caller: %+v", who)
	}
}

// The wrong ones are held back, the right one never, and both are counted.
func TestWrongSecretsAreHeldBack(t *testing.T) {
	var seen counts
	d := open(t, "tcp", Options{Auth: secrets{}, Observer: &seen})
	for range 3 {
		d.do("POST", "/rpc", listCall, "Authorization: Bearer wrong", jsonType)
	}
	if n := len(*d.held); n != 3 {
		t.Errorf("held back %d times, want 3", n)
	}
	d.do("POST", "/rpc", listCall, "Authorization: Bearer "+goodSecret, jsonType)
	d.do("POST", "/rpc", listCall, jsonType)
	if n := len(*d.held); n != 3 {
		t.Errorf("a right secret, or none, was held back (%d)", n)
	}
	if seen.failed != 3 {
		t.Errorf("%d failures counted, want 3", seen.failed)
	}
}

// Metrics do not grow by what a stranger makes up.
func TestObserverSeesNamesOfTheTableOnly(t *testing.T) {
	var seen counts
	d := open(t, "unix", Options{Observer: &seen})
	for _, call := range []string{
		listCall, listCall, `{`, `[]`, `[1]`,
		`{"jsonrpc":"2.0","method":"made.up","id":1}`,
		`{"jsonrpc":"2.0","method":"process.stop","params":["gone"]}`,
	} {
		d.do("POST", "/rpc", call, jsonType)
	}
	want := map[string]int{
		"process.list ok": 2, "_unknown -32700": 1, "_unknown -32600": 2, "_unknown -32601": 1, "process.stop -32001": 1,
	}
	if diff := cmp.Diff(want, seen.requests); diff != "" {
		t.Error(diff)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	fake := newFake()
	fake.Hook = func(_ context.Context, method string) error {
		if method == "Stop" {
			panic("secret detail")
		}
		return nil
	}
	var seen counts
	d := open(t, "unix", Options{Control: fake, Observer: &seen})
	_, body := d.do("POST", "/rpc", `[{"jsonrpc":"2.0","method":"process.stop","params":["web"],"id":1},`+listCall+`]`, jsonType)
	if !strings.Contains(body, `"code":-32603`) || !strings.Contains(body, `"result":[`) || strings.Contains(body, "secret detail") {
		t.Error(body)
	}
	ws := d.dial()
	send(t, ws, `{"jsonrpc":"2.0","method":"process.stop","params":["web"],"id":1}`)
	if got := receive(t, ws); !strings.Contains(got, `"code":-32603`) {
		t.Error(got)
	}
	if seen.requests["process.stop -32603"] != 2 {
		t.Errorf("not counted: %v", seen.requests)
	}
}

// An error of the manager that is none of the contract's is an internal one.
func TestOtherErrors(t *testing.T) {
	fake := newFake()
	fake.Hook = func(context.Context, string) error { return errors.New("the disk is on fire") }
	d := open(t, "unix", Options{Control: fake})
	_, body := d.do("POST", "/rpc", listCall, jsonType)
	want := `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the disk is on fire","data":{"reason":"InternalError"}}}` + "\n"
	if body != want {
		t.Error(body)
	}
}

// A stop that was begun is finished, also when the client hangs up; looking ends
// with the client.
func TestT89CallOutlivesItsClient(t *testing.T) {
	for _, c := range []struct {
		method, call string
		survives     bool
	}{
		{"Stop", `{"jsonrpc":"2.0","method":"process.stop","params":["web"],"id":1}`, true},
		{"List", listCall, false},
	} {
		for _, transport := range []string{"HTTP", "WebSocket"} {
			t.Run(c.method+" over "+transport, func(t *testing.T) {
				entered, release, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
				fake := newFake()
				fake.Hook = func(ctx context.Context, _ string) error {
					close(entered)
					select {
					case <-ctx.Done():
					case <-release:
					}
					result <- ctx.Err()
					return nil
				}
				d := open(t, "unix", Options{Control: fake})
				if transport == "HTTP" {
					ctx, cancel := context.WithCancel(t.Context())
					req, _ := http.NewRequestWithContext(ctx, "POST", d.url+"/rpc", strings.NewReader(c.call))
					req.Header.Set("Content-Type", "application/json")
					go func() {
						<-entered
						cancel()
					}()
					if _, err := d.http.Do(req); err == nil {
						t.Fatal("the call was not broken off")
					}
				} else {
					ws := d.dial()
					send(t, ws, c.call)
					<-entered
					_ = ws.CloseNow()
				}
				if c.survives {
					close(release)
				}
				select {
				case err := <-result:
					if (err == nil) != c.survives {
						t.Errorf("the context of the call: %v", err)
					}
				case <-time.After(10 * time.Second):
					t.Fatal("the call never ended")
				}
			})
		}
	}
}

// The end of the context is not an error, and calls in flight are answered.
func TestT88GracefulEnd(t *testing.T) {
	entered, release := make(chan struct{}, 2), make(chan struct{})
	fake := newFake()
	fake.Hook = func(_ context.Context, method string) error {
		if method == "Stop" {
			entered <- struct{}{}
			<-release
		}
		return nil
	}
	d := open(t, "unix", Options{Control: fake})
	stopWeb := `{"jsonrpc":"2.0","method":"process.stop","params":["web"],"id":1}`
	ws := d.dial()
	send(t, ws, stopWeb)
	<-entered
	answered := make(chan string, 1)
	go func() {
		_, body := d.do("POST", "/rpc", stopWeb, jsonType)
		answered <- body
	}()
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- d.stop() }()
	close(release)
	if got := receive(t, ws); !strings.Contains(got, `"id":1`) {
		t.Error(got)
	}
	if _, err := tryReceive(t, ws); err == nil || !strings.Contains(err.Error(), "StatusGoingAway") {
		t.Errorf("the connection ended with: %v", err)
	}
	if got := <-answered; !strings.Contains(got, `"id":1`) {
		t.Error(got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Two listeners, one server.
func TestListenersShareTheServer(t *testing.T) {
	s := NewServer(Options{Control: newFake()})
	ctx, cancel := context.WithCancel(context.Background())
	var ends []chan error
	for range 2 {
		d := t.TempDir()
		l := listenUnix(t, d+"/s")
		end := make(chan error, 1)
		ends = append(ends, end)
		go func() { end <- s.Serve(ctx, l) }()
	}
	cancel()
	for _, end := range ends {
		if err := <-end; err != nil {
			t.Error(err)
		}
	}
}

func TestServeTellsWhenTheListenerBreaks(t *testing.T) {
	l := listenUnix(t, t.TempDir()+"/s")
	_ = l.Close()
	if err := NewServer(Options{Control: supervisortest.New()}).Serve(t.Context(), l); err == nil || !strings.HasPrefix(err.Error(), "cannot serve the API on ") {
		t.Errorf("%v", err)
	}
}

func TestMethodNames(t *testing.T) {
	names := MethodNames()
	if len(names) != len(Methods()) || !slices.Contains(names, "process.start") {
		t.Errorf("%v", names)
	}
}

// Requests that do not come to an end make room, whoever sends them.
func TestT87HalfSentRequestsMakeRoom(t *testing.T) {
	d := open(t, "tcp", Options{Auth: secrets{}})
	for range maxConnections {
		c, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /rpc HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", goodSecret)
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("%q, %v", line, err)
		}
		fmt.Fprint(c, "{")
	}
	if resp, answer := d.do(http.MethodPost, "/rpc", listCall, "Authorization: Bearer "+goodSecret, jsonType); resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", resp.Status, answer)
	}
}
