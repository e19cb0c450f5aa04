package traps_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// patience is how long a test waits before it fails.
const patience = 20 * time.Second

const manifestHead = "apiVersion: processmanager/v1\nkind: ProcessManifest\nmetadata: {name: test}\nspec:\n"

// launching says how the program is to run.
type launching struct {
	spec     string // of the manifest, what follows "spec:"; empty: no manifest
	manifest string // or a path of one
	outside  bool   // not PID 1 of a namespace, but one of many
	hide     string // a folder that is empty for it
	env      string // one more variable; empty: none
	args     []string
	stdout   *os.File // nil: together with stderr, in out
}

// instance is one life of the program.
type instance struct {
	t      *testing.T
	dir    string // of its own
	path   string // of its manifest
	api    *client.Client
	cmd    *exec.Cmd
	out    screen // stdout and stderr
	mark   string
	began  time.Time
	exited chan struct{}
}

var marks atomic.Int64 //nolint:gochecknoglobals // numbers are used once

// launch starts the program; the end of the test ends it and all that it started.
func launch(t *testing.T, l launching) *instance {
	t.Helper()
	if !l.outside && os.Getuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	in := &instance{t: t, dir: folder(t), exited: make(chan struct{})}
	in.mark = fmt.Sprintf("%d-%d", os.Getpid(), marks.Add(1))
	socket := filepath.Join(in.dir, "pm.sock")
	args := []string{program, "-socket", socket}
	if in.path = l.manifest; l.spec != "" {
		in.path = filepath.Join(in.dir, "manifest.yaml")
		in.write(l.spec)
	}
	if in.path != "" {
		args = append(args, "-manifest", in.path)
	}
	args = append(args, l.args...)
	var err error
	if in.api, err = client.New(client.Options{Socket: supervisor.RPCSocketFor(socket)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.api.Close)
	in.cmd = exec.Command(args[0], args[1:]...)
	in.cmd.Env = append(cleanEnviron(), markVar+"="+in.mark, "GORACE=atexit_sleep_ms=0")
	in.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if !l.outside {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		in.cmd.Path, in.cmd.Args = self, append([]string{self}, args...)
		in.cmd.Env = append(in.cmd.Env, roleVar+"=init", hideVar+"="+l.hide)
		if l.env != "" {
			in.cmd.Env = append(in.cmd.Env, l.env)
		}
		in.cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS
	}
	in.start(l.stdout)
	return in
}

func (in *instance) start(stdout *os.File) {
	in.t.Helper()
	in.cmd.Stdout, in.cmd.Stderr = &in.out, &in.out
	if stdout != nil {
		in.cmd.Stdout = stdout
	}
	in.cmd.WaitDelay = patience
	in.began = time.Now()
	if err := in.cmd.Start(); err != nil {
		in.t.Fatalf("cannot start the program: %v", err)
	}
	go func() {
		_ = in.cmd.Wait() // how it ended is in the state
		close(in.exited)
	}()
	in.t.Cleanup(func() {
		_ = in.cmd.Process.Kill() // fails when it is gone
		eventually(in.t, "all that the instance started is gone", func() bool {
			rest := in.marked("")
			for _, p := range rest {
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
			}
			return len(rest) == 0
		})
		<-in.exited
		if text := in.out.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic:") {
			in.t.Errorf("the program is broken:\n%s", text)
		}
		if in.t.Failed() {
			in.t.Logf("what it said:\n%s", clip(in.out.String()))
		}
	})
}

// folder is a new one with a short path: that of a socket is limited. Any user may
// look into it.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cleanEnviron is our environment without what a manager would take as its own.
func cleanEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "PM_") || strings.HasPrefix(kv, "TRAP_")
	})
}

// write gives the manifest this spec, at once as an editor does.
func (in *instance) write(spec string) {
	in.t.Helper()
	writeFile(in.t, in.path+".new", manifestHead+spec, 0o644)
	if err := os.Rename(in.path+".new", in.path); err != nil {
		in.t.Fatal(err)
	}
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// up waits until the doors are open.
func (in *instance) up() *instance {
	in.t.Helper()
	in.says("process manager version")
	return in
}

// says waits until the text was printed.
func (in *instance) says(text string) {
	in.t.Helper()
	eventually(in.t, fmt.Sprintf("it says %q", text), func() bool {
		if strings.Contains(in.out.String(), text) {
			return true
		}
		select {
		case <-in.exited:
			if !strings.Contains(in.out.String(), text) {
				in.t.Fatalf("the program has ended and never said %q", text)
			}
		default:
		}
		return false
	})
}

// status describes a process; nil when there is none.
func (in *instance) status(name string) *supervisor.ProcessInfo {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	info, err := in.api.Status(ctx, name)
	if err != nil {
		return nil
	}
	return info
}

// becomes waits until a process has this status.
func (in *instance) becomes(name string, want supervisor.Status) *supervisor.ProcessInfo {
	in.t.Helper()
	var info *supervisor.ProcessInfo
	eventually(in.t, fmt.Sprintf("%s is %s", name, want), func() bool {
		info = in.status(name)
		return info != nil && info.Status == want
	})
	return info
}

func (in *instance) signal(s syscall.Signal) {
	in.t.Helper()
	if err := in.cmd.Process.Signal(s); err != nil {
		in.t.Fatalf("cannot send %v: %v", s, err)
	}
}

// code waits for the end and returns the exit code.
func (in *instance) code() int {
	in.t.Helper()
	select {
	case <-in.exited:
	case <-time.After(patience):
		in.t.Fatal("waited in vain for the program's end")
	}
	if ws, ok := in.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		in.t.Fatalf("the program was ended by %v", ws.Signal())
	}
	return in.cmd.ProcessState.ExitCode()
}

// ends wants exit code 0 within a time.
func (in *instance) ends(within time.Duration) {
	in.t.Helper()
	asked := time.Now()
	if code := in.code(); code != 0 {
		in.t.Errorf("exit code %d", code)
	}
	if took := time.Since(asked); took > within {
		in.t.Errorf("the end took %s, want at most %s", took, within)
	}
}

var listens = regexp.MustCompile(`[" ]metrics-addr=([^ "]+)`)

// metric is the value of a series at the metrics address, for example `x{name="web"}`.
func (in *instance) metric(series string) float64 {
	in.t.Helper()
	m := listens.FindStringSubmatch(in.out.String())
	if m == nil {
		in.t.Fatal("there is no metrics address")
	}
	resp, err := http.Get("http://" + m[1] + "/metrics")
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		in.t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if text, ok := strings.CutPrefix(line, series+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				in.t.Fatal(err)
			}
			return f
		}
	}
	in.t.Fatalf("there is no %s in\n%s", series, page)
	return 0
}

// proc is a line of the process table.
type proc struct {
	pid    int
	parent int
	start  string // time of its start: with the pid it is one process
	state  byte
	args   []string
}

// look reads one line of the table; false: it is not there.
func look(pid int) (proc, bool) {
	dir := fmt.Sprintf("/proc/%d", pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return proc{}, false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	p := proc{pid: pid, state: fields[0][0], start: fields[19]}
	p.parent, _ = strconv.Atoi(fields[1])
	line, _ := os.ReadFile(dir + "/cmdline")
	p.args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	return p, true
}

// childrenOf lists the children of a process, zombies too.
func childrenOf(pid int) []proc {
	dirs, _ := os.ReadDir("/proc")
	var list []proc
	for _, d := range dirs {
		id, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		if p, ok := look(id); ok && p.parent == pid {
			list = append(list, p)
		}
	}
	return list
}

// having lists living processes with an entry in their environment.
func having(kv string) []proc {
	dirs, _ := os.ReadDir("/proc")
	var list []proc
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00"+kv+"\x00")) {
			continue
		}
		if p, ok := look(pid); ok && p.state != 'Z' {
			list = append(list, p)
		}
	}
	return list
}

// marked lists the living processes of the instance with this argument, or all; the
// program itself is not among them.
func (in *instance) marked(arg string) []proc {
	return slices.DeleteFunc(having(markVar+"="+in.mark), func(p proc) bool {
		return p.pid == in.cmd.Process.Pid || arg != "" && !slices.Contains(p.args, arg)
	})
}

// screen keeps what was written.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func clip(s string) string {
	if len(s) > 6000 {
		return s[:2000] + "\n…\n" + s[len(s)-4000:]
	}
	return s
}

// eventually polls for a fact.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		<-tick.C
	}
}
