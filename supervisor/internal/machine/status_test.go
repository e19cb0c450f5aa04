package machine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The word for every cause and every kind of exit: the cause goes first.
func TestReasons(t *testing.T) {
	exits := []Exit{{}, {Code: 3}, {Code: 1}, {Signal: 9}}
	own := []supervisor.Reason{supervisor.ReasonCompleted, supervisor.ReasonCompleted, supervisor.ReasonError, supervisor.ReasonSignaled}
	of := map[Cause]supervisor.Reason{
		Asked: supervisor.ReasonStoppedByUser, Overdue: supervisor.ReasonDeadlineExceeded, Replaced: supervisor.ReasonReplaced,
		Changed: supervisor.ReasonConfigChanged, Ending: supervisor.ReasonShutdown,
		Unhealthy: supervisor.ReasonUnhealthy, Unstarted: supervisor.ReasonStartTimeout, HookFailed: supervisor.ReasonPostStartHookError,
		OverMemory: supervisor.ReasonMemoryLimit, Followed: supervisor.ReasonDependencyRestarted, Paused: supervisor.ReasonSuspended,
	}
	for c := NoCause; int(c) < causes; c++ {
		for i, e := range exits {
			rules := testRules()
			rules.SuccessCodes = []int{3}
			p := inState(Stopping, rules)
			p.Cause, p.Goal = c, Down
			want := of[c]
			if c == NoCause {
				want = own[i]
			}
			p, _ = Step(p, Exited{Gen: 1, Exit: e}, t0)
			if p.Last.Reason != want || p.Reason() != want || p.Last.Exit != e || p.Last.Gen != 1 {
				t.Errorf("%s, %+v: %s, want %s; last %+v", c, e, p.Reason(), want, p.Last)
			}
		}
	}
}

func TestShellCode(t *testing.T) {
	for e, want := range map[Exit]int{{}: 0, {Code: 7}: 7, {Signal: 9}: 137, {Err: "no", Code: 126}: 126} {
		if got := e.ShellCode(); got != want {
			t.Errorf("%+v: %d, want %d", e, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	for s, want := range map[State]supervisor.Status{
		Idle: supervisor.StatusPending, Waiting: supervisor.StatusPending, Spawning: supervisor.StatusStarting,
		Running: supervisor.StatusRunning, Stopping: supervisor.StatusStopping, Draining: supervisor.StatusStopping,
		Killing: supervisor.StatusStopping, Backoff: supervisor.StatusBackoff,
		PostStart: supervisor.StatusStarting, Starting: supervisor.StatusStarting, PreStop: supervisor.StatusStopping, PostStop: supervisor.StatusStopping,
	} {
		if got := inState(s, testRules()).Status(); got != want {
			t.Errorf("%s is called %s, want %s", s, got, want)
		}
	}
	for _, c := range []struct {
		goal    Goal
		outcome Outcome
		armed   bool
		want    supervisor.Status
	}{
		{Up, NoOutcome, false, supervisor.StatusPending},
		{Up, Completed, false, supervisor.StatusCompleted},
		{Up, Failed, false, supervisor.StatusFailed},
		{Up, Failed, true, supervisor.StatusScheduled},
		{Down, Failed, false, supervisor.StatusStopped},
		{Gone, Completed, false, supervisor.StatusStopped},
	} {
		p := inState(Idle, testRules())
		p.Goal, p.Outcome = c.goal, c.outcome
		if c.armed {
			p.CronAt = t0
		}
		if got := p.Status(); got != c.want {
			t.Errorf("idle, %+v: %s", c, got)
		}
	}
}

// A suspended process is down until somebody starts it.
func TestSuspended(t *testing.T) {
	suspended := testRules()
	suspended.Suspended = true
	p := New(suspended, t0)
	if p.Status() != supervisor.StatusStopped || p.Reason() != supervisor.ReasonSuspended {
		t.Errorf("suspended: %s, %s", p.Status(), p.Reason())
	}
	if q, _ := do(p, Stop{Cause: Asked}, 0); q.Reason() != supervisor.ReasonStoppedByUser {
		t.Errorf("stopped by hand it is %s", q.Reason())
	}
	if p = expect(t, p, Start{}, 0, "Spawning goal Up +spawn 1"); p.Reason() != "" {
		t.Errorf("started it is still %s", p.Reason())
	}
	rules := testRules()
	rules.Scheduled, rules.Suspended = true, true
	p = expect(t, New(rules, t0), Armed{t0.Add(time.Hour)}, 0, "")
	p = expect(t, p, CronDue{Next: t0}, 0, "")
	if p = expect(t, p, Start{}, 0, "goal Up +arm"); p.Reason() != "" {
		t.Errorf("armed by hand it is still %s", p.Reason())
	}
}

func waiting(timeouts ...time.Duration) Proc {
	rules := testRules()
	for i, d := range timeouts {
		rules.Needs = append(rules.Needs, Need{Name: []string{"db", "cache"}[i], Condition: supervisor.ConditionStarted, Timeout: d})
	}
	p, _ := Step(New(rules, t0), Start{}, t0)
	return p
}

func TestDependencies(t *testing.T) {
	p := waiting(5*time.Second, 20*time.Second)
	if p.State != Waiting || !p.Next().Equal(t0.Add(5*time.Second)) {
		t.Fatalf("waits in %s until %s", p.State, p.Next().Sub(t0))
	}
	expect(t, p, Tick{}, 5*time.Second-1, "")
	timedOut := expect(t, p, Tick{}, 5*time.Second, "Idle failed DependencyFailed")
	if end, over := timedOut.Over(); !over || end.ShellCode() != 1 {
		t.Errorf("timed out: over %t with %+v", over, end)
	}
	expect(t, p, DependencyMet{"nobody"}, 0, "")
	expect(t, p, DependencyFailed{Name: "nobody"}, 0, "")
	// The timeouts that remain count from the beginning of the wait.
	p = expect(t, p, DependencyMet{"db"}, 3*time.Second, "")
	if !p.Next().Equal(t0.Add(20 * time.Second)) {
		t.Errorf("waits until %s for the second", p.Next().Sub(t0))
	}
	expect(t, p, DependencyFailed{Name: "db"}, 4*time.Second, "") // met once is met
	failed := expect(t, p, DependencyFailed{"cache", Exit{Code: 7}}, 4*time.Second, "Idle failed DependencyFailed")
	if end, over := failed.Over(); !over || end.Code != 7 || failed.Reason() != supervisor.ReasonDependencyFailed {
		t.Errorf("failed: over %t with %+v, %s", over, end, failed.Reason())
	}
	p = expect(t, p, DependencyMet{"cache"}, 4*time.Second, "Spawning +spawn 1")
	// And it stays met: the next run does not wait.
	p = expect(t, p, Stop{Cause: Asked}, 5*time.Second, "goal Down")
	p = expect(t, p, SpawnFailed{Gen: 1, Err: "no"}, 5*time.Second, "Idle")
	expect(t, p, Start{}, 6*time.Second, "Spawning goal Up +spawn 2")
	if p := waiting(0, 0); p.State != Waiting || !p.Next().IsZero() {
		t.Errorf("without timeouts it waits in %s until %s", p.State, p.Next())
	}
	// What is met while nobody waits counts too.
	idle := New(waiting(0).Rules, t0)
	idle = expect(t, idle, DependencyMet{"db"}, 0, "")
	expect(t, idle, Start{}, 0, "Spawning +spawn 1")
}

func TestMeets(t *testing.T) {
	ended := func(rp supervisor.RestartPolicy, code int) Proc {
		rules := testRules()
		rules.Restart = rp
		p, _ := do(inState(Spawning, rules), Spawned{1, 42}, 0)
		p, _ = do(p, exit(code), 0)
		return p
	}
	neverRan, _ := do(inState(Spawning, testRules()), Delete{Cause: Asked}, 0)
	running, _ := do(inState(Spawning, testRules()), Spawned{1, 42}, 0)
	stopped, _ := do(New(testRules(), t0), Stop{Cause: Asked}, 0)
	again, _ := do(ended(supervisor.RestartNever, 0), Start{}, 0)
	for _, c := range []struct {
		name               string
		p                  Proc
		started, completed string
	}{
		{"new", New(testRules(), t0), "open", "open"},
		{"starting", inState(Spawning, testRules()), "open", "open"},
		{"running", running, "met", "open"},
		{"completed", ended(supervisor.RestartNever, 0), "met", "met"},
		{"completed and started again", again, "met", "met"},
		{"failed", ended(supervisor.RestartNever, 1), "met", "failed"},
		{"crashed, comes back", ended(supervisor.RestartAlways, 1), "met", "open"},
		{"stopped before it ran", stopped, "open", "open"},
		{"deleted before it ran", neverRan, "open", "open"},
		{"timed out", func() Proc { p, _ := do(waiting(time.Second), Tick{}, time.Second); return p }(), "failed", "failed"},
	} {
		word := func(met, failed bool) string {
			return map[[2]bool]string{{}: "open", {true, false}: "met", {false, true}: "failed"}[[2]bool{met, failed}]
		}
		if got := word(c.p.Meets(supervisor.ConditionStarted)); got != c.started {
			t.Errorf("%s: Started is %s, want %s", c.name, got, c.started)
		}
		if got := word(c.p.Meets(supervisor.ConditionCompleted)); got != c.completed {
			t.Errorf("%s: Completed is %s, want %s", c.name, got, c.completed)
		}
	}
}

func scheduled(s State, c supervisor.ConcurrencyPolicy) Proc {
	rules := testRules()
	rules.Scheduled, rules.Concurrency, rules.Restart = true, c, supervisor.RestartNever
	p := inState(s, rules)
	p.CronAt = t0
	return p
}

// Every scheduled time leaves one trace: a run, a count, or a run aside.
func TestCronPolicies(t *testing.T) {
	due := CronDue{Next: t0.Add(time.Hour)}
	for _, c := range []struct {
		policy supervisor.ConcurrencyPolicy
		state  State
		want   string
		runs   Runs
	}{
		{supervisor.ConcurrencyForbid, Idle, "Spawning +spawn 1", Runs{}},
		{supervisor.ConcurrencyForbid, Running, "", Runs{Skipped: 1}},
		{supervisor.ConcurrencyForbid, Backoff, "", Runs{Skipped: 1}},
		{supervisor.ConcurrencyReplace, Idle, "Spawning +spawn 1", Runs{}},
		{supervisor.ConcurrencyReplace, Spawning, "", Runs{Skipped: 1}},
		{supervisor.ConcurrencyReplace, Running, "Stopping goal Again +signal 15 leader", Runs{}},
		{supervisor.ConcurrencyReplace, Backoff, "Spawning +spawn 2", Runs{Replaced: 1}},
		{supervisor.ConcurrencyReplace, Draining, "goal Again", Runs{Replaced: 1}},
		{supervisor.ConcurrencyAllow, Idle, "+aside 1", Runs{}},
		{supervisor.ConcurrencyAllow, Running, "+aside 1", Runs{}},
	} {
		t.Run(fmt.Sprintf("%s in %s", c.policy, c.state), func(t *testing.T) {
			p := expect(t, scheduled(c.state, c.policy), due, 0, c.want)
			if p.Runs != c.runs || !p.CronAt.Equal(due.Next) {
				t.Errorf("runs %+v, want %+v; next %s", p.Runs, c.runs, p.CronAt.Sub(t0))
			}
			off := scheduled(c.state, c.policy)
			off.CronAt = time.Time{}
			expect(t, off, due, 0, "") // disarmed meanwhile
		})
	}
	p := expect(t, scheduled(Running, supervisor.ConcurrencyReplace), due, 0, "Stopping goal Again +signal 15 leader")
	p = expect(t, p, exit(0), time.Second, "Spawning goal Up +spawn 2")
	if p.Runs != (Runs{Replaced: 1}) || p.Last.Reason != supervisor.ReasonReplaced || p.Succeeded {
		t.Errorf("replaced: %+v, %s", p.Runs, p.Last.Reason)
	}
}

func TestRunCounts(t *testing.T) {
	p := expect(t, scheduled(Running, supervisor.ConcurrencyForbid), exit(0), time.Second, "Idle completed")
	if p.Runs != (Runs{Succeeded: 1, LastSuccess: t0.Add(time.Second)}) || p.Status() != supervisor.StatusScheduled {
		t.Errorf("a success: %+v, %s", p.Runs, p.Status())
	}
	p = expect(t, scheduled(Running, supervisor.ConcurrencyForbid), exit(1), time.Second, "Idle failed Error")
	if _, over := p.Over(); p.Runs != (Runs{Failed: 1}) || over {
		t.Errorf("a failure: %+v, over %t", p.Runs, over)
	}
	p = scheduled(Idle, supervisor.ConcurrencyAllow)
	p, _ = do(p, AsideEnded{OK: true}, time.Second)
	p, _ = do(p, AsideEnded{}, time.Minute)
	if p.Runs != (Runs{Succeeded: 1, Failed: 1, LastSuccess: t0.Add(time.Second)}) || !p.Succeeded {
		t.Errorf("runs aside: %+v", p.Runs)
	}
}

// Start arms a schedule and begins no run; Stop disarms it, whatever goes on.
func TestArming(t *testing.T) {
	for _, s := range States() {
		p := scheduled(s, supervisor.ConcurrencyForbid)
		if p, _ = do(p, Stop{Cause: Asked}, 0); !p.CronAt.IsZero() {
			t.Errorf("stopped in %s, and armed", s)
		}
		if q, _ := do(p, Armed{t0}, 0); !q.CronAt.IsZero() {
			t.Errorf("an old answer armed it in %s, after a stop", s)
		}
		p, got := do(p, Start{}, 0)
		if p, _ = do(p, Armed{t0.Add(time.Hour)}, 0); !strings.Contains(got, "+arm") || strings.Contains(got, "+spawn") || p.CronAt.IsZero() {
			t.Errorf("stopped in %s and started: %q, next %s", s, got, p.CronAt)
		}
	}
	// A run by hand of a stopped schedule, then a start: armed wherever the run is.
	for _, s := range []State{Waiting, Spawning, Running, Backoff} {
		p := scheduled(s, supervisor.ConcurrencyForbid)
		p.CronAt = time.Time{}
		if _, got := do(p, Start{}, 0); !strings.Contains(got, "+arm") {
			t.Errorf("a start in %s does not arm: %q", s, got)
		}
	}
	expect(t, scheduled(Idle, supervisor.ConcurrencyForbid), Trigger{}, 0, "Spawning +spawn 1")
	expect(t, scheduled(Running, supervisor.ConcurrencyReplace), Trigger{}, 0, "")
	expect(t, scheduled(Running, supervisor.ConcurrencyAllow), Trigger{}, 0, "+aside 1")
	expect(t, inState(Idle, testRules()), Armed{t0}, 0, "")
	// Started after a run that ended: until Armed comes it is not over.
	p, _ := do(scheduled(Running, supervisor.ConcurrencyForbid), exit(0), 0)
	p, _ = do(p, Stop{Cause: Asked}, 0)
	p, _ = do(p, Start{}, 0)
	if _, over := p.Over(); over {
		t.Error("a schedule that waits to be armed is over")
	}
}
