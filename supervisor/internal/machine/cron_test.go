package machine

import (
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// One late run when it is not too late, none else; what has passed meanwhile is missed.
func TestT48LateTimes(t *testing.T) {
	for _, c := range []struct {
		name    string
		startBy time.Duration
		late    time.Duration
		missed  uint64
		want    string
		runs    Runs
	}{
		{"in time", 10 * second, 0, 0, "Spawning +spawn 1", Runs{}},
		{"late, no limit", 0, 1000 * time.Hour, 0, "Spawning +spawn 1", Runs{}},
		{"late, no limit, others before it", 0, time.Hour, 99, "Spawning +spawn 1", Runs{Missed: 99}},
		{"just in time", 10 * second, 10 * second, 0, "Spawning +spawn 1", Runs{}},
		{"too late", 10 * second, 10*second + 1, 0, "", Runs{Missed: 1}},
		{"too late, others before it", 10 * second, time.Minute, 5, "", Runs{Missed: 6}},
		{"the last one in time", 10 * second, second, 5, "Spawning +spawn 1", Runs{Missed: 5}},
	} {
		p := scheduled(Idle, supervisor.ConcurrencyForbid)
		p.Rules.StartBy = c.startBy
		p = expect(t, p, CronDue{Next: t0.Add(time.Hour), Late: c.late, Missed: c.missed}, 0, c.want)
		if p.Runs != c.runs || !p.CronAt.Equal(t0.Add(time.Hour)) {
			t.Errorf("%s: %+v, next %s", c.name, p.Runs, p.CronAt.Sub(t0))
		}
	}
	for _, policy := range []supervisor.ConcurrencyPolicy{supervisor.ConcurrencyAllow, supervisor.ConcurrencyReplace, supervisor.ConcurrencyForbid} {
		for _, s := range States() {
			p := scheduled(s, policy)
			p.Rules.StartBy = second
			if p = expect(t, p, CronDue{Next: t0.Add(time.Hour), Late: time.Minute}, 0, ""); p.Runs != (Runs{Missed: 1}) {
				t.Errorf("%s, %s, too late: %+v", policy, s, p.Runs)
			}
		}
	}
}

// Replace: each scheduled time leaves one trace, also the second while the first run
// still ends.
func TestT47ReplaceWhileItEnds(t *testing.T) {
	due := CronDue{Next: t0.Add(time.Hour)}
	p := expect(t, scheduled(Running, supervisor.ConcurrencyReplace), due, 0, "Stopping goal Again +signal 15 leader")
	p = expect(t, p, due, 0, "")
	if p.Runs != (Runs{Skipped: 1}) {
		t.Errorf("a time while the run before is replaced: %+v", p.Runs)
	}
	p = expect(t, p, Exited{Gen: 1, Left: 1}, 0, "Draining +signal 15 rest")
	p = expect(t, p, due, 0, "")
	p = expect(t, p, TreeEmpty{1}, 0, "Spawning goal Up +spawn 2")
	if p.Runs != (Runs{Skipped: 2, Replaced: 1}) {
		t.Errorf("replaced: %+v", p.Runs)
	}
	for _, s := range []State{PreStop, Stopping, Draining, Killing, PostStop} {
		p := expect(t, scheduled(s, supervisor.ConcurrencyReplace), due, 0, "goal Again")
		if p = ended(p); p.Runs != (Runs{Replaced: 1}) || p.State != Spawning || p.Gen != 2 {
			t.Errorf("replaced in %s: %+v, %s", s, p.Runs, p.State)
		}
	}
	for _, s := range []State{PostStart, Starting} {
		p := expect(t, scheduled(s, supervisor.ConcurrencyReplace), due, 0, "Stopping goal Again +signal 15 leader")
		if p = ended(p); p.Runs != (Runs{Replaced: 1}) || p.Last.Reason != supervisor.ReasonReplaced {
			t.Errorf("replaced in %s: %+v, %s", s, p.Runs, p.Last.Reason)
		}
	}
}

// runOnStart is once, when the schedule is first armed.
func TestRunOnStart(t *testing.T) {
	rules := func(c supervisor.ConcurrencyPolicy, needs ...Need) *Rules {
		return with(func(r *Rules) {
			r.Scheduled, r.Restart, r.RunOnStart, r.Concurrency, r.Needs = true, supervisor.RestartNever, true, c, needs
		})
	}
	armed := Armed{t0.Add(time.Hour)}
	for _, end := range []Event{exit(0), exit(1)} {
		p := expect(t, New(rules(supervisor.ConcurrencyForbid), t0), Start{}, 0, "+arm")
		p = expect(t, p, armed, 0, "Spawning +spawn 1")
		p = expect(t, p, armed, 0, "") // the clock was set back
		p = expect(t, p, Spawned{1, 42}, 0, "Running")
		p, _ = do(p, end, 0)
		if p.Status() != supervisor.StatusScheduled {
			t.Errorf("after its run: %s", p.Status())
		}
		p = expect(t, p, armed, 0, "")
		p = expect(t, p, Stop{Cause: Asked}, 0, "goal Down")
		p = expect(t, p, Start{}, 0, "goal Up +arm")
		expect(t, p, armed, 0, "")
	}
	p := expect(t, New(rules(supervisor.ConcurrencyForbid), t0), armed, 0, "Spawning +spawn 1")
	p = expect(t, p, SpawnFailed{Gen: 1, Err: "no"}, 0, "Idle failed StartError")
	expect(t, p, armed, 0, "")
	off := rules(supervisor.ConcurrencyForbid)
	off.RunOnStart = false
	expect(t, New(off, t0), armed, 0, "")
	off.RunOnStart, off.Suspended = true, true
	p = expect(t, New(off, t0), armed, 0, "") // it is armed by a start only
	p = expect(t, p, Start{}, 0, "goal Up +arm")
	expect(t, p, armed, 0, "Spawning +spawn 1")
	// It waits for its dependencies, as any run does; a failed wait was its try.
	p = expect(t, New(rules(supervisor.ConcurrencyForbid, Need{Name: "db"}), t0), armed, 0, "Waiting")
	expect(t, p, DependencyMet{"db"}, 0, "Spawning +spawn 1")
	p = expect(t, p, DependencyFailed{Name: "db"}, 0, "Idle failed DependencyFailed")
	p = expect(t, p, armed, 0, "")
	expect(t, p, DependencyMet{"db"}, 0, "")
	// A run aside has no place to wait in: it begins when the last dependency is met.
	p = expect(t, New(rules(supervisor.ConcurrencyAllow), t0), armed, 0, "+aside 1")
	expect(t, p, armed, 0, "")
	p = expect(t, New(rules(supervisor.ConcurrencyAllow, Need{Name: "db"}, Need{Name: "cache"}), t0), armed, 0, "")
	if p.Runs.Skipped != 0 {
		t.Error("waiting for its dependencies it was skipped")
	}
	p = expect(t, p, DependencyMet{"db"}, 0, "")
	stopped := expect(t, p, Stop{Cause: Asked}, 0, "goal Down")
	expect(t, stopped, DependencyMet{"cache"}, 0, "")
	p = expect(t, p, DependencyMet{"cache"}, 0, "+aside 1")
	expect(t, p, armed, 0, "")
	p = New(rules(supervisor.ConcurrencyAllow, Need{Name: "db"}), t0)
	expect(t, p, DependencyMet{"db"}, 0, "") // it is not armed yet
	p = expect(t, New(rules(supervisor.ConcurrencyForbid, Need{Name: "db"}), t0), DependencyMet{"db"}, 0, "")
	expect(t, p, armed, 0, "Spawning +spawn 1")
	// A field that comes later has missed the first time.
	late := rules(supervisor.ConcurrencyForbid, Need{Name: "db"})
	late.RunOnStart = false
	p = expect(t, New(late, t0), armed, 0, "")
	p = expect(t, p, like(p, func(r *Rules) { r.RunOnStart = true }), 0, "")
	expect(t, p, DependencyMet{"db"}, 0, "")
}

// A run by hand leaves the schedule as it was: armed, or stopped.
func TestTrigger(t *testing.T) {
	for _, code := range []int{0, 1} {
		p := expect(t, scheduled(Idle, supervisor.ConcurrencyForbid), Trigger{}, 0, "Spawning +spawn 1")
		p = expect(t, p, Spawned{1, 42}, 0, "Running")
		if p, _ = do(p, exit(code), 0); p.Status() != supervisor.StatusScheduled || !p.CronAt.Equal(t0) {
			t.Errorf("armed, and after a run by hand %s", p.Status())
		}
		p = expect(t, scheduled(Idle, supervisor.ConcurrencyForbid), Stop{Cause: Asked}, 0, "goal Down")
		p = expect(t, p, Trigger{}, 0, "Spawning goal Up +spawn 1")
		p = expect(t, p, Spawned{1, 42}, 0, "Running")
		expect(t, p, CronDue{Next: t0}, 0, "")
		if p, _ = do(p, exit(code), 0); p.Status() != supervisor.StatusStopped || p.Goal != Down || p.Why != "" {
			t.Errorf("stopped, and after a run by hand %s, %s", p.Status(), p.Why)
		}
	}
	// Also when it never began.
	p := scheduled(Idle, supervisor.ConcurrencyForbid)
	p.Goal, p.CronAt, p.Unmet = Down, time.Time{}, []string{"db"}
	p = expect(t, p, Trigger{}, 0, "Waiting goal Up")
	p = expect(t, p, DependencyFailed{Name: "db"}, 0, "Idle goal Down failed")
	if p.Status() != supervisor.StatusStopped {
		t.Errorf("after a run that never began: %s", p.Status())
	}
	// Under Allow it runs beside whatever goes on, and while it is stopped.
	for _, s := range States() {
		p := scheduled(s, supervisor.ConcurrencyAllow)
		p.Unmet = nil
		p = expect(t, p, Trigger{}, 0, "+aside 1")
		if met, _ := p.Meets(supervisor.ConditionReady); !met || !p.Started {
			t.Errorf("a run aside of %s: nobody can depend on it", s)
		}
	}
	p = scheduled(Idle, supervisor.ConcurrencyAllow)
	p.Unmet = []string{"db"}
	if p = expect(t, p, Trigger{}, 0, ""); p.Runs != (Runs{Skipped: 1}) {
		t.Errorf("a dependency is not met: %+v", p.Runs)
	}
	// Without a schedule it is a start.
	expect(t, inState(Idle, testRules()), Trigger{}, 0, "Spawning +spawn 1")
}

// T51: a run ends as it began, over its restarts too; what is about the schedule holds
// at once.
func TestT51ChangeOfASchedule(t *testing.T) {
	sched := func(c supervisor.ConcurrencyPolicy) func(*Rules) {
		return func(r *Rules) { r.Scheduled, r.Restart, r.Concurrency = true, supervisor.RestartOnFailure, c }
	}
	next := renewed(sched(supervisor.ConcurrencyForbid))
	for _, s := range States() {
		p := scheduled(s, supervisor.ConcurrencyForbid)
		p.Rules.Restart = supervisor.RestartOnFailure
		old := p.Rules
		q, got := do(p, next, 0)
		if s == Idle || s == Waiting {
			want := map[State]string{Idle: "", Waiting: "Spawning +spawn 1"}[s]
			if q.Rules != next.Rules || got != want || !q.CronAt.Equal(p.CronAt) {
				t.Errorf("changed in %s: %q, want %q", s, got, want)
			}
			continue
		}
		if got != "" || q.Rules != old || q.Coming != next.Rules || !q.CronAt.Equal(p.CronAt) {
			t.Errorf("changed in %s: %q, %+v", s, got, q)
		}
	}
	p := expect(t, scheduled(Running, supervisor.ConcurrencyForbid), next, 0, "")
	p = expect(t, p, exit(1), 0, "Idle failed Error") // the old policy was Never
	if p.Rules != next.Rules || p.Coming != nil || p.Status() != supervisor.StatusScheduled {
		t.Errorf("after the run: %+v", p)
	}
	p = expect(t, scheduled(Spawning, supervisor.ConcurrencyForbid), next, 0, "")
	p = expect(t, p, Start{}, 0, "")
	p = expect(t, p, Spawned{1, 42}, 0, "Running")
	// The new concurrencyPolicy and startingDeadlineSeconds, or a run that hangs would
	// keep them away for ever.
	due := CronDue{Next: t0.Add(time.Hour), Late: time.Minute}
	expect(t, p, due, 0, "")
	q := expect(t, p, renewed(sched(supervisor.ConcurrencyReplace)), 0, "")
	q = expect(t, q, due, 0, "Stopping goal Again +signal 15 leader")
	if q = expect(t, q, exit(0), 0, "Spawning goal Up +spawn 2"); q.Coming != nil {
		t.Error("the run that replaces it is of the old definition")
	}
	q = expect(t, p, renewed(sched(supervisor.ConcurrencyAllow)), 0, "")
	expect(t, q, due, 0, "+aside 1")
	expect(t, q, Trigger{}, 0, "+aside 1")
	q = expect(t, p, renewed(func(r *Rules) { sched(supervisor.ConcurrencyReplace)(r); r.StartBy = second }), 0, "")
	if q = expect(t, q, due, 0, ""); q.Runs != (Runs{Missed: 1}) {
		t.Errorf("too late by the new rules: %+v", q.Runs)
	}
	// Only a changed schedule is armed anew, and only an armed one.
	rearm := like(p, nothing)
	rearm.Rearm = true
	expect(t, p, like(p, nothing), 0, "")
	expect(t, p, rearm, 0, "+arm")
	off := p
	off.CronAt = time.Time{}
	expect(t, off, rearm, 0, "")
	plain := like(inState(Running, testRules()), nothing)
	plain.Rearm = true
	expect(t, inState(Running, testRules()), plain, 0, "")
	gone := scheduled(Idle, supervisor.ConcurrencyForbid)
	gone.Goal = Gone
	expect(t, gone, rearm, 0, "")
	both := suspend(p)
	both.Rearm = true
	expect(t, p, both, 0, "")
	expect(t, expect(t, p, both, 0, ""), Change{Rules: p.Rules, Rearm: true}, 0, "+arm") // once
}

// What others may depend on, of what ended before it was ready.
func TestMeetsReady(t *testing.T) {
	for _, c := range []struct {
		name                      string
		set                       func(*Rules)
		evs                       []Event
		started, ready, completed string
	}{
		{"completed in its postStart hook", func(r *Rules) { r.PostStart = true }, []Event{exit(0)}, "met", "met", "met"},
		{"completed before its startup probe", func(r *Rules) { r.Probes[Startup].Failures = 1 }, []Event{exit(0)}, "met", "met", "met"},
		{"completed, and never ready", func(r *Rules) { r.Probes[Readiness] = ProbeRules{1, 1, 0} }, []Event{exit(0)}, "met", "failed", "met"},
		{"completed, and never said it", func(r *Rules) { r.ReadySignal = true }, []Event{exit(0)}, "met", "failed", "met"},
		{"failed before its startup probe", func(r *Rules) { r.Probes[Startup].Failures = 1 }, []Event{exit(1)}, "failed", "failed", "failed"},
		{"failed after it was ready", nothing, []Event{exit(1)}, "met", "met", "failed"},
		{"not ready yet", func(r *Rules) { r.ReadySignal = true }, nil, "met", "open", "open"},
		{"was ready", func(r *Rules) { r.ReadySignal = true }, []Event{Said{1, true}, Said{1, false}}, "met", "met", "open"},
		{"stopped before it was ready", func(r *Rules) { r.ReadySignal = true }, []Event{Stop{Cause: Asked}, exit(0)}, "met", "open", "open"},
		{"a schedule whose run failed", func(r *Rules) { r.Scheduled = true }, []Event{exit(1)}, "met", "met", "open"},
		{"to be replaced", nothing, []Event{renewed(nothing)}, "open", "open", "open"},
	} {
		p := inState(Spawning, with(func(r *Rules) { r.Restart = supervisor.RestartNever; c.set(r) }))
		p, _ = do(p, Spawned{1, 42}, 0)
		for _, ev := range c.evs {
			p, _ = do(p, ev, 0)
		}
		for condition, want := range map[supervisor.Condition]string{
			supervisor.ConditionStarted: c.started, supervisor.ConditionReady: c.ready, supervisor.ConditionCompleted: c.completed,
		} {
			met, failed := p.Meets(condition)
			if got := map[[2]bool]string{{}: "open", {true, false}: "met", {false, true}: "failed"}[[2]bool{met, failed}]; got != want {
				t.Errorf("%s: %s is %s, want %s", c.name, condition, got, want)
			}
		}
	}
}
