package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/display"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// watching is a pmclient that does not end by itself.
type watching struct {
	out, errs transcriptOf
	code      chan int
	cancel    context.CancelFunc
}

func watch(t *testing.T, s screen, args ...string) *watching {
	t.Helper()
	return watchFrom(t, strings.NewReader(""), s, args...)
}

func watchFrom(t *testing.T, in io.Reader, s screen, args ...string) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watching{code: make(chan int, 1), cancel: cancel}
	p := &program{ctx: ctx, in: in, out: &w.out, screen: s, now: later}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.code <- p.run(append([]string{"pmclient"}, args...), &w.errs)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return w
}

func (w *watching) ends(t *testing.T, want int) {
	t.Helper()
	select {
	case code := <-w.code:
		if code != want {
			t.Errorf("exit code %d, want %d: %s", code, want, w.errs.String())
		}
	case <-time.After(within):
		t.Fatalf("it does not end: %q %q", w.out.String(), w.errs.String())
	}
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func forget(t *testing.T, fake *supervisortest.Fake, name string) {
	t.Helper()
	if err := fake.Delete(t.Context(), supervisor.Caller{Role: supervisor.RoleOperator}, name); err != nil {
		t.Fatal(err)
	}
}

// listening waits until so many streams are open: what happens before is not told.
func listening(t *testing.T, fake *supervisortest.Fake, n int) {
	t.Helper()
	deadline, tick := time.After(within), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for fake.Streams() != n {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d streams are open, want %d", fake.Streams(), n)
		}
	}
}

// One process is followed as it writes, until it is deleted.
func TestFollowOne(t *testing.T) {
	fake := fleet()
	w := watch(t, screen{}, "logs", "web", "-follow", "-lines", "2", "-socket", serve(t, rpc.Options{Control: fake}))
	same(t, w.out.await(t, "500\n"), "ready <now>\nGET /cart?a=1&b=2: 500\n")
	fake.AddLog("web", supervisor.LogLine{Time: later(), Stream: supervisor.Stdout, Run: 3, Msg: "more \x1b[1m"})
	same(t, w.out.await(t, "\n"), "more \x1b[1m\n") // into a pipe as it is
	forget(t, fake, "web")
	w.ends(t, exitDone)
	same(t, w.errs.String(), "pmclient: \"web\" is deleted\n")
}

// Several have their names in front, and the end of one is not that of the others.
func TestFollowSeveral(t *testing.T) {
	fake := fleet()
	w := watch(t, screen{terminal: true, colour: true}, "logs", "web", "migrate", "-follow", "-lines", "1", "-color=always", "-socket", serve(t, rpc.Options{Control: fake}))
	same(t, w.out.await(t, "\n"), "\x1b[38;5;30mweb     |\x1b[0m GET /cart?a=1&b=2: 500\n")
	fake.AddLog("migrate", supervisor.LogLine{Time: later(), Stream: supervisor.Stderr, Run: 1, Msg: "\x1b[2Jdone"})
	same(t, w.out.await(t, "\n"), "\x1b[38;5;133mmigrate |\x1b[0m \\x1b[2Jdone\n") // T66: harmless on a terminal
	forget(t, fake, "migrate")
	w.errs.await(t, "\"migrate\" is deleted\n")
	fake.AddLog("web", supervisor.LogLine{Time: later(), Msg: "still here"})
	w.out.await(t, "still here\n")
	w.cancel()
	w.ends(t, exitDone)
}

// What goes on for ever ends with its input where that is asked for, and only there.
func TestUntilEOF(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet()})
	for _, line := range []string{"logs web -follow", "list -watch", "events"} {
		t.Run(line, func(t *testing.T) {
			args := append(strings.Fields(line), "-socket", socket, "-until-eof")
			input, leave := io.Pipe()
			w := watchFrom(t, input, screen{}, args...)
			if line != "events" {
				w.out.await(t, "\n")
			}
			if _, err := io.WriteString(leave, "what is typed counts for nothing\n"); err != nil {
				t.Fatal(err)
			}
			select {
			case code := <-w.code:
				t.Fatalf("it ended with %d while there was input", code)
			default:
			}
			leave.Close()
			w.ends(t, exitDone)
			same(t, w.errs.String(), "")
		})
	}
	for line, want := range map[string]string{"logs web": "-until-eof goes with -follow", "list": "-until-eof goes with -watch"} {
		if code, _, stderr := run(nil, append(strings.Fields(line), "-socket", socket, "-until-eof")...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d %s", line, code, stderr)
		}
	}
}

// Without -follow the lines of several are told in the order of time.
func TestLogsOfSeveral(t *testing.T) {
	fake := fleet()
	for i, name := range []string{"late", "web", "late"} {
		fake.AddLog(name, supervisor.LogLine{Time: later().Add(time.Duration(i)), Msg: fmt.Sprint(i)})
	}
	_, stdout, _ := run(nil, "logs", "web", "late", "-since", later().Format(time.RFC3339), "-socket", serve(t, rpc.Options{Control: fake}))
	same(t, stdout, "late | 0\nweb  | 1\nlate | 2\n")
}

func TestFollowAsJSON(t *testing.T) {
	fake := fleet()
	socket := serve(t, rpc.Options{Control: fake})
	one := watch(t, screen{}, "logs", "web", "-follow", "-lines", "1", "-format", "json", "-socket", socket)
	const line = `"ts":"2026-01-02T03:04:06Z","stream":"stderr","run":3,"msg":"GET /cart?a=1&b=2: 500"}` + "\n"
	same(t, one.out.await(t, "\n"), "{"+line)
	two := watch(t, screen{}, "logs", "web", "late", "-follow", "-lines", "1", "-format", "json", "-socket", socket)
	same(t, two.out.await(t, "\n"), `{"name":"web",`+line)
}

// When one of them cannot be followed, none is: the person has misspelled a name.
func TestFollowNobody(t *testing.T) {
	fake := fleet()
	w := watch(t, screen{}, "logs", "web", "nobody", "-follow", "-socket", serve(t, rpc.Options{Control: fake}))
	w.ends(t, exitRefused)
	if text := w.out.String() + w.errs.String(); !strings.Contains(text, "nobody") || strings.Contains(text, "GET") {
		t.Errorf("said %q", text)
	}
}

// Nothing is lost and nothing comes twice when a thousand lines come at once.
func TestFollowManyLines(t *testing.T) {
	fake := fleet()
	w := watch(t, screen{}, "logs", "late", "-follow", "-socket", serve(t, rpc.Options{Control: fake}))
	listening(t, fake, 1)
	var want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&want, "line %d\n", i)
		fake.AddLog("late", supervisor.LogLine{Time: later().Add(time.Duration(i)), Msg: fmt.Sprintf("line %d", i)})
	}
	same(t, w.out.await(t, "line 999\n"), want.String())
}

func TestEvents(t *testing.T) {
	fake := supervisortest.New()
	socket := serve(t, rpc.Options{Control: fake})
	text := watch(t, screen{}, "events", "-socket", socket)
	asJSON := watch(t, screen{}, "events", "-format", "json", "-name", "web", "-socket", socket)
	listening(t, fake, 2)
	for _, ev := range []supervisor.Event{
		{Type: supervisor.EventStatus, Name: "web", Run: 4, Status: supervisor.StatusRunning, PID: new(44)},
		{Type: supervisor.EventReady, Name: "web", Run: 4, Status: supervisor.StatusRunning, Ready: true, PID: new(44)},
		{Type: supervisor.EventReady, Name: "api-0", Run: 4, Status: supervisor.StatusRunning, PID: new(44)},
		{Type: supervisor.EventEnded, Name: "web", Run: 4, Status: supervisor.StatusBackoff, ExitCode: new(3), Reason: supervisor.ReasonError},
		{Type: supervisor.EventEnded, Name: "flaky", Run: 4, Status: supervisor.StatusBackoff, Signal: new("SIGSEGV"), Reason: supervisor.ReasonSignaled},
		{Type: supervisor.EventStatus, Name: "report", Status: supervisor.StatusScheduled, NextRun: new(later())},
		{Type: supervisor.EventStatus, Name: "a-name-longer-than-most", Status: supervisor.StatusStopped, Reason: supervisor.ReasonStoppedByUser, Message: "by\x1b[1mhand"},
		{Type: supervisor.EventDeleted, Name: "web"},
		{Type: supervisor.EventManifest, Message: "applied: 1 added"},
		{Type: "brandNew", Name: "web", Message: "from the future"},
		{Type: supervisor.EventShutdown},
	} {
		fake.Emit(ev)
	}
	const at = "2026-01-02T03:04:05Z  "
	same(t, text.out.await(t, "shutting down\n"), strings.Join([]string{
		at + "web               running (pid 44, run 4)",
		at + "web               ready",
		at + "api-0             not ready",
		at + "web               ended: Error (exit code 3)",
		at + "flaky             ended: Signaled (SIGSEGV)",
		at + "report            scheduled (next run 2026-01-03T05:04:05Z)",
		at + "a-name-longer-than-most  stopped (StoppedByUser): by\\x1b[1mhand",
		at + "web               deleted",
		at + "(manager)         manifest: applied: 1 added",
		at + "web               brandNew: from the future",
		at + "(manager)         shutting down",
		"",
	}, "\n"))
	same(t, asJSON.out.await(t, "\n"), `{"seq":1,"ts":"2026-01-02T03:04:05Z","type":"status","name":"web","run":4,"status":"running","ready":false,"pid":44}`+"\n")
	if rest := asJSON.out.await(t, "future\"}\n"); strings.Contains(rest, "api-0") {
		t.Errorf("events of others came: %s", rest)
	}
	if err := fake.Shutdown(t.Context(), supervisor.Caller{Role: supervisor.RoleOperator}); err != nil {
		t.Fatal(err)
	}
	text.ends(t, exitDone)
	asJSON.ends(t, exitDone)
	same(t, text.errs.String(), "pmclient: the manager has ended\n")
}

// Behind a pipe, list -watch writes a line for each change.
func TestWatchInAPipe(t *testing.T) {
	fake := supervisortest.New()
	fake.Put(supervisor.ProcessInfo{Name: "web", PID: new(42), Status: supervisor.StatusRunning, Ready: true, StartTime: new(supervisortest.Epoch), Run: 1})
	fake.Put(supervisor.ProcessInfo{Name: "job", Status: supervisor.StatusCompleted, Reason: supervisor.ReasonCompleted})
	w := watch(t, screen{}, "list", "-watch", "-socket", serve(t, rpc.Options{Control: fake}))
	same(t, w.out.await(t, "1d2h\n"), ""+
		"NAME  STATUS     READY  PID  RESTARTS  CPU%  MEM(MiB)  AGE   NOTE\n"+
		"job   completed  no     -    0         -     -         -     Completed\n"+
		"web   running    yes    42   0         0.0   0.0       1d2h\n")
	fake.Put(supervisor.ProcessInfo{Name: "web", PID: new(42), Status: supervisor.StatusRunning, Ready: true, StartTime: new(supervisortest.Epoch), Run: 1, CPUPercent: 99})
	fake.Emit(supervisor.Event{Type: supervisor.EventManifest}) // nothing to be shown
	called(t, fake, "List", 2)
	fake.Put(supervisor.ProcessInfo{Name: "web", Status: supervisor.StatusFailed, Run: 1, Reason: supervisor.ReasonError, ExitCode: new(7)})
	fake.Emit(supervisor.Event{Type: supervisor.EventEnded, Name: "web"})
	same(t, w.out.await(t, "\n"), "web   failed     no     -    0         -     -         -     Error (exit code 7)\n")
	forget(t, fake, "job")
	fake.Emit(supervisor.Event{Type: supervisor.EventDeleted, Name: "job"})
	same(t, w.out.await(t, "\n"), "job   deleted\n")
	w.cancel()
	w.ends(t, exitDone)
}

func TestWatchAsJSON(t *testing.T) {
	fake := supervisortest.New()
	w := watch(t, screen{}, "list", "-watch", "-format=json", "-labels", "app=shop", "-socket", serve(t, rpc.Options{Control: fake}))
	same(t, w.out.await(t, "\n"), "[]\n")
	fake.Emit(supervisor.Event{Type: supervisor.EventManifest}) // no change, no line
	fake.Put(supervisor.ProcessInfo{Name: "web", Labels: map[string]string{"app": "shop"}, Status: supervisor.StatusPending})
	fake.Put(supervisor.ProcessInfo{Name: "other", Status: supervisor.StatusPending})
	fake.Emit(supervisor.Event{Type: supervisor.EventStatus, Name: "web"})
	if line := w.out.await(t, "\n"); !strings.HasPrefix(line, `[{"name":"web",`) || strings.Contains(line, "other") {
		t.Errorf("got %s", line)
	}
}

// On a terminal the list is drawn anew in the same place, and never leaves the screen.
func TestWatchOnATerminal(t *testing.T) {
	fake := supervisortest.New()
	for i := range 9 {
		fake.Put(supervisor.ProcessInfo{Name: fmt.Sprintf("p%d", i), Status: supervisor.StatusPending})
	}
	on := screen{terminal: true, size: func() (int, int) { return 40, 6 }}
	w := watch(t, on, "list", "-watch", "-color=never", "-socket", serve(t, rpc.Options{Control: fake}))
	same(t, w.out.await(t, "\x1b[J"), "\x1b[2J\x1b[H"+
		"NAME  STATUS   READY  PID  AGE  NOTE\x1b[K\n"+
		"p0    pending  no     -    -\x1b[K\n"+
		"p1    pending  no     -    -\x1b[K\n"+
		"p2    pending  no     -    -\x1b[K\n"+
		"… 6 more\x1b[K\n\x1b[J")
	for i := range 8 {
		forget(t, fake, fmt.Sprintf("p%d", i+1))
	}
	fake.Emit(supervisor.Event{Type: supervisor.EventDeleted})
	same(t, w.out.await(t, "\x1b[J"), "\x1b[H"+
		"NAME  STATUS   READY  PID  AGE  NOTE\x1b[K\n"+
		"p0    pending  no     -    -\x1b[K\n\x1b[J")
	w.out.await(t, "\x1b[J") // by itself, for the ages
}

// A manager that comes back is watched again; one that does not is told with code 3.
func TestLostConnection(t *testing.T) {
	p := &program{errs: &strings.Builder{}}
	for _, c := range []struct {
		err  error
		code int
	}{
		{fmt.Errorf("ended: %w", supervisor.ErrClosed), exitDone},
		{context.Canceled, exitDone},
		{fmt.Errorf("x: %w", client.ErrUnreachable), exitUnreachable},
		{errors.New("else"), exitRefused},
	} {
		code := exitDone
		if err := p.farewell(c.err); err != nil {
			code = exitCode(err)
		}
		if code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, code, c.code)
		}
	}

	fake := fleet()
	socket, cut := cable(t, serve(t, rpc.Options{Control: fake}))
	events := watch(t, screen{}, "events", "-socket", socket)
	logs := watch(t, screen{}, "logs", "-follow", "web", "-lines", "1", "-socket", socket)
	list := watch(t, screen{}, "list", "-watch", "-status=running", "-socket", socket)
	listening(t, fake, 3)
	logs.out.await(t, "500\n")
	list.out.await(t, "web")
	fake.Emit(supervisor.Event{Type: supervisor.EventManifest, Message: "subscribed"})
	events.out.await(t, "subscribed\n") // its answer has come too
	cut()
	events.errs.await(t, ": the connection has ended; trying again\n")
	events.errs.await(t, "connected again; what happened meanwhile is missing\n")
	logs.errs.await(t, "connected again\n")
	list.errs.await(t, "connected again\n")
	fake.Emit(supervisor.Event{Type: supervisor.EventManifest, Message: "hello"})
	events.out.await(t, "hello\n")
	fake.AddLog("web", supervisor.LogLine{Time: later(), Msg: "and on"})
	same(t, logs.out.await(t, "\n"), "and on\n") // not the old line again
	fake.Put(supervisor.ProcessInfo{Name: "fresh", Status: supervisor.StatusRunning})
	list.out.await(t, "fresh")
}

// cable leads to a server by a way that can be cut. It carries new connections at once.
func cable(t *testing.T, to string) (socket string, cut func()) {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "pm-rpc.sock"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var ends []net.Conn
	cut = func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range ends {
			c.Close()
		}
		ends = nil
	}
	t.Cleanup(func() { l.Close(); cut() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", supervisor.RPCSocketFor(to))
			if err != nil {
				near.Close()
				continue
			}
			mu.Lock()
			ends = append(ends, near, far)
			mu.Unlock()
			go func() { _, _ = io.Copy(near, far); near.Close() }()
			go func() { _, _ = io.Copy(far, near); far.Close() }()
		}
	}()
	return filepath.Join(dir, "pm.sock"), cut
}

// Ctrl-C ends what would go on for ever as it ends kubectl: by the signal.
func TestInterruptedFollow(t *testing.T) {
	fake := fleet()
	socket := serve(t, rpc.Options{Control: fake})
	program := filepath.Join(installed(t), "pmclient")
	for _, args := range [][]string{{"logs", "-follow", "web"}, {"list", "-watch"}, {"events"}} {
		r := onTerminal(t, 80, 24, exec.Command(program, append(args, "-socket", socket)...))
		if args[0] == "events" {
			listening(t, fake, 1)
		} else {
			r.await(t, "\n")
		}
		r.keys("\x03")
		status, _ := r.wait().Sys().(syscall.WaitStatus)
		if !status.Signaled() || status.Signal() != syscall.SIGINT {
			t.Errorf("%q ended with %v, want SIGINT (130 in a shell)", args, r.cmd.ProcessState)
		}
		listening(t, fake, 0)
	}
}

// On a real terminal there are colours and nothing wraps; behind a pipe neither.
func TestRealTerminal(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet()})
	program := filepath.Join(installed(t), "pmclient")
	command := func(env string) *exec.Cmd {
		cmd := exec.Command(program, "list", "-socket", socket)
		cmd.Env = []string{"TERM=xterm", env}
		return cmd
	}
	r := onTerminal(t, 50, 24, command("X="))
	if code := r.wait().ExitCode(); code != 0 {
		t.Fatal(code, r.String())
	}
	r.await(t, "\x1b[38;5;28mrunning\x1b[0m")
	r = onTerminal(t, 50, 24, command("NO_COLOR=1"))
	text := r.await(t, "web") + r.await(t, "\n")
	r.wait()
	out, err := command("X=").Output()
	if err != nil || strings.Contains(string(out), "\x1b") || !strings.Contains(string(out), "next run 2026-01-02T04:34:05Z\n") {
		t.Errorf("behind a pipe: %v\n%s", err, out)
	}
	if lines := strings.Split(text, "\r\n"); slices.ContainsFunc(lines, func(line string) bool { return display.Width(line) > 50 }) || strings.Contains(text, "\x1b") {
		t.Errorf("under NO_COLOR, 50 columns: %q", text)
	}
}
