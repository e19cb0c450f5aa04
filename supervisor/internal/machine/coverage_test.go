package machine

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// coverage counts how often a walk has met each cell of the table in doc.go.
type coverage map[string]*[states]int

// note counts a step under the names of all rows that tell of it.
func (c coverage) note(old Proc, ev Event, now time.Time) {
	for _, row := range rowsOf(old, ev, now) {
		if c[row] == nil {
			c[row] = new([states]int)
		}
		c[row][old.State]++
	}
}

func (c coverage) count(row string, s State) int {
	if c[row] == nil {
		return 0
	}
	return c[row][s]
}

// wanted lists the cells in which something happens: a walk has to meet them.
func wanted() map[string][]State {
	cells := map[string][]State{}
	for _, c := range columns() {
		for _, s := range States() {
			if cell(s, c) != "" {
				cells[c.name] = append(cells[c.name], s)
			}
		}
	}
	return cells
}

// String is the matrix: rows of the table and what has no row, columns are states.
func (c coverage) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s", "")
	for _, s := range States() {
		fmt.Fprintf(&b, " %9s", s)
	}
	var names []string
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n%-20s", name)
		for _, n := range c[name] {
			fmt.Fprintf(&b, " %9d", n)
		}
	}
	return b.String()
}

// rowsOf names the rows of the table that tell of an event.
func rowsOf(old Proc, ev Event, now time.Time) []string {
	rows := []string{strings.TrimPrefix(fmt.Sprintf("%T", ev), "machine.")}
	also := func(yes bool, name string) {
		if yes {
			rows = append(rows, name)
		}
	}
	word := func(ok bool) string { return map[bool]string{true: "ok", false: "failed"}[ok] }
	switch ev := ev.(type) {
	case Stop:
		also(old.Rules.PreStop, "Stop, preStop")
	case Change:
		rows = nil
		also(!ev.Renew && old.Coming == nil, "Change, live")
		also(ev.Renew, "Change, renew")
		also(ev.Rules.Suspended && !old.latest().Suspended, "Change, suspend")
		also(!ev.Rules.Suspended && old.latest().Suspended, "Change, resume")
	case DependencyMet:
		also(!slices.Contains(old.Unmet, ev.Name), "DependencyMet, other")
	case Spawned:
		also(old.Rules.PostStart, "Spawned, postStart")
		also(old.Rules.has(Startup) && !old.Rules.PostStart, "Spawned, startup")
		also(old.Goal == Down, "Spawned, stopped")
	case HookDone:
		rows = []string{"HookDone, " + word(ev.OK)}
	case Probed:
		rows = []string{map[Probe]string{Startup: "Startup ", Liveness: "Liveness ", Readiness: "Readiness "}[ev.Probe] + word(ev.OK)}
	case Said:
		rows = []string{map[bool]string{true: "Said, ready", false: "Said, not ready"}[ev.Ready]}
	case Exited:
		rows = []string{map[bool]string{true: "Exited, none left", false: "Exited, some left"}[ev.Left == 0]}
		also(old.Rules.PostStop, "Exited, postStop")
	case CronDue:
		rows = []string{"CronDue, " + string(old.latest().Concurrency)}
		also(old.Rules.StartBy > 0 && ev.Late > old.Rules.StartBy, "CronDue, too late")
		also(old.CronAt.IsZero(), "CronDue, disarmed")
		also(ev.Busy && string(old.latest().Concurrency) == "Forbid", "CronDue, busy")
	case Tick:
		also(passed(old.Due, now), "Tick, Due passed")
		also(passed(old.RunEnd, now), "Tick, RunEnd passed")
		also(passed(old.FedBy, now), "Tick, FedBy passed")
	case Armed:
		also(old.Rules.RunOnStart, "Armed, runOnStart")
	default:
	}
	return rows
}
