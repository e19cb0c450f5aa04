package machine

import (
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

func suspendOn(r *Rules) { r.Suspended = true }

// suspend and resume leave everything else as it is.
func suspend(p Proc) Change { return like(p, suspendOn) }
func resume(p Proc) Change  { return like(p, func(r *Rules) { r.Suspended = false }) }

// ended lets the life come to its end, whatever the state.
func ended(p Proc) Proc {
	p, _ = do(p, SpawnFailed{Gen: p.Gen, Err: "no"}, 0)
	p, _ = do(p, Exited{Gen: p.Gen}, 0)
	p, _ = do(p, TreeEmpty{p.Gen}, 0)
	p, _ = do(p, HookDone{Gen: p.Gen, Hook: PostStop}, 0)
	return p
}

// Suspended in each state it comes to rest, says why, and comes back when the field is
// gone, also when that is before it was at rest.
func TestSuspendAndResume(t *testing.T) {
	for _, s := range States() {
		t.Run(s.String(), func(t *testing.T) {
			p := inState(s, testRules())
			p, got := do(p, suspend(p), 0)
			if p.Goal != Down {
				t.Fatalf("suspended: %s", got)
			}
			rest := ended(p)
			if rest.State != Idle || rest.Status() != supervisor.StatusStopped || rest.Reason() != supervisor.ReasonSuspended {
				t.Errorf("at rest: %s %s, %s", rest.State, rest.Status(), rest.Reason())
			}
			if q, _ := do(rest, resume(rest), 0); q.Goal != Up || q.State == Idle {
				t.Errorf("not suspended any more: %s %s", q.State, q.Goal)
			}
			early, _ := do(p, resume(p), 0)
			if early = ended(early); early.Goal != Up || early.Why == supervisor.ReasonSuspended {
				t.Errorf("resumed before it was at rest: %s %s", early.State, early.Goal)
			}
			// A stop by hand is another reason to be down, and outlives the field.
			byHand, _ := do(p, Stop{Cause: Asked}, 0)
			byHand = ended(byHand)
			if q, _ := do(byHand, resume(byHand), 0); q.State != Idle || q.Goal != Down || q.Why != supervisor.ReasonStoppedByUser {
				t.Errorf("stopped by hand: %s %s %s", q.State, q.Goal, q.Why)
			}
			// So is a stop before it.
			before, _ := do(inState(s, testRules()), Stop{Cause: Asked}, 0)
			before, _ = do(before, suspend(before), 0)
			before = ended(before)
			if q, _ := do(before, resume(before), 0); q.State != Idle || q.Goal != Down {
				t.Errorf("stopped by hand before: %s %s", q.State, q.Goal)
			}
			// A start by hand takes it back, and no later manifest that says the same stops it.
			hand, _ := do(p, Start{}, 0)
			hand, _ = do(hand, suspend(hand), 0)
			if hand = ended(hand); hand.Goal != Up {
				t.Errorf("started by hand: %s %s", hand.State, hand.Goal)
			}
		})
	}
}

// Suspended and changed at once, in whatever order they come.
func TestSuspendWithRenew(t *testing.T) {
	both := renewed(suspendOn)
	p := expect(t, inState(Running, testRules()), both, 0, "Stopping goal Down +signal 15 leader")
	p = expect(t, p, exit(0), 0, "Idle")
	if p.Rules != both.Rules || p.Reason() != supervisor.ReasonSuspended || p.Last.Reason != supervisor.ReasonSuspended {
		t.Errorf("at rest: %s, new rules %t, the life ended with %s", p.Reason(), p.Rules == both.Rules, p.Last.Reason)
	}
	expect(t, p, resume(p), 0, "Spawning goal Up +spawn 2")
	for _, s := range []State{Waiting, Backoff, Idle} {
		p, got := do(inState(s, testRules()), both, 0)
		if p.State != Idle || p.Goal != Down || p.Reason() != supervisor.ReasonSuspended || p.Rules != both.Rules {
			t.Errorf("%s: %s, %s", s, got, p.Reason())
		}
	}
	// A change that comes while the suspended one waits: it is not suspended any more.
	p = expect(t, inState(Running, testRules()), both, 0, "Stopping goal Down +signal 15 leader")
	p = expect(t, p, renewed(nothing), 0, "goal Again")
	expect(t, p, exit(0), 0, "Spawning goal Up +spawn 2")
	// A restart for a new definition that another one suspends.
	p = expect(t, inState(Running, testRules()), renewed(nothing), 0, "Stopping goal Again +signal 15 leader")
	p = expect(t, p, live(suspendOn), 0, "goal Down")
	p = expect(t, p, exit(0), 0, "Idle")
	if p.Reason() != supervisor.ReasonSuspended || p.Last.Reason != supervisor.ReasonConfigChanged {
		t.Errorf("%s, the life ended with %s", p.Reason(), p.Last.Reason)
	}
	expect(t, p, resume(p), 0, "Spawning goal Up +spawn 2")
	// A suspended one that waits does not begin because its dependencies are gone.
	waits := waiting(0)
	expect(t, waits, live(suspendOn), 0, "Idle goal Down")
}

// What has ended for good stays what it is: completed is completed, as of a Job. A new
// definition of it has not been run.
func TestSuspendOfWhatHasEnded(t *testing.T) {
	rules := with(func(r *Rules) { r.Restart = supervisor.RestartNever })
	for code, want := range map[int]supervisor.Status{0: supervisor.StatusCompleted, 1: supervisor.StatusFailed} {
		p, _ := do(inState(Running, rules), exit(code), 0)
		p = expect(t, p, suspend(p), 0, "")
		if p.Status() != want {
			t.Errorf("suspended: %s, want %s", p.Status(), want)
		}
		p = expect(t, p, resume(p), 0, "")
		p = expect(t, p, renewed(suspendOn), 0, "goal Down")
		if _, failed := p.Meets(supervisor.ConditionCompleted); failed || p.Status() != supervisor.StatusStopped || p.Reason() != supervisor.ReasonSuspended {
			t.Errorf("a new definition, suspended: %s %s, never: %t", p.Status(), p.Reason(), failed)
		}
	}
}

// A suspended schedule has no next time; a run that goes on is let finish, also over
// its restarts, as of a CronJob.
func TestSuspendOfASchedule(t *testing.T) {
	for _, s := range States() {
		p := scheduled(s, supervisor.ConcurrencyForbid)
		if s == Backoff {
			p.Rules.Restart = supervisor.RestartOnFailure
		}
		going := p.Alive() || s == Backoff
		p, got := do(p, suspend(p), 0)
		if !p.CronAt.IsZero() || going != (p.Goal == Up) || going && got != "" {
			t.Errorf("suspended in %s: %q, next %s", s, got, p.CronAt)
		}
		expect(t, p, CronDue{Next: t0}, 0, "")
		again, got := do(p, resume(p), 0)
		if again.Goal != Up || got != map[bool]string{true: "+arm", false: "goal Up +arm"}[going] {
			t.Errorf("resumed in %s: %q", s, got)
		}
		if p.State == Backoff {
			p = expect(t, p, Tick{}, second, "Spawning +spawn 2")
			p = expect(t, p, Spawned{2, 43}, second, "Running")
		}
		if p = ended(p); p.Goal != Down || p.Status() != supervisor.StatusStopped {
			t.Errorf("the run that went on in %s has ended: %s %s", s, p.Goal, p.Status())
		}
		if p, _ = do(p, resume(p), 0); p.Goal != Up {
			t.Errorf("resumed after the run of %s: %s", s, p.Goal)
		}
	}
	// One that was armed by hand goes on as it is.
	armed := scheduled(Idle, supervisor.ConcurrencyForbid)
	armed.Rules.Suspended = true
	expect(t, armed, resume(armed), 0, "")
	// A run that replaces another has been due before.
	p := expect(t, scheduled(Running, supervisor.ConcurrencyReplace), CronDue{Next: t0.Add(second)}, 0, "Stopping goal Again +signal 15 leader")
	p = expect(t, p, suspend(p), 0, "")
	q := expect(t, p, resume(p), 0, "+arm")
	if q.Goal != Again {
		t.Errorf("resumed: %s", q.Goal)
	}
	expect(t, p, exit(0), 0, "Spawning goal Up +spawn 2")
	// Triggered by hand while it is suspended: stopped again after it.
	off := with(func(r *Rules) { r.Scheduled, r.Restart, r.Suspended = true, supervisor.RestartNever, true })
	p = expect(t, New(off, t0), Trigger{}, 0, "Spawning goal Up +spawn 1")
	p = expect(t, p, Spawned{1, 42}, 0, "Running")
	expect(t, p, resume(p), 0, "+arm")
	p = expect(t, p, exit(0), 0, "Idle goal Down completed Suspended")
	expect(t, p, resume(p), 0, "goal Up +arm")
}
