package linux

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// taskOf is a shell script as a task of the first life of web.
func taskOf(out Output, script string) Command {
	return shell(Life{"web", 1}, out, script)
}

// numbersIn reads the pids that a script printed, one a line.
func numbersIn(t testing.TB, out *text) (pids []int) {
	t.Helper()
	for line := range strings.Lines(out.String()) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestTaskTellsHowItEnded(t *testing.T) {
	s, r := newSystem(t)
	for i, c := range []struct {
		script string
		want   Exit
	}{
		{"exit 0", Exit{}},
		{"exit 3", Exit{Code: 3}},
		{"kill -9 $$", Exit{Signal: supervisor.SIGKILL}},
	} {
		out := newText()
		got, err := s.Exec(t.Context(), Life{"web/liveness", uint64(i + 1)}, taskOf(out, "echo out; echo err >&2; "+c.script))
		if err != nil || got.Code != c.want.Code || got.Signal != c.want.Signal {
			t.Errorf("%s: %+v, %v; want %+v", c.script, got, err, c.want)
		}
		if text := out.String(); !strings.Contains(text, "out\n") || !strings.Contains(text, "err\n") {
			t.Errorf("%s: output %q when Exec returned", c.script, text)
		}
		if out.ended(supervisor.Stdout) != 1 || out.ended(supervisor.Stderr) != 1 {
			t.Errorf("%s: output did not end", c.script)
		}
	}
	if _, err := s.Exec(t.Context(), Life{"web/liveness", 9}, command(Life{"web", 1}, newText(), "/does/not/exist")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such program: %v", err)
	}
	if _, err := s.Exec(t.Context(), Life{"web/liveness", 10}, Command{Argv: []string{"/bin/echo", "no", "output"}}); err != nil {
		t.Errorf("without Output: %v", err)
	}
	if len(r.events) > 0 {
		t.Errorf("tasks were reported: %v", r.events)
	}
}

// T40: when time is up the whole tree is gone before Exec returns, also who left the
// group and the session, and nobody was counted as an orphan who is none.
func TestT40ProbeTreeOnTimeout(t *testing.T) {
	s, _ := newSystem(t)
	out := newText()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		out.await(t, "up")
		cancel()
	}()
	began := time.Now()
	_, err := s.Exec(ctx, Life{"web/liveness", 1}, taskOf(out, `
		trap '' TERM
		sleep 1000 & echo $!
		setsid sleep 1000 & echo $!
		setsid sh -c '(sleep 1000 & echo $!)'
		echo $$; echo up; wait; wait`))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if passed := time.Since(began); passed > patience/2 {
		t.Errorf("it took %v", passed)
	}
	pids := numbersIn(t, out)
	if len(pids) != 4 {
		t.Fatalf("output %q: %d numbers, want 4", out, len(pids))
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("%d lives on", pid)
		}
	}
	// Whose parent was killed first came to us; the leader never counts.
	if n := s.Orphans(); n > 3 {
		t.Errorf("%d orphans of 3 descendants", n)
	}
}

// T08: what a task leaves behind is killed when its leader ends, holds no pipe and
// changes no exit code (T09).
func TestT08T09TaskLeavesSomebodyBehind(t *testing.T) {
	s, _ := newSystem(t)
	for i, script := range []string{
		`sleep 1000 & echo $!; exit 0`,
		`setsid sleep 1000 & echo $!; exit 0`,
		`setsid sh -c '(sleep 1000 & echo $!)'; exit 0`,
	} {
		out := newText()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		exit, err := s.Exec(ctx, Life{"web/readiness", uint64(i + 1)}, taskOf(out, script))
		cancel()
		if err != nil || exit.Code != 0 || exit.Signal != 0 {
			t.Errorf("%s: %+v, %v", script, exit, err)
		}
		for _, pid := range numbersIn(t, out) {
			if alive(pid) {
				t.Errorf("%s: %d lives on", script, pid)
			}
		}
	}
}

// T01, T04: many tasks at once while an unreaped child of somebody lies about; every
// code is right and no leader is an orphan.
func TestT04ManyTasksSideBySide(t *testing.T) {
	s, r := newSystem(t)
	host := Life{"web", 1}
	s.Spawn(host, shell(host, newText(), "sleep 0.01 & exec sleep 1000")) // its zombie stays
	r.await(t, host, "spawned")
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			exit, err := s.Exec(t.Context(), Life{"web/liveness", uint64(i + 1)}, taskOf(nil, fmt.Sprint("exit ", i)))
			if err != nil || exit.Code != i {
				t.Errorf("task %d: %+v, %v", i, exit, err)
			}
		})
	}
	wg.Wait()
	if n := s.Orphans(); n != 0 {
		t.Errorf("%d orphans", n)
	}
	if got := r.story(host); got != "spawned" {
		t.Errorf("of the process was reported %q", got)
	}
}

// A descendant of a task that was adopted is the task's: it is killed with it, and the
// process is not touched. One that the process itself started is the process's.
func TestTaskOwnsWhatItStarted(t *testing.T) {
	s, r := newSystem(t)
	host, out := Life{"web", 1}, newText()
	s.Spawn(host, shell(host, out, `setsid sh -c '(sleep 1000 & echo $!)'; echo up; exec sleep 1000`))
	out.await(t, "up")
	r.await(t, host, "spawned")
	_, err := s.Exec(t.Context(), Life{"web/postStart", 1}, taskOf(nil, `setsid sh -c '(sleep 1000 &)'; exit 0`))
	if err != nil {
		t.Fatal(err)
	}
	if got := usageOf(s, "web").TreeSize; got != 2 {
		t.Errorf("%d processes are left of web, want its own 2", got)
	}
	for _, pid := range append(numbersIn(t, out), r.pid(host)) {
		if !alive(pid) {
			t.Errorf("%d, of the process, was killed with the task", pid)
		}
	}
	s.Kill(host, ScopeTree)
	r.over(t, host)
}

// What tasks use is booked on their process, and stays booked.
func TestT93TaskCountsForItsProcess(t *testing.T) {
	s, _ := newSystem(t)
	burn := `i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done`
	var before time.Duration
	for gen := range uint64(3) {
		exit, err := s.Exec(t.Context(), Life{"web/liveness", gen + 1}, taskOf(nil, burn+`; (`+burn+`)`))
		if err != nil {
			t.Fatal(err)
		}
		use := usageOf(s, "web")
		now := use.CPUUser + use.CPUSystem
		if len(s.accounts) != 1 || now < before+exit.CPUUser+exit.CPUSystem || exit.CPUUser == 0 {
			t.Errorf("after task %d that used %v: %v, before %v", gen+1, exit.CPUUser+exit.CPUSystem, use, before)
		}
		before = now
	}
}

// A task whose program is on a file system that does not answer keeps its caller for
// a few seconds only.
func TestTaskThatDoesNotDieIsLeftToTheSystem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slow")
	if err := copyFile("/bin/true", path); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(held.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no leases here: %v", err)
	}
	s, _ := newSystem(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	id := Life{"web/liveness", 1}
	_, err = s.Exec(ctx, id, command(Life{"web", 1}, nil, path))
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, supervisor.ErrStopTimeout) {
		t.Errorf("error %v, want both the context's and ErrStopTimeout", err)
	}
	_, _ = unix.FcntlInt(held.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	_ = held.Close()
	eventually(t, "the System has reaped it", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.lives[id] == nil
	})
}

// dam is an Output that lets nothing through until it is opened.
type dam struct {
	nowhere
	reached func() // called when there is something to hold
	open    chan struct{}
}

func (d dam) Write(supervisor.Stream, []byte) {
	d.reached()
	<-d.open
}

// A sink that is stuck does not keep the caller for longer than a task that does not die.
func TestTaskWithStuckSink(t *testing.T) {
	s, _ := newSystem(t)
	ctx, cancel := context.WithCancel(t.Context())
	d := dam{reached: cancel, open: make(chan struct{})}
	defer close(d.open)
	_, err := s.Exec(ctx, Life{"web/liveness", 1}, taskOf(d, "echo line"))
	if !errors.Is(err, supervisor.ErrStopTimeout) {
		t.Errorf("error %v, want ErrStopTimeout", err)
	}
}

func TestTaskThatWaitsToBeSpawnedIsWithdrawn(t *testing.T) {
	s := table()
	s.workers = maxWorkers // all busy
	ctx, cancel := context.WithCancel(t.Context())
	id := Life{"web/liveness", 1}
	go func() {
		eventually(t, "it is queued", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.lives[id] != nil
		})
		cancel()
	}()
	if _, err := s.Exec(ctx, id, Command{Argv: []string{"true"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(s.queue) != 0 || len(s.lives) != 0 {
		t.Errorf("still there: %v, %v", s.queue, s.lives)
	}
}

func TestTaskAfterClose(t *testing.T) {
	s := New(newRecorder())
	s.Close()
	if _, err := s.Exec(t.Context(), Life{"web/preStop", 1}, Command{Argv: []string{"true"}}); !errors.Is(err, supervisor.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

func TestEnvironmentNamesTheTask(t *testing.T) {
	for _, c := range []struct {
		id   Life
		env  string
		want string
	}{
		{Life{"web", 3}, "A=1", "A=1"},
		{Life{"web", 3}, "A=1 PM_PROCESS_TASK=x.1 B=2", "A=1 B=2"},
		{Life{"web/liveness", 7}, "A=1", "A=1 PM_PROCESS_TASK=liveness.7"},
		{Life{"web/liveness", 7}, "PM_PROCESS_TASK=x.1 A=1", "A=1 PM_PROCESS_TASK=liveness.7"},
	} {
		env := strings.Fields(c.env)
		if got := strings.Join(withTask(c.id, env), " "); got != c.want {
			t.Errorf("%v with %q: %q, want %q", c.id, c.env, got, c.want)
		}
		if strings.Join(env, " ") != c.env {
			t.Errorf("%v: the caller's environment was changed to %q", c.id, env)
		}
	}
	for env, want := range map[string]Life{
		"PM_PROCESS_NAME=web PM_PROCESS_RUN=3":                                {"web", 3},
		"PM_PROCESS_NAME=web PM_PROCESS_RUN=3 PM_PROCESS_TASK=liveness.7":     {"web/liveness", 7},
		"PM_PROCESS_TASK=postStart.exec.7 PM_PROCESS_RUN=3 PM_PROCESS_NAME=w": {"w/postStart.exec", 7},
		"PM_PROCESS_NAME=web PM_PROCESS_RUN=3 PM_PROCESS_TASK=liveness":       {"web", 3},
		"PM_PROCESS_NAME=web PM_PROCESS_RUN=3 PM_PROCESS_TASK=.7":             {"web", 3},
		"PM_PROCESS_NAME=web PM_PROCESS_RUN=3 PM_PROCESS_TASK=liveness.-1":    {"web", 3},
		"PM_PROCESS_NAME=web PM_PROCESS_RUN=3 PM_PROCESS_TASK=":               {"web", 3},
	} {
		got, ok := parseOwner([]byte(strings.ReplaceAll(env, " ", "\x00")))
		if !ok || got != want {
			t.Errorf("%s: %v, %v; want %v", env, got, ok, want)
		}
	}
}
