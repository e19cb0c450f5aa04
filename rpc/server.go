package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
)

// The limits of a caller.
const (
	maxMessage       = 1 << 20          // bytes of a body or a WebSocket message
	maxBatch         = 1000             // requests in a batch
	maxAnswers       = 16 << 20         // bytes of the answers of a batch, from which on the rest is refused
	maxCalls         = 16               // messages of a WebSocket that are worked on at once
	maxWaits         = 256              // and of those that wait
	maxSubscriptions = 64               // of a WebSocket
	maxConnections   = 1024             // of a listener; idle ones and who has not authenticated make room
	maxFirst         = 80 << 10         // bytes of a WebSocket message before it has authenticated; a secret may have 64 KiB
	maxWrong         = 3                // wrong secrets on a WebSocket
	headerTimeout    = 10 * time.Second // for the header of a request
	readTimeout      = 30 * time.Second // for the body of a request
	writeTimeout     = 30 * time.Second // for one answer
	idleTimeout      = 2 * time.Minute  // between two requests of a connection
	authTimeout      = 10 * time.Second // for the first message of a WebSocket
	lookInterval     = 2 * time.Second  // between two looks whether the secret is still valid
	pingInterval     = 30 * time.Second
	pongTimeout      = 10 * time.Second
	lookTimeout      = 30 * time.Second // for a call that neither changes nor waits
	endTimeout       = 5 * time.Second  // for calls in flight when the server ends
)

// Observer counts. Its methods may be called from any goroutine and must not
// block.
type Observer interface {
	// Request tells of one answered request: the method (a name from the table, or
	// "_unknown") and "ok" or the error code.
	Request(method, code string)
	// AuthFailed tells of one wrong secret.
	AuthFailed()
}

// Options configure a Server.
type Options struct {
	Control  supervisor.Control
	Auth     Authenticator    // nil, or not enabled: unix sockets only, full access
	Throttle *access.Throttle // of wrong secrets, shared by all doors; nil: one of its own
	Observer Observer         // nil: nobody counts
	Logger   *slog.Logger     // nil: silent
	// AllowedHosts are names that a browser may use as Host and Origin, beside this
	// machine's own, localhost and addresses.
	AllowedHosts []string
	Version      string // of the manager, shown in the document
}

// Server answers JSON-RPC 2.0 over HTTP and WebSocket. Its methods may be called
// from any goroutine.
type Server struct {
	options  Options
	methods  map[string]Method
	document document
	hold     func(ctx context.Context, peer string) error // after a wrong secret
}

// NewServer returns a server; it opens nothing.
func NewServer(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Throttle == nil {
		o.Throttle = new(access.Throttle)
	}
	return &Server{
		options:  o,
		methods:  table(),
		document: newDocument(o.Version),
		hold:     o.Throttle.Hold,
	}
}

// Serve answers on a listener until the context ends, and then returns nil when
// the calls in flight are over, or after a few seconds. It closes the listener. It
// may be called for several listeners.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	run := &serving{ending: make(chan struct{})}
	base := context.WithValue(context.WithoutCancel(ctx), servingKey{}, run)
	base, cancel := context.WithCancel(base)
	defer cancel()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // a WebSocket needs it
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		Protocols:         protocols,
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext:       withPeer,
		ConnState: func(c net.Conn, now http.ConnState) {
			if now == http.StateIdle {
				access.Idle(c)
			}
		},
		ErrorLog: slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(access.Places(l, maxConnections, s.options.Logger)) }()
	select {
	case err := <-failed:
		if errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("cannot serve the API on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	close(run.ending)
	grace, stop := context.WithTimeout(base, endTimeout)
	defer stop()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // what did not end in time is cut off
	}
	run.wait(grace)
	<-failed
	return nil
}

// serving is what the connections of one listener have in common. The context of
// a request goes on when the server ends, so that calls in flight can be answered.
type serving struct {
	ending     chan struct{} // closed when the server ends
	webSockets sync.WaitGroup
}

type servingKey struct{}

// servingOf finds the serving of a request; under another HTTP server there is an
// idle one.
func servingOf(ctx context.Context) *serving {
	if run, ok := ctx.Value(servingKey{}).(*serving); ok {
		return run
	}
	return new(serving)
}

// wait waits until all WebSockets are closed, which the HTTP server does not.
func (r *serving) wait(ctx context.Context) {
	closed := make(chan struct{})
	go func() {
		r.webSockets.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
	}
}
