package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits before it fails.
const patience = 20 * time.Second

// instance is one life of the program.
type instance struct {
	t      *testing.T
	dir    string // of its own, with a short path
	socket string
	cmd    *exec.Cmd
	pid    int // seen from here
	stdin  io.WriteCloser
	stdout *screen
	stderr *screen
	exited chan struct{}
	silent chan struct{} // closed at the end of stdout and stderr
	state  *os.ProcessState
	mark   string
}

// options of a launch.
type launching struct {
	namespace bool   // as PID 1 of a PID namespace
	manifest  string // processes of the manifest; empty: none
	dir       string // where the socket is; empty: a new folder
	bare      bool   // args are all: no -socket
	env       []string
	out       *os.File // stdout and stderr are here, not on screens
	stdin     bool     // a pipe to write to
	args      []string
}

var marks atomic.Int64 //nolint:gochecknoglobals // numbers are used once

// shortDir is a folder with a short path: that of a socket is limited.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// launch starts the program; the end of the test ends it and all that it started.
func launch(t *testing.T, l launching) *instance {
	t.Helper()
	if l.namespace && os.Getuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	in := &instance{t: t, dir: l.dir, exited: make(chan struct{}), silent: make(chan struct{}), stdout: &screen{}, stderr: &screen{}}
	if in.dir == "" {
		in.dir = shortDir(t)
	}
	in.prepare(l)
	in.start(l)
	return in
}

// prepare makes the command.
func (in *instance) prepare(l launching) {
	t := in.t
	t.Helper()
	in.mark = fmt.Sprintf("%d-%d", os.Getpid(), marks.Add(1))
	in.socket = filepath.Join(in.dir, "pm.sock")
	var args []string
	if !l.bare {
		args = append(args, "-socket", in.socket)
	}
	if l.manifest != "" {
		args = append(args, "-manifest", writeManifest(t, in.dir, l.manifest))
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in.cmd = exec.Command(exe, append(args, l.args...)...)
	in.cmd.Env = append(cleanEnviron(), roleVar+"=manager", markVar+"="+in.mark, "GORACE=atexit_sleep_ms=0")
	in.cmd.Env = append(in.cmd.Env, l.env...)
	in.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if l.namespace {
		in.cmd.Env = append(in.cmd.Env, insideVar+"=1")
		in.cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS
	}
}

// cleanEnviron is our environment without what a manager would take as its own.
func cleanEnviron() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "PM_") && !strings.HasPrefix(kv, "TEST_") {
			env = append(env, kv)
		}
	}
	return env
}

func (in *instance) start(l launching) {
	in.t.Helper()
	var readers sync.WaitGroup
	var ends []*os.File
	connect := func(s *screen) *os.File {
		if l.out != nil {
			return l.out
		}
		r, w, err := os.Pipe()
		if err != nil {
			in.t.Fatal(err)
		}
		ends = append(ends, w)
		readers.Go(func() { defer r.Close(); _, _ = io.Copy(s, r) })
		return w
	}
	in.cmd.Stdout, in.cmd.Stderr = connect(in.stdout), connect(in.stderr)
	if l.stdin {
		var err error
		if in.stdin, err = in.cmd.StdinPipe(); err != nil {
			in.t.Fatal(err)
		}
	}
	err := in.cmd.Start()
	for _, w := range ends {
		w.Close()
	}
	if err != nil {
		in.t.Fatalf("cannot start the program: %v", err)
	}
	in.pid = in.cmd.Process.Pid
	go func() {
		readers.Wait()
		<-in.exited
		close(in.silent)
	}()
	go func() {
		_ = in.cmd.Wait() // how it ended is in the state
		in.state = in.cmd.ProcessState
		close(in.exited)
	}()
	in.t.Cleanup(func() {
		_ = in.cmd.Process.Kill() // fails when it is gone
		<-in.exited
		// Pipes are at their end when the last that holds them is gone.
		eventually(in.t, "all that the instance started is gone", func() bool { return in.killRest() == 0 })
		<-in.silent
		if text := in.stderr.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic:") {
			in.t.Errorf("the program is broken:\n%s", text)
		}
		if in.t.Failed() {
			in.t.Logf("stdout:\n%s\nstderr:\n%s", clip(in.stdout.String()), clip(in.stderr.String()))
		}
	})
}

func clip(s string) string {
	if len(s) > 6000 {
		return s[:2000] + "\n…\n" + s[len(s)-4000:]
	}
	return s
}

// killRest ends what carries the instance's mark, and counts it.
func (in *instance) killRest() int {
	n := 0
	for _, p := range processes() {
		if p.state != 'Z' && p.marked(in.mark) {
			n++
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
	return n
}

// up waits until the interfaces listen and a process has been started, which is
// when signals are caught.
func (in *instance) up() *instance {
	in.t.Helper()
	in.awaitErr("process manager version")
	in.awaitErr("started")
	return in
}

func (in *instance) awaitOut(text string) { in.t.Helper(); in.await(in.stdout, text) }
func (in *instance) awaitErr(text string) { in.t.Helper(); in.await(in.stderr, text) }

func (in *instance) await(s *screen, text string) {
	in.t.Helper()
	eventually(in.t, fmt.Sprintf("%q is shown", text), func() bool {
		select {
		case <-in.silent:
			if !strings.Contains(s.String(), text) {
				in.t.Fatalf("the program has ended and never showed %q", text)
			}
		default:
		}
		return strings.Contains(s.String(), text)
	})
}

func (in *instance) signal(s syscall.Signal) {
	in.t.Helper()
	if err := syscall.Kill(in.pid, s); err != nil {
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
	select { // what it has written may still be on its way to the screens
	case <-in.silent:
	case <-time.After(time.Second): // somebody it has left behind holds them
	}
	if ws, ok := in.state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		in.t.Fatalf("the program was ended by %v", ws.Signal())
	}
	return in.state.ExitCode()
}

// end asks for the end and wants it to go well.
func (in *instance) end() {
	in.t.Helper()
	in.signal(syscall.SIGTERM)
	if code := in.code(); code != 0 {
		in.t.Errorf("after SIGTERM the exit code is %d", code)
	}
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

// eventually polls for a fact.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		<-tick.C
	}
}

func writeManifest(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "manifest.yaml")
	if err := os.WriteFile(path, []byte(manifestHead+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const manifestHead = "apiVersion: processmanager/v1\nkind: ProcessManifest\nmetadata: {name: test}\nspec:\n"

// proc is a line of the process table.
type proc struct {
	pid, ppid int
	state     byte
	args      []string
}

// processes reads the table. What ends meanwhile is left out.
func processes() []proc {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var list []proc
	for _, dir := range dirs {
		stat, err := os.ReadFile(dir + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		p := proc{state: fields[0][0]}
		p.pid, _ = strconv.Atoi(filepath.Base(dir))
		p.ppid, _ = strconv.Atoi(fields[1])
		line, _ := os.ReadFile(dir + "/cmdline")
		p.args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		list = append(list, p)
	}
	return list
}

func (p proc) marked(mark string) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
	return err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+markVar+"="+mark+"\x00"))
}

// running counts the living processes of the instance with this argument.
func (in *instance) running(arg string) int {
	n := 0
	for _, p := range processes() {
		if p.state != 'Z' && p.pid != in.pid && p.has(arg) && p.marked(in.mark) {
			n++
		}
	}
	return n
}

func (p proc) has(arg string) bool {
	return slices.Contains(p.args, arg)
}

// zombies counts dead children of the program that it has not reaped.
func (in *instance) zombies() int {
	n := 0
	for _, p := range processes() {
		if p.state == 'Z' && p.ppid == in.pid {
			n++
		}
	}
	return n
}

// asPID1AndNot tells a story twice: as PID 1 of a namespace, and as one of many.
func asPID1AndNot(t *testing.T, story func(t *testing.T, namespace bool)) {
	t.Run("PID 1", func(t *testing.T) { story(t, true) })
	t.Run("not PID 1", func(t *testing.T) { story(t, false) })
}

// builds are the programs that are built once.
var builds struct { //nolint:gochecknoglobals // one build for all tests
	sync.Mutex
	dir  string           // removed by TestMain
	errs map[string]error // by the path of the program
}

// pmclient is the path of the client.
func pmclient(t *testing.T) string { return built(t, "../pmclient") }

// shipped is this program as it is in the image: without the C library.
func shipped(t *testing.T) string { return built(t, ".") }

// built builds a package that is a program, and returns the program's path.
func built(t *testing.T, dir string) string {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	if builds.dir == "" {
		var err error
		if builds.dir, err = os.MkdirTemp("", "pmbuild"); err != nil {
			t.Fatal(err)
		}
		builds.errs = map[string]error{}
	}
	path := filepath.Join(builds.dir, "program-of-"+filepath.Base(dir))
	err, done := builds.errs[path]
	if !done {
		cmd := exec.Command("go", "build", "-o", path, dir)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		var out []byte
		if out, err = cmd.CombinedOutput(); err != nil {
			err = errors.Join(err, errors.New(string(out)))
		}
		builds.errs[path] = err
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}
