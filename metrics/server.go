package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
)

// DefaultTimeout is how long a scrape or a probe of readiness waits for the
// manager.
const DefaultTimeout = 2 * time.Second

// Options is what a Server is made of.
type Options struct {
	Control  supervisor.Control // required
	Version  string             // for build_info
	Revision string             // for build_info
	Logger   *slog.Logger       // nil: nothing is logged
	Timeout  time.Duration      // of a scrape or a probe of readiness; 0: DefaultTimeout
	Web      *access.WebConfig  // users and headers; nil: none. Its TLS is the listener's
	Throttle *access.Throttle   // of wrong passwords, shared with other doors; nil: its own
}

// Server shows a manager over HTTP. Its methods may be called from any goroutine.
type Server struct {
	scraped  asker // for /metrics
	probed   asker // for health: it does not depend on /proc
	log      *slog.Logger
	timeout  time.Duration
	builders sync.Pool // of *builder
	handler  http.Handler
	web      *access.WebConfig // nil: everybody may look
	throttle *access.Throttle
	attempts access.Attempts

	runtime *prometheus.Registry // of the manager's own process
	counted *prometheus.Registry // what is counted here, not taken from the snapshot
	errors  prometheus.Counter
	rpc     *prometheus.CounterVec
	auth    *prometheus.CounterVec
	methods methodSet
}

// New makes a Server. It asks the manager nothing before the first request.
func New(o Options) *Server {
	s := &Server{
		scraped:  asker{control: o.Control, usage: true},
		probed:   asker{control: o.Control},
		log:      o.Logger,
		timeout:  o.Timeout,
		builders: sync.Pool{New: func() any { return newBuilder() }},
		runtime:  prometheus.NewRegistry(),
		counted:  prometheus.NewRegistry(),
		web:      o.Web,
		throttle: o.Throttle,
	}
	if s.throttle == nil {
		s.throttle = &access.Throttle{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.timeout <= 0 {
		s.timeout = DefaultTimeout
	}
	s.runtime.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.count(o)
	s.handler = s.guarded(s.routes())
	return s
}

// count makes the families that do not come from the snapshot.
func (s *Server) count(o Options) {
	s.errors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: Prefix + "snapshot_errors_total",
		Help: "Scrapes that the manager did not answer in time, so that the families of its processes were absent.",
	})
	s.rpc = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: Prefix + "rpc_requests_total",
		Help: "Requests answered by the OpenRPC interface, by method and by code (ok, or that of the error).",
	}, []string{"method", "code"})
	s.auth = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: Prefix + "auth_failures_total",
		Help: "Wrong secrets and passwords, by interface.",
	}, []string{"interface"})
	for _, door := range []supervisor.Door{supervisor.DoorTelnet, supervisor.DoorRPC, doorMetrics} {
		s.auth.WithLabelValues(string(door)) // so that increase() sees the first one
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: Prefix + "build_info",
		Help: "The build of the manager; always 1.",
		ConstLabels: prometheus.Labels{
			"version":   strings.ToValidUTF8(o.Version, "\uFFFD"),
			"revision":  strings.ToValidUTF8(o.Revision, "\uFFFD"),
			"goversion": runtime.Version(),
		},
	})
	build.Set(1)
	s.counted.MustRegister(s.errors, s.rpc, s.auth, build)
}

// Request counts an answered RPC request; code is "ok" or the number of the
// error. The first 200 methods have series of their own, so a
// caller who makes names up cannot fill the memory; a door had better pass one
// fixed word for the methods that it does not have.
func (s *Server) Request(method, code string) {
	s.rpc.WithLabelValues(s.methods.bound(method), strings.ToValidUTF8(code, "\uFFFD")).Inc()
}

// doorMetrics is this door, as a value of the label interface. No call of
// supervisor.Control comes through it.
const doorMetrics supervisor.Door = "metrics"

// AuthFailed counts a wrong secret; iface is the door: "telnet", "rpc" or "metrics".
func (s *Server) AuthFailed(iface string) {
	s.auth.WithLabelValues(strings.ToValidUTF8(iface, "\uFFFD")).Inc()
}

// methodSet bounds the values of the label method.
type methodSet struct {
	mu    sync.Mutex // guards known
	known map[string]bool
}

const maxMethods = 200

func (m *methodSet) bound(method string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.known[method]:
		return method
	case len(m.known) >= maxMethods || len(method) > 100:
		return OtherName
	case m.known == nil:
		m.known = map[string]bool{}
	}
	method = strings.ToValidUTF8(strings.Clone(method), "\uFFFD")
	m.known[method] = true
	return method
}

// Handler returns the HTTP side: /metrics, /livez, /readyz, /readyz/NAME and
// /startupz, for GET and HEAD.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", inPieces(promhttp.HandlerForTransactional(gatherer{s, s.runtime, s.counted}, promhttp.HandlerOpts{
		ErrorLog:            complaints{s.log},
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
		DisableCompression:  true, // the CPU of PID 1 is dearer than the Pod's network
	})))
	mux.HandleFunc("GET /livez", keepPlace(s.livez))
	mux.HandleFunc("GET /readyz", keepPlace(s.readyz))
	mux.HandleFunc("GET /readyz/{name}", keepPlace(s.readyzOne))
	mux.HandleFunc("GET /startupz", keepPlace(s.startupz))
	return mux
}

// gatherer joins the families of the snapshot with those of the registries.
type gatherer struct {
	server  *Server
	runtime prometheus.Gatherer
	counted prometheus.Gatherer
}

// Gather implements prometheus.TransactionalGatherer: the families belong to the
// caller until done.
func (g gatherer) Gather() ([]*dto.MetricFamily, func(), error) {
	s := g.server
	b := s.builders.Get().(*builder)
	done := func() { s.builders.Put(b) }
	var list []*dto.MetricFamily
	snap, err := s.scraped.ask(s.timeout)
	if err != nil {
		s.errors.Inc()
		s.log.Warn("cannot show the processes in /metrics", "reason", err)
	} else {
		list = append(list, b.build(snap)...)
	}
	own, errOwn := g.runtime.Gather()
	counted, errCounted := g.counted.Gather()
	list = append(append(list, own...), counted...)
	slices.SortFunc(list, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return list, done, errors.Join(errOwn, errCounted)
}

// The bounds of the HTTP server.
const (
	maxConnections = 128
	maxScrapes     = 16 // at the same time; more are answered 503
	endWithin      = 3 * time.Second
)

// Serve answers requests of l until the context ends; then it lets the open ones
// finish for up to 3 s and returns nil. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute, // longer than the usual scrape interval
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // clients that misbehave
		ConnContext:       withConn,
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(access.Places(l, maxConnections, s.log)) }()
	select {
	case err := <-ended:
		return fmt.Errorf("cannot serve metrics on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		_ = srv.Close() // who has not finished by now is cut off
	}
	<-ended
	return nil
}

// connKey finds the connection of a request.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// keepPlace has a connection keep its place while one of its requests is answered, so that
// a crowd of others keeps out no probe of the kubelet's. A scrape is no such request: it is
// long, and who does not read it would hold the place for as long as a write may take.
func keepPlace(page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if c, ok := req.Context().Value(connKey{}).(net.Conn); ok {
			access.Busy(c)
			defer access.Idle(c)
		}
		page(w, req)
	}
}
