package machine

import (
	"fmt"
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// invariants says what must hold of every step, whatever the rules and the event.
func invariants(w *world, old Proc, ev Event, p Proc, acts []Action) error {
	for _, check := range []func() error{
		func() error { return ofState(p) },
		func() error { return ofHooks(old, p, acts) },
		func() error { return ofGoal(old, p) },
		func() error { return ofLife(old, ev, p, acts) },
		func() error { return ofTime(w.now, old, p, acts) },
		func() error { return ofCounts(old, p) },
		func() error { return ofWords(p) },
		func() error { return ofPostStop(old, ev, p) },
		func() error { return ofCron(old, ev, p, acts) },
		func() error { return ofSuspend(old, ev, p, acts) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// ofState: what each state has and has not.
func ofState(p Proc) error {
	ending := p.State == PreStop || p.State == Stopping || p.State == Draining || p.State == Killing || p.State == PostStop
	switch {
	case (ending || p.State == Backoff) && p.Due.IsZero():
		return fmt.Errorf("%s for ever: no Due", p.State)
	case (p.State == Idle || p.State == Spawning || p.up()) && !p.Due.IsZero():
		return fmt.Errorf("%s has a Due", p.State)
	case (p.up() || p.State == PreStop || p.State == Stopping) && p.PID == 0:
		return fmt.Errorf("%s without a leader", p.State)
	case !p.up() && p.State != PreStop && p.State != Stopping && p.State != Killing && p.PID != 0:
		return fmt.Errorf("%s with leader %d", p.State, p.PID)
	case (p.State == PreStop || p.State == Stopping) && p.Cause == NoCause:
		return fmt.Errorf("%s without a cause: the exit would be taken for a crash", p.State)
	case (p.State == Idle || p.State == Waiting || p.up() || p.State == Backoff) && p.Cause != NoCause:
		return fmt.Errorf("%s with the cause of an old end, %s", p.State, p.Cause)
	case (p.State == Killing) != (p.Kills > 0):
		return fmt.Errorf("%s and %d SIGKILLs", p.State, p.Kills)
	case p.State == Waiting && len(p.Unmet) == 0:
		return fmt.Errorf("waiting for nothing")
	case p.State == Backoff && !mayRestart(p.Rules):
		return fmt.Errorf("no policy and no rule restarts it, and Backoff")
	case !p.RunEnd.IsZero() && (p.State == Idle || p.State == Waiting || p.Rules.Deadline == 0):
		return fmt.Errorf("%s with the deadline of a run", p.State)
	case p.RunEnd.IsZero() && (p.up() || p.State == Backoff) && p.Rules.Deadline > 0:
		return fmt.Errorf("%s without the deadline of its run", p.State)
	case !p.RunEnd.IsZero() && !p.RunEnd.Equal(p.RunStart.Add(p.Rules.Deadline)):
		return fmt.Errorf("a run from %s until %s, deadline %s", p.RunStart.Sub(t0), p.RunEnd.Sub(t0), p.Rules.Deadline)
	case p.RunStart.IsZero() != (p.State == Idle || p.State == Waiting) && p.State != Spawning:
		return fmt.Errorf("%s in a run from %s", p.State, p.RunStart)
	case p.Coming != nil && (p.State == Idle || p.State == Waiting):
		return fmt.Errorf("%s, and its definition is still to come", p.State)
	case p.Coming != nil && !p.Rules.Scheduled && p.Goal == Up:
		return fmt.Errorf("%s goes on with a definition that is out of date", p.State)
	case keptDown(p.Why) && p.Goal != Down && p.Goal != Gone:
		return fmt.Errorf("suspended, with goal %s", p.Goal)
	case p.State != Idle && (p.Outcome != NoOutcome || p.Why != "" && !keptDown(p.Why) || p.Final != Exit{}):
		return fmt.Errorf("%s with the outcome of the run before: %s, %s", p.State, p.Outcome, p.Why)
	case p.Alive() != (ending || p.State == Spawning || p.up()):
		return fmt.Errorf("%s: Alive is %t", p.State, p.Alive())
	}
	return nil
}

// ofGoal: which goals are possible where, and that Gone is final.
func ofGoal(old, p Proc) error {
	switch {
	case old.Goal == Gone && p.Goal != Gone:
		return fmt.Errorf("goal Gone became %s", p.Goal)
	case (p.Goal == Down || p.Goal == Gone) && !p.CronAt.IsZero():
		return fmt.Errorf("goal %s and its schedule is armed", p.Goal)
	case !p.Rules.Scheduled && !p.CronAt.IsZero():
		return fmt.Errorf("no schedule, and armed")
	case (p.up() || p.State == Waiting || p.State == Backoff) && p.Goal != Up:
		return fmt.Errorf("%s with goal %s", p.State, p.Goal)
	case p.Goal == Again && (p.State == Idle || p.State == Waiting || p.up() || p.State == Backoff):
		return fmt.Errorf("%s with goal Again", p.State)
	}
	return nil
}

// ofLife: lives are numbered, one follows the other, and only what the system
// reports ends one.
func ofLife(old Proc, ev Event, p Proc, acts []Action) error {
	spawns, forgets := 0, 0
	for _, a := range acts {
		switch a := a.(type) {
		case Spawn:
			spawns++
			if a.Gen != p.Gen {
				return fmt.Errorf("spawn %d, the life is %d", a.Gen, p.Gen)
			}
		case Forget:
			forgets++
		case Signal, Kill, Arm, Aside, RunHook:
		}
	}
	_, exited := ev.(Exited)
	_, failed := ev.(SpawnFailed)
	_, empty := ev.(TreeEmpty)
	hook, hooked := ev.(HookDone)
	_, ticked := ev.(Tick)
	// After the postStop hook, or when its time is up, the life is over.
	cleaned := old.State == PostStop && (hooked && hook.Hook == PostStop || ticked)
	switch {
	case p.Gen != old.Gen+uint64(spawns) || spawns > 1:
		return fmt.Errorf("life %d became %d with %d spawns", old.Gen, p.Gen, spawns)
	case (p.State == Spawning && old.State != Spawning) != (spawns == 1) && !failed:
		return fmt.Errorf("%s → %s with %d spawns", old.State, p.State, spawns)
	case old.PID != 0 && p.PID != old.PID && !exited:
		return fmt.Errorf("%T: the leader %d became %d", ev, old.PID, p.PID)
	case old.Alive() && (!p.Alive() || p.Gen != old.Gen) && !exited && !failed && !empty && !cleaned:
		return fmt.Errorf("%T ended a life", ev)
	case forgets > 0 && (p.Goal != Gone || p.State != Idle):
		return fmt.Errorf("forgotten in %s with goal %s", p.State, p.Goal)
	case p.Gen == old.Gen && p.Last.Gen != old.Last.Gen && !exited && !failed:
		return fmt.Errorf("%T wrote the record of life %d", ev, p.Last.Gen)
	case (exited || failed) && p.Last.Gen != old.Gen:
		return fmt.Errorf("life %d ended and the last record is of %d", old.Gen, p.Last.Gen)
	}
	return nil
}

// ofTime: nothing comes before its time.
func ofTime(now time.Time, old, p Proc, acts []Action) error {
	passed := !old.Due.IsZero() && !now.Before(old.Due)
	late := !p.RunEnd.IsZero() && !now.Before(p.RunEnd)
	switch {
	case p.Since.After(now), p.Born.After(now), p.Last.At.After(now):
		return fmt.Errorf("something happened after now, %s", now.Sub(t0))
	case p.State == old.State && p.Gen == old.Gen && !p.Since.Equal(old.Since) && p.State != Waiting && p.State != Idle:
		return fmt.Errorf("%s since %s became since %s", p.State, old.Since.Sub(t0), p.Since.Sub(t0))
	case p.State != old.State && !p.Since.Equal(now):
		return fmt.Errorf("%s → %s at %s, since %s", old.State, p.State, now.Sub(t0), p.Since.Sub(t0))
	case p.Kills > old.Kills && !passed:
		return fmt.Errorf("SIGKILL before the grace period was over")
	case p.State == Stopping && old.State != Stopping && p.Due.After(maxTime(now, old.Due).Add(max(p.grace(), signalTime))):
		return fmt.Errorf("more grace than %s", p.Rules.Grace)
	case (p.State == PreStop || p.State == Stopping || p.State == Draining || p.State == PostStop) && !p.EndBy.IsZero() && p.Due.After(p.EndBy):
		return fmt.Errorf("a grace period until %s, it all ends by %s", p.Due.Sub(t0), p.EndBy.Sub(t0))
	case p.State == Draining && old.State == Stopping && p.Due.After(old.Due):
		return fmt.Errorf("a second grace period")
	case p.State == Killing && p.Due.After(now.Add(killRetry)):
		return fmt.Errorf("next SIGKILL at %s, now is %s", p.Due.Sub(t0), now.Sub(t0))
	}
	for _, a := range acts {
		if _, spawn := a.(Spawn); spawn && late {
			return fmt.Errorf("a life begins after the deadline of its run")
		}
	}
	return nil
}

// mayRestart: without one of these there is no automatic restart.
func mayRestart(r *Rules) bool {
	rule := func(c CodeRule) bool { return c.Action == supervisor.RuleRestart }
	return r.Restart != supervisor.RestartNever || slices.ContainsFunc(r.CodeRules, rule)
}

// alwaysFails: the first rule is about every code but 0, and 3 is no success.
func alwaysFails(r *Rules) bool {
	return len(r.CodeRules) > 0 && r.CodeRules[0].Action == supervisor.RuleFailJob && r.CodeRules[0].NotIn &&
		slices.Equal(r.CodeRules[0].Codes, []int{0}) && len(r.SuccessCodes) == 0
}

// ofCounts: limits hold, and what counts for ever never goes back.
func ofCounts(old, p Proc) error {
	switch {
	case p.Rules.MaxRestarts >= 0 && p.Fails > p.Rules.MaxRestarts && p.Fails > old.Fails:
		return fmt.Errorf("%d restarts, the limit is %d", p.Fails, p.Rules.MaxRestarts)
	case p.Delays > p.Fails:
		return fmt.Errorf("%d delays in %d restarts", p.Delays, p.Fails)
	case p.Restarts < old.Restarts || p.Restarts > old.Restarts+1 || p.Restarts != old.Restarts && p.Gen != old.Gen+1:
		return fmt.Errorf("automatic restarts %d → %d, lives %d → %d", old.Restarts, p.Restarts, old.Gen, p.Gen)
	case p.Restarts != old.Restarts && !mayRestart(p.Rules):
		return fmt.Errorf("no policy and no rule, and restarted")
	case p.Restarts != old.Restarts && p.Last.Exit.Err == "" && p.Last.Exit.ShellCode() != 0 && alwaysFails(p.Rules):
		return fmt.Errorf("a rule says FailJob of every code, and restarted")
	case (old.Started && !p.Started || old.WasReady && !p.WasReady || old.Succeeded && !p.Succeeded) && p.Rules == old.Rules:
		return fmt.Errorf("what has happened has not")
	case p.Asides < old.Asides:
		return fmt.Errorf("asides %d → %d", old.Asides, p.Asides)
	case len(p.Unmet) > len(old.Unmet) && p.Rules == old.Rules:
		return fmt.Errorf("unmet again: %v → %v", old.Unmet, p.Unmet)
	}
	a, b := old.Runs, p.Runs
	more := (b.Succeeded - a.Succeeded) + (b.Failed - a.Failed) + (b.Skipped - a.Skipped) + (b.Replaced - a.Replaced)
	if missed := b.Missed - a.Missed; missed > 2 {
		return fmt.Errorf("missed %d at once", missed)
	}
	if more > 1 || more > 0 && !p.Rules.Scheduled {
		return fmt.Errorf("runs %+v → %+v", a, b)
	}
	return nil
}

// ofWords: what is told to others fits.
func ofWords(p Proc) error {
	_, over := p.Over()
	status := p.Status()
	met, failed := p.Meets(supervisor.ConditionStarted)
	if p.Coming != nil || p.Goal == Gone {
		met = p.Started // nothing can be depended on until it comes
	}
	completed, never := p.Meets(supervisor.ConditionCompleted)
	switch {
	case over && (p.Alive() || !p.Next().IsZero() || p.Goal != Up || p.Rules.Scheduled):
		return fmt.Errorf("over, and yet %+v", p)
	case over != (p.State == Idle && !p.Rules.Scheduled && (status == supervisor.StatusCompleted || status == supervisor.StatusFailed)):
		return fmt.Errorf("over is %t and the status %s", over, status)
	case met && failed, completed && never:
		return fmt.Errorf("a dependency on it is met and never will be")
	case met != p.Started:
		return fmt.Errorf("started: %t, started for others: %t", p.Started, met)
	case (status == supervisor.StatusStuck) != (p.Kills > stuckAfter):
		return fmt.Errorf("status %s after %d SIGKILLs", status, p.Kills)
	case p.Alive() && (status == supervisor.StatusStopped || status == supervisor.StatusCompleted || status == supervisor.StatusFailed || status == supervisor.StatusScheduled):
		return fmt.Errorf("%s is called %s", p.State, status)
	}
	return nil
}

// agrees: what the machine believes is what is.
func agrees(w *world, p Proc) error {
	switch {
	case p.PID != w.pid:
		return fmt.Errorf("leader %d, in the world %d", p.PID, w.pid)
	case (p.Alive() && p.State != PostStop) != w.alive():
		return fmt.Errorf("alive %t, in the world: in flight %t, leader %d, rest %d", p.Alive(), w.inFlight, w.pid, w.rest)
	case (p.State == Spawning) != w.inFlight:
		return fmt.Errorf("%s, in flight: %t", p.State, w.inFlight)
	case p.Gen != w.gen:
		return fmt.Errorf("life %d, in the world %d", p.Gen, w.gen)
	case w.forgets > 0 && (p.State != Idle || p.Goal != Gone):
		return fmt.Errorf("forgotten, and %s", p.State)
	}
	return nil
}

// ofHooks: each hook has its state, and begins with it.
func ofHooks(old, p Proc, acts []Action) error {
	var hook State
	for _, a := range acts {
		if a, ok := a.(RunHook); ok {
			hook = a.Hook
		}
	}
	entered := p.State != old.State || p.Gen != old.Gen
	switch {
	case hook != Idle && (p.State != hook || !entered):
		return fmt.Errorf("hook %s in %s", hook, p.State)
	case (p.State == PostStart || p.State == PreStop || p.State == PostStop) && entered && hook != p.State:
		return fmt.Errorf("%s without its hook", p.State)
	case p.State == PreStop && old.State != PreStop && !old.up() && old.State != Spawning:
		return fmt.Errorf("preStop after %s", old.State)
	case p.Ready() && (p.State != Running || !p.WasReady):
		return fmt.Errorf("ready in %s, ever: %t", p.State, p.WasReady)
	}
	for _, k := range Probes() {
		c := p.Checks[k]
		switch {
		case c.Good > 0 && c.Bad > 0:
			return fmt.Errorf("%s: %d good and %d bad in a row", k, c.Good, c.Bad)
		case p.Wants(k) && k == Startup && c.OK, p.Wants(k) && k == Liveness && !c.OK:
			return fmt.Errorf("%s is still asked for after its verdict", k)
		}
	}
	return nil
}

// ofPostStop: it follows every life that began, when there is time for it, and no
// other.
func ofPostStop(old Proc, ev Event, p Proc) error {
	ended := false
	switch ev := ev.(type) {
	case Exited:
		ended = ev.Left == 0 || old.Rules.KillMode == supervisor.KillProcess
	case TreeEmpty:
		ended = true
	default:
	}
	ended = ended && old.Alive() && p.Last.Gen == old.Gen
	time := old.Rules.Grace > 0 && (old.EndBy.IsZero() || old.EndBy.After(p.Since))
	switch {
	case ended && old.Rules.PostStop && time && p.State != PostStop:
		return fmt.Errorf("life %d has ended without its postStop hook", old.Gen)
	case p.State == PostStop && old.State != PostStop && (!ended || !old.Rules.PostStop):
		return fmt.Errorf("%T in %s: a postStop hook that nobody asked for", ev, old.State)
	}
	return nil
}

// ofCron: every scheduled time leaves one trace, and one that is disarmed none.
func ofCron(old Proc, ev Event, p Proc, acts []Action) error {
	due, ok := ev.(CronDue)
	if !ok {
		return nil
	}
	traces := int(p.Runs.Skipped-old.Runs.Skipped) + int(p.Runs.Missed-old.Runs.Missed-due.Missed)
	if p.Asides != old.Asides {
		traces++
	}
	if p.Goal == Again && old.Goal != Again {
		traces++
	}
	if p.Gen != old.Gen || p.State == Waiting && old.State != Waiting {
		traces++
	}
	switch {
	case old.CronAt.IsZero() && (len(acts) > 0 || p.Runs != old.Runs || !p.CronAt.IsZero()):
		return fmt.Errorf("disarmed, and a scheduled time did something: %v", acts)
	case !old.CronAt.IsZero() && traces != 1:
		return fmt.Errorf("a scheduled time left %d traces: %+v → %+v", traces, old.Runs, p.Runs)
	case !old.CronAt.IsZero() && !p.CronAt.Equal(due.Next):
		return fmt.Errorf("the next time is %s, it should be %s", p.CronAt, due.Next)
	}
	return nil
}

// ofSuspend: what a new manifest suspends is not armed and begins nothing.
func ofSuspend(old Proc, ev Event, p Proc, acts []Action) error {
	c, ok := ev.(Change)
	if !ok || old.Goal == Gone {
		return nil
	}
	now := c.Rules.Suspended && !old.latest().Suspended
	switch {
	case p.latest() != c.Rules:
		return fmt.Errorf("the new rules are lost")
	case now && !p.CronAt.IsZero():
		return fmt.Errorf("suspended, and armed")
	case now && p.Gen != old.Gen:
		return fmt.Errorf("suspended, and a life begins: %v", acts)
	case now && !p.Rules.Scheduled && p.Goal == Up && p.Outcome == NoOutcome:
		return fmt.Errorf("suspended, and %s with goal Up", p.State)
	case !c.Rules.Suspended && p.Why == supervisor.ReasonSuspended:
		return fmt.Errorf("kept down as suspended, and it is not")
	case old.Goal == Down && old.Why != supervisor.ReasonSuspended && p.Goal != Down:
		return fmt.Errorf("stopped by hand, and a manifest started it")
	}
	return nil
}

// keptDown are the words for why a process is to be down, which it may be before it is.
func keptDown(why supervisor.Reason) bool {
	return why == supervisor.ReasonSuspended || why == supervisor.ReasonStoppedByUser
}
