package linux

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// T01: 500 lives with all codes while orphans die; every code is right.
func TestT01EveryCodeIsRight(t *testing.T) {
	s, r := newSystem(t)
	storm := Life{"storm", 1}
	s.Spawn(storm, shell(storm, newText(), "while :; do (true & true &) ; done"))
	const n = 500
	for i := range n {
		l := Life{fmt.Sprint("p", i), 1}
		s.Spawn(l, shell(l, newText(), "exit "+strconv.Itoa(i%256)))
	}
	r.until(t, "500 exits", func() bool { return len(r.exits) >= n })
	s.Kill(storm, ScopeTree)
	r.over(t, storm)
	for i := range n {
		l := Life{fmt.Sprint("p", i), 1}
		if got := r.exits[l]; got.Code != i%256 || got.Signal != 0 {
			t.Errorf("life %d: %+v, want code %d", i, got, i%256)
		}
		if got := r.story(l); got != "spawned exited" {
			t.Errorf("life %d: reported %q", i, got)
		}
	}
	if s.Orphans() == 0 {
		t.Error("no orphan was counted: the storm did not blow")
	}
}

// T02: 1000 orphans at once; all are reaped and counted.
func TestT02ManyOrphansAtOnce(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"mother", 1}
	dir := t.TempDir()
	gate := filepath.Join(dir, "gate")
	if err := unix.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	// Each child holds both ends of the gate open, so that nobody gets through.
	out := newText()
	s.Spawn(l, shell(l, out, `exec 9<>`+gate+`; i=0; while [ $i -lt 1000 ]; do (read x <&9) & i=$((i+1)); done; echo born`))
	out.await(t, "born")
	r.await(t, l, "exited")
	if left := r.left[l]; left != 1000 {
		t.Errorf("left %d, want 1000", left)
	}
	s.Kill(l, ScopeRest)
	r.over(t, l)
	// In a cgroup nobody is left when all are dead, be they reaped or not.
	eventually(t, "1000 orphans are reaped", func() bool { return s.Orphans() >= 1000 && zombies(t) == 0 })
	if n := s.Orphans(); n != 1000 {
		t.Errorf("%d orphans, want 1000", n)
	}
	if got := r.story(l); got != "spawned exited empty" {
		t.Errorf("reported %q", got)
	}
}

// T03: a child that is dead and reaped before its spawn returned is reported with its
// true code, after its birth.
func TestT03DeadBeforeRegistration(t *testing.T) {
	r := newRecorder()
	s := New(r)
	defer s.Close()
	// The hook is set before the first spawn; starting its goroutine publishes it.
	s.beforeLanding = func(pid int) {
		if pid > 0 {
			eventually(t, "it is reaped", func() bool { return unix.Kill(pid, 0) == unix.ESRCH })
		}
	}
	const n = 100
	for i := range n {
		l := Life{fmt.Sprint("p", i), 1}
		s.Spawn(l, shell(l, newText(), fmt.Sprintf("echo %d; (true &); exit %d", i, i+1)))
	}
	r.until(t, "all over", func() bool { return len(r.exits) == n })
	for i := range n {
		l := Life{fmt.Sprint("p", i), 1}
		if got := r.exits[l]; got.Code != i+1 {
			t.Errorf("life %d: %+v, want code %d", i, got, i+1)
		}
		if got := r.story(l); got != "spawned exited" && got != "spawned exited empty" {
			t.Errorf("life %d: reported %q", i, got)
		}
	}
	eventually(t, "all orphans are counted", func() bool { return s.Orphans() == n })
}

// T03: a program on a file system that hangs stalls nobody else. A lease stands in
// for it: who opens the file waits until the lease is given back.
func TestT03HangingExecStallsNobody(t *testing.T) {
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
	s, r := newSystem(t)
	release := func() {
		_, _ = unix.FcntlInt(held.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		_ = held.Close()
	}
	var slow []Life
	for i := range maxWorkers + 2 { // more than may spawn side by side
		l := Life{fmt.Sprint("slow", i), 1}
		slow = append(slow, l)
		s.Spawn(l, command(l, newText(), path))
	}
	const n = 300
	for i := range n {
		l := Life{fmt.Sprint("p", i), 1}
		s.Spawn(l, command(l, newText(), "/bin/true"))
	}
	r.until(t, "the others are over", func() bool { return len(r.exits) == n })
	for _, l := range slow {
		if got := r.story(l); got != "" {
			t.Errorf("%v did not hang: %q", l, got)
		}
	}
	release()
	for _, l := range slow {
		if exit := r.over(t, l); exit.Code != 0 {
			t.Errorf("%v: %+v", l, exit)
		}
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// T07: a signal is told as a signal.
func TestT07EndedBySignal(t *testing.T) {
	s, r := newSystem(t)
	for _, sig := range []supervisor.Signal{1, 6, 9, 11, 15, 34, 64} {
		l := Life{sig.String(), 1}
		s.Spawn(l, shell(l, newText(), fmt.Sprintf("ulimit -c 0; kill -%d $$; sleep 1000", int(sig))))
		if exit := r.over(t, l); exit.Signal != sig || exit.Code != 0 {
			t.Errorf("%s: %+v", sig, exit)
		}
	}
}

// A child that was adopted while we had none of our own is reaped all the same.
func TestOrphansWithoutChildrenOfOurOwn(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"mother", 1}
	s.Spawn(l, shell(l, newText(), "(sleep 0.2 >/dev/null 2>&1 &) ; exit 0"))
	r.over(t, l)
	eventually(t, "the orphan is reaped", func() bool { return s.Orphans() == 1 })
	eventually(t, "no zombie is left", func() bool { return zombies(t) == 0 })
}

// table is a System without goroutines, for what the child table decides.
func table() *System {
	return &System{
		lives: map[Life]*life{}, leaders: map[int]*life{}, groups: map[int]*life{}, adopted: map[int]adoption{},
		seen: map[int]sighting{}, sessions: map[int]*life{}, accounts: map[string]*account{},
		treeKick: make(chan struct{}, 1), kick: make(chan struct{}, 1),
	}
}

// nobody is a number that no child of ours has, so that it counts as reaped.
const nobody = 1 << 22

func exited(code int) unix.WaitStatus { return unix.WaitStatus(code << 8) }

// The number was an orphan's before the spawn began, and another's during it.
func TestParkedIsClaimedByItsSpawn(t *testing.T) {
	s := table()
	var used unix.Rusage
	s.reaped(nobody, nil, exited(1), &used) // no spawn in flight: an orphan
	if !s.recheck {
		t.Error("an orphan was reaped, and draining trees are not looked at again")
	}
	first := s.takeOff()
	s.reaped(nobody, nil, exited(2), &used)
	second := s.takeOff()
	s.reaped(nobody, nil, exited(3), &used)
	s.reaped(nobody+1, nil, exited(4), &used)

	l := &life{Life: Life{"a", 1}, account: &account{}}
	s.register(l, nobody, -1, second)
	if l.exit.Code != 3 || !l.reaped || len(s.exits) != 1 {
		t.Errorf("claimed %+v (reaped %v), want code 3", l.exit, l.reaped)
	}
	if got := s.orphans.Load(); got != 1 {
		t.Errorf("%d orphans while a spawn is in flight, want 1", got)
	}
	s.discardFailed(first) // no exit of a failed exec is there: nothing to discard
	s.land()
	if got := s.orphans.Load(); got != 3 {
		t.Errorf("%d orphans at the end, want 3 (codes 1, 2, 4)", got)
	}
	if len(s.parked) != 0 {
		t.Errorf("still parked: %v", s.parked)
	}
}

func TestParkedBeforeTheSpawnIsNotClaimed(t *testing.T) {
	s := table()
	var used unix.Rusage
	s.takeOff() // another one in flight
	s.reaped(nobody, nil, exited(2), &used)
	since := s.takeOff()
	if p, ok := s.claim(nobody, since); ok {
		t.Errorf("claimed %+v, which is older than the spawn", p)
	}
}

func TestFailedExecDiscardsItsExit(t *testing.T) {
	s := table()
	var used unix.Rusage
	since := s.takeOff()
	s.reaped(nobody, nil, exited(failedExec), &used)
	s.reaped(nobody+1, nil, exited(failedExec), &used) // somebody's own code
	s.discardFailed(since)
	s.land()
	if got := s.orphans.Load(); got != 1 {
		t.Errorf("%d orphans, want 1", got)
	}
}

// Whose an orphan was, asked when it is dead and not waited for.
func TestDeadOwner(t *testing.T) {
	seen, life1, other := &life{Life: Life{"seen", 1}}, &life{Life: Life{"a", 1}, session: true}, &life{Life: Life{"b", 1}}
	for _, c := range []struct {
		story           string
		setsid, setpgid bool
		know            func(s *System, pid, sid, pgrp int, start uint64)
		want            *life
	}{
		{"nobody knows it", false, false, func(*System, int, int, int, uint64) {}, nil},
		{"a pass has seen it", false, false, func(s *System, pid, sid, _ int, start uint64) {
			s.seen[pid], s.groups[sid] = sighting{start, seen}, life1
		}, seen},
		{"a pass has seen another one of its number", false, false, func(s *System, pid, _, _ int, start uint64) {
			s.seen[pid] = sighting{start - 1, seen}
		}, nil},
		{"a pass has seen another one of its number, and the session knows", false, false, func(s *System, pid, sid, _ int, start uint64) {
			s.seen[pid], s.groups[sid] = sighting{start + 1, seen}, life1
		}, life1},
		{"it was found to be nobody's", false, false, func(s *System, pid, sid, _ int, start uint64) {
			s.adopted[pid], s.groups[sid] = adoption{start, nil}, life1
		}, nil},
		{"it was adopted", false, false, func(s *System, pid, sid, _ int, start uint64) {
			s.adopted[pid], s.groups[sid] = adoption{start, other}, life1
		}, other},
		{"it is a leader", false, false, func(s *System, pid, sid, _ int, _ uint64) {
			s.leaders[pid], s.groups[sid] = other, life1
		}, nil},
		{"a life's session", false, false, func(s *System, _, sid, _ int, _ uint64) { s.groups[sid] = life1 }, life1},
		{"a member's session", false, false, func(s *System, _, sid, _ int, _ uint64) { s.sessions[sid] = other }, other},
		{"the session before the group", false, true, func(s *System, pid, sid, _ int, _ uint64) {
			s.groups[sid], s.groups[pid] = life1, other
		}, life1},
		{"a life's group in our session", false, false, func(s *System, _, _, pgrp int, _ uint64) { s.groups[pgrp] = other }, other},
		{"it has begun a session, and its number was a life's", true, false, func(s *System, pid, _, _ int, _ uint64) { s.groups[pid] = life1 }, nil},
		{"it has begun a group, and its number was a life's", false, true, func(s *System, pid, _, _ int, _ uint64) { s.groups[pid] = other }, nil},
	} {
		t.Run(c.story, func(t *testing.T) {
			dead := exec.Command("/bin/true")
			dead.SysProcAttr = &syscall.SysProcAttr{Setsid: c.setsid, Setpgid: c.setpgid}
			if err := dead.Start(); err != nil {
				t.Fatal(err)
			}
			pid := dead.Process.Pid
			if err := retry(func() error { return unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) }); err != nil {
				t.Fatal(err)
			}
			sid, _ := unix.Getsid(pid)
			pgrp, _ := unix.Getpgid(pid)
			s := table()
			start := startOf(pid)
			c.know(s, pid, sid, pgrp, start)
			if got := s.deadOwner(pid); got != c.want || start == 0 {
				t.Errorf("%v, want %v; it began at %d", got, c.want, start)
			}
			if err := dead.Wait(); err != nil {
				t.Error(err)
			}
			if got := startOf(pid); got == start {
				t.Errorf("it began at %d, though it is gone", got)
			}
		})
	}
}

// A pass over /proc sees spawns in flight, too: their exits must be parked all the same.
func TestParkedThoughLookedAt(t *testing.T) {
	s := table()
	var used unix.Rusage
	since := s.takeOff()
	s.adopted[nobody] = adoption{}
	s.reaped(nobody, nil, exited(5), &used)
	l := &life{account: &account{}}
	s.register(l, nobody, -1, since)
	if l.exit.Code != 5 || s.orphans.Load() != 0 {
		t.Errorf("exit %+v, orphans %d; want code 5 and none", l.exit, s.orphans.Load())
	}
}

// A spawn that hangs for ever does not cost memory for ever.
func TestParkedIsBounded(t *testing.T) {
	s := table()
	var used unix.Rusage
	s.takeOff()
	for range parkedMax + 10 {
		s.reaped(nobody, nil, exited(0), &used)
	}
	if len(s.parked) > parkedMax {
		t.Errorf("%d parked", len(s.parked))
	}
	if got := int(s.orphans.Load()) + len(s.parked); got != parkedMax+10 {
		t.Errorf("%d exits accounted for, want %d", got, parkedMax+10)
	}
}

// Close returns while children live, and leaves them alone.
func TestCloseWithLivingChildren(t *testing.T) {
	r := newRecorder()
	s := New(r)
	l := Life{"left", 1}
	s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	r.await(t, l, "spawned")
	s.Close()
	pid := r.pid(l)
	if !alive(pid) {
		t.Error("it was ended by Close")
	}
	_ = unix.Kill(pid, unix.SIGKILL)
	if _, err := unix.Wait4(pid, nil, 0, nil); err != nil {
		t.Error(err)
	}
	s.Spawn(l, Command{})
	r.await(t, l, "failed")
}

// Where a filter forbids to wait, that is told once, and the reaper rests: it neither spins
// nor holds the table.
func TestMayNotWait(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for call, number := range map[string]int{"waitid": unix.SYS_WAITID, "wait4": unix.SYS_WAIT4} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		cmd := exec.CommandContext(ctx, exe, strconv.Itoa(number))
		cmd.Env = append(os.Environ(), childMode+"=nowait")
		out, err := cmd.CombinedOutput()
		cancel()
		want := "told 1: cannot wait for children, so nobody hears of their end: operation not permitted; " +
			"allow waitid and wait4 in the seccomp profile of the container\n"
		if err != nil || string(out) != want {
			t.Errorf("without %s: %v\n%s", call, err, out)
		}
		// What it has not waited for is ours now: as an orphan of another test it would be counted.
		if err := retry(func() (err error) { _, err = unix.Wait4(-1, nil, 0, nil); return err }); err != nil {
			t.Errorf("without %s: its child: %v", call, err)
		}
	}
}

// mayNotWait is a System whose child ends where the given call is forbidden.
func mayNotWait(args []string) int {
	number, err := strconv.ParseUint(args[0], 10, 32)
	if err == nil {
		err = forbid(uint32(number), unix.EPERM)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var told []string
	heard := make(chan struct{}, 1<<10)
	r := newRecorder()
	s := New(r, WithoutCgroups, WithTrouble(func(err error) { told = append(told, err.Error()); heard <- struct{}{} }))
	l := Life{"web", 1}
	s.Spawn(l, command(l, newText(), "/bin/true"))
	<-heard
	<-time.After(waitPause + waitPause/2) // it has tried again
	s.Members(l.Name)                     // nobody holds the table for ever
	var used unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &used)
	if spent := span(used.Utime) + span(used.Stime); spent > waitPause/2 {
		fmt.Println("it spins:", spent)
	}
	s.Close()
	fmt.Printf("told %d: %s\n", len(told), told[0])
	return 0
}
