package telnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
	"github.com/processmanager/processmanager/telnet"
)

// keys is an Authenticator: secrets and the roles they give.
type keys map[string]supervisor.Role

func (k keys) Enabled() bool                       { return len(k) > 0 }
func (k keys) Check(secret string) supervisor.Role { return k[secret] }

var oneSecret = keys{"mysecretkey": supervisor.RoleOperator, "looksecret": supervisor.RoleViewer}

// counter is an Observer that remembers what it was told.
type counter struct {
	mu   sync.Mutex
	list []string
}

func (c *counter) AuthFailed(iface string)    { c.add("auth " + iface) }
func (c *counter) Verb(verb, result string)   { c.add(verb + " " + result) }
func (c *counter) add(what string)            { c.mu.Lock(); c.list = append(c.list, what); c.mu.Unlock() }
func (c *counter) told() []string             { c.mu.Lock(); defer c.mu.Unlock(); return slices.Clone(c.list) }
func (c *counter) has(what string) (has bool) { return slices.Contains(c.told(), what) }

// half is one end of a connection in memory whose two directions close on their
// own, as those of a socket do.
type half struct {
	net.Conn // reads
	w        net.Conn
}

func (h half) Write(p []byte) (int, error)        { return h.w.Write(p) }
func (h half) SetWriteDeadline(t time.Time) error { return h.w.SetWriteDeadline(t) }
func (h half) CloseWrite() error                  { return h.w.Close() }
func (h half) Close() error                       { return errors.Join(h.Conn.Close(), h.w.Close()) }
func (h half) SetDeadline(t time.Time) error {
	return errors.Join(h.SetReadDeadline(t), h.SetWriteDeadline(t))
}

func connPair() (server, client half) {
	a1, a2 := net.Pipe()
	b1, b2 := net.Pipe()
	return half{a1, b1}, half{b2, a2}
}

// memoryListener hands out the server's ends.
type memoryListener struct {
	conns  chan net.Conn
	fail   chan error
	closed chan struct{}
	once   sync.Once
}

func newListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), fail: make(chan error), closed: make(chan struct{})}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case err := <-l.fail:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *memoryListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// world is a server in a synctest bubble.
type world struct {
	t      *testing.T
	fake   *supervisortest.Fake
	log    *bytes.Buffer
	count  *counter
	listen *memoryListener
	stop   context.CancelFunc
	served chan error
}

// newWorld starts a server. It must be called inside a bubble, and ended with end.
func newWorld(t *testing.T, tcp bool, auth telnet.Authenticator, change func(*telnet.Options)) *world {
	t.Helper()
	w := &world{t: t, fake: newFake(), log: &bytes.Buffer{}, count: &counter{}, listen: newListener(), served: make(chan error, 1)}
	o := telnet.Options{
		Control: w.fake, Auth: auth, Observer: w.count,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.stop = cancel
	srv := telnet.NewServer(o)
	go func() { w.served <- srv.Serve(ctx, w.listen, tcp) }()
	return w
}

// end stops the server and waits for it: a goroutine that is left fails the test.
func (w *world) end() {
	w.t.Helper()
	w.stop()
	if err := <-w.served; err != nil {
		w.t.Errorf("Serve: %v", err)
	}
}

// client is the other end of one connection.
type client struct {
	conn half
	mu   sync.Mutex
	got  []byte
	eof  bool
}

func (w *world) dial() *client {
	server, end := connPair()
	w.listen.conns <- server
	c := &client{conn: end}
	go func() {
		buf := make([]byte, 1<<10)
		for {
			n, err := end.Read(buf)
			c.mu.Lock()
			c.got = append(c.got, buf[:n]...)
			c.eof = err != nil
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	synctest.Wait()
	return c
}

// send writes without waiting for the answer's time; what can happen now, happens.
func (c *client) send(text string) {
	_, _ = io.WriteString(c.conn, text)
	synctest.Wait()
}

// read returns what has come since the last read, and whether the server has closed.
func (c *client) read() (string, bool) {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	got := string(c.got)
	c.got = nil
	return got, c.eof
}

// after lets time pass, then reads.
func (c *client) after(d time.Duration) string {
	time.Sleep(d)
	got, _ := c.read()
	return got
}

// bubble runs a story with one server and one client that has read the greeting.
func bubble(t *testing.T, tcp bool, auth telnet.Authenticator, change func(*telnet.Options), story func(*testing.T, *world, *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, tcp, auth, change)
		c := w.dial()
		c.read()
		story(t, w, c)
		_ = c.conn.Close()
		w.end()
	})
}

// newFake is the world of all stories.
func newFake() *supervisortest.Fake {
	f := supervisortest.New()
	f.Put(supervisor.ProcessInfo{
		Name: "web", Command: `/app/server --listen=:8080 "a & b"`, PID: new(4711), Status: supervisor.StatusRunning, Ready: true,
		CPUPercent: 12.345, MemoryMB: 64.25, StartTime: new(supervisortest.Epoch), LogEnabled: true, Restarts: 2, Run: 3,
		ExitCode: new(1), Reason: supervisor.ReasonError, Labels: map[string]string{"tier": "front", "app": "shop"},
	})
	f.Put(supervisor.ProcessInfo{
		Name: "migrate", Command: "echo one\necho two", Status: supervisor.StatusFailed, StartTime: new(supervisortest.Epoch), Run: 1,
		Signal: new("SIGKILL"), Reason: supervisor.ReasonOOMKilled, Error: "killed: out of memory", JobID: "e41", Deadline: 300,
	})
	f.Put(supervisor.ProcessInfo{
		Name: "report", Command: "pg_dump $DB | gzip > /backup/$(date +%F).gz; echo this is a very long command", Cron: "30 2 * * *",
		Status: supervisor.StatusScheduled, NextRun: new(supervisortest.Epoch.Add(24 * time.Hour)), WaitsFor: []string{"migrate (Completed)"},
	})
	f.AddLog("web", supervisor.LogLine{Time: supervisortest.Epoch.Add(-time.Minute), Stream: supervisor.Stderr, Run: 2, Msg: "\x1b[31mpanic: no more\x1b[0m"})
	for i, msg := range []string{"plain line", "", "**RESULT** e42", "**ENDRESULT**", "*** three", " ** blank first", "<b>&\xff\xfe\u2028", "a\rb"} {
		stream := supervisor.Stdout
		if i%2 == 1 {
			stream = supervisor.Stderr
		}
		f.AddLog("web", supervisor.LogLine{Time: supervisortest.Epoch.Add(time.Duration(i) * time.Second), Stream: stream, Run: 3, Msg: msg})
	}
	f.PutExec("web", supervisor.ExecResult{
		ExitCode: new(3), Reason: supervisor.ReasonError, Stdout: []byte("to stdout\x1b[1m\xff"), Stderr: []byte("**ENDRESULT**\n"), StdoutTruncated: true, Seconds: 0.25,
	})
	f.PutProbes("web",
		supervisor.ProbeResult{Process: "web", Run: 3, Probe: supervisor.ProbeLiveness, Success: true, Seconds: 0.0025, Time: supervisortest.Epoch},
		supervisor.ProbeResult{Process: "web", Run: 3, Probe: supervisor.ProbeReadiness, Message: "HTTP status 503\x1b[1m", Seconds: 1.5, Time: supervisortest.Epoch},
	)
	f.PutTree("web",
		supervisor.TreeProcess{
			Process: "web", PID: 42, PPID: 1, Name: "server", Command: "/app/server --listen=:8080", State: supervisor.StateSleeping, UID: new(1000),
			CPUPercent: 11.5, CPUSeconds: 75.25, MemoryMB: 40.5, Threads: 8, OpenFDs: new(21), ReadBytes: new(uint64(4096)), WriteBytes: new(uint64(0)), StartTime: supervisortest.Epoch,
		},
		supervisor.TreeProcess{Process: "web", PID: 57, PPID: 42, Depth: 1, Name: "worker", State: supervisor.StateZombie, StartTime: supervisortest.Epoch},
		supervisor.TreeProcess{
			Process: "web", PID: 58, PPID: 1, Task: "liveness", Name: "curl", Command: "curl -f 'a\x1bb'", State: supervisor.StateDisk, Threads: 1, StartTime: supervisortest.Epoch,
		},
	)
	f.AddHistory("migrate",
		supervisor.LifeRecord{
			Name: "migrate", Run: 1, StartTime: new(supervisortest.Epoch), EndTime: supervisortest.Epoch.Add(time.Minute), Signal: new("SIGKILL"),
			Reason: supervisor.ReasonOOMKilled,
		},
		supervisor.LifeRecord{Name: "migrate", EndTime: supervisortest.Epoch, Reason: supervisor.ReasonStartError, Error: "cannot start: no such file\x1b[1m"},
	)
	f.Put(supervisor.ProcessInfo{
		Name: "api-0", Group: "api", Command: "/app/api", PID: new(4712), Status: supervisor.StatusRunning, StartTime: new(supervisortest.Epoch), Run: 2,
		EndTime: new(supervisortest.Epoch.Add(-time.Second)), Reason: supervisor.ReasonUnhealthy, StatusText: "warming up \x1b[1m",
		Probes: []supervisor.ProbeInfo{
			{Probe: "liveness", OK: true, Successes: 3},
			{Probe: "readiness", Failures: 2, Message: "HTTP status 503"},
		},
		LastLog: []supervisor.LogLine{
			{Time: supervisortest.Epoch, Stream: supervisor.Stderr, Run: 1, Msg: "panic: no database"},
			{Time: supervisortest.Epoch, Stream: supervisor.Stderr, Run: 1, Msg: "\x1b[31mgoroutine 1"},
		},
		Memory: &supervisor.MemoryInfo{LimitMB: 128, By: "watch"}, Labels: map[string]string{"app": "api"},
	})
	return f
}
