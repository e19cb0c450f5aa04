package rpc

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/processmanager/processmanager/supervisor"
)

// serveWebSocket carries one connection from its handshake to its end.
func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	who, wrong := s.identify(r)
	if wrong || who.role == supervisor.RoleNone && !s.enabled() {
		challenge(w, wrong)
		return
	}
	if !strings.Contains(strings.ToLower(r.Header.Get("Upgrade")), "websocket") {
		upgradeNeeded(w)
		return
	}
	// Counted while the HTTP server still counts the connection too, so that its
	// end waits for one of them at every moment.
	run := servingOf(r.Context())
	run.webSockets.Add(1)
	defer run.webSockets.Done()
	// Origin has been checked, more strictly than the library does it.
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil { // it has answered
		s.options.Logger.Debug("websocket handshake failed", slog.String("peer", who.peer), slog.Any("error", err))
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	st := newStream(ctx, ws, who)
	quiet := jsonrpc2.SetLogger(debugLogger{s.options.Logger})
	conn := jsonrpc2.NewConn(ctx, st, handler{st}, quiet)
	s.attend(ctx, conn, st)
	cancel()
	st.subs.wait() // their sources are given back
}

// attend watches over a connection until it is closed: the first message in time,
// pings, a secret that is no longer valid, the end of the server.
func (s *Server) attend(ctx context.Context, conn *jsonrpc2.Conn, st *stream) {
	unauthenticated := time.NewTimer(authTimeout)
	defer unauthenticated.Stop()
	known := st.known
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for {
		select {
		case <-conn.DisconnectNotify():
			return
		case <-known:
			known = nil
			unauthenticated.Stop()
		case <-unauthenticated.C:
			st.end(websocket.StatusPolicyViolation, "not authenticated in time")
			return
		case <-look.C:
			if st.session.revoked() {
				st.end(websocket.StatusPolicyViolation, noLonger)
				return
			}
		case <-ping.C:
			if !st.alive(ctx) {
				st.end(websocket.StatusPolicyViolation, "no answer to a ping")
				return
			}
		case <-servingOf(ctx).ending:
			st.drain(ctx)
			st.subs.shutDown(endTimeout / 4)
			st.end(websocket.StatusGoingAway, "the manager is shutting down")
			return
		}
	}
}

// debugLogger keeps the library's remarks out of the log unless they are wanted.
type debugLogger struct{ log *slog.Logger }

func (d debugLogger) Printf(format string, args ...any) {
	d.log.Debug("websocket", slog.String("detail", newError(0, format, args...).Message))
}
