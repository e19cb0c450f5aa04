package machine

import (
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

const second = time.Second

// hooked is a process with all hooks, running, life 1.
func hooked(grace time.Duration) Proc {
	rules := testRules()
	rules.PostStart, rules.PreStop, rules.PostStop, rules.Grace = true, true, true, grace
	return inState(Running, rules)
}

// dueIn checks the state and its deadline.
func dueIn(t *testing.T, what string, p Proc, s State, want time.Duration) {
	t.Helper()
	if p.State != s || !p.Due.Equal(t0.Add(want)) {
		t.Errorf("%s: %s until %s, want %s until %s", what, p.State, p.Due.Sub(t0), s, want)
	}
}

// The grace period begins with the preStop hook; the signal is left two seconds at
// least, as the kubelet does it, but never more than the budget of the shutdown has.
func TestT29PreStopIsInsideTheGrace(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		name         string
		grace, endBy time.Duration // endBy 0: none
		hook         time.Duration // none: no hook is run
		ends         time.Duration // the hook does
		kill         time.Duration
	}{
		{"no grace, no hook", 0, 0, none, 0, 0},
		{"1 s, ends at once", 1 * second, 0, 1 * second, 0, 2 * second},
		{"1 s, never ends", 1 * second, 0, 1 * second, none, 3 * second},
		{"2 s, ends at once", 2 * second, 0, 2 * second, 0, 2 * second},
		{"2 s, ends late", 2 * second, 0, 2 * second, second, 3 * second},
		{"2 s, never ends", 2 * second, 0, 2 * second, none, 4 * second},
		{"3 s, hook of 1 s", 3 * second, 0, 3 * second, second, 3 * second},
		{"3 s, hook of 2 s", 3 * second, 0, 3 * second, 2 * second, 4 * second},
		{"3 s, hook of 5 s", 3 * second, 0, 3 * second, none, 5 * second},
		{"30 s, ends early", 30 * second, 0, 30 * second, 10 * second, 30 * second},
		{"30 s, ends late", 30 * second, 0, 30 * second, 29 * second, 31 * second},
		{"30 s, never ends", 30 * second, 0, 30 * second, none, 32 * second},
		{"budget after it all", 10 * second, time.Minute, 10 * second, none, 12 * second},
		{"budget in the last two seconds", 10 * second, 11 * second, 9 * second, none, 11 * second},
		{"budget before the grace is over", 30 * second, 10 * second, 8 * second, none, 10 * second},
		{"budget before the grace is over, ends early", 30 * second, 10 * second, 8 * second, second, 10 * second},
		{"budget of 3 s", 30 * second, 3 * second, 1 * second, none, 3 * second},
		{"budget of 2 s: no time for a hook", 30 * second, 2 * second, none, 0, 2 * second},
		{"budget of 1 s", 30 * second, 1 * second, none, 0, 1 * second},
		{"budget gone", 30 * second, -second, none, 0, -second},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := Stop{Cause: Asked}
			if c.endBy != 0 {
				ev.By = t0.Add(c.endBy)
			}
			p := hooked(c.grace)
			if c.hook == none {
				p = expect(t, p, ev, 0, "Stopping goal Down +signal 15 leader")
			} else {
				p = expect(t, p, ev, 0, "PreStop goal Down +hook PreStop")
				dueIn(t, "the hook", p, PreStop, c.hook)
				if c.ends == none {
					p = expect(t, p, Tick{}, c.hook-1, "")
					p = expect(t, p, Tick{}, c.hook, "Stopping +signal 15 leader")
				} else {
					p = expect(t, p, HookDone{Gen: 1, Hook: PreStop}, c.ends, "Stopping +signal 15 leader")
				}
			}
			dueIn(t, "the signal", p, Stopping, c.kill)
			if kill := max(0, c.kill); kill > 0 {
				p = expect(t, p, Tick{}, kill-1, "")
			}
			expect(t, p, Tick{}, max(0, c.kill), "Killing +kill tree")
		})
	}
}

// The leader may end in its own preStop hook; the rest has what is left of the grace.
func TestT29LeaderEndsInPreStop(t *testing.T) {
	p := expect(t, hooked(10*second), Stop{Cause: Asked}, 0, "PreStop goal Down +hook PreStop")
	q := expect(t, p, exit(0), 4*second, "PostStop +hook PostStop")
	if q.Last.Reason != supervisor.ReasonStoppedByUser {
		t.Errorf("it ended with %s", q.Last.Reason)
	}
	q = expect(t, p, Exited{Gen: 1, Left: 1}, 4*second, "Draining +signal 15 rest")
	dueIn(t, "the rest", q, Draining, 10*second)
	q = expect(t, p, Exited{Gen: 1, Left: 1}, 9*second, "Draining +signal 15 rest")
	dueIn(t, "the rest of a late leader", q, Draining, 11*second)
	expect(t, q, HookDone{Gen: 1, Hook: PreStop, OK: true}, 9*second, "")
	p.EndBy = t0.Add(5 * second)
	q = expect(t, p, Exited{Gen: 1, Left: 1}, 4*second, "Draining +signal 15 rest")
	dueIn(t, "the rest, with a budget", q, Draining, 5*second)
}

// A second stop changes who wants what, not the hook; one with a budget shortens it.
func TestStopInPreStop(t *testing.T) {
	p := expect(t, hooked(30*second), Stop{Cause: Asked}, 0, "PreStop goal Down +hook PreStop")
	expect(t, p, Stop{Cause: Ending}, second, "")
	q := expect(t, p, Stop{Cause: Ending, By: t0.Add(10 * second)}, second, "")
	dueIn(t, "a budget", q, PreStop, 8*second)
	q = expect(t, q, HookDone{Gen: 1, Hook: PreStop}, 2*second, "Stopping +signal 15 leader")
	dueIn(t, "the signal has what the hook left of it", q, Stopping, 10*second)
	q = expect(t, p, Stop{Cause: Ending, By: t0}, second, "")
	q = expect(t, q, Tick{}, second, "Stopping +signal 15 leader")
	q = expect(t, q, Tick{}, second, "Killing +kill tree")
	if q.Cause != Asked {
		t.Errorf("the second stop has written its cause over the first: %s", q.Cause)
	}
	q = expect(t, p, Start{}, second, "goal Again")
	expect(t, q, HookDone{Gen: 1, Hook: PreStop}, second, "Stopping +signal 15 leader")
	q = expect(t, p, Delete{Cause: Asked}, second, "goal Gone")
	q = expect(t, q, exit(0), second, "PostStop +hook PostStop")
	expect(t, q, HookDone{Gen: 1, Hook: PostStop}, second, "Idle +forget")
}

// Whoever ends a life runs its preStop hook; nobody runs it for one that ends by
// itself (the kubelet does not).
func TestT29WhoRunsPreStop(t *testing.T) {
	for _, ev := range []Event{Stop{Cause: Asked}, Restart{Cause: Asked}, Delete{Cause: Asked}, Condemned{1, OverMemory}, Probed{1, Liveness, false}, Change{Rules: testRules(), Renew: true}} {
		p := hooked(10 * second)
		p.Rules.Probes[Liveness] = ProbeRules{Successes: 1, Failures: 1}
		if p, got := do(p, ev, 0); p.State != PreStop {
			t.Errorf("%T: %s", ev, got)
		}
	}
	for _, ev := range []Event{exit(0), exit(1), dies(9), Exited{Gen: 1, Left: 1}} {
		p, got := do(hooked(10*second), ev, 0)
		if p.State == PreStop {
			t.Errorf("%T%+v: %s", ev, ev, got)
		}
	}
	late := hooked(10 * second)
	late.State, late.PID = Spawning, 0
	late = expect(t, late, Stop{Cause: Asked}, 0, "goal Down")
	expect(t, late, Spawned{1, 42}, 0, "PreStop +hook PreStop")
	// The grace of the liveness probe holds for its hook too.
	p := hooked(10 * second)
	p.Rules.Probes[Liveness] = ProbeRules{Successes: 1, Failures: 1, Grace: 3 * second}
	p = expect(t, p, Probed{1, Liveness, false}, 0, "PreStop +hook PreStop")
	dueIn(t, "hook of a liveness probe", p, PreStop, 3*second)
	p = expect(t, p, HookDone{Gen: 1, Hook: PreStop}, second/2, "Stopping +signal 15 leader")
	dueIn(t, "signal of a liveness probe", p, Stopping, 3*second)
}

// The way of a life with everything, and what becomes of it at each step.
func TestPostStart(t *testing.T) {
	rules := testRules()
	rules.PostStart, rules.Restart = true, supervisor.RestartNever
	rules.Probes[Startup] = ProbeRules{Successes: 1, Failures: 1}
	p := expect(t, inState(Spawning, rules), Spawned{1, 42}, 0, "PostStart +hook PostStart")
	if p.Started || !p.Next().IsZero() {
		t.Errorf("in its postStart hook it has started: %t, and waits until %s", p.Started, p.Next())
	}
	expect(t, p, HookDone{Gen: 1, Hook: PreStop, OK: true}, 0, "")
	expect(t, p, HookDone{Gen: 2, Hook: PostStart, OK: true}, 0, "")
	expect(t, p, exit(0), 0, "Idle completed")
	bad := expect(t, p, HookDone{Gen: 1, Hook: PostStart}, 0, "Stopping +signal 15 leader")
	expect(t, bad, HookDone{Gen: 1, Hook: PostStart, OK: true}, 0, "")
	bad = expect(t, bad, dies(15), 0, "Idle failed PostStartHookError")
	if end, over := bad.Over(); !over || end.ShellCode() != 143 || bad.Started {
		t.Errorf("its hook failed: %+v", bad)
	}
	p = expect(t, p, HookDone{Gen: 1, Hook: PostStart, OK: true}, 0, "Starting")
	expect(t, p, HookDone{Gen: 1, Hook: PostStart}, 0, "") // a second answer
	p = expect(t, p, Probed{1, Startup, true}, 0, "Running")
	if !p.Started {
		t.Error("it has not started")
	}
}

// postStop follows every life that began, whatever ended it, and is bounded.
func TestPostStop(t *testing.T) {
	failed := hooked(10 * second)
	failed.State, failed.PID = Spawning, 0
	expect(t, failed, SpawnFailed{Gen: 1, Err: "no"}, 0, "Backoff")
	p := expect(t, hooked(10*second), exit(1), 0, "PostStop +hook PostStop")
	dueIn(t, "after a crash", p, PostStop, 10*second)
	if p.Status() != supervisor.StatusStopping || p.PID != 0 || !p.Alive() || p.Last.Exit.Code != 1 {
		t.Errorf("in its postStop hook: %+v", p)
	}
	expect(t, p, HookDone{Gen: 1, Hook: PreStop}, second, "")
	expect(t, p, TreeEmpty{1}, second, "")
	expect(t, p, exit(0), second, "")
	expect(t, p, HookDone{Gen: 1, Hook: PostStop}, second, "Backoff") // a failed hook changes nothing
	expect(t, p, HookDone{Gen: 1, Hook: PostStop, OK: true}, second, "Backoff")
	expect(t, p, Tick{}, 10*second-1, "")
	expect(t, p, Tick{}, 10*second, "Backoff")
	// Left processes are waited for first.
	q := expect(t, hooked(10*second), Exited{Gen: 1, Left: 1}, 0, "Draining +signal 15 rest")
	expect(t, q, TreeEmpty{1}, second, "PostStop +hook PostStop")
	q = expect(t, q, Tick{}, 10*second, "Killing +kill tree")
	if q = expect(t, q, TreeEmpty{1}, 11*second, "PostStop +hook PostStop"); q.Kills != 0 {
		t.Errorf("%d SIGKILLs are still counted", q.Kills)
	}
	alone := hooked(10 * second)
	alone.Rules.KillMode = supervisor.KillProcess
	expect(t, alone, Exited{Gen: 1, Left: 3}, 0, "PostStop +hook PostStop")
	// What is asked for meanwhile happens after it.
	for ev, then := range map[Event]string{
		Start{}:               "Spawning goal Up +spawn 2",
		Restart{Cause: Asked}: "Spawning goal Up +spawn 2",
		Stop{Cause: Asked}:    "Idle",
		Delete{Cause: Asked}:  "Idle +forget",
		Trigger{}:             "Backoff",
	} {
		q, _ := do(p, ev, second)
		if q.State != PostStop {
			t.Errorf("%T ended the postStop hook: %s", ev, q.State)
		}
		expect(t, q, HookDone{Gen: 1, Hook: PostStop}, 2*second, then)
	}
	// The deadline of the run may pass meanwhile, and the budget may end it.
	over := p
	over.RunEnd = t0.Add(second)
	over = expect(t, over, Tick{}, second, "")
	expect(t, over, HookDone{Gen: 1, Hook: PostStop}, 2*second, "Idle failed DeadlineExceeded")
	p = expect(t, p, Stop{Cause: Ending, By: t0.Add(3 * second)}, second, "goal Down")
	dueIn(t, "a budget", p, PostStop, 3*second)
	for _, p := range []Proc{hooked(0), func() Proc { p := hooked(second); p.EndBy = t0; return p }()} {
		if p, got := do(p, exit(0), 0); p.State == PostStop {
			t.Errorf("no time is left for a hook: %s", got)
		}
	}
}
