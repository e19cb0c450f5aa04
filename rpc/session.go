package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"

	"github.com/processmanager/processmanager/supervisor"
)

// A session is one caller: an HTTP request or a WebSocket connection. All calls
// of both transports go through answer, so both behave the same.
type session struct {
	srv    *Server
	stream *stream // nil: an HTTP request
	peer   string  // who, for the audit line and for counting wrong secrets

	mu     sync.Mutex
	role   supervisor.Role // guarded by mu
	secret string          // that gave the role; "": none is wanted. Guarded by mu
	wrong  int             // wrong secrets so far, guarded by mu
}

func (s *session) control() supervisor.Control { return s.srv.options.Control }

// caller says who asks. A WebSocket outlives its handshake: what its secret gives is
// looked up each time.
func (s *session) caller() supervisor.Caller {
	s.mu.Lock()
	role, secret := s.role, s.secret
	s.mu.Unlock()
	if s.stream != nil && secret != "" {
		role = s.srv.options.Auth.Check(secret)
	}
	return supervisor.Caller{Door: supervisor.DoorRPC, Peer: s.peer, Role: role}
}

// revoked tells that the secret which gave the role is no longer one.
func (s *session) revoked() bool {
	s.mu.Lock()
	had := s.role != supervisor.RoleNone
	s.mu.Unlock()
	return had && s.caller().Role == supervisor.RoleNone
}

// answer returns the bytes that answer a frame, nil when there is nothing to say.
// The requests of a batch are run one after another, in their order: what a batch
// does is what the same requests would do one by one. When the answers are long already,
// those that want another one are not run.
func (s *session) answer(ctx context.Context, f frame) []byte {
	if !f.batch {
		return s.answerItem(ctx, f.items[0])
	}
	var b []byte
	for _, it := range f.items {
		if len(b) > maxAnswers && it.bad == nil && it.req.id != nil {
			it.bad = newError(CodeInvalidRequest, "cannot answer %s: the answers before it in this batch have more than %d bytes: ask for it in another one", clip(it.req.method), maxAnswers)
		}
		if one := s.answerItem(ctx, it); one != nil {
			b = append(b, ","...)
			b = append(b, one...)
		}
	}
	if b == nil {
		return nil
	}
	b[0] = '['
	return append(b, ']')
}

func (s *session) answerItem(ctx context.Context, it item) []byte {
	if it.bad != nil {
		s.srv.observe(unknownMethod, it.bad)
		return appendResponse(nil, it.req.id, nil, it.bad)
	}
	result, failure := s.invoke(ctx, it.req)
	if it.req.id == nil {
		return nil
	}
	return appendResponse(make([]byte, 0, len(result)+len(it.req.id)+64), it.req.id, result, failure)
}

// unknownMethod is what an Observer sees instead of a name that a stranger made
// up: metrics must not grow by them.
const unknownMethod = "_unknown"

func (s *session) invoke(ctx context.Context, req request) (json.RawMessage, *Error) {
	m, known := s.srv.methods[req.method]
	result, failure := s.try(ctx, m, known, req)
	label := unknownMethod
	if known {
		label = m.Name
	}
	s.srv.observe(label, failure)
	return result, failure
}

func (s *session) try(ctx context.Context, m Method, known bool, req request) (json.RawMessage, *Error) {
	switch {
	case !m.Open && s.revoked():
		return nil, newError(codeOf(supervisor.ErrForbidden), "%v: %s", supervisor.ErrForbidden, noLonger)
	case s.caller().Role == supervisor.RoleNone && !m.Open:
		return nil, newError(codeOf(supervisor.ErrForbidden), "%v: authenticate first, with session.authenticate or the header Authorization", supervisor.ErrForbidden)
	case !known:
		return nil, newError(CodeMethodNotFound, "there is no method %q%s", clip(req.method), didYouMean(req.method, MethodNames()))
	case m.WebSocket && s.stream == nil:
		return nil, newError(CodeNeedsWebSocket, "cannot call %s over HTTP: it needs a WebSocket", m.Name)
	}
	if m.Changes {
		// What was begun is finished, also when the caller hangs up: the manager
		// bounds it by the process's own numbers.
		ctx = context.WithoutCancel(ctx)
	}
	if m.Waits {
		var stop context.CancelFunc
		ctx, stop = untilEnding(ctx)
		defer stop()
	}
	if !m.Changes && !m.Waits {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, lookTimeout)
		defer stop()
	}
	value, failure := s.guarded(ctx, m, req.params)
	if failure != nil {
		if m.Waits && errors.Is(context.Cause(ctx), supervisor.ErrClosed) {
			failure = newError(codeOf(supervisor.ErrClosed), "cannot call %s: %v", m.Name, supervisor.ErrClosed)
		}
		if !m.Changes && !m.Waits && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			failure = newError(CodeInternal, "cannot answer %s: the manager gave no answer within %s (see its log)", m.Name, lookTimeout)
		}
		return nil, failure
	}
	if raw, ok := value.(json.RawMessage); ok {
		return raw, nil
	}
	raw, err := encode(value)
	if err != nil {
		return nil, newError(CodeInternal, "cannot write the result of %s: %v", m.Name, err)
	}
	return raw, nil
}

// waits tells whether a frame holds a call that may last as long as its caller wants.
func (s *Server) waits(f frame) bool {
	return slices.ContainsFunc(f.items, func(it item) bool { return it.bad == nil && s.methods[it.req.method].Waits })
}

// untilEnding is a context that ends with the server too, so that nobody who waits
// holds its end up.
func untilEnding(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-servingOf(ctx).ending:
			end(supervisor.ErrClosed)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { end(nil) }
}

// guarded turns a panic into an answer: one bad call must not end the container.
func (s *session) guarded(ctx context.Context, m Method, params json.RawMessage) (value any, failure *Error) {
	defer func() {
		if caught := recover(); caught != nil {
			s.srv.options.Logger.Error("a call panicked", slog.String("method", m.Name), slog.String("peer", s.peer),
				slog.Any("panic", caught), slog.String("stack", string(debug.Stack())))
			value, failure = nil, newError(CodeInternal, "cannot answer %s: internal error (see the manager's log)", m.Name)
		}
	}()
	return m.call(ctx, s, params)
}

func (s *Server) observe(method string, failure *Error) {
	if s.options.Observer == nil {
		return
	}
	code := "ok"
	if failure != nil {
		code = strconv.Itoa(failure.Code)
	}
	s.options.Observer.Request(method, code)
}
