package machine

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

var update = flag.Bool("update", false, "write the tables of doc.go anew")

var t0 = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func testRules() *Rules {
	return &Rules{
		Name: "web", Restart: supervisor.RestartAlways,
		Backoff:     BackoffRules{Initial: time.Second, Max: time.Minute, ResetAfter: time.Minute, Factor: 2},
		MaxRestarts: -1, Grace: 10 * time.Second, KillMode: supervisor.KillMixed, StopSignal: supervisor.SIGTERM,
	}
}

// inState is a typical process in the state: goal Up, life number 1. The rules get what
// the state asks for: a hook, a startup probe.
func inState(s State, rules *Rules) Proc {
	p := New(rules, t0)
	p.State, p.Since = s, t0
	p.Born = t0
	if s != Idle && s != Waiting {
		p.Gen, p.Feed = 1, rules.Watchdog
		p.Checks[Liveness].OK = true
		if s != Spawning {
			p.RunStart = t0
			p = p.setRunEnd()
		}
	}
	switch s {
	case Idle, Spawning:
	case Waiting:
		p.Unmet = []string{"db"}
	case Running:
		p.PID = 42
	case PostStart:
		p.PID = 42
		rules.PostStart = true
	case Starting:
		p.PID = 42
		rules.Probes[Startup] = ProbeRules{Successes: 1, Failures: 1}
	case PreStop:
		p.PID, p.Cause, p.Due = 42, Asked, t0.Add(time.Second)
		rules.PreStop = true
	case PostStop:
		p.Due = t0.Add(time.Second)
		rules.PostStop = true
	case Stopping:
		p.PID, p.Cause, p.Due = 42, Asked, t0.Add(time.Second)
	case Draining:
		p.Due = t0.Add(time.Second)
	case Killing:
		p.PID, p.Cause, p.Due, p.Kills = 42, Asked, t0.Add(time.Second), 1
	case Backoff:
		p.Due, p.Fails, p.Delays = t0.Add(time.Second), 1, 1
	}
	return p
}

// columns of the table: name, rules that matter, event.
type column struct {
	name  string
	event Event
	now   time.Duration
	tweak func(*Rules, *Proc)
}

func columns() []column {
	need := func(r *Rules, _ *Proc) {
		r.Needs = []Need{{Name: "db", Condition: supervisor.ConditionStarted, Timeout: time.Second}}
	}
	cron := func(c supervisor.ConcurrencyPolicy) func(*Rules, *Proc) {
		return func(r *Rules, p *Proc) {
			r.Scheduled, r.Concurrency, p.CronAt = true, c, t0
		}
	}
	probe := func(k Probe) func(*Rules, *Proc) {
		return func(r *Rules, p *Proc) {
			r.Probes[k] = ProbeRules{Successes: 1, Failures: 1}
			p.Checks[k].OK = true
		}
	}
	coming := func() *Rules {
		r := testRules()
		r.Grace = time.Minute
		return r
	}
	suspended := coming()
	suspended.Suspended = true
	signal := func(r *Rules, _ *Proc) { r.ReadySignal = true }
	return []column{
		{"Start", Start{}, 0, nil},
		{"Stop", Stop{Cause: Asked}, 0, nil},
		{"Restart", Restart{Cause: Asked}, 0, nil},
		{"Delete", Delete{Cause: Asked}, 0, nil},
		{"Trigger", Trigger{}, 0, nil},
		{"Change, live", Change{Rules: coming()}, 0, nil},
		{"Change, renew", Change{Rules: coming(), Renew: true}, 0, nil},
		{"Change, suspend", Change{Rules: suspended}, 0, nil},
		{"DependencyMet", DependencyMet{"db"}, 0, need},
		{"DependencyFailed", DependencyFailed{Name: "db"}, 0, need},
		{"Spawned", Spawned{1, 42}, 0, nil},
		{"Spawned, postStart", Spawned{1, 42}, 0, func(r *Rules, _ *Proc) { r.PostStart = true }},
		{"Spawned, startup", Spawned{1, 42}, 0, probe(Startup)},
		{"Spawned, stopped", Spawned{1, 42}, 0, func(_ *Rules, p *Proc) {
			if p.State == Spawning {
				p.Goal, p.Cause = Down, Asked
			}
		}},
		{"SpawnFailed", SpawnFailed{Gen: 1, Err: "no"}, 0, nil},
		{"HookDone, ok", HookDone{Gen: 1, OK: true}, 0, nil},
		{"HookDone, failed", HookDone{Gen: 1}, 0, nil},
		{"Startup ok", Probed{1, Startup, true}, 0, nil},
		{"Startup failed", Probed{1, Startup, false}, 0, nil},
		{"Liveness failed", Probed{1, Liveness, false}, 0, probe(Liveness)},
		{"Readiness failed", Probed{1, Readiness, false}, 0, probe(Readiness)},
		{"Readiness ok", Probed{1, Readiness, true}, 0, func(r *Rules, _ *Proc) { r.Probes[Readiness] = ProbeRules{Successes: 1, Failures: 1} }},
		{"Said, ready", Said{1, true}, 0, signal},
		{"Said, not ready", Said{1, false}, 0, func(r *Rules, p *Proc) { signal(r, p); p.Said = true }},
		{"Condemned", Condemned{1, OverMemory}, 0, nil},
		{"Exited, none left", Exited{Gen: 1}, 0, nil},
		{"Exited, some left", Exited{Gen: 1, Left: 2}, 0, nil},
		{"Exited, postStop", Exited{Gen: 1}, 0, func(r *Rules, _ *Proc) { r.PostStop = true }},
		{"TreeEmpty", TreeEmpty{1}, 0, func(_ *Rules, p *Proc) { p.PID = 0 }},
		{"Stop, preStop", Stop{Cause: Asked}, 0, func(r *Rules, _ *Proc) { r.PreStop = true }},
		{"Tick, Due passed", Tick{}, time.Second, func(r *Rules, p *Proc) {
			if need(r, p); p.State == Waiting {
				p.Due = t0.Add(time.Second)
			}
		}},
		{"Tick, RunEnd passed", Tick{}, 0, func(_ *Rules, p *Proc) { p.RunEnd = t0 }},
		{"Tick, FedBy passed", Tick{}, 0, func(_ *Rules, p *Proc) { p.FedBy = t0 }},
		{"CronDue, Forbid", CronDue{Next: t0.Add(time.Hour)}, 0, cron(supervisor.ConcurrencyForbid)},
		{"CronDue, Replace", CronDue{Next: t0.Add(time.Hour)}, 0, cron(supervisor.ConcurrencyReplace)},
		{"CronDue, Allow", CronDue{Next: t0.Add(time.Hour)}, 0, cron(supervisor.ConcurrencyAllow)},
		{"CronDue, busy", CronDue{Next: t0.Add(time.Hour), Busy: true}, 0, cron(supervisor.ConcurrencyForbid)},
		{"CronDue, too late", CronDue{Next: t0.Add(time.Hour), Late: time.Minute}, 0, func(r *Rules, p *Proc) {
			cron(supervisor.ConcurrencyForbid)(r, p)
			r.StartBy = time.Second
		}},
		{"Armed, runOnStart", Armed{t0.Add(time.Hour)}, 0, func(r *Rules, _ *Proc) { r.Scheduled, r.RunOnStart = true, true }},
	}
}

func cell(s State, c column) string {
	rules := testRules()
	p := inState(s, rules)
	if c.tweak != nil {
		c.tweak(rules, &p)
	}
	ev := c.event
	if h, ok := ev.(HookDone); ok {
		h.Hook = s
		ev = h
	}
	q, acts := Step(p, ev, t0.Add(c.now))
	var b []string
	if q.State != p.State {
		b = append(b, q.State.String())
	}
	if q.Goal != p.Goal {
		b = append(b, "goal "+q.Goal.String())
	}
	if q.Outcome == Failed && p.Outcome != Failed {
		b = append(b, "failed")
	}
	if q.Runs.Skipped != p.Runs.Skipped {
		b = append(b, "skipped")
	}
	if q.Runs.Replaced != p.Runs.Replaced {
		b = append(b, "replaced")
	}
	if q.Runs.Missed != p.Runs.Missed {
		b = append(b, "missed")
	}
	if q.Ready() != p.Ready() && q.State == p.State {
		b = append(b, map[bool]string{true: "ready", false: "not ready"}[q.Ready()])
	}
	if q.Rules != p.Rules {
		b = append(b, "now")
	}
	if q.Coming != p.Coming {
		b = append(b, "later")
	}
	for _, a := range acts {
		switch a := a.(type) {
		case Spawn:
			b = append(b, "+spawn")
		case Signal:
			b = append(b, "+signal")
			if a.Scope == ToRest {
				b[len(b)-1] = "+signal rest"
			}
		case Kill:
			b = append(b, "+kill")
		case RunHook:
			b = append(b, "+hook")
		case Arm:
			b = append(b, "+arm")
		case Aside:
			b = append(b, "+aside")
		case Forget:
			b = append(b, "+forget")
		}
	}
	return strings.Join(b, " ")
}

func printTable() string {
	var b strings.Builder
	for part, states := range slices.Collect(slices.Chunk(States(), 4)) {
		if part > 0 {
			b.WriteString("//\n")
		}
		fmt.Fprintf(&b, "//\t%-19s", "")
		for _, s := range states {
			fmt.Fprintf(&b, " %-37s", s)
		}
		b.WriteString("\n")
		for _, c := range columns() {
			var line strings.Builder
			line.WriteString(fmt.Sprintf("//\t%-19s", c.name))
			for _, s := range states {
				line.WriteString(fmt.Sprintf(" %-37s", cell(s, c)))
			}
			b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		}
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// The table of the package comment is what Step does.
func TestTableInDoc(t *testing.T) {
	const begin, end = "// # Events and states\n", "// # Settle\n"
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	i := strings.Index(doc, begin)
	j := strings.Index(doc, end)
	if i < 0 || j < 0 {
		t.Fatalf("doc.go has no section between %q and %q", begin, end)
	}
	intro := doc[i : i+strings.Index(doc[i:], "//\n//\t")+3]
	want := intro + printTable() + "//\n"
	if doc[i:j] == want {
		return
	}
	if !*update {
		t.Fatalf("the table in doc.go is not what Step does; it does:\n%s\n(write it with: go test ./supervisor/internal/machine -update, and read the diff)", want)
	}
	if err := os.WriteFile("doc.go", []byte(doc[:i]+want+doc[j:]), 0o644); err != nil {
		t.Fatal(err)
	}
}
