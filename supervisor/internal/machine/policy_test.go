package machine

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// did says in one line what a step did; names that begin with + are actions.
func did(old, p Proc, acts []Action) string {
	var b []string
	if p.State != old.State || p.Gen != old.Gen {
		b = append(b, p.State.String())
	}
	if p.Goal != old.Goal {
		b = append(b, "goal "+p.Goal.String())
	}
	if p.Outcome != old.Outcome && p.Outcome != NoOutcome {
		b = append(b, strings.ToLower(p.Outcome.String()))
		if p.Why != "" {
			b = append(b, string(p.Why))
		}
	}
	for _, a := range acts {
		switch a := a.(type) {
		case Spawn:
			b = append(b, fmt.Sprintf("+spawn %d", a.Gen))
		case Signal:
			b = append(b, fmt.Sprintf("+signal %d %s", a.Signal, a.Scope))
		case Kill:
			b = append(b, "+kill "+a.Scope.String())
		case RunHook:
			b = append(b, "+hook "+a.Hook.String())
		case Arm:
			b = append(b, "+arm")
		case Aside:
			b = append(b, fmt.Sprintf("+aside %d", a.N))
		case Forget:
			b = append(b, "+forget")
		}
	}
	return strings.Join(b, " ")
}

// do gives p an event and returns what became of it, and what that was.
func do(p Proc, ev Event, at time.Duration) (Proc, string) {
	q, acts := Step(p, ev, t0.Add(at))
	return q, did(p, q, acts)
}

// expect is do, and it must have done exactly this.
func expect(t *testing.T, p Proc, ev Event, at time.Duration, want string) Proc {
	t.Helper()
	q, got := do(p, ev, at)
	if got != want {
		t.Fatalf("%T%+v in %s %s at %s\n did  %q\n want %q", ev, ev, p.State, p.Goal, at, got, want)
	}
	return q
}

func exit(code int) Exited { return Exited{Gen: 1, Exit: Exit{Code: code}} }

func dies(s supervisor.Signal) Exited { return Exited{Gen: 1, Exit: Exit{Signal: s}} }

// settleRow is an example of one numbered line of the table in doc.go.
type settleRow struct {
	row  int
	name string
	set  func(*Rules, *Proc)
	ev   Exited
	at   time.Duration
	want string
}

func settleRows() []settleRow {
	policy := func(rp supervisor.RestartPolicy) func(*Rules, *Proc) {
		return func(r *Rules, _ *Proc) { r.Restart = rp }
	}
	limit := func(fails, limit int) func(*Rules, *Proc) {
		return func(r *Rules, p *Proc) { p.Fails, r.MaxRestarts = fails, limit }
	}
	goal := func(g Goal) func(*Rules, *Proc) {
		return func(_ *Rules, p *Proc) { p.State, p.Goal, p.Cause, p.Due = Stopping, g, Asked, t0.Add(time.Minute) }
	}
	overdue := func(_ *Rules, p *Proc) { p.State, p.Cause, p.Due = Stopping, Overdue, t0.Add(time.Minute) }
	ruled := func(rp supervisor.RestartPolicy, rules ...CodeRule) func(*Rules, *Proc) {
		return func(r *Rules, _ *Proc) { r.Restart, r.CodeRules = rp, rules }
	}
	late := func(r *Rules, p *Proc) { p.RunEnd = t0.Add(time.Second) }
	return []settleRow{
		{1, "deleted", goal(Gone), exit(0), 0, "Idle +forget"},
		{2, "stopped", goal(Down), exit(1), 0, "Idle"},
		{3, "restarted", goal(Again), exit(1), 0, "Spawning goal Up +spawn 2"},
		{3, "restarted, though policy is Never", func(r *Rules, p *Proc) { goal(Again)(r, p); r.Restart = supervisor.RestartNever }, exit(0), 0, "Spawning goal Up +spawn 2"},
		{4, "overdue", overdue, exit(1), 0, "Idle failed DeadlineExceeded"},
		{4, "overdue is no success", overdue, exit(0), 0, "Idle failed DeadlineExceeded"},
		{4, "overdue, though policy is Never", func(r *Rules, p *Proc) { overdue(r, p); r.Restart = supervisor.RestartNever }, exit(0), 0, "Idle failed DeadlineExceeded"},
		{5, "Never, success", policy(supervisor.RestartNever), exit(0), 0, "Idle completed"},
		{5, "Never, error", policy(supervisor.RestartNever), exit(1), 0, "Idle failed Error"},
		{5, "Never, signal", policy(supervisor.RestartNever), dies(9), 0, "Idle failed Signaled"},
		{5, "OnFailure, success", policy(supervisor.RestartOnFailure), exit(0), 0, "Idle completed"},
		{5, "OnFailure, successExitCodes", func(r *Rules, _ *Proc) { r.Restart, r.SuccessCodes = supervisor.RestartOnFailure, []int{3, 4} }, exit(4), 0, "Idle completed"},
		{5, "OnFailure, success after the deadline", func(r *Rules, p *Proc) { r.Restart = supervisor.RestartOnFailure; late(r, p) }, exit(0), time.Second, "Idle completed"},
		{5, "Always, a rule says FailJob", ruled(supervisor.RestartAlways, failOn(78)), exit(78), 0, "Idle failed Error"},
		{5, "OnFailure, a rule says FailJob", ruled(supervisor.RestartOnFailure, failOn(78)), exit(78), 0, "Idle failed Error"},
		{5, "a rule says FailJob, after a healthy life", ruled(supervisor.RestartAlways, failOn(78)), exit(78), time.Hour, "Idle failed Error"},
		{5, "a rule says FailJob of a signal", ruled(supervisor.RestartAlways, failOn(128+9)), dies(9), 0, "Idle failed Signaled"},
		{5, "the first rule that matches says FailJob", ruled(supervisor.RestartAlways, failOn(3), failOn(78), restartOn(78)), exit(78), 0, "Idle failed Error"},
		{5, "FailJob NotIn", ruled(supervisor.RestartAlways, notIn(failOn(75))), exit(1), 0, "Idle failed Error"},
		{5, "Never, and the rule is about another code", ruled(supervisor.RestartNever, restartOn(75)), exit(1), 0, "Idle failed Error"},
		{5, "OnFailure, success, and FailJob NotIn does not mean it", ruled(supervisor.RestartOnFailure, notIn(failOn(75))), exit(0), 0, "Idle completed"},
		{5, "Never, success, and Restart NotIn 0", ruled(supervisor.RestartNever, notIn(restartOn(0))), exit(0), 0, "Idle completed"},
		{6, "a rule says Restart, and the deadline passed", func(r *Rules, p *Proc) { ruled(supervisor.RestartNever, restartOn(75))(r, p); late(r, p) }, exit(75), time.Second, "Idle failed DeadlineExceeded"},
		{6, "the deadline passed before it was settled", late, exit(1), time.Second, "Idle failed DeadlineExceeded"},
		{6, "healthy, and the deadline passed", late, exit(1), time.Hour, "Idle failed DeadlineExceeded"},
		{7, "healthy at the limit", limit(3, 3), exit(1), time.Minute, "Spawning +spawn 2"},
		{7, "healthy, no restarts allowed", limit(0, 0), exit(1), time.Minute, "Idle failed BackoffLimitExceeded"},
		{8, "a rule says Restart, at the limit", func(r *Rules, p *Proc) { ruled(supervisor.RestartNever, restartOn(75))(r, p); limit(3, 3)(r, p) }, exit(75), 0, "Idle failed BackoffLimitExceeded"},
		{8, "not healthy at the limit", limit(3, 3), exit(1), time.Minute - 1, "Idle failed BackoffLimitExceeded"},
		{8, "the last life was a success", limit(3, 3), exit(0), 0, "Idle completed"},
		{8, "a signal at the limit", limit(1, 1), dies(11), 0, "Idle failed BackoffLimitExceeded"},
		{9, "healthy", nil, exit(1), time.Minute, "Spawning +spawn 2"},
		{9, "Never, a rule says Restart, healthy", ruled(supervisor.RestartNever, restartOn(75)), exit(75), time.Minute, "Spawning +spawn 2"},
		{9, "no delay", func(r *Rules, _ *Proc) { r.Backoff.Initial, r.Backoff.Max = 0, 0 }, exit(1), 0, "Spawning +spawn 2"},
		{10, "crash", nil, exit(1), time.Second, "Backoff"},
		{10, "Never, a rule says Restart", ruled(supervisor.RestartNever, restartOn(75)), exit(75), 0, "Backoff"},
		{10, "OnFailure, a rule says Restart of a success", ruled(supervisor.RestartOnFailure, restartOn(0)), exit(0), 0, "Backoff"},
		{10, "Never, Restart NotIn", ruled(supervisor.RestartNever, notIn(restartOn(0, 78))), dies(11), 0, "Backoff"},
		{10, "Always, success, and FailJob does not mean it", ruled(supervisor.RestartAlways, notIn(failOn(75))), exit(0), 0, "Backoff"},
		{10, "Always, successExitCodes, and FailJob does not mean it", func(r *Rules, p *Proc) { ruled(supervisor.RestartAlways, failOn(3))(r, p); r.SuccessCodes = []int{3} }, exit(3), 0, "Backoff"},
		{10, "the rule is about another code", ruled(supervisor.RestartAlways, failOn(78)), exit(79), 0, "Backoff"},
		{10, "the first rule that matches says Restart", ruled(supervisor.RestartNever, restartOn(78), failOn(78)), exit(78), 0, "Backoff"},
		{10, "Always restarts a success", nil, exit(0), time.Second, "Backoff"},
		{10, "below the limit", limit(2, 3), exit(1), 0, "Backoff"},
		{10, "OnFailure, another code", func(r *Rules, _ *Proc) { r.Restart, r.SuccessCodes = supervisor.RestartOnFailure, []int{3} }, exit(4), 0, "Backoff"},
		{10, "OnFailure, signal", policy(supervisor.RestartOnFailure), dies(15), 0, "Backoff"},
	}
}

func failOn(codes ...int) CodeRule { return CodeRule{Action: supervisor.RuleFailJob, Codes: codes} }

func restartOn(codes ...int) CodeRule {
	return CodeRule{Action: supervisor.RuleRestart, Codes: codes}
}

func notIn(r CodeRule) CodeRule {
	r.NotIn = true
	return r
}

// A failed start has no exit code, though it counts as 127: no rule is about it.
func TestNoRuleForStartError(t *testing.T) {
	failed := SpawnFailed{Gen: 1, Err: "no such file", Code: 127}
	rules := testRules()
	rules.CodeRules = []CodeRule{failOn(127), notIn(failOn(0))}
	expect(t, inState(Spawning, rules), failed, 0, "Backoff")
	rules.Restart, rules.CodeRules = supervisor.RestartNever, []CodeRule{restartOn(127)}
	expect(t, inState(Spawning, rules), failed, 0, "Idle failed StartError")
}

// A rule looks at the code whoever caused the end: a liveness probe, for one.
func TestRuleForWhatWeEnded(t *testing.T) {
	rules := testRules()
	rules.CodeRules = []CodeRule{failOn(128 + 15)}
	p := inState(Stopping, rules)
	p.Cause = Unhealthy
	expect(t, p, dies(15), 0, "Idle failed Unhealthy")
	expect(t, p, dies(9), 0, "Backoff")
	p.Goal = Again
	expect(t, p, dies(15), 0, "Spawning goal Up +spawn 2")
}

func TestSettle(t *testing.T) {
	for _, r := range settleRows() {
		t.Run(fmt.Sprintf("%d %s", r.row, r.name), func(t *testing.T) {
			rules := testRules()
			p := inState(Running, rules)
			if r.set != nil {
				r.set(rules, &p)
			}
			expect(t, p, r.ev, r.at, r.want)
		})
	}
}

// Each numbered line of the table in doc.go has examples, and they end where the
// line says; an example has no other number.
func TestSettleInDoc(t *testing.T) {
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^//\t(\d+) +(\S.*?)  +(\S.*)$`)
	then := map[string]string{}
	for i, m := range line.FindAllStringSubmatch(string(raw), -1) {
		if m[1] != fmt.Sprint(i+1) {
			t.Errorf("line %d of the table Settle in doc.go has the number %s", i+1, m[1])
		}
		then[m[1]] = m[3]
	}
	// What an example of the line may end in: the words of its last column.
	ends := map[string]*regexp.Regexp{
		"Idle, +forget":                                   regexp.MustCompile(`^Idle \+forget$`),
		"Idle":                                            regexp.MustCompile(`^Idle$`),
		"a new run: Waiting or Spawning":                  regexp.MustCompile(`^(Waiting|Spawning) goal Up`),
		"Idle, failed: DeadlineExceeded":                  regexp.MustCompile(`^Idle failed DeadlineExceeded$`),
		"Idle, completed or failed":                       regexp.MustCompile(`^Idle (completed|failed (Error|Signaled))$`),
		"counts are 0, and go on":                         regexp.MustCompile(`.`),
		"Idle, completed or failed: BackoffLimitExceeded": regexp.MustCompile(`^Idle (completed|failed BackoffLimitExceeded)$`),
		"Spawning, +spawn":                                regexp.MustCompile(`^Spawning \+spawn 2$`),
		"Backoff, Due = now + Initial × Factor^Delays":    regexp.MustCompile(`^Backoff$`),
	}
	shown := map[string]bool{}
	for _, r := range settleRows() {
		n := fmt.Sprint(r.row)
		shown[n] = true
		end, known := ends[then[n]]
		if !known {
			t.Errorf("line %s of the table Settle in doc.go ends in %q: this test does not know it", n, then[n])
		} else if !end.MatchString(r.want) {
			t.Errorf("line %s of the table Settle in doc.go ends in %q, its example %q in %q", n, then[n], r.name, r.want)
		}
	}
	for n := range then {
		if !shown[n] {
			t.Errorf("line %s of the table Settle in doc.go has no example", n)
		}
	}
}

// crash lets life n begin and fail at once, and returns the pause that follows.
func crash(p Proc, now time.Time) (Proc, time.Time) {
	p, _ = Step(p, Spawned{p.Gen, 42}, now)
	p, _ = Step(p, Exited{Gen: p.Gen, Exit: Exit{Code: 1}}, now)
	if p.State == Backoff {
		now = p.Due
		p, _ = Step(p, Tick{}, now)
	}
	return p, now
}

func TestBackoffSequence(t *testing.T) {
	p, _ := Step(New(testRules(), t0), Start{}, t0)
	now, got := t0, []time.Duration{}
	for range 9 {
		before := now
		p, now = crash(p, now)
		got = append(got, now.Sub(before)/time.Second)
	}
	if want := "[1ns 2ns 4ns 8ns 16ns 32ns 60ns 60ns 60ns]"; fmt.Sprint(got) != want {
		t.Errorf("pauses in seconds %v, want %v", got, want)
	}
	if p.Fails != 9 || p.Delays != 9 || p.Restarts != 9 {
		t.Errorf("9 crashes: Fails %d, Delays %d, Restarts %d", p.Fails, p.Delays, p.Restarts)
	}
	// A healthy life: at once, and the pauses begin anew.
	p, _ = Step(p, Spawned{p.Gen, 42}, now)
	now = now.Add(time.Minute)
	p, _ = Step(p, Exited{Gen: p.Gen}, now)
	if p.State != Spawning || p.Fails != 1 || p.Delays != 0 || p.Restarts != 10 {
		t.Errorf("after a healthy life: %+v", p)
	}
	before := now
	if p, now = crash(p, now); now.Sub(before) != time.Second || p.Fails != 2 {
		t.Errorf("the first pause after a healthy life is %s, Fails %d", now.Sub(before), p.Fails)
	}
}

// A start that fails is no healthy life, however long ResetAfter is not.
func TestStartErrorIsNotHealthy(t *testing.T) {
	rules := testRules()
	rules.Backoff.ResetAfter = 0
	p := expect(t, inState(Spawning, rules), SpawnFailed{Gen: 1, Err: "no such file", Code: 127}, 0, "Backoff")
	if e := p.Last.Exit; e.ShellCode() != 127 || e.Err != "no such file" || p.Last.Reason != supervisor.ReasonStartError {
		t.Errorf("last: %+v", p.Last)
	}
	rules.Restart = supervisor.RestartNever
	p = expect(t, inState(Spawning, rules), SpawnFailed{Gen: 1, Err: "not allowed", Code: 126}, 0, "Idle failed StartError")
	if end, over := p.Over(); !over || end.ShellCode() != 126 {
		t.Errorf("over %t with %+v", over, end)
	}
}

// The time that the rest of the tree takes to end is not part of the life.
func TestDrainingIsNotHealth(t *testing.T) {
	p, _ := do(inState(Running, testRules()), Exited{Gen: 1, Left: 1}, 55*time.Second)
	expect(t, p, TreeEmpty{1}, 65*time.Second, "Backoff")
	p, _ = do(inState(Running, testRules()), Exited{Gen: 1, Left: 1}, 60*time.Second)
	expect(t, p, TreeEmpty{1}, 65*time.Second, "Spawning +spawn 2")
}

func TestJitter(t *testing.T) {
	b := BackoffRules{Initial: 10 * time.Second, Max: time.Minute, Factor: 2, Jitter: 0.1}
	var tenth [10]int
	for i := range 2000 {
		d := b.delay(fmt.Sprintf("web-%d", i%100), uint64(i/100), 0)
		if d < 10*time.Second || d >= 11*time.Second {
			t.Fatalf("delay %s is not within 10s and a tenth", d)
		}
		tenth[(d-10*time.Second)/(100*time.Millisecond)]++
	}
	for i, n := range tenth {
		if n < 100 || n > 300 {
			t.Errorf("%d of 2000 delays are in the %d. tenth: %v", n, i+1, tenth)
		}
	}
	again := b
	if b.delay("web", 1, 0) != again.delay("web", 1, 0) || b.delay("web", 1, 0) == b.delay("web", 2, 0) || b.delay("web", 1, 0) == b.delay("db", 1, 0) {
		t.Error("the random part is not a function of name and life")
	}
	if d := b.delay("web", 1, 1<<30); d < time.Minute || d > 66*time.Second {
		t.Errorf("after very many the delay is %s", d)
	}
	b.Jitter, b.Factor = 0, 0 // a factor below 1 does not shrink it
	if d := b.delay("web", 1, 5); d != 10*time.Second {
		t.Errorf("with factor 0 the sixth delay is %s", d)
	}
}

func TestMaxRestarts(t *testing.T) {
	for limit, lives := range map[int]uint64{0: 1, 1: 2, 3: 4, -1: 50} {
		rules := testRules()
		rules.MaxRestarts = limit
		p, _ := Step(New(rules, t0), Start{}, t0)
		for now := t0; p.State == Spawning && p.Gen < 50; {
			p, now = crash(p, now)
		}
		if p.Gen != lives || (p.Why == supervisor.ReasonBackoffLimitExceeded) != (limit >= 0) {
			t.Errorf("maxRestarts %d: %d lives, want %d; %s", limit, p.Gen, lives, p.Why)
		}
	}
}

// A deadline is of the run: counted from the first life, over restarts.
func TestDeadline(t *testing.T) {
	rules := testRules()
	rules.Deadline = 10 * time.Second
	p := expect(t, New(rules, t0), Start{}, 0, "Spawning +spawn 1")
	p = expect(t, p, Spawned{1, 42}, 2*time.Second, "Running")
	p = expect(t, p, exit(1), 9*time.Second, "Backoff")
	p = expect(t, p, Tick{}, 10*time.Second, "Spawning +spawn 2")
	p = expect(t, p, Spawned{2, 43}, 10*time.Second, "Running")
	if got := p.Next(); !got.Equal(t0.Add(12 * time.Second)) {
		t.Fatalf("the run ends at %s", got.Sub(t0))
	}
	p = expect(t, p, Tick{}, 12*time.Second-1, "")
	running := p
	p = expect(t, p, Tick{}, 12*time.Second, "Stopping +signal 15 leader")
	p = expect(t, p, Exited{Gen: 2}, 13*time.Second, "Idle failed DeadlineExceeded")
	if p.Last.Reason != supervisor.ReasonDeadlineExceeded {
		t.Errorf("the life ended with %s", p.Last.Reason)
	}
	// The next run has a deadline of its own.
	p = expect(t, p, Start{}, time.Minute, "Spawning +spawn 3")
	if p = expect(t, p, Spawned{3, 44}, time.Minute, "Running"); !p.RunEnd.Equal(t0.Add(70 * time.Second)) {
		t.Errorf("the second run ends at %s", p.RunEnd.Sub(t0))
	}
	// In Backoff nothing has to be ended first; the end is that of the last life.
	p = expect(t, running, Exited{Gen: 2, Exit: Exit{Code: 5}}, 11*time.Second, "Backoff")
	p.Due = t0.Add(time.Hour)
	if got := p.Next(); !got.Equal(t0.Add(12 * time.Second)) {
		t.Errorf("in Backoff the run ends at %s", got.Sub(t0))
	}
	p = expect(t, p, Tick{}, 12*time.Second, "Idle failed DeadlineExceeded")
	if p.Final.Code != 5 || p.Last.Reason != supervisor.ReasonError || p.Reason() != supervisor.ReasonDeadlineExceeded {
		t.Errorf("ended in Backoff: %+v", p)
	}
	// What can not even start is bound by it as well.
	p = inState(Spawning, rules)
	rules.Backoff.Initial, rules.Backoff.Max = 0, 0
	p = expect(t, p, SpawnFailed{Gen: 1, Err: "no"}, 0, "Backoff")
	p = expect(t, p, Tick{}, time.Second-1, "")
	p = expect(t, p, Tick{}, time.Second, "Spawning +spawn 2")
	expect(t, p, SpawnFailed{Gen: 2, Err: "no"}, 10*time.Second, "Idle failed DeadlineExceeded")
}

// A failure never counts as 0, or an essential process that missed its deadline would
// end its container with success.
func TestFailureIsNotZero(t *testing.T) {
	rules := testRules()
	rules.Deadline = time.Second
	p := inState(Running, rules)
	p.RunEnd = t0.Add(time.Second)
	p = expect(t, p, Tick{}, time.Second, "Stopping +signal 15 leader")
	p = expect(t, p, Exited{Gen: 1}, 2*time.Second, "Idle failed DeadlineExceeded")
	if p.Final.Code != 124 || p.Last.Exit.Code != 0 {
		t.Errorf("counts as %d, its life as %d, want 124 and 0", p.Final.Code, p.Last.Exit.Code)
	}
	rules = testRules()
	rules.Needs = []Need{{Name: "db"}}
	p = expect(t, inState(Waiting, rules), DependencyFailed{Name: "db"}, 0, "Idle failed DependencyFailed")
	if p.Final.Code != 1 {
		t.Errorf("counts as %d, want 1", p.Final.Code)
	}
}

// A process whose every life is healthy by definition would never back off.
func TestNoHealthWithoutResetAfter(t *testing.T) {
	rules := testRules()
	rules.Backoff.ResetAfter = 0
	expect(t, inState(Running, rules), exit(1), time.Hour, "Backoff")
}
