package machine

import (
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// probing is a process in the state that wants the probe, life 1.
func probing(k Probe, rules ProbeRules) Proc {
	r := testRules()
	r.Probes[k] = rules
	if k == Startup {
		p := inState(Starting, r)
		r.Probes[k] = rules
		return p
	}
	return inState(Running, r)
}

// results gives a probe's results, + and -, and says after each what is so: r ready,
// n not ready, s starting, e ending.
func results(p Proc, k Probe, list string) string {
	var b strings.Builder
	for _, r := range list {
		p, _ = Step(p, Probed{1, k, r == '+'}, t0)
		switch {
		case p.State == Starting:
			b.WriteByte('s')
		case p.State != Running:
			b.WriteByte('e')
		case p.Ready():
			b.WriteByte('r')
		default:
			b.WriteByte('n')
		}
	}
	return b.String()
}

// Results in a row count, and the other result begins anew; liveness begins as well,
// readiness as not ready, startup as unknown. What comes after the verdict is nothing.
func TestT39Thresholds(t *testing.T) {
	for _, c := range []struct {
		probe               Probe
		successes, failures int
		given, want         string
	}{
		{Liveness, 1, 1, "+-", "re"},
		{Liveness, 1, 3, "---", "rre"},
		{Liveness, 1, 3, "--+--+---", "rrrrrrrre"},
		{Liveness, 1, 2, "--+++", "reeee"},
		{Startup, 1, 3, "--+", "ssr"},
		{Startup, 1, 3, "---+", "ssee"},
		{Startup, 1, 1, "-", "e"},
		{Startup, 2, 3, "+-+-++", "sssssr"},
		{Startup, 1, 2, "+----", "rrrrr"},
		{Readiness, 1, 1, "+-+-", "rnrn"},
		{Readiness, 1, 3, "-+--+---+", "nrrrrrrnr"},
		{Readiness, 3, 1, "++-+++-", "nnnnnrn"},
		{Readiness, 2, 2, "++-+-+--+-++", "nrrrrrrnnnnr"},
		{Readiness, 1, 1, "--------------------", "nnnnnnnnnnnnnnnnnnnn"},
	} {
		got := results(probing(c.probe, ProbeRules{Successes: c.successes, Failures: c.failures}), c.probe, c.given)
		if got != c.want {
			t.Errorf("%s, %d successes, %d failures: %s gives\n %s, want\n %s", c.probe, c.successes, c.failures, c.given, got, c.want)
		}
	}
}

// Startup holds the others, and is over with its success; none is made of what ends.
func TestT38T42WhichProbesAreMade(t *testing.T) {
	all := func() *Rules {
		r := testRules()
		for _, k := range Probes() {
			r.Probes[k] = ProbeRules{Successes: 1, Failures: 1}
		}
		return r
	}
	for _, s := range States() {
		p := inState(s, all())
		for _, k := range Probes() {
			want := s == Starting && k == Startup || s == Running && k != Startup
			if p.Wants(k) != want {
				t.Errorf("%s in %s: wanted %t", k, s, p.Wants(k))
			}
			if q, got := do(p, Probed{1, k, false}, 0); !want && (got != "" || q.Checks != p.Checks) {
				t.Errorf("%s in %s: a result that nobody waits for did %q", k, s, got)
			}
			if inState(s, testRules()).Wants(k) && s != Starting {
				t.Errorf("%s in %s is wanted, and there is none", k, s)
			}
		}
	}
	p := expect(t, inState(Starting, all()), Probed{1, Startup, true}, time.Second, "Running")
	if p.Ready() || !p.Started || p.WasReady {
		t.Errorf("started: ready %t, %+v", p.Ready(), p)
	}
	p = expect(t, p, Probed{1, Readiness, true}, time.Second, "")
	if !p.Ready() || !p.WasReady {
		t.Errorf("its readiness probe has succeeded: %+v", p)
	}
	p = expect(t, p, Stop{Cause: Asked}, time.Second, "Stopping goal Down +signal 15 leader")
	if p.Ready() || !p.WasReady {
		t.Error("ready while it is stopped")
	}
}

// What one life was found to be says nothing of the next one.
func TestT39EachLifeIsProbedAnew(t *testing.T) {
	p := probing(Readiness, ProbeRules{Successes: 1, Failures: 2})
	p.Rules.ReadySignal, p.Feed = true, time.Second
	p.Rules.Watchdog, p.Rules.Backoff.Initial = time.Second, 0
	p = expect(t, p, Probed{1, Readiness, true}, 0, "")
	p = expect(t, p, Said{1, true}, 0, "")
	if !p.Ready() || p.FedBy.IsZero() {
		t.Fatalf("ready %t, fed by %s", p.Ready(), p.FedBy)
	}
	p = expect(t, p, exit(1), 0, "Spawning +spawn 2")
	p = expect(t, p, Spawned{2, 43}, 0, "Running")
	if p.Ready() || !p.FedBy.IsZero() || p.Said || p.Checks[Readiness] != (Check{}) || !p.Checks[Liveness].OK {
		t.Errorf("the next life begins with %+v", p)
	}
	expect(t, p, Said{1, true}, 0, "")
	expect(t, p, Fed{1, time.Hour}, 0, "")
	expect(t, p, Condemned{1, OverMemory}, 0, "")
	if q, _ := do(p, Probed{1, Readiness, true}, 0); q.Checks != p.Checks {
		t.Error("a result of the life before counts")
	}
}

// Ready is what both say, where both are asked.
func TestReady(t *testing.T) {
	for _, c := range []struct{ probe, signal, ok, said, want bool }{
		{false, false, false, false, true},
		{true, false, false, true, false},
		{true, false, true, false, true},
		{false, true, true, false, false},
		{false, true, false, true, true},
		{true, true, true, false, false},
		{true, true, false, true, false},
		{true, true, true, true, true},
	} {
		rules := testRules()
		if rules.ReadySignal = c.signal; c.probe {
			rules.Probes[Readiness] = ProbeRules{Successes: 1, Failures: 1}
		}
		p := expect(t, inState(Spawning, rules), Spawned{1, 42}, 0, "Running")
		p = expect(t, p, Probed{1, Readiness, c.ok}, 0, "")
		p = expect(t, p, Said{1, c.said}, 0, "")
		if p.Ready() != c.want || p.WasReady != c.want {
			t.Errorf("%+v: ready %t, ever %t", c, p.Ready(), p.WasReady)
		}
	}
	// What it said before it had started counts when it has.
	rules := testRules()
	rules.ReadySignal = true
	p := expect(t, inState(Starting, rules), Said{1, true}, 0, "")
	if p.WasReady {
		t.Error("ready before it has started")
	}
	if p = expect(t, p, Probed{1, Startup, true}, 0, "Running"); !p.Ready() || !p.WasReady {
		t.Error("what it has said is forgotten")
	}
	if p = expect(t, p, Said{1, false}, 0, ""); p.Ready() || !p.WasReady {
		t.Error("RELOADING: it is not ready, and has been")
	}
}

// A probe may bring its own grace period; nobody else does.
func TestProbeGrace(t *testing.T) {
	for _, c := range []struct {
		name  string
		state State
		ev    Event
		own   time.Duration
		want  time.Duration
	}{
		{"liveness", Running, Probed{1, Liveness, false}, 3 * time.Second, 3 * time.Second},
		{"liveness, longer", Running, Probed{1, Liveness, false}, time.Minute, time.Minute},
		{"liveness, none of its own", Running, Probed{1, Liveness, false}, 0, 10 * time.Second},
		{"startup", Starting, Probed{1, Startup, false}, 4 * time.Second, 4 * time.Second},
		{"startup, none of its own", Starting, Probed{1, Startup, false}, 0, 10 * time.Second},
		{"stop", Running, Stop{Cause: Asked}, 3 * time.Second, 10 * time.Second},
		{"over memory", Running, Condemned{1, OverMemory}, 3 * time.Second, 10 * time.Second},
	} {
		rules := testRules()
		p := inState(c.state, rules)
		for _, k := range Probes() { // the other probe's is another one
			rules.Probes[k] = ProbeRules{Successes: 1, Failures: 1, Grace: time.Hour}
		}
		mine := map[State]Probe{Starting: Startup, Running: Liveness}[c.state]
		rules.Probes[mine].Grace = c.own
		if p, _ = do(p, c.ev, 0); p.State != Stopping || !p.Due.Equal(t0.Add(c.want)) {
			t.Errorf("%s: %s until %s, want %s", c.name, p.State, p.Due.Sub(t0), c.want)
		}
	}
}

// What a probe, a hook or the watchdog ends is a failure, whatever it exits with: its
// restart policy decides, and the word says why.
func TestT30EndedByTheManagerIsNoSuccess(t *testing.T) {
	for _, c := range []struct {
		name  string
		state State
		ev    Event
		why   supervisor.Reason
	}{
		{"startup probe", Starting, Probed{1, Startup, false}, supervisor.ReasonStartTimeout},
		{"liveness probe", Running, Probed{1, Liveness, false}, supervisor.ReasonUnhealthy},
		{"watchdog", Running, Tick{}, supervisor.ReasonUnhealthy},
		{"postStart hook", PostStart, HookDone{Gen: 1, Hook: PostStart}, supervisor.ReasonPostStartHookError},
		{"memory", Running, Condemned{1, OverMemory}, supervisor.ReasonMemoryLimit},
		{"memory, in its hook", PostStart, Condemned{1, OverMemory}, supervisor.ReasonMemoryLimit},
		{"a dependency", Starting, Condemned{1, Followed}, supervisor.ReasonDependencyRestarted},
	} {
		for policy, want := range map[supervisor.RestartPolicy]string{
			supervisor.RestartAlways: "Backoff", supervisor.RestartOnFailure: "Backoff", supervisor.RestartNever: "Idle failed " + string(c.why),
		} {
			rules := testRules()
			rules.Restart = policy
			rules.Probes[Liveness] = ProbeRules{Successes: 1, Failures: 1}
			p := inState(c.state, rules)
			p.FedBy = t0
			p = expect(t, p, c.ev, 0, "Stopping +signal 15 leader")
			p = expect(t, p, exit(0), time.Second, want)
			if p.Last.Reason != c.why {
				t.Errorf("%s: the life ended with %s", c.name, p.Last.Reason)
			}
			if end, over := p.Over(); over && end.ShellCode() == 0 {
				t.Errorf("%s: counts as success", c.name)
			}
		}
	}
}

// The kernel's kill has its word, unless the manager was ending the life.
func TestOOMReason(t *testing.T) {
	oom := Exited{Gen: 1, Exit: Exit{Signal: 9, OOM: true}}
	if p, _ := do(inState(Running, testRules()), oom, 0); p.Last.Reason != supervisor.ReasonOOMKilled || p.State != Backoff {
		t.Errorf("%s, %s", p.Last.Reason, p.State)
	}
	if p, _ := do(inState(Stopping, testRules()), oom, 0); p.Last.Reason != supervisor.ReasonStoppedByUser {
		t.Errorf("while it was stopped: %s", p.Last.Reason)
	}
}

// The watchdog is watched from READY on, and only of what runs.
func TestWatchdog(t *testing.T) {
	rules := testRules()
	rules.ReadySignal, rules.Watchdog = true, 10*time.Second
	const sec = time.Second
	p := expect(t, inState(Spawning, rules), Spawned{1, 42}, 0, "Running")
	due := func(p Proc, want time.Duration, when string) {
		t.Helper()
		got := p.Next()
		if want == 0 && !got.IsZero() || want != 0 && !got.Equal(t0.Add(want)) {
			t.Fatalf("%s: to be fed by %s, want %s", when, got.Sub(t0), want)
		}
	}
	due(p, 0, "before READY")
	p = expect(t, p, Said{1, false}, 0, "")
	due(p, 0, "STOPPING before READY")
	p = expect(t, p, Fed{1, 0}, 1*sec, "")
	due(p, 0, "fed before READY")
	p = expect(t, p, Tick{}, 100*sec, "")
	p = expect(t, p, Said{1, true}, 100*sec, "")
	due(p, 110*sec, "READY")
	p = expect(t, p, Said{1, true}, 105*sec, "")
	due(p, 110*sec, "READY again is no food")
	p = expect(t, p, Fed{1, 0}, 108*sec, "")
	due(p, 118*sec, "fed")
	p = expect(t, p, Said{1, false}, 109*sec, "")
	due(p, 118*sec, "RELOADING")
	p = expect(t, p, Fed{1, 0}, 110*sec, "")
	due(p, 120*sec, "fed while it reloads")
	p = expect(t, p, Fed{1, 3 * sec}, 111*sec, "")
	due(p, 114*sec, "WATCHDOG_USEC")
	p = expect(t, p, Fed{1, 0}, 113*sec, "")
	due(p, 116*sec, "fed, with the new span")
	p = expect(t, p, Tick{}, 116*sec-1, "")
	late := expect(t, p, Tick{}, 116*sec, "Stopping +signal 15 leader")
	if late.Cause != Unhealthy || !late.Next().Equal(t0.Add(126*sec)) {
		t.Errorf("not fed: %s, next %s", late.Cause, late.Next().Sub(t0))
	}
	// Of what is stopped nobody wants to be told.
	p = expect(t, p, Stop{Cause: Asked}, 114*sec, "Stopping goal Down +signal 15 leader")
	expect(t, p, Fed{1, sec}, 115*sec, "")
	expect(t, p, Tick{}, 117*sec, "")
	// The span may come before READY, and holds from then on.
	p = expect(t, inState(Running, rules), Fed{1, 4 * sec}, 0, "")
	due(p, 0, "a span before READY")
	p = expect(t, p, Said{1, true}, 0, "")
	due(p, 4*sec, "READY after a span")
	// Without one in the manifest the process may ask for it itself.
	rules.Watchdog = 0
	p = expect(t, inState(Running, rules), Said{1, true}, 0, "")
	due(p, 0, "no watchdog")
	expect(t, p, Fed{1, 0}, 0, "")
	p = expect(t, p, Fed{1, 5 * sec}, 0, "")
	due(p, 5*sec, "its own watchdog")
	// In Starting nothing is ended: the startup probe has the word.
	rules.Watchdog = sec
	p = expect(t, inState(Starting, rules), Fed{1, sec}, 0, "")
	p = expect(t, p, Said{1, true}, 0, "")
	due(p, 0, "in Starting")
	expect(t, p, Tick{}, 5*sec, "")
}
