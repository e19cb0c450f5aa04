package rpc

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

// A pipeListener hands out the server's ends of pipes in memory, so that a whole
// server runs in a bubble with a clock of its own.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// inBubble runs a server under a clock that stands still while anybody works.
func inBubble(t *testing.T, o Options, story func(t *testing.T, l *pipeListener)) {
	synctest.Test(t, func(t *testing.T) {
		if o.Control == nil {
			o.Control = newFake()
		}
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- NewServer(o).Serve(ctx, l) }()
		story(t, l)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func dialPipe(t *testing.T, l *pipeListener, header string) *websocket.Conn {
	t.Helper()
	transport := &http.Transport{DialContext: l.dial}
	h := http.Header{}
	if header != "" {
		h.Set("Authorization", header)
	}
	ws, _, err := websocket.Dial(t.Context(), "http://localhost/rpc", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: h,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// A WebSocket that does not authenticate is closed; one that has may be silent.
func TestFirstMessageIsInTime(t *testing.T) {
	inBubble(t, Options{Auth: secrets{}}, func(t *testing.T, l *pipeListener) {
		begin := time.Now()
		ws := dialPipe(t, l, "")
		_, _, err := ws.Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusPolicyViolation || time.Since(begin) != authTimeout {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
	inBubble(t, Options{Auth: secrets{}}, func(t *testing.T, l *pipeListener) {
		ws := dialPipe(t, l, "")
		_ = ws.Write(t.Context(), websocket.MessageText, []byte(auth(goodSecret, "1")))
		if _, _, err := ws.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // reading answers pings
		defer cancel()
		begin := time.Now()
		if _, _, err := ws.Read(ctx); time.Since(begin) != time.Hour {
			t.Errorf("closed after %v: %v", time.Since(begin), err)
		}
		_ = ws.CloseNow()
	})
}

// dialRaw opens a WebSocket without a library that would answer by itself.
func dialRaw(t *testing.T, l *pipeListener) (net.Conn, *bufio.Reader) {
	t.Helper()
	raw, err := l.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	handshake := "GET /rpc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer " + goodSecret + "\r\n\r\n"
	if _, err := io.WriteString(raw, handshake); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(raw)
	if _, err := http.ReadResponse(in, nil); err != nil {
		t.Fatal(err)
	}
	return raw, in
}

// A client that has gone without a word is found by a ping.
func TestT87SilentClientIsFound(t *testing.T) {
	inBubble(t, Options{Auth: secrets{}}, func(t *testing.T, l *pipeListener) {
		begin := time.Now()
		raw, in := dialRaw(t, l)
		defer raw.Close()
		rest, _ := io.ReadAll(in) // until the server closes
		if want := pingInterval + pongTimeout; time.Since(begin) < want || time.Since(begin) > want+10*time.Second {
			t.Errorf("closed after %v, want %v", time.Since(begin), want)
		}
		if len(rest) == 0 || rest[0] != 0x89 { // FIN and opcode ping
			t.Errorf("came: %x", rest)
		}
	})
}

// A thousand clients that vanish in the middle of everything: each costs little, all are
// found, and nothing of them stays.
func TestT87HalfOpenClients(t *testing.T) {
	fake := newFake()
	inBubble(t, Options{Auth: secrets{}, Control: fake}, func(t *testing.T, l *pipeListener) {
		fake.Put(running)
		heap := func() int64 {
			for range 3 { // pools and finalizers take their time
				runtime.GC()
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		open := func(n int) {
			const call = `{"jsonrpc":"2.0","id":1,"method":"events.subscribe"}`
			for range n {
				raw, in := dialRaw(t, l)
				t.Cleanup(func() { _ = raw.Close() })
				// FIN and text; masked, with zeros; the answer comes unmasked.
				_, _ = raw.Write(append([]byte{0x81, 0x80 | byte(len(call)), 0, 0, 0, 0}, call...))
				head := make([]byte, 2)
				if _, err := io.ReadFull(in, head); err != nil || head[0] != 0x81 {
					t.Fatalf("%x %v", head, err)
				}
				_, _ = in.Discard(int(head[1])) // from now on nobody reads
			}
		}
		open(10)
		time.Sleep(2 * (pingInterval + pongTimeout))
		synctest.Wait()
		before, goroutines := heap(), runtime.NumGoroutine()
		const many = 1000
		open(many)
		if n := fake.Streams(); n != many {
			t.Fatalf("%d streams", n)
		}
		if each := (heap() - before) / many; each > 48<<10 {
			t.Errorf("%d bytes for each", each)
		}
		time.Sleep(2 * (pingInterval + pongTimeout))
		synctest.Wait()
		if n := fake.Streams(); n != 0 {
			t.Errorf("%d streams are left", n)
		}
		if n := runtime.NumGoroutine(); n > goroutines+10 {
			t.Errorf("%d goroutines are left", n-goroutines)
		}
		if grown := heap() - before; grown > 4<<20 {
			t.Errorf("%d bytes are left", grown)
		}
	})
}

// Who does not take an answer is cut off.
func TestT87SlowReaderIsCutOff(t *testing.T) {
	inBubble(t, Options{Auth: secrets{}}, func(t *testing.T, l *pipeListener) {
		ws := dialPipe(t, l, "Bearer "+goodSecret)
		begin := time.Now()
		if err := ws.Write(t.Context(), websocket.MessageText, []byte(listCall)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(writeTimeout + time.Second)
		if _, _, err := ws.Read(t.Context()); err == nil {
			t.Errorf("answered after %v", time.Since(begin))
		}
		_ = ws.CloseNow()
	})
}

// Slowloris: a header that never ends, a body that never comes.
func TestT88SlowRequestsAreCutOff(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       time.Duration
	}{
		{"header", "POST /rpc HTTP/1.1\r\nHost: localhost\r\nX-", headerTimeout},
		{"body", "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + goodSecret + "\r\nContent-Length: 100\r\n\r\n{", readTimeout},
		{"body of a stranger", "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", readTimeout},
		{"body of a foreign page", "POST /rpc HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100\r\n\r\n{", readTimeout},
		{"next request", "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + goodSecret + "\r\nContent-Length: 2\r\n\r\n[]", idleTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, Options{Auth: secrets{}}, func(t *testing.T, l *pipeListener) {
				raw, err := l.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer raw.Close()
				begin := time.Now()
				if _, err := io.WriteString(raw, c.text); err != nil {
					t.Fatal(err)
				}
				answer, _ := io.ReadAll(raw)
				if got := time.Since(begin); got < c.want || got > c.want+time.Second {
					t.Errorf("closed after %v, want %v: %s", got, c.want, answer)
				}
			})
		})
	}
}

// The real delay: it grows with wrong secrets, and a right one does not feel it.
func TestDelayGrows(t *testing.T) {
	inBubble(t, Options{Auth: secrets{}}, func(t *testing.T, l *pipeListener) {
		transport := &http.Transport{DialContext: l.dial}
		defer transport.CloseIdleConnections()
		ask := func(secret string) (status int, took time.Duration) {
			begin := time.Now()
			req, _ := http.NewRequest("POST", "http://localhost/rpc", strings.NewReader(listCall))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+secret)
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			return resp.StatusCode, time.Since(begin)
		}
		last := time.Duration(0)
		for range 4 {
			status, took := ask("wrong")
			if status != 401 || took <= last {
				t.Errorf("%d after %v, the one before after %v", status, took, last)
			}
			last = took
		}
		if status, took := ask(goodSecret); status != 200 || took != 0 {
			t.Errorf("the right one: %d after %v", status, took)
		}
	})
}

// Calls that do not end in time do not hold up the end of the server.
func TestT88EndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake()
		release := make(chan struct{})
		fake.Hook = func(_ context.Context, method string) error {
			if method == "Stop" {
				<-release
			}
			return nil
		}
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- NewServer(Options{Control: fake, Auth: secrets{}}).Serve(ctx, l) }()
		ws := dialPipe(t, l, "Bearer "+goodSecret)
		_ = ws.Write(t.Context(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","method":"process.stop","params":["web"],"id":1}`))
		synctest.Wait()
		begin := time.Now()
		cancel()
		_, _, err := ws.Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("%v", err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > endTimeout {
			t.Errorf("ended after %v", took)
		}
		close(release)
	})
}

// A manager that does not answer is told; nobody waits for ever without having wanted to.
func TestLookIsBounded(t *testing.T) {
	fake := newFake()
	fake.Hook = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	inBubble(t, Options{Control: fake, Auth: secrets{}}, func(t *testing.T, l *pipeListener) {
		ws := dialPipe(t, l, "Bearer "+goodSecret)
		begin := time.Now()
		send(t, ws, listCall)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, got, err := ws.Read(ctx)
		const want = `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"cannot answer process.list: the manager gave no answer within 30s (see its log)","data":{"reason":"InternalError"}}}`
		if string(got) != want || time.Since(begin) != lookTimeout {
			t.Errorf("after %s: %s %v", time.Since(begin), got, err)
		}
	})
}
