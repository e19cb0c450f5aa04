package rpc

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/processmanager/processmanager/supervisor"
)

// rotating is an Authenticator whose secrets change.
type rotating struct{ valid sync.Map } // secret to role

func (r *rotating) Enabled() bool { return true }

func (r *rotating) Check(secret string) supervisor.Role {
	role, _ := r.valid.Load(secret)
	known, _ := role.(supervisor.Role)
	return known
}

// An open WebSocket has the role that its secret gives now: when it gives none any more
// the next request is refused, and a silent connection is told and closed.
func TestT78RotationReachesOpenWebSockets(t *testing.T) {
	auths := &rotating{}
	auths.valid.Store("old", supervisor.RoleOperator)
	auths.valid.Store("new", supervisor.RoleOperator)
	inBubble(t, Options{Auth: auths}, func(t *testing.T, l *pipeListener) {
		byHeader, byMessage, listener := dialPipe(t, l, "Bearer old"), dialPipe(t, l, ""), dialPipe(t, l, "Bearer old")
		send(t, byMessage, auth("old", "1"))
		receive(t, byMessage)
		send(t, listener, `{"jsonrpc":"2.0","id":1,"method":"events.subscribe"}`)
		receive(t, listener)
		for _, ws := range []*websocket.Conn{byHeader, byMessage} {
			send(t, ws, listCall)
			if got := receive(t, ws); !strings.Contains(got, `"result":[`) {
				t.Fatalf("before: %s", got)
			}
		}
		auths.valid.Delete("old")
		begin := time.Now()
		const refusal = `{"jsonrpc":"2.0","id":1,"error":{"code":-32008,"message":"not permitted: the secret of this connection is no longer valid, authenticate anew","data":{"reason":"Forbidden"}}}`
		for _, ws := range []*websocket.Conn{byHeader, byMessage} {
			send(t, ws, listCall)
			if got := receive(t, ws); got != refusal {
				t.Errorf("after:\n got %s\nwant %s", got, refusal)
			}
		}
		send(t, byMessage, auth("new", "2"))
		if got := receive(t, byMessage); !strings.Contains(got, `"role":"operator"`) {
			t.Errorf("authenticated anew: %s", got)
		}
		for _, ws := range []*websocket.Conn{byHeader, listener} {
			_, err := tryReceive(t, ws)
			if websocket.CloseStatus(err) != websocket.StatusPolicyViolation || !strings.Contains(err.Error(), noLonger) {
				t.Errorf("closed with %v", err)
			}
		}
		if took := time.Since(begin); took > lookInterval {
			t.Errorf("it took %s", took)
		}
		time.Sleep(2 * lookInterval)
		synctest.Wait()
		send(t, byMessage, listCall)
		if got := receive(t, byMessage); !strings.Contains(got, `"result":[`) {
			t.Errorf("the one that has the new secret: %s", got)
		}
	})
}

// A secret that gives less than before gives less on open connections too.
func TestT78RotationToLess(t *testing.T) {
	auths := &rotating{}
	auths.valid.Store("one", supervisor.RoleOperator)
	inBubble(t, Options{Auth: auths}, func(t *testing.T, l *pipeListener) {
		ws := dialPipe(t, l, "Bearer one")
		auths.valid.Store("one", supervisor.RoleViewer)
		send(t, ws, `{"jsonrpc":"2.0","id":1,"method":"process.stop","params":["web"]}`)
		if got := receive(t, ws); !strings.Contains(got, `"code":-32008`) {
			t.Error(got)
		}
		send(t, ws, listCall)
		if got := receive(t, ws); !strings.Contains(got, `"result":[`) {
			t.Error(got)
		}
	})
}
