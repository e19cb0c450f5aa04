package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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
)

// built is the manager's program, made once.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.TempDir(), "pmclient-test-manager-"+time.Now().Format("150405.000000"))
	out, err := exec.Command("go", "build", "-o", path, "../processmanager").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

// live is a real manager.
type live struct {
	t      *testing.T
	dir    string
	socket string
	api    *client.Client
	cmd    *exec.Cmd
}

// manage starts a manager with a manifest; the end of the test ends it.
func manage(t *testing.T, processes string) *live {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatalf("%v: %s", err, program)
	}
	dir, err := os.MkdirTemp("", "pmt")
	if err != nil {
		t.Fatal(err)
	}
	l := &live{t: t, dir: dir, socket: filepath.Join(dir, "pm.sock")}
	t.Cleanup(func() { l.end(); _ = os.RemoveAll(dir) })
	manifest := "apiVersion: processmanager/v1\nkind: ProcessManifest\nspec:\n  exitPolicy: Never\n  processes:\n" + processes
	if err := os.WriteFile(filepath.Join(dir, "m.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	if l.api, err = client.New(client.Options{Socket: supervisor.RPCSocketFor(l.socket)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.api.Close)
	l.begin(program)
	return l
}

func (l *live) begin(program string) {
	l.t.Helper()
	l.cmd = exec.Command(program, "-socket", l.socket, "-manifest", filepath.Join(l.dir, "m.yaml"))
	l.cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "PM_") })
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := l.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
}

// end lets it end its processes in order.
func (l *live) end() {
	if l.cmd == nil {
		return
	}
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	_ = l.cmd.Wait()
	l.cmd = nil
}

// pid is that of a process that runs.
func (l *live) pid(name string) int {
	l.t.Helper()
	info, err := l.api.Status(context.Background(), name)
	if err != nil || info.PID == nil {
		l.t.Fatalf("%s: %+v, %v", name, info, err)
	}
	return *info.PID
}

const someProcesses = `
    - {name: web, labels: {tier: front}, command: "trap 'echo got usr1' USR1; echo begin; while :; do sleep 0.02; done"}
    - {name: chatty, command: "i=0; while :; do i=$((i+1)); echo line $i; echo err $i >&2; printf '\\033[2J\\033]0;t\\007wide \\346\\274\\242\\345\\255\\227\\n'; sleep 0.05; done"}
    - {name: crashed, command: "exit 3", restartPolicy: Never}
    - {name: nightly, command: "echo ran", schedule: "30 2 * * *"}
`

// topCommand is pmclient top in an environment of its own.
func topCommand(t *testing.T, socket string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pmclient")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"top", "-socket", socket}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}, env...)
	return cmd
}

func termios(t *testing.T, d *drawing) unix.Termios {
	t.Helper()
	state, err := unix.IoctlGetTermios(descriptor(d.master), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

// A visit to a real manager on a terminal of 80 columns and 24 lines.
func TestTopWithAManager(t *testing.T) {
	t.Parallel()
	l := manage(t, someProcesses)
	d := drawn(t, 80, 24, topCommand(t, l.socket, []string{"TERM=xterm-256color"}))
	d.sees("live", "4 processes: 1 failed, 2 running, 1 scheduled", "›chatty", "crashed", "failed", "nightly", "in ", "q quit")

	// Stop and start, after a question.
	d.keys("G")
	d.sees("›web")
	first := l.pid("web")
	d.keys("x")
	d.sees(`Stop "web"?`, "gets the stop signal now", "y yes")
	d.keys("n")
	d.sees("nothing was done")
	if pid := l.pid("web"); pid != first {
		t.Fatalf("after a no it has pid %d instead of %d", pid, first)
	}
	d.keys("xy")
	d.sees(`"web" stopped`, "1 stopped")
	d.keys("s")
	d.sees(`Start "web"?`)
	d.keys("y")
	d.sees(`"web" started`, "2 running")
	second := l.pid("web")
	d.keys("r")
	d.sees(`Restart "web"?`)
	d.keys("y")
	d.sees(`"web" restarted`)
	if third := l.pid("web"); third == second || second == first {
		t.Errorf("pids %d, %d, %d", first, second, third)
	}

	// A signal, and what it says of it.
	d.keys("l")
	d.sees("web  log", "following", "begin")
	d.keys("\x1b")
	d.sees("›web")
	d.keys("K")
	d.sees("Signal for \"web\"")
	d.keys("usr1\r")
	d.sees(`Send SIGUSR1 to "web"?`)
	d.keys("y")
	d.sees(`"web" was sent SIGUSR1`)
	d.keys("l")
	d.sees("got usr1")
	d.keys("\x1b")
	d.sees("›web")

	// A run beside the schedule.
	d.keys("/nightly\r")
	d.sees("›nightly", "filter nightly (1)")
	d.keys("t")
	d.sees(`Run now: "nightly"?`)
	d.keys("y")
	d.sees(`"nightly" runs`)
	d.keys("\r")
	d.sees("schedule", "30 2 * * *", "Lives that have ended", "Completed", "ran")
	d.keys("\x1b\x1b") // twice in one: back, and the filter away
	d.sees("›nightly", "chatty")
	d.keys("\x1b[A")
	d.sees("›crashed")

	// Everything about one, with its tree.
	d.keys("g\r")
	d.sees("chatty", "Tree", "sleep", "Log", "err ")
	d.keys("G")
	d.sees("Manifest", "restartPolicy Always")
	d.keys("\x1b")
	d.sees("›chatty")

	d.keys("q")
	if code := d.wait().ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	<-d.read
	d.restored()
	if text := d.vt.text(); strings.TrimSpace(text) != "" {
		t.Errorf("the screen is left with\n%s", text)
	}
}

// Probes that are made by hand, with what they say, and a process that is deleted with its tree.
func TestTopProbesAndDeletes(t *testing.T) {
	t.Parallel()
	l := manage(t, `
    - {name: sick, command: [sleep, "1000"], readinessProbe: {exec: {command: [sh, -c, "echo no disk >&2; exit 7"]}, periodSeconds: 600}}
    - {name: well, command: "sleep 1000 & wait", readinessProbe: {exec: {command: ["true"]}, periodSeconds: 600}}
`)
	d := drawn(t, 100, 24, topCommand(t, l.socket, []string{"TERM=xterm"}))
	d.sees("live", "›sick", "well")
	d.keys("p")
	d.sees(`Probe now: "sick"?`, "counts for nothing", "y yes")
	d.keys("y")
	d.sees("readiness", "exit code 7", "no disk")
	d.keys("jp")
	d.sees(`Probe now: "well"?`)
	d.keys("y")
	d.sees(`"well" passes its probes`)
	pid := l.pid("well")
	d.keys("D")
	d.sees(`Delete "well"?`, "and its tree are stopped")
	d.keys("n")
	d.sees("nothing was done", "›well")
	d.keys("Dy")
	d.sees(`"well" is deleted`, "›sick", "1 process")
	if _, err := l.api.Status(context.Background(), "well"); !errors.Is(err, supervisor.ErrNotFound) {
		t.Errorf("after a delete: %v", err)
	}
	if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("the process lives on: %v", err)
	}
	d.keys("q")
	d.wait()
	<-d.read
	d.restored()
}

// A log that is written while it is looked at: followed, paused, searched, filtered.
func TestTopLogs(t *testing.T) {
	t.Parallel()
	l := manage(t, someProcesses)
	d := drawn(t, 80, 24, topCommand(t, l.socket, nil))
	d.sees("›chatty", "live")
	d.keys("l")
	d.sees("● following", "wide 漢字\n")
	written := regexp.MustCompile(`line \d+\n[^\n]*e err \d+\n`) // which ones, depends on how quick we are
	d.until("a line of both streams", written.MatchString)
	d.keys("p")
	d.sees("more below")
	d.keys("g")
	d.sees("line 1\n")
	d.keys("/line 25\r")
	d.sees("search line 25")
	d.keys("GooT")
	d.sees("only stderr", "following")
	d.seesNot("  line ")
	d.keys("\x1b")
	d.sees("›chatty")
	d.keys("q")
	d.wait()
	<-d.read
	d.restored()
}

// The manager goes and comes: it is said, and what is shown is marked as old.
func TestTopOverARestart(t *testing.T) {
	t.Parallel()
	l := manage(t, someProcesses)
	d := drawn(t, 100, 20, topCommand(t, l.socket, []string{"TERM=xterm"}))
	d.sees("›chatty", "live", "running")
	l.end()
	d.sees("no answer for", "cannot reach the manager", "›chatty")
	d.until("the rows drawn as old ones", func(string) bool {
		look, ok := d.vt.lookOf("running")
		return ok && strings.Contains(look, "2")
	})
	program, _ := built()
	l.begin(program)
	d.sees("● live", "2 running")
	d.keys("\x03")
	d.wait()
	<-d.read
	d.restored()
}

// Windows become smaller and wider.
func TestTopResizes(t *testing.T) {
	t.Parallel()
	l := manage(t, someProcesses)
	d := drawn(t, 80, 24, topCommand(t, l.socket, []string{"TERM=tmux-256color"}))
	d.sees("›chatty", "live")
	for _, size := range [][2]int{{200, 50}, {40, 10}, {20, 6}, {8, 3}, {3, 1}, {132, 30}, {80, 24}} {
		d.resize(size[0], size[1])
		switch {
		case size[0] >= 130:
			d.sees("NOTE", "MEM 2m", "›chatty", "q quit")
		case size[0] >= 80:
			d.sees("UPTIME", "›chatty", "q quit")
		case size[0] >= 20:
			d.sees("›chatty", "NAME")
		default:
			d.sees("›")
		}
	}
	d.keys("q")
	d.wait()
	<-d.read
	d.restored()
}

// What kind of terminal it is, and whether colours are wanted, comes from the
// environment; what cannot be drawn on is refused.
func TestTopTerminals(t *testing.T) {
	t.Parallel()
	socket := serve(t, rpc.Options{Control: fleet()})
	for name, tt := range map[string]struct {
		env  []string
		red  string // how it is sent
		mark string
	}{
		"no TERM":       {nil, "38;5;196", "›"},
		"docker exec":   {[]string{"TERM=xterm"}, "38;5;196", "›"},
		"xterm":         {[]string{"TERM=xterm-256color", "COLORTERM=truecolor"}, "38;5;196", "›"},
		"unknown":       {[]string{"TERM=something-new"}, "38;5;196", "›"},
		"no colour":     {[]string{"TERM=xterm", "NO_COLOR=1"}, "", "›"},
		"Linux console": {[]string{"TERM=linux"}, "31", ">"},
		"VT220":         {[]string{"TERM=vt220"}, "31", ">"},
		"screen":        {[]string{"TERM=screen"}, "31", "›"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := drawn(t, 80, 24, topCommand(t, socket, tt.env))
			d.sees(tt.mark+"api-0", "flaky", "migrate", "live")
			d.keys("j")
			d.sees(tt.mark + "flaky")
			look, _ := d.vt.lookOf(tt.mark + "flaky")
			if !slices.Contains(strings.Split(look, ";"), "7") {
				t.Errorf("the selection looks like %q", look)
			}
			look, _ = d.vt.lookOf("failed    ")
			if look != tt.red {
				t.Errorf("what has failed looks like %q, want %q", look, tt.red)
			}
			d.keys("q")
			d.wait()
			<-d.read
			d.restored()
			if tt.mark == ">" {
				if i := bytes.IndexFunc(d.vt.raw, func(r rune) bool { return r > 0x7f }); i >= 0 {
					t.Errorf("it was sent %q", d.vt.raw[max(0, i-20):min(len(d.vt.raw), i+20)])
				}
			}
		})
	}
	t.Run("dumb", func(t *testing.T) {
		t.Parallel()
		r := onTerminal(t, 80, 24, topCommand(t, socket, []string{"TERM=dumb"}))
		if code := r.wait().ExitCode(); code != exitUsage {
			t.Errorf("exit code %d", code)
		}
		r.await(t, "top -once prints the table once")
	})
}

// However it ends, the terminal is as it was.
func TestTopLeavesTheTerminal(t *testing.T) {
	t.Parallel()
	socket := serve(t, rpc.Options{Control: fleet()})
	for name, tt := range map[string]struct {
		end  func(d *drawing)
		env  []string
		code int
		says string
	}{
		"q":       {func(d *drawing) { d.keys("q") }, nil, 0, ""},
		"Ctrl-C":  {func(d *drawing) { d.keys("\x03") }, nil, 0, ""},
		"SIGTERM": {func(d *drawing) { _ = d.cmd.Process.Signal(syscall.SIGTERM) }, nil, 0, ""},
		"SIGINT":  {func(d *drawing) { _ = d.cmd.Process.Signal(syscall.SIGINT) }, nil, 0, ""},
		"a panic": {func(d *drawing) { d.keys("xy") }, []string{panicVar + "=1", panicRace}, 1, "an error of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := topCommand(t, socket, append(tt.env, "TERM=xterm"))
			d := drawn(t, 80, 24, cmd)
			// The terminal itself tells how it was set when nobody had touched it.
			_, slave := pty(t)
			before, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			d.sees("›api-0", "live")
			if raw := termios(t, d); raw.Lflag == before.Lflag {
				t.Error("the terminal is not in raw mode")
			}
			tt.end(d)
			code := d.wait().ExitCode()
			<-d.read
			if code != tt.code {
				t.Errorf("exit code %d, want %d; the terminal got\n%s", code, tt.code, d.vt.raw)
			}
			if after := termios(t, d); after != *before {
				t.Errorf("the terminal was %+v and is %+v", *before, after)
			}
			if !bytes.Contains(d.vt.raw, []byte(tt.says)) {
				t.Errorf("it does not say %q; the terminal got\n%s", tt.says, d.vt.raw)
			}
			_, normal, left := bytes.Cut(d.vt.raw, []byte("\x1b[?1049l"))
			if tt.code != 0 && (!left || !bytes.Contains(normal, []byte("the test wants it"))) {
				t.Errorf("what it panicked with is not on the normal screen; the terminal got\n%s", d.vt.raw)
			}
			d.restored()
		})
	}
	t.Run("the terminal goes", func(t *testing.T) {
		t.Parallel()
		d := drawn(t, 80, 24, topCommand(t, socket, nil))
		d.sees("live")
		d.master.Close()
		d.wait()
	})
	t.Run("the terminal goes, under nohup", func(t *testing.T) {
		t.Parallel()
		cmd := topCommand(t, socket, nil)
		deaf := exec.Command("sh", append([]string{"-c", `trap "" HUP; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)...)
		deaf.Env = cmd.Env
		d := drawn(t, 80, 24, deaf)
		d.sees("live")
		d.master.Close()
		d.wait()
	})
}

// A secret that may only look sees everything and changes nothing.
func TestTopForAViewer(t *testing.T) {
	t.Parallel()
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	d := drawn(t, 100, 24, topCommand(t, socket, []string{"PM_SECRET=viewer"}))
	d.sees("›api-0", "live")
	d.keys("xy")
	d.sees("not permitted", "this caller is a viewer")
	d.keys("Gl")
	d.sees("GET /cart?a=1&b=2: 500")
	d.keys("q")
	d.wait()
}

// Before the screen opens, what can never work is told; behind a pipe there is a table.
func TestTopWithoutAScreen(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	code, stdout, stderr := run([]string{"PM_SECRET=" + secret}, "top", "-socket", socket, "-sort", "-name", "-labels", "app=shop")
	if lines := strings.Split(stdout, "\n"); code != 0 || !strings.HasPrefix(lines[0], "NAME  STATUS") || !strings.HasPrefix(lines[1], "web ") || len(lines) != 3 {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	for args, want := range map[string]string{
		"-interval 1ms": "less than 100ms", "-sort age": "want one of name", "-labels x": "-labels", "-once extra": "flags only",
	} {
		if code, _, stderr := run(nil, append([]string{"top", "-socket", socket}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d %s", args, code, stderr)
		}
	}
	if code, _, stderr := run(nil, "top", "-socket", "/nowhere/s"); code != exitUnreachable {
		t.Errorf("%d %s", code, stderr)
	}
	r := onTerminal(t, 80, 24, topCommand(t, socket, []string{"PM_SECRET=wrong"}))
	if code := r.wait().ExitCode(); code != exitUnreachable {
		t.Errorf("a wrong secret: exit code %d: %s", code, r.String())
	}
	cmd := topCommand(t, socket, nil)
	d := onTerminal(t, 80, 24, exec.Command("sh", "-c", `"$@" </dev/null`, "sh", cmd.Path, "top", "-socket", socket))
	if code := d.wait().ExitCode(); code != exitUsage {
		t.Errorf("without a keyboard: exit code %d: %s", code, d.String())
	}
}

// panicVar makes top panic when something is to be done.
const panicVar = "PMCLIENT_TEST_PANIC"

// panicRace has a race that the detector finds in such an end count for nothing: bubbletea
// closes the terminal then while it is still being read.
const panicRace = "GORACE=atexit_sleep_ms=0 exitcode=1"

type panicking struct{ top.Source }

func (panicking) Act(context.Context, top.Action) error { panic("the test wants it") }

// Closing a terminal on which nothing is written hangs it up at once: a read that waits
// for more does not keep it.
func TestTheTerminalGoes(t *testing.T) {
	t.Parallel()
	r := onTerminal(t, 80, 24, exec.Command("sh", "-c", "echo up; exec sleep 60"))
	r.await(t, "up")
	r.master.Close()
	if status, ok := r.wait().Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGHUP {
		t.Errorf("it ended by %v, want SIGHUP", r.cmd.ProcessState)
	}
}
