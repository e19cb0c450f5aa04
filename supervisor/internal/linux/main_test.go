package linux

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	childMode = "PM_TEST_CHILD"     // what the test binary plays
	inside    = "PM_TEST_NAMESPACE" // set when it is PID 1 of a namespace
	withLists = "PM_TEST_LISTS"     // set where the kernel's lists of children are imitated
	inGroup   = "PM_TEST_CGROUP"    // set in a cgroup of its own
	patience  = time.Minute         // how long a test waits before it fails; long, for storms of forks on a busy machine
)

func TestMain(m *testing.M) {
	if os.Getenv(byThread) != "" {
		manyLives = 0
	}
	if mode := os.Getenv(childMode); mode != "" {
		os.Exit(play(mode, os.Args[1:]))
	}
	if os.Getenv(inside) != "" {
		if err := mountProc(); err != nil {
			fmt.Fprintln(os.Stderr, "cannot mount /proc in the namespace:", err)
			os.Exit(70)
		}
	}
	if err := Prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(70)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("os/signal.loop"), // stays once signals were caught
		goleak.IgnoreAnyFunction("os/signal.signal_recv"))
}

func mountProc() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.Mount("proc", "/proc", "proc", 0, "")
}

// play is the test binary as a child. It is given its part by childMode.
func play(mode string, args []string) int {
	switch mode {
	case "signals": // what did I inherit?
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return 1
		}
		for line := range strings.SplitSeq(string(status), "\n") {
			if strings.HasPrefix(line, "SigBlk") || strings.HasPrefix(line, "SigIgn") {
				fmt.Println(strings.Join(strings.Fields(line), " "))
			}
		}
		return 0
	case "launch": // a System in a parent with odd signals; see TestT18
		return launch(args)
	case "term": // handles SIGTERM gracefully
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, unix.SIGTERM)
		fmt.Println("ready")
		<-ch
		fmt.Println("terminated")
		return 7
	case "owngroup": // leaves its group, but not its session
		if err := unix.Setpgid(0, 0); err != nil {
			return 1
		}
		fmt.Println("up")
		_ = unix.Exec("/bin/sleep", []string{"sleep", "1000"}, nil)
		return 1
	case "foreground":
		return foreground()
	case "closedpipe":
		return closedPipe()
	case "containment":
		return contained(args)
	case "fat":
		return fat(args)
	case "send":
		return send(args)
	case "outsider":
		return outsider()
	case "stdin":
		return stdinManager(args)
	case "threads":
		return keptThreads(args)
	case "nowait":
		return mayNotWait(args)
	case "noptmx":
		return noTerminals()
	}
	return 99
}

// recorder keeps what was reported and lets tests wait for it.
type recorder struct {
	mu     sync.Mutex
	change *sync.Cond
	events map[Life][]string
	pids   map[Life]int
	exits  map[Life]Exit
	left   map[Life]int
	errs   map[Life]error
}

func newRecorder() *recorder {
	r := &recorder{
		events: map[Life][]string{}, pids: map[Life]int{}, exits: map[Life]Exit{},
		left: map[Life]int{}, errs: map[Life]error{},
	}
	r.change = sync.NewCond(&r.mu)
	return r
}

func (r *recorder) note(l Life, what string, more func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events[l] = append(r.events[l], what)
	if more != nil {
		more()
	}
	r.change.Broadcast()
}

func (r *recorder) Spawned(l Life, pid int) { r.note(l, "spawned", func() { r.pids[l] = pid }) }
func (r *recorder) SpawnFailed(l Life, err error) {
	r.note(l, "failed", func() { r.errs[l] = err })
}

func (r *recorder) Exited(l Life, e Exit, left int) {
	r.note(l, "exited", func() { r.exits[l], r.left[l] = e, left })
}
func (r *recorder) TreeEmpty(l Life) { r.note(l, "empty", nil) }

// until waits for a condition on the records.
func (r *recorder) until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	late := time.AfterFunc(patience, func() { r.mu.Lock(); r.change.Broadcast(); r.mu.Unlock() })
	defer late.Stop()
	deadline := time.Now().Add(patience)
	r.mu.Lock()
	defer r.mu.Unlock()
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s\nrecorded: %v", what, r.events)
		}
		r.change.Wait()
	}
}

func (r *recorder) has(l Life, what string) bool {
	return slices.Contains(r.events[l], what)
}

// ended waits until the life has exited or was never started: for child roles, which
// have no test to fail.
func (r *recorder) ended(l Life) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.has(l, "exited") && !r.has(l, "failed") {
		r.change.Wait()
	}
}

func (r *recorder) await(t testing.TB, l Life, what string) {
	t.Helper()
	r.until(t, fmt.Sprintf("%v %s", l, what), func() bool { return r.has(l, what) })
}

// over waits until nothing is left of the life.
func (r *recorder) over(t testing.TB, l Life) Exit {
	t.Helper()
	r.until(t, fmt.Sprintf("%v over", l), func() bool {
		return r.has(l, "empty") || r.has(l, "exited") && r.left[l] == 0
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.exits[l]
}

func (r *recorder) story(l Life) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.events[l], " ")
}

func (r *recorder) pid(l Life) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pids[l]
}

// newSystem starts a System that ends with the test, and takes everybody with it.
func newSystem(t testing.TB) (*System, *recorder) {
	t.Helper()
	r := newRecorder()
	options := []Option{WithoutCgroups}
	if os.Getenv(inGroup) != "" {
		options = nil
	}
	s := New(r, options...)
	if os.Getenv(inGroup) != "" && !s.Containment().Groups {
		t.Errorf("no cgroups: %s", s.Containment().GroupsWhy)
	}
	if os.Getenv(withLists) != "" {
		s.tree.scan.lists = listByPass
	}
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel() // SIGKILL at once
		if left := s.EndRest(ended, nil); len(left) > 0 {
			t.Errorf("still alive at the end of the test: %v", left)
		}
		noZombies(t)
		s.Close()
	})
	return s, r
}

// text is an Output that keeps what was written.
type text struct {
	mu     sync.Mutex
	change *sync.Cond
	bytes.Buffer
	ends map[supervisor.Stream]int
	late bool // something was written after the end
}

func newText() *text {
	o := &text{ends: map[supervisor.Stream]int{}}
	o.change = sync.NewCond(&o.mu)
	return o
}

func (o *text) Write(stream supervisor.Stream, chunk []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.late = o.late || o.ends[stream] > 0
	o.Buffer.Write(chunk)
	o.change.Broadcast()
}

func (o *text) End(stream supervisor.Stream) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ends[stream]++
	o.change.Broadcast()
}

func (o *text) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Buffer.String()
}

func (o *text) ended(stream supervisor.Stream) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ends[stream]
}

// await waits until the output contains something.
func (o *text) await(t testing.TB, want string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	late := time.AfterFunc(patience, func() { o.mu.Lock(); o.change.Broadcast(); o.mu.Unlock() })
	defer late.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for !strings.Contains(o.Buffer.String(), want) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %q in the output; it is %q", want, o.Buffer.String())
		}
		o.change.Wait()
	}
}

// command runs argv with the variables that give its descendants back to the life.
func command(l Life, out Output, argv ...string) Command {
	env := append(os.Environ(), EnvName+"="+l.Name, EnvRun+"="+strconv.FormatUint(l.Gen, 10))
	return Command{Argv: argv, Env: env, Output: out}
}

func shell(l Life, out Output, script string) Command {
	return command(l, out, "/bin/sh", "-c", script)
}

// myself is a command in which the test binary plays a child.
func myself(l Life, out Output, mode string, args ...string) Command {
	c := command(l, out, append([]string{"/proc/self/exe"}, args...)...)
	exe, err := os.Executable()
	if err == nil {
		c.Argv[0] = exe
	}
	c.Env = append(c.Env, childMode+"="+mode)
	return c
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	sc := &scanner{}
	defer sc.close()
	var p procStat
	return sc.open() == nil && sc.stat(pid, &p) && !p.dead()
}

// zombies counts our dead children that nobody has reaped.
func zombies(t testing.TB) int {
	t.Helper()
	sc := &scanner{}
	defer sc.close()
	if err := sc.listProcesses(); err != nil {
		t.Fatal(err)
	}
	sc.readStats()
	n := 0
	for _, p := range sc.list {
		if p.ppid == os.Getpid() && p.dead() {
			n++
		}
	}
	return n
}

// eventually polls for what the kernel does not tell us.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		<-tick.C
	}
}

// noZombies waits until a System has reaped who was ended last: the next one of this
// test binary would count them as its orphans.
func noZombies(t testing.TB) {
	t.Helper()
	eventually(t, "all children are reaped", func() bool {
		return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
	})
}

// listByPass does what the kernel's lists of children do.
func listByPass(sc *scanner) error {
	if err := sc.listProcesses(); err != nil {
		return err
	}
	sc.readStats()
	sc.pids = sc.pids[:0]
	for _, p := range sc.list {
		if p.ppid == sc.self {
			sc.pids = append(sc.pids, p.pid)
		}
	}
	return nil
}

// TestAsPID1 runs this suite again as PID 1 of a PID namespace, and with the fork thread.
func TestAsPID1(t *testing.T) { again(t, ".", byThread+"=1") }

// TestWithListsOfChildren runs what looks at trees again, as on a kernel that keeps
// lists of children.
func TestWithListsOfChildren(t *testing.T) {
	again(t, "Life|Owns|T0|T1|T2|Orphan|Scopes|Kill|Stranger|EndRest|Usage", withLists+"=1")
}

func again(t *testing.T, tests string, env ...string) {
	t.Helper()
	if os.Getenv(inside) != "" {
		t.Skip("this is it")
	}
	if os.Getuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.timeout=3m", "-test.run="+tests, "-test.short="+strconv.FormatBool(testing.Short()))
	if testing.Verbose() {
		cmd.Args = append(cmd.Args, "-test.v")
	}
	cmd.Env = append(append(os.Environ(), inside+"=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as PID 1: %v\n%s", err, out)
	} else if testing.Verbose() {
		t.Logf("%s", out)
	}
}
