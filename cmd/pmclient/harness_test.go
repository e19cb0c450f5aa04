package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/cmd/pmclient/top"
	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const secret = "right-one-4417"

type auth struct{}

func (auth) Enabled() bool { return true }

func (auth) Check(s string) supervisor.Role {
	switch s {
	case secret:
		return supervisor.RoleOperator
	case "viewer":
		return supervisor.RoleViewer
	}
	return supervisor.RoleNone
}

// newManifest is what stdin holds in the sessions.
const newManifest = "kind: ProcessManifest\n"

// fleet is a manager with a process in every kind of state.
func fleet() *supervisortest.Fake {
	f := supervisortest.New()
	at := supervisortest.Epoch
	later := at.Add(90 * time.Minute)
	f.Put(supervisor.ProcessInfo{
		Name: "web", Command: "/app/server --listen=:8080", PID: new(42), Status: supervisor.StatusRunning, Ready: true, CPUPercent: 12.34,
		MemoryMB: 64.25, StartTime: &at, Restarts: 2, ExitCode: new(3), Reason: supervisor.ReasonError, Run: 3, LogEnabled: true,
		Labels: map[string]string{"tier": "front", "app": "shop"},
	})
	f.Put(supervisor.ProcessInfo{
		Name: "flaky", Command: "/app/flaky", Status: supervisor.StatusBackoff, StartTime: &at, Restarts: 7, Signal: new("SIGSEGV"),
		Reason: supervisor.ReasonSignaled, NextRetry: &later, Run: 8,
	})
	f.Put(supervisor.ProcessInfo{Name: "report", Command: "pg_dump shop > /backup/shop", Status: supervisor.StatusScheduled, Cron: "30 2 * * *", NextRun: &later, JobID: "nightly"})
	f.Put(supervisor.ProcessInfo{Name: "late", Command: "/app/late", Status: supervisor.StatusPending, WaitsFor: []string{"migrate (Completed)"}})
	f.Put(supervisor.ProcessInfo{
		Name: "migrate", Command: "/app/migrate", Status: supervisor.StatusFailed, StartTime: &at, ExitCode: new(1), Reason: supervisor.ReasonError,
		Error: "exit code 1 \x1b[31m<red>\nsecond line", Run: 1,
	})
	f.Put(supervisor.ProcessInfo{
		Name: "api-0", Group: "api", Command: "/app/api", PID: new(43), Status: supervisor.StatusRunning, StartTime: &at, Run: 2, Reason: supervisor.ReasonUnhealthy,
		EndTime: &at, Labels: map[string]string{"app": "api"}, Memory: &supervisor.MemoryInfo{LimitMB: 128, By: "watch"},
		Probes: []supervisor.ProbeInfo{{Probe: "liveness", OK: true, Successes: 2}, {Probe: "readiness", Failures: 4, Message: "HTTP status 503"}},
	})
	f.AddHistory("web",
		supervisor.LifeRecord{
			Name: "web", Run: 2, StartTime: new(at.Add(-time.Hour)), EndTime: at, ExitCode: new(3), Reason: supervisor.ReasonError,
			Log: []supervisor.LogLine{
				{Time: at.Add(-time.Hour), Stream: supervisor.Stderr, Run: 2, Msg: "panic: no more"},
				{Time: at, Stream: supervisor.Stdout, Run: 2, Msg: "goodbye"},
			},
		},
		supervisor.LifeRecord{Name: "web", Run: 1, EndTime: at.Add(-time.Hour), Reason: supervisor.ReasonStartError, Error: "no such file\x1b[1m"},
	)
	f.PutExec("web", supervisor.ExecResult{
		ExitCode: new(3), Reason: supervisor.ReasonError, Stdout: []byte("to stdout\x1b[1m\n"), Stderr: []byte("**ENDRESULT**\n"), StdoutTruncated: true, Seconds: 0.25,
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
	f.PutManifest(supervisor.ManifestInfo{
		Source: "file", Path: "/etc/processmanager", Revision: "9f86d081", AppliedTime: &at, GraceSecs: 25, ExitPolicy: supervisor.ExitWhenDone,
		Processes: []supervisor.Spec{{Name: "web", Command: supervisor.Command{Shell: "true"}}, {Name: "migrate", Command: supervisor.Command{Shell: "true"}}},
	})
	f.Plan("")
	f.Plan(newManifest,
		supervisor.Change{Action: supervisor.ChangeUpdated, Fields: []string{"exitPolicy"}},
		supervisor.Change{Name: "web", Action: supervisor.ChangeRestarted, Fields: []string{"command", "env[2].value"}, Note: "its next life has the new values"},
		supervisor.Change{Name: "worker", Action: supervisor.ChangeAdded},
		supervisor.Change{Name: "late", Action: supervisor.ChangeRemoved},
	)
	f.AddLog("web",
		supervisor.LogLine{Time: at.Add(-time.Hour), Stream: supervisor.Stderr, Run: 2, Msg: "panic: no more"},
		supervisor.LogLine{Time: at, Stream: supervisor.Stdout, Run: 3, Msg: "ready <now>"},
		supervisor.LogLine{Time: at.Add(time.Second), Stream: supervisor.Stderr, Run: 3, Msg: "GET /cart?a=1&b=2: 500"},
	)
	return f
}

// serve runs a real server beside a telnet socket's path, which it returns.
func serve(t *testing.T, o rpc.Options) string {
	t.Helper()
	dir := t.TempDir()
	serveAt(t, dir, o)
	return filepath.Join(dir, "pm.sock")
}

// serveAt runs a real server in a folder, until the end of the test or stop.
func serveAt(t *testing.T, dir string, o rpc.Options) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(dir, "pm-rpc.sock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rpc.NewServer(o).Serve(ctx, l) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// later is when the sessions take place.
func later() time.Time { return supervisortest.Epoch.Add(26 * time.Hour) }

func transcript(socket string, s screen, args []string) string {
	var stdout, stderr bytes.Buffer
	p := &program{env: []string{"PM_SOCKET=" + socket}, in: strings.NewReader(newManifest), out: &stdout, now: later, screen: s}
	code := p.run(args, &stderr)
	var text strings.Builder
	for line := range strings.Lines(stdout.String()) {
		text.WriteString("  " + line)
	}
	for line := range strings.Lines(stderr.String()) {
		text.WriteString("! " + line)
	}
	if code != 0 {
		text.WriteString(fmt.Sprintf("! exit code %d\n", code))
	}
	return strings.ReplaceAll(text.String(), "  \n", "  .\n")
}

// words splits a command line; '…' quotes.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}

func run(env []string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Run(append([]string{"pmclient"}, args...), env, strings.NewReader(secret+"\nmore"), &out, &errs)
	return code, out.String(), errs.String()
}

// within bounds what a test waits for.
const within = 30 * time.Second

// TestMain lets the test's binary play pmclient under that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "pmclient" {
		if os.Getenv(panicVar) != "" {
			topSource = func(c *client.Client) top.Source { return panicking{top.OneManager(c)} }
		}
		main()
	}
	if signal.Ignored(syscall.SIGHUP) { // under nohup: those we start would ignore it, too
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	// The race detector lets a program sleep for a second when it ends.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	code := m.Run()
	if path, err := built(); err == nil {
		_ = os.Remove(path)
	}
	os.Exit(code)
}

// installed makes a folder that every user may enter, with pmclient in it.
func installed(t *testing.T) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pmc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(dir, "pmclient"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(to, from)
	}
	if err == nil {
		err = to.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// transcriptOf collects what is written, and lets a test wait for it.
type transcriptOf struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{} // closed when there is more
}

// Write implements io.Writer.
func (r *transcriptOf) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(b)
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	return len(b), nil
}

func (r *transcriptOf) look() (text string, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.text.String(), r.changed
}

// String is all that was written.
func (r *transcriptOf) String() string {
	text, _ := r.look()
	return text
}

// await waits for a text and returns all up to its end, which is forgotten.
func (r *transcriptOf) await(t *testing.T, want string) (before string) {
	t.Helper()
	deadline := time.After(within)
	for {
		text, changed := r.look()
		if i := strings.Index(text, want); i >= 0 {
			i += len(want)
			r.mu.Lock()
			rest := r.text.String()[i:]
			r.text.Reset()
			r.text.WriteString(rest)
			r.mu.Unlock()
			return text[:i]
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("waited in vain for %q; there is %q", want, text)
		}
	}
}

// running is a program on a terminal of its own.
type running struct {
	transcriptOf
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	ended  chan struct{}
	read   chan struct{} // closed when all that was written has been seen
}

// onTerminal starts a program on a terminal of a size; it is killed with the test.
func onTerminal(t *testing.T, width, height uint16, cmd *exec.Cmd) *running {
	t.Helper()
	return onTerminalWith(t, width, height, cmd, nil)
}

// onTerminalWith shows what is written to somebody else.
func onTerminalWith(t *testing.T, width, height uint16, cmd *exec.Cmd, also io.Writer) *running {
	t.Helper()
	master, slave := pty(t)
	if err := unix.IoctlSetWinsize(descriptor(master), unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	r := &running{t: t, master: master, cmd: cmd, ended: make(chan struct{})}
	shown := io.Writer(r)
	if also != nil {
		shown = also
	}
	r.read = make(chan struct{})
	go func() {
		defer close(r.read)
		_, _ = io.Copy(shown, master) // EIO when nobody has the terminal any more
	}()
	go func() { _ = cmd.Wait(); close(r.ended) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the session; it may have ended
		<-r.ended
	})
	return r
}

func (r *running) keys(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r.master, text); err != nil {
		r.t.Fatal(err)
	}
}

// wait returns how it ended.
func (r *running) wait() *os.ProcessState {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(within):
		r.t.Fatalf("it does not end; it said %q", r.String())
	}
	return r.cmd.ProcessState
}

// descriptor is the number of an open file. Fd would make the file a blocking one, whose
// Close takes effect only when a read that waits has returned.
func descriptor(f *os.File) int {
	n := -1
	if c, err := f.SyscallConn(); err == nil {
		_ = c.Control(func(fd uintptr) { n = int(fd) })
	}
	return n
}

// pty makes a terminal. Closing its master hangs it up, even while it is read.
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	return master, slave
}
