package linux

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// T08: the leader's exit is told at once although a grandchild holds the pipe; its
// output is read on until the tree is empty.
func TestT08GrandchildHoldsThePipe(t *testing.T) {
	s, r := newSystem(t)
	gate := fifo(t)
	l, out := Life{"daemon", 1}, newText()
	s.Spawn(l, shell(l, out, `(read x < `+gate+`; echo late) & echo early; exit 1`))
	r.await(t, l, "exited")
	if got := r.exits[l]; got.Code != 1 || r.left[l] != 1 {
		t.Errorf("exit %+v left %d, want code 1 left 1", got, r.left[l])
	}
	if out.ended(supervisor.Stdout) != 0 {
		t.Error("stdout has ended while a member holds it")
	}
	open(t, gate)
	r.await(t, l, "empty")
	if got := out.String(); got != "early\nlate\n" {
		t.Errorf("output %q", got)
	}
	if out.ended(supervisor.Stdout) != 1 || out.ended(supervisor.Stderr) != 1 {
		t.Error("the streams have not ended, or not once")
	}
}

// A stranger that holds the pipe (its environment says nothing, its session is its
// own, nobody saw it as a member) does not keep the life.
func TestStrangerHoldsThePipe(t *testing.T) {
	if os.Getenv(inGroup) != "" {
		t.Skip("its cgroup makes it a member")
	}
	s, r := newSystem(t)
	gate, leader, told := fifo(t), fifo(t), newText()
	l := Life{"host", 1}
	s.Spawn(l, shell(l, told, `env -i setsid sh -c 'echo up; read x < `+gate+`; echo never' & read x < `+leader+`; exit 0`))
	told.await(t, "up")
	open(t, leader)
	exit := r.over(t, l)
	if exit.Code != 0 {
		t.Errorf("exit %+v", exit)
	}
	if told.ended(supervisor.Stdout) != 1 {
		t.Error("stdout has not ended")
	}
	open(t, gate)
	eventually(t, "the stranger is reaped", func() bool { return s.Orphans() == 1 })
	if told.late {
		t.Error("written after the end")
	}
}

// A life is over when its last orphan ends, not when somebody looks again by chance:
// orphans alone wake the tree goroutine only while a life waits for one.
func TestLastOrphanEndsTheLife(t *testing.T) {
	s, r := newSystem(t)
	const lives = 5
	begin := time.Now()
	for gen := range uint64(lives) {
		l := Life{"mother", gen + 1}
		s.Spawn(l, shell(l, newText(), `sleep 0.2 & exit 0`))
		r.over(t, l)
	}
	if took := time.Since(begin); took > lives*drainSweep/2 {
		t.Errorf("%d lives took %v: they were found by the sweep, which comes every %v", lives, took, drainSweep)
	}
}

// Who cannot look does not say "empty".
func TestBlindIsNotEmpty(t *testing.T) {
	s, r := newSystem(t)
	gate := fifo(t)
	l, out := Life{"crowded", 1}, newText()
	s.Spawn(l, shell(l, out, `sleep 1000 & echo up; read x < `+gate+`; exit 0`))
	out.await(t, "up")
	f, err := os.OpenFile(gate, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.await(t, l, "spawned")
	var before unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	// Before the limit is lowered: it is of the whole test binary, and every later test
	// and cleanup needs descriptors, however this one ends.
	t.Cleanup(func() {
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &before, nil); err != nil {
			t.Errorf("cannot give the limit of open files back: %v", err)
		}
	})
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: before.Max}, nil); err != nil {
		t.Skip(err)
	}
	f.Close() // the shell goes on, and exits
	eventually(t, "the leader is reaped", func() bool { return unix.Kill(r.pid(l), 0) == unix.ESRCH })
	s.mu.Lock()
	s.recheck = true
	s.mu.Unlock()
	poke(s.treeKick)
	eventually(t, "a check was made", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return !s.recheck })
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	r.await(t, l, "exited")
	if r.left[l] != 1 {
		t.Errorf("left %d, want 1", r.left[l])
	}
}

// fifo makes a named pipe; a process that reads it waits for open.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "go")
	f.Close()
}

// T11: a zombie whose parent never waits does not keep a tree, and counts as gone.
func TestT11ZombieIsGone(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"careless", 1}, newText()
	// exec replaces the shell by a program that does not know of the child.
	s.Spawn(l, shell(l, out, `true & echo $!; exec sleep 1000`))
	out.await(t, "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	r.await(t, l, "spawned")
	eventually(t, "the child is a zombie", func() bool { return !alive(pid) })
	if got := usageOf(s, l.Name).TreeSize; got != 1 {
		t.Errorf("tree size %d, want 1", got)
	}
	s.Kill(l, ScopeTree)
	r.over(t, l)
	if n := zombies(t); n != 0 {
		eventually(t, "no zombie", func() bool { return zombies(t) == 0 })
	}
}

// T12: who is dead already, or unknown, is no error for Stop and Kill; Signal tells.
func TestT12SignalTheDead(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"short", 1}
	s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	r.await(t, l, "spawned")
	if err := unix.Kill(r.pid(l), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, scope := range []Scope{ScopeLeader, ScopeGroup, ScopeTree, ScopeRest} {
		s.Stop(Stopping{l, supervisor.SIGTERM, scope})
		s.Kill(l, scope)
	}
	if exit := r.over(t, l); exit.Signal != supervisor.SIGKILL {
		t.Errorf("exit %+v", exit)
	}
	s.Stop(Stopping{l, supervisor.SIGTERM, ScopeTree})
	err := s.Signal(l, supervisor.SIGTERM, ScopeLeader)
	if !errors.Is(err, supervisor.ErrNotRunning) || err.Error() != `cannot send SIGTERM to "short": process is not running` {
		t.Errorf("error %v", err)
	}
}

// A signal for a life that is still being spawned is not lost.
func TestStopBeforeSpawned(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"early", 1}
	s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	s.Stop(Stopping{l, supervisor.SIGTERM, ScopeLeader})
	if exit := r.over(t, l); exit.Signal != supervisor.SIGTERM {
		t.Errorf("exit %+v", exit)
	}
}

// Each of several is asked, also beside those that are over, unknown or still being spawned.
func TestStopOfSeveral(t *testing.T) {
	s, r := newSystem(t)
	over, leader, group, early := Life{"over", 1}, Life{"leader", 1}, Life{"group", 1}, Life{"early", 1}
	s.Spawn(over, command(over, newText(), "/bin/true"))
	r.over(t, over)
	for _, l := range []Life{leader, group} {
		s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
		r.await(t, l, "spawned")
	}
	s.Spawn(early, command(early, newText(), "/bin/sleep", "1000"))
	s.Stop(
		Stopping{over, supervisor.SIGTERM, ScopeTree}, Stopping{Life{"nobody", 1}, supervisor.SIGTERM, ScopeLeader},
		Stopping{leader, supervisor.SIGTERM, ScopeLeader}, Stopping{group, supervisor.Signal(unix.SIGINT), ScopeGroup},
		Stopping{early, supervisor.Signal(unix.SIGUSR1), ScopeTree},
	)
	for l, want := range map[Life]supervisor.Signal{leader: supervisor.SIGTERM, group: supervisor.Signal(unix.SIGINT), early: supervisor.Signal(unix.SIGUSR1)} {
		if exit := r.over(t, l); exit.Signal != want {
			t.Errorf("%s: exit %+v, want %s", l.Name, exit, want)
		}
	}
}

// T21: the leader goes on TERM, its child ignores it: the rest is told of, and killed.
func TestT21LeaderGoneGroupAlive(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"stubborn", 1}, newText()
	s.Spawn(l, shell(l, out, `sh -c 'trap "" TERM; echo ready; while :; do sleep 1000; done' & trap "exit 5" TERM; wait`))
	out.await(t, "ready")
	s.Stop(Stopping{l, supervisor.SIGTERM, ScopeTree})
	r.await(t, l, "exited")
	if r.exits[l].Code != 5 || r.left[l] == 0 {
		t.Errorf("exit %+v left %d, want code 5 and somebody left", r.exits[l], r.left[l])
	}
	s.Kill(l, ScopeRest)
	r.await(t, l, "empty")
	if got := r.story(l); got != "spawned exited empty" {
		t.Errorf("reported %q", got)
	}
}

// T22: neither setsid, nor a double fork, nor an emptied environment is a way out.
func TestT22NobodyEscapes(t *testing.T) {
	for name, script := range map[string]string{
		"setsid":          `setsid sh -c 'echo $$; exec sleep 1000' & wait`,
		"double fork":     `(setsid sh -c '(echo $(exec sh -c "echo \$PPID"); exec sleep 1000) &' &) ; wait; sleep 1000`,
		"daemon of dead":  `(setsid sh -c 'sh -c "echo \$\$; exec sleep 1000" & exit' ) ; exit 0`,
		"no environment":  `env -i setsid sh -c 'echo $$; exec sleep 1000' & wait`,
		"its descendants": `env -i setsid sh -c 'sh -c "echo \$\$; sleep 1000; true" & wait' & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			s, r := newSystem(t)
			l, out := Life{"escape", 1}, newText()
			s.Spawn(l, shell(l, out, script))
			out.await(t, "\n")
			pid, err := strconv.Atoi(strings.TrimSpace(out.String()))
			if err != nil {
				t.Fatal(err)
			}
			s.Kill(l, ScopeTree)
			r.over(t, l)
			if alive(pid) {
				t.Errorf("%d lives on", pid)
			}
		})
	}
}

// T25: a stopped process handles TERM, because CONT follows.
func TestT25StoppedProcessHandlesTerm(t *testing.T) {
	for _, scope := range []Scope{ScopeLeader, ScopeGroup, ScopeTree} {
		t.Run(fmt.Sprint(scope), func(t *testing.T) {
			s, r := newSystem(t)
			l, out := Life{"frozen", uint64(scope) + 1}, newText()
			s.Spawn(l, myself(l, out, "term"))
			out.await(t, "ready")
			if err := s.Signal(l, supervisor.Signal(unix.SIGSTOP), scope); err != nil {
				t.Fatal(err)
			}
			sc := &scanner{}
			if err := sc.open(); err != nil {
				t.Fatal(err)
			}
			var p procStat
			eventually(t, "it is stopped", func() bool { return sc.stat(r.pid(l), &p) && p.state == 'T' })
			sc.close()
			s.Stop(Stopping{l, supervisor.SIGTERM, scope})
			if exit := r.over(t, l); exit.Code != 7 || !strings.Contains(out.String(), "terminated") {
				t.Errorf("scope %d: exit %+v output %q", scope, exit, out)
			}
		})
	}
}

// The scopes hit whom they name and nobody else.
func TestScopes(t *testing.T) {
	for _, c := range []struct {
		scope Scope
		want  string // who dies: leader, member of the group, one with a session of its own
	}{
		{ScopeLeader, "L"}, {ScopeGroup, "LG"}, {ScopeTree, "LGS"}, {ScopeRest, "GS"},
	} {
		t.Run(c.want, func(t *testing.T) {
			s, r := newSystem(t)
			l, other := Life{"web", 1}, Life{"web", 2} // the bystander has the same name
			s.Spawn(other, command(other, newText(), "/bin/sleep", "1000"))
			r.await(t, other, "spawned")
			out := newText()
			s.Spawn(l, shell(l, out, `sleep 1000 & echo G $!; setsid sh -c 'echo S $$; exec sleep 1000' & while :; do wait; read x < `+fifo(t)+`; done`))
			out.await(t, "S ")
			out.await(t, "G ")
			eventually(t, "both are printed", func() bool { return strings.Count(out.String(), "\n") == 2 })
			r.await(t, l, "spawned")
			pids := map[string]int{"L": r.pid(l)}
			words := strings.Fields(out.String())
			for i := 0; i+1 < len(words); i += 2 {
				pid, err := strconv.Atoi(words[i+1])
				if err != nil {
					t.Fatal(err)
				}
				pids[words[i]] = pid
			}
			if err := s.Signal(l, supervisor.SIGKILL, c.scope); err != nil {
				t.Fatal(err)
			}
			for who, pid := range pids {
				if strings.Contains(c.want, who) {
					eventually(t, fmt.Sprintf("scope %d kills %s", c.scope, who), func() bool { return !alive(pid) })
				}
			}
			for who, pid := range pids {
				if !strings.Contains(c.want, who) && !alive(pid) {
					t.Errorf("scope %d hit %s", c.scope, who)
				}
			}
			if !alive(r.pid(other)) {
				t.Errorf("scope %d hit a bystander", c.scope)
			}
		})
	}
}

// Kill to a tree goes on until a walk finds nobody new.
func TestKillForkingTree(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"bomb", 1}, newText()
	s.Spawn(l, shell(l, out, `fork() { echo x; setsid sh -c 'sleep 0.01; sleep 1000' & sleep 0.01; }; while :; do fork; done`))
	out.await(t, "x\nx\nx\n")
	s.Kill(l, ScopeTree)
	r.over(t, l)
}

// T10: small pid space, numbers wrap all the time; a bystander is never hit.
func TestT10NumbersAreReused(t *testing.T) {
	if os.Getenv(inside) == "" {
		t.Skip("needs a PID namespace of its own")
	}
	before, err := os.ReadFile("/proc/sys/kernel/pid_max")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/proc/sys/kernel/pid_max", []byte("400"), 0); err != nil {
		t.Skipf("cannot make the pid space small: %v", err)
	}
	defer os.WriteFile("/proc/sys/kernel/pid_max", before, 0)

	s, r := newSystem(t)
	storm := Life{"storm", 1}
	s.Spawn(storm, shell(storm, newText(), "while :; do true & true & wait; done"))
	bystander := Life{"bystander", 1}
	s.Spawn(bystander, shell(bystander, newText(), "sleep 1000 & setsid sleep 1000 & wait"))
	r.await(t, bystander, "spawned")
	for i := range 60 {
		l := Life{"victim", uint64(i)}
		s.Spawn(l, shell(l, newText(), "setsid sleep 1000 & sleep 1000"))
		r.await(t, l, "spawned")
		s.Stop(Stopping{l, supervisor.SIGTERM, ScopeTree})
		s.Kill(l, ScopeTree)
		r.over(t, l)
	}
	if got := r.story(bystander) + r.story(storm); got != "spawnedspawned" {
		t.Errorf("bystander and storm: %q", got)
	}
	eventually(t, "the bystander's tree is whole", func() bool { return usageOf(s, bystander.Name).TreeSize == 3 })
}

// T10: the number is right and the start time is not: it is somebody else.
func TestT10SomebodyElseIsNotHit(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"bystander", 1}
	s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	r.await(t, l, "spawned")
	sc := &scanner{}
	if err := sc.open(); err != nil {
		t.Fatal(err)
	}
	defer sc.close()
	var p procStat
	if !sc.stat(r.pid(l), &p) {
		t.Fatal("it has no stat")
	}
	p.start--
	sc.send(&p, supervisor.SIGKILL)
	p.start++
	sc.send(&p, supervisor.SIGTERM)
	if exit := r.over(t, l); exit.Signal != supervisor.SIGTERM {
		t.Errorf("exit %+v, want SIGTERM", exit)
	}
}

// EndRest says who is waited for, again and again, and who is killed then; that it waits
// no more once its time is up, however late it is itself.
func TestEndRestTells(t *testing.T) {
	s, r := newSystem(t)
	s.restWord = time.Nanosecond // the next word is due at once, as on a machine that is late
	l, ready := Life{"host", 1}, t.TempDir()+"/ready"
	s.Spawn(l, shell(l, newText(), `env -i setsid sh -c 'trap "" TERM; echo 1 >`+ready+`; while :; do sleep 1000; done' >/dev/null 2>&1 &
		while ! [ -s `+ready+` ]; do sleep 0.01; done`))
	r.await(t, l, "exited")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var words []string
	left := s.EndRest(ctx, func(rest []Remnant, killed bool) {
		who := "nobody"
		for _, one := range rest {
			if one.Command == "sh" && one.PID > 0 {
				who = one.Command
			}
		}
		words = append(words, fmt.Sprintf("%s %t", who, killed))
		if len(words) == 3 {
			cancel()
		}
	})
	if want := []string{"sh false", "sh false", "sh false", "sh true"}; left != nil || !slices.Equal(words, want) {
		t.Errorf("told %q, want %q; %v is left", words, want, left)
	}
}

// EndRest ends who belongs to nobody, politely first.
func TestEndRest(t *testing.T) {
	s, r := newSystem(t)
	if left := s.EndRest(context.Background(), nil); left != nil {
		t.Errorf("nobody is there, and %v is left", left)
	}
	dir := t.TempDir()
	l, out := Life{"host", 1}, newText()
	s.Spawn(l, shell(l, out, `env -i setsid sh -c 'trap "echo bye > `+dir+`/polite; exit" TERM; echo 1 >`+dir+`/ready1; while :; do sleep 0.01; done' >/dev/null 2>&1 &
		env -i setsid sh -c 'trap "" TERM; echo 1 >`+dir+`/ready2; while :; do sleep 1000; done' >/dev/null 2>&1 &
		while ! [ -s `+dir+`/ready1 ] || ! [ -s `+dir+`/ready2 ]; do sleep 0.01; done`))
	r.await(t, l, "exited") // in a cgroup they are its members
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for range 20000 {
			if _, err := os.Stat(dir + "/polite"); err == nil {
				return
			}
			<-tick.C
		}
		t.Error("the polite one was not asked to end")
	}()
	if left := s.EndRest(ctx, nil); left != nil {
		t.Errorf("%v is left", left)
	}
	eventually(t, "no zombie is left", func() bool { return zombies(t) == 0 })
}
