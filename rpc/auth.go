package rpc

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
)

// Authenticator knows the secrets. Check takes the same time for every wrong one
// and returns RoleNone for it.
type Authenticator interface {
	Enabled() bool
	Check(secret string) supervisor.Role
}

// noLonger is what a connection is told whose secret was changed.
const noLonger = "the secret of this connection is no longer valid, authenticate anew"

// authenticate is session.authenticate.
func authenticate(ctx context.Context, s *session, p AuthenticateParams) (AuthenticateResult, error) {
	if !s.srv.enabled() { // the role is what the connection came with
		return AuthenticateResult{Role: s.caller().Role.String()}, nil
	}
	role := s.srv.check(ctx, s.peer, p.Secret)
	if role == supervisor.RoleNone {
		s.mu.Lock()
		s.wrong++
		s.mu.Unlock()
		return AuthenticateResult{}, fmt.Errorf("%w: wrong secret", supervisor.ErrForbidden)
	}
	s.mu.Lock()
	s.role, s.secret, s.wrong = role, p.Secret, 0
	s.mu.Unlock()
	s.srv.options.Logger.Info("authenticated", "door", string(supervisor.DoorRPC), "peer", s.peer, "role", role.String(), "event", access.LoginSucceeded)
	return AuthenticateResult{Role: role.String()}, nil
}

func (s *Server) enabled() bool { return s.options.Auth != nil && s.options.Auth.Enabled() }

// check asks the Authenticator. A right secret is answered at once; a wrong one
// after a delay that grows with the wrong ones from the same host.
func (s *Server) check(ctx context.Context, peer, secret string) supervisor.Role {
	role := s.options.Auth.Check(secret)
	if role != supervisor.RoleNone {
		s.options.Throttle.Right(peer)
		return role
	}
	if s.options.Observer != nil {
		s.options.Observer.AuthFailed()
	}
	if attempt, tell := s.options.Throttle.Attempt(peer); tell {
		s.options.Logger.Warn("wrong secret", "door", string(supervisor.DoorRPC), "peer", peer, "attempt", attempt, "event", access.LoginFailed)
	}
	_ = s.hold(ctx, peer) // when the caller hangs up there is nobody to hold back
	return supervisor.RoleNone
}

// bearer returns the secret of the Authorization header; given is false when
// there is no such header.
func bearer(h http.Header) (secret string, given bool) {
	value := h.Get("Authorization")
	if value == "" {
		return "", false
	}
	scheme, secret, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(secret), true
}

// identify makes the session of a request. Its role is RoleNone when a secret is
// wanted and none was given; wrong tells that one was given and is wrong.
func (s *Server) identify(r *http.Request) (who *session, wrong bool) {
	local := isUnix(r)
	who = &session{srv: s, peer: r.RemoteAddr}
	if peer, ok := r.Context().Value(peerKey{}).(string); ok {
		who.peer = peer
	} else if local {
		who.peer = "unix"
	}
	if !s.enabled() {
		// The file mode of the socket says who may connect. Over TCP nobody is let
		// in without a secret, whatever the caller of this package opened.
		if local {
			who.role = supervisor.RoleOperator
		}
		return who, false
	}
	secret, given := bearer(r.Header)
	if !given {
		return who, false
	}
	who.role, who.secret = s.check(r.Context(), who.peer, secret), secret
	return who, who.role == supervisor.RoleNone
}

// peerKey finds the words of package access for the other side of a connection.
type peerKey struct{}

// connKey finds the connection of a request.
type connKey struct{}

func withPeer(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(context.WithValue(ctx, connKey{}, c), peerKey{}, access.Peer(c))
}

// known has the connection of a request keep its place: its caller has a role, and has said
// what he wants.
func known(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(net.Conn); ok {
		access.Busy(c)
	}
}

// isUnix tells whether a request came over a unix socket.
func isUnix(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && addr.Network() == "unix"
}
