package rpc

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// exampleManifest is that of the examples of the document.
const exampleManifest = "apiVersion: processmanager/v1\nkind: ProcessManifest\nmetadata: {name: shop}\nspec:\n" +
	"  processes:\n  - {name: web, command: [/app/server]}\n  - {name: worker, command: [/app/worker]}\n"

// The manager of the tests: web runs, migrate has completed.
func newFake() *supervisortest.Fake {
	f := supervisortest.New()
	at := supervisortest.Epoch
	f.Put(supervisor.ProcessInfo{
		Name: "web", Command: "/app/server --listen=:8080", PID: new(42), Status: supervisor.StatusRunning, Ready: true,
		CPUPercent: 1.5, MemoryMB: 64, StartTime: &at, Run: 1, Labels: map[string]string{"tier": "front"},
	})
	f.Put(supervisor.ProcessInfo{
		Name: "migrate", Command: "/app/migrate --to latest", Status: supervisor.StatusCompleted, StartTime: &at,
		ExitCode: new(0), Reason: supervisor.ReasonCompleted, Run: 1,
	})
	f.AddLog("web",
		supervisor.LogLine{Time: at, Stream: supervisor.Stdout, Run: 1, Msg: "ready <now>"},
		supervisor.LogLine{Time: at.Add(time.Second), Stream: supervisor.Stderr, Run: 1, Msg: "GET /cart?a=1&b=2: 500"},
	)
	f.AddHistory("migrate", supervisor.LifeRecord{
		Name: "migrate", Run: 1, StartTime: &at, EndTime: at.Add(2 * time.Second), ExitCode: new(0), Reason: supervisor.ReasonCompleted,
		Log: []supervisor.LogLine{{Time: at.Add(time.Second), Stream: supervisor.Stdout, Run: 1, Msg: "at version 7"}},
	})
	f.PutProbes("web",
		supervisor.ProbeResult{Process: "web", Run: 1, Probe: supervisor.ProbeLiveness, Success: true, Seconds: 0.003, Time: supervisortest.Epoch},
		supervisor.ProbeResult{Process: "web", Run: 1, Probe: supervisor.ProbeReadiness, Message: "HTTP status 503 Service Unavailable", Seconds: 0.012, Time: supervisortest.Epoch},
	)
	f.PutExec("web", supervisor.ExecResult{
		ExitCode: new(0), Reason: supervisor.ReasonCompleted, Stdout: []byte("8080\n"), Stderr: []byte{}, Seconds: 0.004,
	})
	f.PutTree("web",
		supervisor.TreeProcess{
			Process: "web", PID: 42, PPID: 1, Name: "server", Command: "/app/server --listen=:8080", State: supervisor.StateSleeping, UID: new(1000),
			CPUPercent: 0.5, CPUSeconds: 12.5, MemoryMB: 40, Threads: 8, OpenFDs: new(21), ReadBytes: new(uint64(4096)), WriteBytes: new(uint64(0)), StartTime: at,
		},
		supervisor.TreeProcess{
			Process: "web", PID: 57, PPID: 42, Depth: 1, Name: "worker", Command: "/app/worker", State: supervisor.StateRunning, UID: new(1000),
			CPUPercent: 1, CPUSeconds: 2.25, MemoryMB: 24, Threads: 1, StartTime: at.Add(time.Second),
		},
	)
	f.PutManifest(supervisor.ManifestInfo{
		Source: "file", Path: "/etc/processmanager", Revision: "9f86d081884c7d65", AppliedTime: &at, GraceSecs: 25, ExitPolicy: supervisor.ExitWhenDone,
		Processes: []supervisor.Spec{{
			Name: "web", Labels: map[string]string{"tier": "front"}, Command: supervisor.Command{Argv: []string{"/app/server", "--listen=:8080"}},
			RestartPolicy: supervisor.RestartAlways, RestartBackoff: &supervisor.Backoff{Initial: new(supervisor.Duration(time.Second))},
			KillMode: supervisor.KillMixed, Essential: true,
		}},
	})
	f.Plan("")
	f.Plan(exampleManifest,
		supervisor.Change{Name: "web", Action: supervisor.ChangeRestarted, Fields: []string{"command"}},
		supervisor.Change{Name: "worker", Action: supervisor.ChangeAdded},
	)
	return f
}

const (
	goodSecret   = "right-one-7261"
	viewerSecret = "look-only-7261"
	// exampleSecret is that of the examples of the document.
	exampleSecret = "mysecretkey"
)

// secrets is an Authenticator.
type secrets struct{}

func (secrets) Enabled() bool { return true }

func (secrets) Check(secret string) supervisor.Role {
	switch secret {
	case goodSecret, exampleSecret:
		return supervisor.RoleOperator
	case viewerSecret:
		return supervisor.RoleViewer
	}
	return supervisor.RoleNone
}

// counts is an Observer.
type counts struct {
	mu       sync.Mutex
	requests map[string]int // "method code"
	failed   int
}

func (c *counts) Request(method, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = map[string]int{}
	}
	c.requests[method+" "+code]++
}

func (c *counts) AuthFailed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed++
}

// A door is a running server, and how to get to it.
type door struct {
	t      *testing.T
	server *Server
	fake   *supervisortest.Fake
	url    string // http://…
	http   *http.Client
	held   *[]string // peers that were held back for a wrong secret
	stop   func() error
}

// open starts a server on a unix socket or on loopback TCP. It ends with the
// test, without an error.
func open(t *testing.T, network string, o Options) *door {
	t.Helper()
	d := &door{t: t, held: new([]string), url: "http://localhost"}
	if o.Control == nil {
		d.fake = newFake()
		o.Control = d.fake
	}
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "rpc.sock")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	if network == "tcp" {
		d.url = "http://" + l.Addr().String()
	}
	d.server = NewServer(o)
	var mu sync.Mutex
	d.server.hold = func(_ context.Context, peer string) error {
		mu.Lock()
		defer mu.Unlock()
		*d.held = append(*d.held, peer)
		return nil
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
	}}
	d.http = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.server.Serve(ctx, l) }()
	d.stop = sync.OnceValue(func() error {
		transport.CloseIdleConnections()
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return d
}

// do sends one HTTP request; headers are "Name: value".
func (d *door) do(method, path, body string, headers ...string) (*http.Response, string) {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp, string(data)
}

const jsonType = "Content-Type: application/json"

// dial opens a WebSocket; the test fails when it is refused.
func (d *door) dial(headers ...string) *websocket.Conn {
	d.t.Helper()
	ws, resp, err := d.tryDial(headers...)
	if err != nil {
		d.t.Fatalf("dial: %v (%v)", err, resp)
	}
	return ws
}

func (d *door) tryDial(headers ...string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h := http.Header{}
	host := ""
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			host = value
			continue
		}
		h.Set(name, value)
	}
	client := *d.http
	client.Timeout = 0
	ws, resp, err := websocket.Dial(ctx, d.url+"/rpc", &websocket.DialOptions{HTTPClient: &client, HTTPHeader: h, Host: host})
	if err == nil {
		ws.SetReadLimit(-1)
		d.t.Cleanup(func() { _ = ws.CloseNow() })
	}
	return ws, resp, err
}

func send(t *testing.T, ws *websocket.Conn, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		t.Fatalf("send %s: %v", text, err)
	}
}

func receive(t *testing.T, ws *websocket.Conn) string {
	t.Helper()
	text, err := tryReceive(t, ws)
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return text
}

func tryReceive(t *testing.T, ws *websocket.Conn) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	_, data, err := ws.Read(ctx)
	return string(data), err
}
