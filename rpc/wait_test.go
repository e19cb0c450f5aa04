package rpc

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/processmanager/processmanager/supervisor"
)

var running = supervisor.ProcessInfo{Name: "web", PID: new(42), Status: supervisor.StatusRunning}

const waitCall = `{"jsonrpc":"2.0","method":"process.wait","params":["web","ended"],"id":1}`

func postPipe(ctx context.Context, l *pipeListener, body string) (string, error) {
	transport := &http.Transport{DialContext: l.dial}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://localhost/rpc", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+goodSecret)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return string(answer), err
}

// No timeout of the server ends a wait, however long it is.
func TestWaitLastsAsLongAsItsCallerWants(t *testing.T) {
	fake := newFake()
	inBubble(t, Options{Auth: secrets{}, Control: fake}, func(t *testing.T, l *pipeListener) {
		fake.Put(running) // makes the channel of those who wait inside the bubble
		begin := time.Now()
		go func() {
			time.Sleep(3 * time.Hour)
			_, _ = fake.Stop(context.Background(), supervisor.Caller{Role: supervisor.RoleOperator}, "web")
		}()
		answer, err := postPipe(t.Context(), l, waitCall)
		if err != nil || !strings.Contains(answer, `"status":"stopped"`) {
			t.Errorf("%s %v", answer, err)
		}
		if took := time.Since(begin); took != 3*time.Hour {
			t.Errorf("answered after %v", took)
		}
	})
}

// T89: who hangs up waits no more, on both transports, and leaves nothing behind in
// the manager.
func TestT89HangingUpEndsAWait(t *testing.T) {
	for _, way := range []string{"http", "websocket"} {
		ended := make(chan error, 1)
		fake := newFake()
		c := &watching{Control: fake, ended: ended}
		inBubble(t, Options{Auth: secrets{}, Control: c}, func(t *testing.T, l *pipeListener) {
			fake.Put(running)
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			if way == "http" {
				go func() { _, _ = postPipe(ctx, l, waitCall) }()
			} else {
				ws := dialPipe(t, l, "Bearer "+goodSecret)
				if err := ws.Write(ctx, websocket.MessageText, []byte(waitCall)); err != nil {
					t.Fatal(err)
				}
				defer context.AfterFunc(ctx, func() { _ = ws.CloseNow() })()
			}
			synctest.Wait()
			hangUp()
			synctest.Wait()
			select {
			case err := <-ended:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", way, err)
				}
			default:
				t.Errorf("%s: the manager still waits", way)
			}
		})
	}
}

// T87: who waits keeps nobody from being heard: other calls are answered, one wait
// too many is refused, pings are, and it is noticed that the client has gone.
func TestT87ManyWaitsOnOneConnection(t *testing.T) {
	ended := make(chan error, maxWaits)
	fake := newFake()
	inBubble(t, Options{Auth: secrets{}, Control: &watching{Control: fake, ended: ended}}, func(t *testing.T, l *pipeListener) {
		fake.Put(running)
		ws := dialPipe(t, l, "Bearer "+goodSecret)
		answers := make(chan string, 10)
		go func() {
			for {
				_, data, err := ws.Read(context.Background()) // answers pings too
				if err != nil {
					return
				}
				answers <- string(data)
			}
		}()
		write := func(text string) {
			if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range maxWaits {
			call := waitCall
			if i%2 == 1 {
				call = `[` + listCall + `,` + waitCall + `]`
			}
			write(call)
		}
		synctest.Wait()
		write(waitCall)
		if got := <-answers; !strings.Contains(got, `{"code":-32003,"message":"invalid request: more than 256 messages wait on this connection"`) {
			t.Errorf("one too many: %s", got)
		}
		time.Sleep(24 * time.Hour)
		write(`{"jsonrpc":"2.0","method":"process.status","params":["web"],"id":2}`)
		if got := <-answers; !strings.Contains(got, `"status":"running"`) || len(ended) > 0 {
			t.Errorf("%s, %d waits have ended", got, len(ended))
		}
		_ = ws.CloseNow()
		synctest.Wait()
		if len(ended) != maxWaits {
			t.Errorf("%d of %d waits have ended", len(ended), maxWaits)
		}
	})
}

// The end of the server is not held up by those who wait; they are told.
func TestEndOfTheServerEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- NewServer(Options{Control: newFake(), Auth: secrets{}}).Serve(ctx, l) }()
		answers := make(chan string, 1)
		go func() {
			answer, err := postPipe(context.Background(), l, waitCall)
			if err != nil {
				answer = err.Error()
			}
			answers <- answer
		}()
		ws := dialPipe(t, l, "Bearer "+goodSecret)
		_ = ws.Write(t.Context(), websocket.MessageText, []byte(waitCall))
		synctest.Wait()
		begin := time.Now()
		cancel()
		_, overWebSocket, err := ws.Read(t.Context())
		if err != nil {
			t.Error(err)
		}
		_ = ws.CloseNow()
		const want = `"error":{"code":-32007,"message":"cannot call process.wait: process manager is shutting down"`
		for _, answer := range []string{<-answers, string(overWebSocket)} {
			if !strings.Contains(answer, want) {
				t.Errorf("told: %s", answer)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("ended after %v", took)
		}
	})
}

// watching tells how a Wait ended.
type watching struct {
	supervisor.Control
	ended chan error
}

func (w *watching) Wait(ctx context.Context, who supervisor.Caller, req supervisor.WaitRequest) (*supervisor.ProcessInfo, error) {
	info, err := w.Control.Wait(ctx, who, req)
	w.ended <- err
	return info, err
}
