package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The variables between the benchmark, its launcher and its children.
const (
	envLaunch = "BENCH_LAUNCH"
	envSocket = "BENCH_SOCKET"
	envRun    = "BENCH_RUN"
	envMode   = "BENCH_MODE"
	envCount  = "BENCH_COUNT"
	envBurst  = "BENCH_BURST"
)

// openFiles is what every supervisor may open, whatever the shell allows: enough
// for a few pipes for each of a thousand children.
const openFiles = 16384

// launching tells whether this process is the launcher of a supervisor.
func launching() bool { return os.Getenv(envLaunch) != "" }

// launch runs as PID 1 of a new namespace: it makes /proc tell about that
// namespace, says when, and becomes the supervisor named by the arguments.
func launch() {
	fail := func(what string, err error) {
		fmt.Fprintf(os.Stderr, "launcher: cannot %s: %v\n", what, err)
		os.Exit(111)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		fail("make mounts private", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		fail("mount /proc", err)
	}
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		fail("read the limit of open files", err)
	}
	lim.Cur = min(openFiles, lim.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		fail("set the limit of open files", err)
	}
	file, argv := os.Args[1], os.Args[1:]
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, envLaunch+"=") {
			env = append(env, e)
		}
	}
	run, err := strconv.ParseInt(os.Getenv(envRun), 10, 64)
	if err != nil {
		fail("read "+envRun, err)
	}
	if err := send(os.Getenv(envSocket), wire{Run: run, Kind: kindLaunched}); err != nil {
		fail("report", err)
	}
	fail("execute "+file, syscall.Exec(file, argv, env))
}

// instance is one life of a supervisor in its namespace.
type instance struct {
	b        *bench
	peer     peer
	task     task
	run      int64
	pid      int   // of PID 1, as seen from here
	launched int64 // stamp of its exec
	out      *sink // its stdout
	errs     *sink // its stderr

	exited chan struct{} // closed when PID 1 has been reaped
	gone   int64         // stamp of that
	cmd    *exec.Cmd
}

// launch starts p on a new task and returns when its exec is imminent. The
// caller ends the instance with kill.
func (b *bench) launch(ctx context.Context, p peer, t task) (*instance, error) {
	b.lives++
	t.dir = filepath.Join(b.dir, strconv.FormatInt(b.lives, 10))
	t.workload = b.tools.workload
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make a directory for the run: %w", err)
	}
	argv, err := p.setup(t)
	if err != nil {
		return nil, err
	}
	in := &instance{b: b, peer: p, task: t, run: b.lives, exited: make(chan struct{})}
	b.recv.drain()
	if err := in.start(argv); err != nil {
		return nil, err
	}
	m, err := in.next(ctx, kindLaunched)
	if err != nil {
		in.kill()
		return nil, err
	}
	in.launched = m.Stamp
	return in, nil
}

func (in *instance) start(argv []string) error {
	file, err := exec.LookPath(argv[0])
	if err != nil {
		return fmt.Errorf("cannot find the program: %w", err)
	}
	in.cmd = exec.Command("/proc/self/exe", append([]string{file}, argv[1:]...)...)
	in.cmd.Dir = in.task.dir
	in.cmd.Env = in.environ()
	in.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		Setsid:     true,
		// If this program is killed, PID 1 must not stay, and with PID 1 goes
		// the namespace. Safe here because no thread that starts one ever ends.
		Pdeathsig: syscall.SIGKILL,
	}
	var ends [2]*os.File
	if in.out, ends[0], err = newSink(); err != nil {
		return err
	}
	defer ends[0].Close()
	if in.errs, ends[1], err = newSink(); err != nil {
		return err
	}
	defer ends[1].Close()
	in.cmd.Stdout, in.cmd.Stderr = ends[0], ends[1]
	if err := in.cmd.Start(); err != nil {
		return fmt.Errorf("cannot start in a new PID namespace (is this root?): %w", err)
	}
	in.pid = in.cmd.Process.Pid
	go func() {
		_ = in.cmd.Wait() // how it ended shows in what it wrote
		in.gone = now()
		close(in.exited)
	}()
	return nil
}

// environ is small and the same for all; nothing of the caller's leaks in.
func (in *instance) environ() []string {
	env := []string{
		envLaunch + "=1",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "LANG=C.UTF-8",
		envSocket + "=" + in.b.recv.path,
		envRun + "=" + strconv.FormatInt(in.run, 10),
	}
	if in.task.mode != "" {
		env = append(env, envMode+"="+in.task.mode,
			envCount+"="+strconv.Itoa(in.task.count), envBurst+"="+strconv.Itoa(in.task.burst))
	}
	return env
}

// next returns the next message of this run of the kind. What was sent before
// PID 1 ended is returned also when it is noticed later: a command that is over at
// once has exited, and its report may still be in the socket.
func (in *instance) next(ctx context.Context, kind int64) (message, error) {
	exited := in.exited
	for {
		select {
		case m := <-in.b.recv.messages:
			if m.Run != in.run {
				continue
			}
			switch m.Kind {
			case kind:
				return m, nil
			case kindEnd:
				return message{}, in.explain(errors.New("PID 1 has exited"))
			}
		case <-exited:
			exited = nil
			// The socket keeps the order: behind this nothing can come.
			if err := send(in.b.recv.path, wire{Run: in.run, Kind: kindEnd}); err != nil {
				return message{}, in.explain(fmt.Errorf("PID 1 has exited, and its last reports cannot be read: %w", err))
			}
		case <-ctx.Done():
			return message{}, in.explain(context.Cause(ctx))
		}
	}
}

// runs waits until each of the n children has reported for the first time. It
// returns their pids by index and the stamp of the last.
func (in *instance) runs(ctx context.Context) (pids []int, last int64, err error) {
	pids = make([]int, in.task.n)
	for left := in.task.n; left > 0; {
		m, err := in.next(ctx, kindRuns)
		if err != nil {
			return nil, 0, fmt.Errorf("%d of %d children do not run: %w", left, in.task.n, err)
		}
		if m.Index < 0 || m.Index >= int64(in.task.n) {
			return nil, 0, in.explain(fmt.Errorf("a child calls itself number %d of %d", m.Index, in.task.n))
		}
		if pids[m.Index] == 0 {
			left--
			last = max(last, m.Stamp)
		}
		pids[m.Index] = m.pid
	}
	return pids, last, nil
}

// launchSettled starts p on a new task and returns, with the children's pids by
// index, when all of them run and the machine has come to rest. The caller ends the
// instance with kill.
func (b *bench) launchSettled(ctx context.Context, p peer, t task) (*instance, []int, error) {
	in, err := b.launch(ctx, p, t)
	if err != nil {
		return nil, nil, err
	}
	pids, _, err := in.runs(ctx)
	if err == nil {
		err = pause(ctx, settled)
	}
	if err != nil {
		in.kill()
		return nil, nil, err
	}
	return in, pids, nil
}

// explain adds the supervisor's last words to an error.
func (in *instance) explain(err error) error {
	// Output that is still in the pipe belongs to the last words.
	select {
	case <-in.exited:
		in.errs.wait(time.Second)
		in.out.wait(time.Second)
	default:
	}
	if last := strings.TrimSpace(in.errs.tail() + "\n" + in.out.tail()); last != "" {
		return fmt.Errorf("%w; its last words: %s", err, last)
	}
	return err
}

// kill ends the namespace and removes the run's directory.
func (in *instance) kill() {
	_ = in.cmd.Process.Kill() // fails only when it is gone
	select {
	case <-in.exited:
	case <-time.After(killWait):
		fmt.Fprintf(in.b.log, "\nbench: PID 1 of %s (pid %d) survives SIGKILL\n", in.peer.name, in.pid)
	}
	in.out.close()
	in.errs.close()
	if err := os.RemoveAll(in.task.dir); err != nil {
		fmt.Fprintln(in.b.log, "\nbench: cannot remove the run's directory:", err)
	}
}

// killWait is how long the kernel may take to clear a namespace.
const killWait = 20 * time.Second
