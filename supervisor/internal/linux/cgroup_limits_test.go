package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// What limits become, in the files of a process's group.
func TestLimitsAsFiles(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		want   string // memory.low, memory.max, cpu.weight, cpu.max, pids.max
	}{
		{"none", Limits{}, "0 max 1 max 100000 max"},
		{"memory", Limits{Memory: 128 << 20, MemoryAsked: 64 << 20}, "67108864 134217728 1 max 100000 max"},
		{"half a processor, which is also asked for", Limits{CPU: 500}, "0 max 20 50000 100000 max"},
		{"a weight of its own", Limits{CPU: 500, CPUAsked: 1000}, "0 max 39 50000 100000 max"},
		{"two processors", Limits{CPU: 2000}, "0 max 79 200000 100000 max"},
		{"the least quota", Limits{CPU: 1}, "0 max 1 1000 100000 max"},
		{"the greatest weight", Limits{CPUAsked: 1 << 62}, "0 max 10000 max 100000 max"},
		{"the greatest quota", Limits{CPU: 1 << 62}, "0 max 10000 112589990684262400 100000 max"},
		{"processes", Limits{PIDs: 7}, "0 max 1 max 100000 7"},
		{"nonsense is none", Limits{Memory: -1, CPU: -1, PIDs: -1, MemoryAsked: -1, CPUAsked: -1}, "0 max 1 max 100000 max"},
	} {
		var got []string
		for _, f := range limitFiles {
			got = append(got, f.value(c.limits))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, strings.Join(got, " "), c.want)
		}
	}
}

// Who asks for more has no less, whatever is asked, and all weights are valid.
func TestCPUWeightGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		less, more := cpuWeight(Limits{CPUAsked: min(a, b)}), cpuWeight(Limits{CPUAsked: max(a, b)})
		if less > more || less < 1 || more > 10000 {
			t.Errorf("weights %d and %d", less, more)
		}
	})
}

// needKernel skips a test that needs a kernel of its own; deploy/uml/ring has one.
func needKernel(t *testing.T) {
	t.Helper()
	if os.Getenv("PM_UML") == "" {
		t.Skip("needs a kernel of its own: make uml")
	}
}

// TestUMLLimits runs the tests of limits in a cgroup with controllers.
func TestUMLLimits(t *testing.T) {
	needKernel(t)
	if os.Getenv(inGroup) != "" {
		t.Skip("this is it")
	}
	againInCgroup(t, "^Test(T102)?Limited", "cpu", "memory", "pids")
}

// TestUMLCgroups runs the tests of groups on another kernel than the machine's.
func TestUMLCgroups(t *testing.T) {
	needKernel(t)
	againInCgroup(t, "^Test(T22)?Cgroup")
}

// needLimits returns the test's cgroup, which has controllers to give.
func needLimits(t *testing.T) string {
	t.Helper()
	place := needCgroup(t)
	text, err := os.ReadFile(place + "/cgroup.controllers")
	if err != nil || !slices.Contains(strings.Fields(string(text)), "memory") {
		t.Skipf("needs a cgroup with controllers: %q, %v", text, err)
	}
	return place
}

func content(t testing.TB, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Error(err)
	}
	return strings.TrimSpace(string(text))
}

func withLimits(c Command, l Limits) Command {
	c.Limits = l
	return c
}

// glutton is a program that takes memory until it is stopped.
const glutton = "tail /dev/zero"

// A leader that was killed over its memory limit is told from one that was killed.
func TestLimitedMemory(t *testing.T) {
	needLimits(t)
	s, r := newSystem(t)
	limits := Limits{Memory: 48 << 20}
	for i, c := range []struct {
		name, script string
		limits       Limits
		kill         bool
		want         Exit
	}{
		{"the leader", "exec " + glutton, limits, false, Exit{Signal: supervisor.SIGKILL, OOM: true}},
		{"another killed", "kill -9 $$", limits, false, Exit{Signal: supervisor.SIGKILL}},
		{"a child", glutton + "; exit 5", limits, false, Exit{Code: 5}},
		{"a child, then killed by us", glutton + "; echo up; sleep 1000", limits, true, Exit{Signal: supervisor.SIGKILL}},
		{"enough", "exec true", limits, false, Exit{}},
	} {
		l, out := Life{"hungry", uint64(i + 1)}, newText()
		s.Spawn(l, withLimits(shell(l, out, c.script), c.limits))
		if c.kill {
			out.await(t, "up")
			s.Kill(l, ScopeTree)
		}
		got := r.over(t, l)
		if got.Code != c.want.Code || got.Signal != c.want.Signal || got.OOM != c.want.OOM {
			t.Errorf("%s: %+v, want %+v; %v; output %q", c.name, got, c.want, r.errs[l], out)
		}
	}
	if got := s.Containment(); !slices.Contains(got.Controllers, "memory") || !strings.Contains(got.LimitsWhy, "memory: limited by the kernel") {
		t.Errorf("%+v", got)
	}
}

// The limit of the container, too, is the kernel's reason to kill.
func TestLimitedByTheContainer(t *testing.T) {
	place := needLimits(t)
	s, r := newSystem(t)
	if err := os.WriteFile(place+"/memory.max", []byte("200M"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(place+"/memory.max", []byte("max"), 0)
	l := Life{"hungry", 1}
	s.Spawn(l, withLimits(shell(l, newText(), "exec "+glutton), Limits{Memory: 1 << 40}))
	if got := r.over(t, l); !got.OOM {
		t.Errorf("%+v", got)
	}
}

func TestLimitedPIDs(t *testing.T) {
	place := needLimits(t)
	s, r := newSystem(t)
	l, out := Life{"crowd", 1}, newText()
	// The shell ends when it cannot fork, so one of its own tries.
	s.Spawn(l, withLimits(shell(l, out, `sleep 1000 & sleep 1000 & until sh -c 'sleep 0 & sleep 0 & wait' 2>/dev/null; do :; done; echo free; wait`), Limits{PIDs: 4}))
	r.await(t, l, "spawned")
	eventually(t, "a fork is refused", func() bool {
		text, err := os.ReadFile(place + "/pm.crowd/pids.events")
		n, ok := keyed(text, "max")
		return err == nil && ok && n > 0
	})
	if strings.Contains(out.String(), "free") {
		t.Error("there was no limit")
	}
	if err := s.SetLimits(l.Name, Limits{PIDs: 100}); err != nil {
		t.Fatal(err)
	}
	out.await(t, "free")
	if got := content(t, place, "pm.crowd/pids.max"); got != "100" {
		t.Errorf("pids.max %q", got)
	}
	// With the limit of one the shim could not even begin.
	alone, out := Life{"alone", 1}, newText()
	c := withLimits(command(alone, out, "/bin/cat", "/proc/self/cgroup"), Limits{PIDs: 1, Memory: 8 << 20})
	c.Setup.Umask = new(supervisor.Umask)
	s.Spawn(alone, c)
	if got := r.over(t, alone); got.Code != 0 || !strings.Contains(out.String(), "/pm.alone/1\n") {
		t.Errorf("%+v, %v, %q", got, r.errs[alone], out)
	}
}

func TestLimitedCPU(t *testing.T) {
	place := needLimits(t)
	s, r := newSystem(t)
	before, busy := Life{"before", 1}, Life{"busy", 1}
	s.Spawn(before, command(before, newText(), "/bin/sleep", "1000"))
	r.await(t, before, "spawned")
	s.Spawn(busy, withLimits(shell(busy, newText(), "while :; do :; done"), Limits{CPU: 100, CPUAsked: 2000}))
	r.await(t, busy, "spawned")
	eventually(t, "it is throttled", func() bool {
		text, err := os.ReadFile(place + "/pm.busy/cpu.stat")
		n, ok := keyed(text, "nr_throttled")
		return err == nil && ok && n > 0
	})
	for file, want := range map[string]string{
		"pm.busy/cpu.max": "10000 100000", "pm.busy/cpu.weight": "79", "pm.before/cpu.weight": "1",
	} {
		if got := content(t, place, file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
	if err := s.SetLimits(busy.Name, Limits{}); err != nil {
		t.Error(err)
	}
	if got := content(t, place, "pm.busy/cpu.max"); got != "max 100000" {
		t.Errorf("cpu.max is %q after the limit was taken away", got)
	}
}

// Limits change while a process runs; the next life has them too, and a task shares
// those of its process.
func TestLimitedLive(t *testing.T) {
	place := needLimits(t)
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	// It takes memory, tells, and waits.
	s.Spawn(l, myself(l, out, "fat", "100"))
	out.await(t, "fat")
	r.await(t, l, "spawned")
	limits := Limits{Memory: 1 << 30, MemoryAsked: 10 << 20}
	if err := s.SetLimits(l.Name, limits); err != nil {
		t.Fatal(err)
	}
	if low, most := content(t, place, "pm.web/memory.low"), content(t, place, "pm.web/memory.max"); low != "10485760" || most != "1073741824" {
		t.Errorf("memory.low %s, memory.max %s", low, most)
	}
	probe, told := Life{"web/liveness", 1}, newText()
	s.Spawn(probe, shell(probe, told, "exec "+glutton))
	task := make(chan Exit, 1)
	go func() { task <- r.over(t, probe) }()
	limits.Memory = 60 << 20
	if err := s.SetLimits(l.Name, limits); err != nil {
		t.Fatal(err)
	}
	if got := r.over(t, l); got.Signal != supervisor.SIGKILL || !got.OOM {
		t.Errorf("over the new limit: %+v", got)
	}
	if got := <-task; got.Signal != supervisor.SIGKILL || !got.OOM {
		t.Errorf("the task: %+v", got)
	}
	l.Gen = 2
	s.Spawn(l, withLimits(shell(l, newText(), "exec sleep 1000"), limits))
	r.await(t, l, "spawned")
	if got := content(t, place, "pm.web/memory.max"); got != "62914560" {
		t.Errorf("the next life has memory.max %q", got)
	}
}

// Limits that were changed after a spawn was asked for are those that hold.
func TestLimitedLastWordHolds(t *testing.T) {
	place := needLimits(t)
	s, r := newSystem(t)
	l := Life{"web", 1}
	c := withLimits(command(l, newText(), "/bin/sleep", "1000"), Limits{PIDs: 50})
	gate := make(chan struct{})
	c.Resolve = func(*Command) error { <-gate; return nil }
	s.Spawn(l, c)
	if err := s.SetLimits(l.Name, Limits{PIDs: 60}); err != nil {
		t.Fatal(err)
	}
	close(gate)
	r.await(t, l, "spawned")
	if got := content(t, place, "pm.web/pids.max"); got != "60" {
		t.Errorf("pids.max %q, want 60", got)
	}
}

// T102: the manager leaves its own group when the first limit needs a controller, not
// before, and takes along what it has spawned there; at the end all is as it was.
func TestT102LimitedMoves(t *testing.T) {
	place := needLimits(t)
	r := newRecorder()
	s := New(r)
	if got := s.Containment(); !slices.Equal(got.Controllers, []string{"cpu", "memory", "pids"}) {
		t.Errorf("%+v", got)
	}
	self := strconv.Itoa(os.Getpid())
	plain, limited := Life{"plain", 1}, Life{"limited", 1}
	s.Spawn(plain, command(plain, newText(), "/bin/sleep", "1000"))
	r.await(t, plain, "spawned")
	inside := func(group, pid string) bool {
		return slices.Contains(strings.Fields(content(t, place, group, "cgroup.procs")), pid)
	}
	if !inside("", self) || content(t, place, "cgroup.subtree_control") != "" {
		t.Error("the manager moved although no limit was asked for")
	}
	// One of ours beside the groups, as where clone3 is refused.
	outside := strconv.Itoa(r.pid(plain))
	if err := os.WriteFile(place+"/cgroup.procs", []byte(outside), 0); err != nil {
		t.Fatal(err)
	}
	s.Spawn(limited, withLimits(command(limited, newText(), "/bin/sleep", "1000"), Limits{PIDs: 10}))
	r.await(t, limited, "spawned")
	if !inside(managerGroup, self) || !inside(managerGroup, outside) || content(t, place, "cgroup.subtree_control") != "pids" {
		t.Errorf("not moved, or more than was needed: %s", content(t, place, "cgroup.subtree_control"))
	}
	for _, l := range []Life{plain, limited} {
		s.Kill(l, ScopeTree)
		r.over(t, l)
	}
	s.Close()
	if !inside("", self) || content(t, place, "cgroup.subtree_control") != "" {
		t.Error("not back at its place after Close")
	}
	if left, err := filepath.Glob(place + "/pm*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// T102: somebody else beside the groups stands in the way of controllers, not of
// anything else; who is gone in a moment does not.
func TestT102LimitedStranger(t *testing.T) {
	place := needLimits(t)
	stranger := strconv.Itoa(os.Getppid())
	if err := os.WriteFile(place+"/cgroup.procs", []byte(stranger), 0); err != nil {
		t.Fatal(err)
	}
	away := func() {
		if err := os.WriteFile(filepath.Dir(place)+"/cgroup.procs", []byte(stranger), 0); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(away)
	s, r := newSystem(t)
	if got := s.Containment(); len(got.Controllers) > 0 || !strings.Contains(got.LimitsWhy, "memory: not before the processes that are not ours leave") {
		t.Errorf("before anything is asked for: %+v", got)
	}
	l, out := Life{"web", 1}, newText()
	c := withLimits(shell(l, out, "cat /proc/self/cgroup; exec sleep 1000"), Limits{Memory: 64 << 20})
	s.Spawn(l, c)
	out.await(t, "/pm.web/1\n")
	got := s.Containment()
	want := "memory: a process that is not ours is in our cgroup " + place + ": "
	if !got.Groups || slices.Contains(got.Controllers, "memory") || !strings.Contains(got.LimitsWhy, want) || !strings.Contains(got.LimitsWhy, "(pid "+stranger+")") {
		t.Errorf("%+v, want %q", got, want)
	}
	r.await(t, l, "spawned")

	time.AfterFunc(enablePatience/3, away)
	if err := s.SetLimits(l.Name, Limits{Memory: 64 << 20, PIDs: 77}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stranger is gone and the limit holds", func() bool {
		text, err := os.ReadFile(place + "/pm.web/pids.max")
		return err == nil && string(text) == "77\n"
	})
	if got := s.Containment().Controllers; !slices.Contains(got, "pids") {
		t.Errorf("controllers %v", got)
	}
}

// Where limits are enforced, a life that could not be limited does not run; one without
// limits does.
func TestLimitedOrNotAtAll(t *testing.T) {
	place := needLimits(t)
	s, r := newSystem(t)
	first, limited, plain := Life{"first", 1}, Life{"limited", 1}, Life{"plain", 1}
	s.Spawn(first, withLimits(command(first, newText(), "/bin/sleep", "1000"), Limits{PIDs: 10}))
	r.await(t, first, "spawned")
	if err := os.WriteFile(place+"/cgroup.max.descendants", []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(place+"/cgroup.max.descendants", []byte("max"), 0)
	s.Spawn(limited, withLimits(command(limited, newText(), "/bin/sleep", "1000"), Limits{PIDs: 10}))
	r.await(t, limited, "failed")
	if got := fmt.Sprint(r.errs[limited]); !strings.HasPrefix(got, `cannot limit what "limited" uses: cannot make the cgroup `+place+"/pm.limited: ") {
		t.Error(got)
	}
	s.Spawn(plain, shell(plain, newText(), "exit 3"))
	if got := r.over(t, plain); got.Code != 3 {
		t.Errorf("%+v %v", got, r.errs[plain])
	}
	if got := s.Containment().GroupsWhy; !strings.Contains(got, "but one could not have it: cannot make the cgroup") {
		t.Error(got)
	}
}

// The clock is set while lives run: nothing here asks it.
func TestUMLClockIsSet(t *testing.T) {
	needKernel(t)
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, shell(l, out, `setsid sh -c 'echo up; exec sleep 1000' & while :; do :; done`))
	out.await(t, "up")
	s.Sample(0, false)
	for _, step := range []time.Duration{-time.Hour, 48 * time.Hour, -30 * 24 * time.Hour} {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
			t.Fatal(err)
		}
		set := unix.NsecToTimespec(now.Nano() + int64(step))
		if err := unix.ClockSettime(unix.CLOCK_REALTIME, &set); err != nil {
			t.Fatal(err)
		}
		<-time.After(500 * time.Millisecond) // of the clock that goes on
		got := usageOf(s, l.Name)
		if got.CPUPercent < 5 || got.CPUPercent > 150 || got.TreeSize != 3 && got.TreeSize != 2 {
			t.Errorf("after %v: %+v", step, got)
		}
	}
	s.Kill(l, ScopeTree)
	if got := r.over(t, l); got.Signal != supervisor.SIGKILL {
		t.Errorf("%+v", got)
	}
}

// fat takes some megabytes of memory, tells, and sleeps.
func fat(args []string) int {
	megabytes, err := strconv.Atoi(args[0])
	if err != nil {
		return 1
	}
	memory := make([]byte, megabytes<<20)
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = 1
	}
	fmt.Println("fat")
	<-time.After(patience)
	return int(memory[0])
}
