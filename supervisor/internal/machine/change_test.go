package machine

import (
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// with are test rules with a change.
func with(set func(*Rules)) *Rules {
	r := testRules()
	set(r)
	return r
}

// live and renewed are the two kinds of a new manifest.
func live(set func(*Rules)) Change    { return Change{Rules: with(set)} }
func renewed(set func(*Rules)) Change { return Change{Rules: with(set), Renew: true} }

func nothing(*Rules) {}

// like is the state's own rules with a change, so that nothing else differs.
func like(p Proc, set func(*Rules)) Change {
	r := *p.Rules
	set(&r)
	return Change{Rules: &r}
}

// A live change interrupts nothing, whatever the state and the goal.
func TestLiveChangeInterruptsNothing(t *testing.T) {
	for _, s := range States() {
		for _, goal := range []Goal{Up, Again, Down, Gone} {
			p := inState(s, testRules())
			p.Goal = goal
			if s == Waiting {
				p.Rules.Needs = []Need{{Name: "db"}}
			}
			ev := like(p, func(r *Rules) { r.Grace, r.MaxRestarts, r.SuccessCodes = time.Hour, 7, []int{3} })
			q := expect(t, p, ev, second, "")
			if goal == Gone {
				if q.Rules != p.Rules {
					t.Errorf("%s: a deleted one has new rules", s)
				}
				continue
			}
			if q.Rules != ev.Rules || q.Coming != nil || !q.Due.Equal(p.Due) || !q.Since.Equal(p.Since) || q.Gen != p.Gen {
				t.Errorf("%s %s: %+v", s, goal, q)
			}
		}
	}
}

// What is executed has changed: in each state and with each goal, and what comes in the
// end. A Down stays down, a Gone is not touched.
func TestRenewInEachState(t *testing.T) {
	const sig = " +signal 15 leader"
	for _, c := range []struct {
		state State
		goal  Goal
		now   string
	}{
		{Idle, Up, "Spawning +spawn 1"},
		{Idle, Down, ""},
		{Idle, Gone, ""},
		{Waiting, Up, "Spawning +spawn 1"},
		{Spawning, Up, "goal Again"},
		{Spawning, Down, ""},
		{Spawning, Gone, ""},
		{PostStart, Up, "Stopping goal Again" + sig},
		{Starting, Up, "Stopping goal Again" + sig},
		{Running, Up, "Stopping goal Again" + sig},
		{PreStop, Up, "goal Again"},
		{PreStop, Again, ""},
		{PreStop, Down, ""},
		{PreStop, Gone, ""},
		{Stopping, Up, "goal Again"},
		{Stopping, Again, ""},
		{Stopping, Down, ""},
		{Stopping, Gone, ""},
		{Draining, Up, "goal Again"},
		{Draining, Again, ""},
		{Draining, Down, ""},
		{Draining, Gone, ""},
		{Killing, Up, "goal Again"},
		{Killing, Again, ""},
		{Killing, Down, ""},
		{Killing, Gone, ""},
		{PostStop, Up, "goal Again"},
		{PostStop, Again, ""},
		{PostStop, Down, ""},
		{PostStop, Gone, ""},
		{Backoff, Up, "Spawning +spawn 2"},
	} {
		t.Run(c.state.String()+" "+c.goal.String(), func(t *testing.T) {
			p := inState(c.state, testRules())
			p.Goal, p.Started, p.WasReady, p.Succeeded, p.Fails = c.goal, true, true, true, 3
			ev := renewed(nothing)
			p = expect(t, p, ev, 0, c.now)
			if c.goal == Gone {
				return
			}
			if met, _ := p.Meets(supervisor.ConditionStarted); met {
				t.Error("others can depend on what is to be replaced")
			}
			// It ends, and what was asked for comes, by the new rules.
			if p.State != Spawning || p.Coming != nil {
				p = ended(p)
			}
			want := Spawning
			if c.goal == Down {
				want = Idle
			}
			if p.State != want || p.Rules != ev.Rules || p.Coming != nil || p.Started || p.WasReady || p.Succeeded || p.Fails > 0 && want == Spawning {
				t.Errorf("in the end %s, %+v", want, p)
			}
		})
	}
}

// The last of several manifests wins, and a spawn in flight is never taken for the new
// definition, whoever asks for what meanwhile.
func TestRenewWhileSpawning(t *testing.T) {
	first, last := renewed(nothing), renewed(nothing)
	p := expect(t, inState(Spawning, testRules()), first, 0, "goal Again")
	p = expect(t, p, last, 0, "")
	p = expect(t, p, Spawned{1, 42}, 0, "Stopping +signal 15 leader")
	if p = expect(t, p, dies(15), 0, "Spawning goal Up +spawn 2"); p.Rules != last.Rules || p.Last.Reason != supervisor.ReasonConfigChanged {
		t.Errorf("the second of two manifests: %+v", p)
	}
	p = expect(t, inState(Spawning, testRules()), Stop{Cause: Asked}, 0, "goal Down")
	p = expect(t, p, last, 0, "")
	p = expect(t, p, Start{}, 0, "goal Again") // what is being spawned is the old one
	p = expect(t, p, Spawned{1, 42}, 0, "Stopping +signal 15 leader")
	if p = expect(t, p, dies(15), 0, "Spawning goal Up +spawn 2"); p.Rules != last.Rules || p.Last.Reason != supervisor.ReasonConfigChanged {
		t.Errorf("stopped, changed and started: new rules %t, the life ended with %s", p.Rules == last.Rules, p.Last.Reason)
	}
	// A live change after one that waits changes what waits.
	p = expect(t, inState(Running, testRules()), first, 0, "Stopping goal Again +signal 15 leader")
	more := live(nothing)
	p = expect(t, p, more, 0, "")
	if p.Coming != more.Rules || p.Rules == more.Rules {
		t.Error("a live change went past the one that waits")
	}
}

// Dependencies of a new manifest: what is met stays met, what is new is waited for.
func TestDependenciesChange(t *testing.T) {
	need := func(names ...string) func(*Rules) {
		return func(r *Rules) {
			for _, n := range names {
				r.Needs = append(r.Needs, Need{Name: n, Condition: supervisor.ConditionStarted, Timeout: 5 * second})
			}
		}
	}
	p, _ := do(New(with(need("db", "cache")), t0), Start{}, 0)
	p = expect(t, p, DependencyMet{"db"}, second, "")
	dueIn(t, "waits", p, Waiting, 5*second)
	same := expect(t, p, live(need("db", "cache")), 4*second, "")
	dueIn(t, "a change of something else", same, Waiting, 5*second)
	q := expect(t, p, live(need("db", "cache", "mail")), 4*second, "")
	dueIn(t, "one more: its timeout begins now", q, Waiting, 9*second)
	if len(q.Unmet) != 2 {
		t.Errorf("unmet %v, want cache and mail", q.Unmet)
	}
	expect(t, p, live(need("db")), 4*second, "Spawning +spawn 1")
	expect(t, p, live(nothing), 4*second, "Spawning +spawn 1")
	longer := live(func(r *Rules) {
		need("db", "cache")(r)
		r.Needs[0].Timeout, r.Needs[1].Timeout = time.Hour, time.Hour
	})
	q = expect(t, p, longer, 4*second, "")
	if dueIn(t, "a longer timeout", q, Waiting, 4*second+time.Hour); len(q.Unmet) != 1 {
		t.Errorf("unmet %v: what was met is waited for again, because of its timeout", q.Unmet)
	}
	other := live(func(r *Rules) {
		need("db", "cache")(r)
		r.Needs[0].Condition = supervisor.ConditionReady
	})
	if q = expect(t, p, other, 4*second, ""); len(q.Unmet) != 2 {
		t.Errorf("unmet %v: another condition is met by nothing yet", q.Unmet)
	}
	// Of what runs nothing is asked, until its next run; met meanwhile counts.
	run := expect(t, inState(Running, testRules()), live(need("db")), 0, "")
	next := expect(t, run, Restart{Cause: Asked}, 0, "Stopping goal Again +signal 15 leader")
	expect(t, next, exit(0), 0, "Waiting goal Up")
	next = expect(t, next, DependencyMet{"db"}, 0, "")
	expect(t, next, exit(0), 0, "Spawning goal Up +spawn 2")
	// Another definition has nothing met.
	run.Unmet = nil
	next = expect(t, run, renewed(need("db")), 0, "Stopping goal Again +signal 15 leader")
	expect(t, next, exit(0), 0, "Waiting goal Up")
}

// New rules reach what is waited for: a startup probe that is gone, a policy that says
// no more, a limit that has been passed.
func TestLiveChangeLetsItGoOn(t *testing.T) {
	expect(t, inState(Starting, testRules()), live(nothing), 0, "Running")
	p := inState(PostStart, testRules())
	p = expect(t, p, live(func(r *Rules) { r.Probes[Startup] = ProbeRules{Successes: 1, Failures: 1} }), 0, "")
	expect(t, p, HookDone{Gen: 1, Hook: PostStart, OK: true}, 0, "Starting")
	for _, c := range []struct {
		name string
		last int
		set  func(*Rules)
		want string
	}{
		{"Never", 1, func(r *Rules) { r.Restart = supervisor.RestartNever }, "Idle failed Error"},
		{"Never after a success", 0, func(r *Rules) { r.Restart = supervisor.RestartNever }, "Idle completed"},
		{"OnFailure", 1, func(r *Rules) { r.Restart = supervisor.RestartOnFailure }, ""},
		{"OnFailure after a success", 0, func(r *Rules) { r.Restart = supervisor.RestartOnFailure }, "Idle completed"},
		{"a limit that was reached", 1, func(r *Rules) { r.MaxRestarts = 3 }, ""},
		{"a limit that was passed", 1, func(r *Rules) { r.MaxRestarts = 2 }, "Idle failed BackoffLimitExceeded"},
		{"no restarts", 0, func(r *Rules) { r.MaxRestarts = 0 }, "Idle completed"},
		{"a rule says FailJob", 1, func(r *Rules) { r.CodeRules = []CodeRule{failOn(1)} }, "Idle failed Error"},
		{"a rule says Restart", 0, func(r *Rules) { r.Restart, r.CodeRules = supervisor.RestartNever, []CodeRule{restartOn(0)} }, ""},
		{"no limit", 1, nothing, ""},
	} {
		p := inState(Running, testRules())
		p.Fails = 2
		p = expect(t, p, exit(c.last), 0, "Backoff")
		t.Run(c.name, func(t *testing.T) { expect(t, p, live(c.set), 0, c.want) })
	}
	// Probes that are new begin anew; a readiness probe that is gone makes it ready.
	ready := func(r *Rules) { r.Probes[Readiness] = ProbeRules{Successes: 1, Failures: 1} }
	p = expect(t, inState(Running, testRules()), live(ready), 0, "")
	if p.Ready() {
		t.Error("ready, and the new probe has said nothing")
	}
	p = expect(t, p, Probed{1, Readiness, true}, 0, "")
	if p = expect(t, p, live(ready), 0, ""); !p.Ready() {
		t.Error("a change of something else made it not ready")
	}
	p = expect(t, p, Probed{1, Readiness, false}, 0, "")
	if p = expect(t, p, live(nothing), 0, ""); !p.Ready() || !p.WasReady || p.Checks[Readiness] != (Check{}) {
		t.Error("not ready, and nobody asks any more")
	}
	alive := func(r *Rules) { r.Probes[Liveness] = ProbeRules{Successes: 1, Failures: 2} }
	p = expect(t, inState(Running, testRules()), live(alive), 0, "")
	p = expect(t, p, Probed{1, Liveness, false}, 0, "")
	stricter := live(func(r *Rules) { r.Probes[Liveness] = ProbeRules{Successes: 1, Failures: 1} })
	p = expect(t, p, stricter, 0, "")
	expect(t, p, Probed{1, Liveness, false}, 0, "Stopping +signal 15 leader")
}

// How it is ended may change while it ends.
func TestEndChangesLive(t *testing.T) {
	process := live(func(r *Rules) { r.KillMode = supervisor.KillProcess })
	p := expect(t, inState(Draining, testRules()), process, 0, "")
	p = expect(t, p, Tick{}, second, "Killing +kill tree") // there is no leader to kill
	expect(t, p, Tick{}, 2*second, "+kill tree")
	p = expect(t, inState(Stopping, testRules()), process, 0, "")
	p = expect(t, p, Tick{}, second, "Killing +kill leader")
	p = expect(t, p, live(nothing), second, "")
	expect(t, p, Tick{}, 2*second, "+kill tree")
	usr1 := live(func(r *Rules) { r.StopSignal, r.Grace = 10, time.Minute })
	p = expect(t, inState(Running, testRules()), usr1, 0, "")
	p = expect(t, p, Stop{Cause: Asked}, 0, "Stopping goal Down +signal 10 leader")
	dueIn(t, "the new grace", p, Stopping, time.Minute)
	p = expect(t, p, live(nothing), 0, "")
	dueIn(t, "what has begun", p, Stopping, time.Minute)
	// A hook that is new or gone.
	p = expect(t, inState(Running, testRules()), live(func(r *Rules) { r.PreStop = true }), 0, "")
	p = expect(t, p, Stop{Cause: Asked}, 0, "PreStop goal Down +hook PreStop")
	p = expect(t, p, live(nothing), 0, "")
	expect(t, p, HookDone{Gen: 1, Hook: PreStop}, 0, "Stopping +signal 15 leader")
}

// A watchdog that changes is set anew; nothing else touches what the process asked for.
func TestWatchdogChange(t *testing.T) {
	watch := func(d time.Duration) func(*Rules) {
		return func(r *Rules) { r.ReadySignal, r.Watchdog = true, d }
	}
	p := expect(t, inState(Running, with(watch(10*second))), Said{1, true}, 0, "")
	p = expect(t, p, Fed{1, 4 * second}, 0, "")
	p = expect(t, p, live(watch(10*second)), second, "")
	if !p.FedBy.Equal(t0.Add(4 * second)) {
		t.Errorf("another change: fed by %s", p.FedBy.Sub(t0))
	}
	if q := expect(t, p, live(watch(20*second)), second, ""); !q.FedBy.Equal(t0.Add(21 * second)) {
		t.Errorf("longer: fed by %s", q.FedBy.Sub(t0))
	}
	if q := expect(t, p, live(watch(0)), second, ""); !q.Next().IsZero() {
		t.Errorf("gone: next %s", q.Next().Sub(t0))
	}
	if q := expect(t, inState(Running, with(watch(0))), live(watch(5*second)), second, ""); !q.Next().IsZero() {
		t.Errorf("new, before READY: next %s", q.Next().Sub(t0))
	}
}
