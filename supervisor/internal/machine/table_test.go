package machine

import (
	"flag"
	"fmt"
	"os"
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

// inState is a typical process in the state: goal Up, life number 1.
func inState(s State, rules *Rules) Proc {
	p := New(rules, false, t0)
	p.State, p.Since = s, t0
	p.Born = t0
	if s != Idle && s != Waiting {
		p.Gen = 1
	}
	switch s {
	case Idle, Starting:
	case Waiting:
		p.Unmet = []string{"db"}
	case Running:
		p.PID = 42
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
	return []column{
		{"Start", Start{}, 0, nil},
		{"Stop", Stop{Cause: Asked}, 0, nil},
		{"Restart", Restart{Cause: Asked}, 0, nil},
		{"Delete", Delete{Cause: Asked}, 0, nil},
		{"Trigger", Trigger{}, 0, nil},
		{"DependencyMet", DependencyMet{"db"}, 0, need},
		{"DependencyFailed", DependencyFailed{Name: "db"}, 0, need},
		{"Spawned", Spawned{1, 42}, 0, nil},
		{"SpawnFailed", SpawnFailed{Gen: 1, Err: "no"}, 0, nil},
		{"Exited, none left", Exited{Gen: 1}, 0, nil},
		{"Exited, some left", Exited{Gen: 1, Left: 2}, 0, nil},
		{"TreeEmpty", TreeEmpty{1}, 0, func(_ *Rules, p *Proc) { p.PID = 0 }},
		{"Tick, Due passed", Tick{}, time.Second, need},
		{"Tick, RunEnd passed", Tick{}, 0, func(_ *Rules, p *Proc) { p.RunEnd = t0 }},
		{"CronDue, Forbid", CronDue{t0.Add(time.Hour)}, 0, cron(supervisor.ConcurrencyForbid)},
		{"CronDue, Replace", CronDue{t0.Add(time.Hour)}, 0, cron(supervisor.ConcurrencyReplace)},
		{"CronDue, Allow", CronDue{t0.Add(time.Hour)}, 0, cron(supervisor.ConcurrencyAllow)},
	}
}

func cell(s State, c column) string {
	rules := testRules()
	p := inState(s, rules)
	if c.tweak != nil {
		c.tweak(rules, &p)
	}
	q, acts := Step(p, c.event, t0.Add(c.now))
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
	for half, states := range [][]State{{Idle, Waiting, Starting, Running}, {Stopping, Draining, Killing, Backoff}} {
		if half > 0 {
			b.WriteString("//\n")
		}
		fmt.Fprintf(&b, "//\t%-19s", "")
		for _, s := range states {
			fmt.Fprintf(&b, " %-30s", s)
		}
		b.WriteString("\n")
		for _, c := range columns() {
			line := fmt.Sprintf("//\t%-19s", c.name)
			for _, s := range states {
				line += fmt.Sprintf(" %-30s", cell(s, c))
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
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
