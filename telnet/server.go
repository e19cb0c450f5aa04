package telnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
)

// Authenticator knows the secrets. Its methods may be called from any goroutine.
type Authenticator interface {
	// Enabled reports whether a secret is configured.
	Enabled() bool
	// Check returns the role that a secret gives, RoleNone when it is wrong, in
	// constant time.
	Check(secret string) supervisor.Role
}

var _ Authenticator = (*access.Authenticator)(nil)

// Observer is told what this door counts. Its methods may be called from any
// goroutine and must not block.
type Observer interface {
	// AuthFailed is called for each wrong secret; iface is always [Interface].
	AuthFailed(iface string)
	// Verb is called for each statement when it is answered. The verb is a name
	// of the table of verbs, [VerbUnknown], or [VerbNone] for a connection as a
	// whole; the result is one of the Result words.
	Verb(verb, result string)
}

// Words that an [Observer] is given.
const (
	Interface = "telnet"

	VerbUnknown = "unknown"    // no such verb, or no statement at all
	VerbNone    = "connection" // with ResultPanic only

	ResultOK    = "ok"
	ResultError = "error"
	ResultPanic = "panic" // a defect of this program: recovered, logged, answered with an error
)

// Options say what a [Server] serves. Control is required; a limit that is 0 has
// its default.
type Options struct {
	Control  supervisor.Control
	Auth     Authenticator    // nil: no secret is configured
	Throttle *access.Throttle // counts wrong secrets, shared by all doors; nil: one of its own
	Observer Observer         // nil: nobody
	Logger   *slog.Logger     // nil: discards

	MaxConnections int           // open at one time, over all listeners; who has not authenticated makes room. Default: 64
	MaxStatement   int           // bytes of one statement. Default: 1 MiB
	LoginTimeout   time.Duration // from connecting to the right secret. Default: 1 minute
	IdleTimeout    time.Duration // without input, while nothing is performed. Default: 30 minutes
	WriteTimeout   time.Duration // for a client to take 64 KiB. Default: 30 s
	DrainTimeout   time.Duration // for the running answer when the server ends. Default: 5 s
}

// Server answers connections. It is safe for use from any goroutine.
type Server struct {
	o         Options
	log       *slog.Logger
	verbs     []verb
	open      atomic.Int64
	full      atomic.Bool // the last connection was refused
	strangers strangers
}

// NewServer returns a server with the limits filled in.
func NewServer(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Throttle == nil {
		o.Throttle = &access.Throttle{}
	}
	setDefault(&o.MaxConnections, 64)
	setDefault(&o.MaxStatement, 1<<20)
	setDefault(&o.LoginTimeout, time.Minute)
	setDefault(&o.IdleTimeout, 30*time.Minute)
	setDefault(&o.WriteTimeout, 30*time.Second)
	setDefault(&o.DrainTimeout, 5*time.Second)
	return &Server{o: o, log: o.Logger, verbs: verbs()}
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// authNeeded reports whether a secret is configured.
func (s *Server) authNeeded() bool { return s.o.Auth != nil && s.o.Auth.Enabled() }

// Serve answers the connections of l until ctx ends; then it closes l, lets each
// connection finish the answer that is running, within DrainTimeout, and returns
// nil. It may be called for several listeners. With tcp true telnet negotiation
// is opened, and a secret must be configured; otherwise negotiation is only
// answered. Serve returns an error when l is closed by somebody else.
func (s *Server) Serve(ctx context.Context, l net.Listener, tcp bool) error {
	if tcp && !s.authNeeded() {
		_ = l.Close()
		return fmt.Errorf("cannot serve telnet on %s: no secret is configured; give one, or use the unix socket only", l.Addr())
	}
	var sessions sync.WaitGroup
	defer sessions.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := s.accept(ctx, l)
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case err != nil:
			return fmt.Errorf("cannot accept telnet connections on %s: %w", l.Addr(), err)
		}
		if s.open.Load() >= int64(s.o.MaxConnections) && !s.strangers.evict() {
			s.refuse(conn, tcp)
			continue
		}
		s.open.Add(1)
		s.full.Store(false)
		one := newSession(s, conn, tcp)
		if s.authNeeded() {
			s.strangers.add(one)
		}
		sessions.Go(func() {
			defer one.leave()
			defer s.strangers.remove(one)
			one.run(ctx)
		})
	}
}

// How long accept waits after an error that will pass.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// accept waits for a connection. Errors (no file descriptor left, a client that
// has gone already) are tried again with growing pauses, until l is closed.
func (s *Server) accept(ctx context.Context, l net.Listener) (net.Conn, error) {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		conn, err := l.Accept()
		if err == nil || errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return conn, err
		}
		if pause == minPause {
			s.log.Warn("cannot accept a telnet connection; trying again", "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// refusal is how long a client may take to be told that there is no place.
const refusal = 100 * time.Millisecond

// refuse tells why and closes. It must not hold up the next connection. Only the
// first of a row is logged: whoever floods the door must not flood the log too.
func (s *Server) refuse(conn net.Conn, tcp bool) {
	if !s.full.Swap(true) {
		s.log.Warn("telnet connections are refused: too many are open", "peer", access.Peer(conn), "limit", s.o.MaxConnections)
	}
	_ = conn.SetReadDeadline(time.Now().Add(refusal)) // of a handshake that comes first
	newTerminal(conn, refusal, tcp, 0).line(" ** Too many connections: try again later.")
	_ = conn.Close()
}

// protect runs f and reports whether it panicked: a defect in the answer to one
// client must not end a PID 1. This is the door's only recover.
func (s *Server) protect(what, peer string, f func()) (panicked bool) {
	defer func() {
		if p := recover(); p != nil {
			panicked = true
			s.log.Error("panic in the telnet interface: this is a defect, please report it",
				"where", what, "peer", peer, "panic", p, "stack", string(debug.Stack()))
			s.count(what, ResultPanic)
		}
	}()
	f()
	return false
}

func (s *Server) count(verb, result string) {
	if s.o.Observer != nil {
		s.o.Observer.Verb(verb, result)
	}
}
