package machine

import (
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// overdueIn is a process of the state whose run began at t0 with a deadline of 5 s.
func overdueIn(s State) Proc {
	p := inState(s, with(func(r *Rules) { r.Deadline = 5 * second }))
	if !p.Due.IsZero() {
		p.Due = t0.Add(time.Hour)
	}
	return p
}

// The deadline in each state: what lives is ended, what waits for its next life is not
// begun, and what ends already ends as it would.
func TestDeadlineInEachState(t *testing.T) {
	for _, s := range States() {
		p := overdueIn(s)
		early := expect(t, p, Tick{}, 5*second-1, "")
		want := map[State]string{
			PostStart: "Stopping +signal 15 leader", Starting: "Stopping +signal 15 leader", Running: "Stopping +signal 15 leader",
			Backoff: "Idle failed DeadlineExceeded",
		}[s]
		p = expect(t, early, Tick{}, 5*second, want)
		if watched := want != ""; watched != early.Next().Equal(t0.Add(5*second)) {
			t.Errorf("%s: the next tick is wanted at %s", s, early.Next().Sub(t0))
		}
		if p.State == Stopping && p.Goal == Up && p.Cause != Overdue && s != Stopping {
			t.Errorf("%s: ended because of %s", s, p.Cause)
		}
		// What ends for another reason is not begun again after it.
		if !p.Alive() || p.up() || s == Spawning || want != "" {
			continue
		}
		p = ended(p)
		if p.State != Backoff { // the clock of ended stands at t0, before the deadline
			t.Errorf("%s: ended in %s", s, p.State)
		}
		expect(t, p, Tick{}, 5*second, "Idle failed DeadlineExceeded")
	}
}

// While it waits for its dependencies its run has not begun.
func TestDeadlineCountsFromTheFirstLife(t *testing.T) {
	p := waiting(0)
	p.Rules.Deadline = 5 * second
	p = expect(t, p, Tick{}, time.Hour, "")
	p = expect(t, p, DependencyMet{"db"}, time.Hour, "Spawning +spawn 1")
	p = expect(t, p, Tick{}, 2*time.Hour, "")
	p = expect(t, p, Spawned{1, 42}, 2*time.Hour, "Running")
	if !p.Next().Equal(t0.Add(2*time.Hour + 5*second)) {
		t.Errorf("the run ends at %s", p.Next().Sub(t0))
	}
	// A new run has a new one, also in Backoff.
	q := expect(t, p, exit(1), 2*time.Hour+second, "Backoff")
	q = expect(t, q, Start{}, 2*time.Hour+2*second, "Spawning +spawn 2")
	if q = expect(t, q, Spawned{2, 43}, 2*time.Hour+2*second, "Running"); !q.RunEnd.Equal(t0.Add(2*time.Hour + 7*second)) {
		t.Errorf("started by hand, the run ends at %s", q.RunEnd.Sub(t0))
	}
}

// Changed live: longer, shorter, gone, new. It is always the run's first life that
// counts.
func TestDeadlineChangesLive(t *testing.T) {
	to := func(d time.Duration) Change { return live(func(r *Rules) { r.Deadline = d }) }
	run := expect(t, inState(Spawning, to(10*second).Rules), Spawned{1, 42}, 0, "Running")
	second2 := expect(t, run, exit(1), 4*second, "Backoff")
	second2 = expect(t, second2, Tick{}, 5*second, "Spawning +spawn 2")
	second2 = expect(t, second2, Spawned{2, 43}, 5*second, "Running")
	for _, c := range []struct {
		name string
		p    Proc
		to   time.Duration
		want time.Duration // 0: none
	}{
		{"longer", run, 30 * second, 30 * second},
		{"shorter", run, 8 * second, 8 * second},
		{"shorter than it has run", run, second, second},
		{"gone", run, 0, 0},
		{"longer, in the second life", second2, 30 * second, 30 * second},
		{"shorter, in the second life", second2, 7 * second, 7 * second},
	} {
		p := expect(t, c.p, to(c.to), 6*second, "")
		if got := p.Next(); c.want == 0 && !got.IsZero() || c.want > 0 && !got.Equal(t0.Add(c.want)) {
			t.Errorf("%s: the run ends at %s, want %s", c.name, got.Sub(t0), c.want)
		}
		if back := expect(t, p, to(10*second), 6*second, ""); !back.RunEnd.Equal(t0.Add(10 * second)) {
			t.Errorf("%s, and as it was: the run ends at %s", c.name, back.RunEnd.Sub(t0))
		}
	}
	late := expect(t, run, to(second), 6*second, "")
	expect(t, late, Tick{}, 6*second, "Stopping +signal 15 leader")
	// New for what could not even start: from its first attempt, not from some life before.
	p := expect(t, New(testRules(), t0), Start{}, time.Hour, "Spawning +spawn 1")
	if q := expect(t, p, to(10*second), time.Hour, ""); !q.RunEnd.IsZero() {
		t.Errorf("in its first spawn the run ends at %s", q.RunEnd.Sub(t0))
	}
	p = expect(t, p, SpawnFailed{Gen: 1, Err: "no"}, time.Hour, "Backoff")
	p = expect(t, p, to(10*second), time.Hour, "")
	if !p.RunEnd.Equal(t0.Add(time.Hour + 10*second)) {
		t.Errorf("what can not start ends at %s", p.RunEnd.Sub(t0))
	}
	if p = expect(t, p, Tick{}, time.Hour+second, "Spawning +spawn 2"); p.RunEnd.IsZero() {
		t.Error("its next life has no deadline")
	}
	for _, s := range []State{Idle, Waiting} {
		p := inState(s, with(func(r *Rules) { r.Needs = []Need{{Name: "db"}} }))
		if p = expect(t, p, like(p, func(r *Rules) { r.Deadline = second }), 0, ""); !p.RunEnd.IsZero() {
			t.Errorf("%s: a run that has not begun ends at %s", s, p.RunEnd.Sub(t0))
		}
	}
}

// T52, T53: the normal grace and hooks, no restart, and never the next run's business.
func TestT52T53Deadline(t *testing.T) {
	p := hooked(10 * second)
	p.RunEnd = t0.Add(second)
	p = expect(t, p, Tick{}, second, "PreStop +hook PreStop")
	p = expect(t, p, HookDone{Gen: 1, Hook: PreStop}, 2*second, "Stopping +signal 15 leader")
	p = expect(t, p, Tick{}, 11*second, "Killing +kill tree")
	p = expect(t, p, dies(9), 11*second, "PostStop +hook PostStop")
	p = expect(t, p, HookDone{Gen: 1, Hook: PostStop}, 12*second, "Idle failed DeadlineExceeded")
	if end, _ := p.Over(); end.ShellCode() != 137 || p.Restarts != 0 {
		t.Errorf("counts as %d, %d restarts", end.ShellCode(), p.Restarts)
	}
	p = overdueIn(Running)
	p = expect(t, p, Restart{Cause: Asked}, 2*second, "Stopping goal Again +signal 15 leader")
	p = expect(t, p, exit(0), 2*second, "Spawning goal Up +spawn 2")
	p = expect(t, p, Spawned{2, 43}, 2*second, "Running")
	p = expect(t, p, Tick{}, 5*second, "")
	expect(t, p, Tick{}, 7*second, "Stopping +signal 15 leader")
}

// Every kind of failure counts for maxRestarts, and they count together.
func TestMaxRestartsOfMixedReasons(t *testing.T) {
	rules := with(func(r *Rules) {
		r.MaxRestarts, r.Restart, r.PostStart = 4, supervisor.RestartOnFailure, true
		r.Backoff.Initial, r.Backoff.Max = 0, 0
		r.Probes[Startup] = ProbeRules{Successes: 1, Failures: 1}
		r.Probes[Liveness] = ProbeRules{Successes: 1, Failures: 1}
	})
	p := expect(t, New(rules, t0), Start{}, 0, "Spawning +spawn 1")
	p = expect(t, p, SpawnFailed{Gen: 1, Err: "no"}, 0, "Backoff")
	p = expect(t, p, Tick{}, second, "Spawning +spawn 2")
	p = expect(t, p, Spawned{2, 42}, second, "PostStart +hook PostStart")
	p = expect(t, p, HookDone{Gen: 2, Hook: PostStart}, second, "Stopping +signal 15 leader")
	p = expect(t, p, Exited{Gen: 2}, second, "Spawning +spawn 3")
	p = expect(t, p, Spawned{3, 42}, second, "PostStart +hook PostStart")
	p = expect(t, p, HookDone{3, PostStart, true}, second, "Starting")
	p = expect(t, p, Probed{3, Startup, false}, second, "Stopping +signal 15 leader")
	p = expect(t, p, Exited{Gen: 3}, second, "Spawning +spawn 4")
	p = expect(t, p, Spawned{4, 42}, second, "PostStart +hook PostStart")
	p = expect(t, p, HookDone{4, PostStart, true}, second, "Starting")
	p = expect(t, p, Probed{4, Startup, true}, second, "Running")
	p = expect(t, p, Probed{4, Liveness, false}, second, "Stopping +signal 15 leader")
	p = expect(t, p, Exited{Gen: 4}, second, "Spawning +spawn 5")
	p = expect(t, p, Spawned{5, 42}, second, "PostStart +hook PostStart")
	if p.Fails != 4 || p.Restarts != 4 {
		t.Errorf("%d fails, %d restarts, want 4", p.Fails, p.Restarts)
	}
	p = expect(t, p, Exited{Gen: 5, Exit: Exit{Code: 1}}, second, "Idle failed BackoffLimitExceeded")
	if p.Last.Reason != supervisor.ReasonError || p.Final.Code != 1 {
		t.Errorf("the last life ended with %s, %+v", p.Last.Reason, p.Final)
	}
}
