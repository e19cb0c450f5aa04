package manager

import (
	"fmt"

	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// runName is the name of the nth run of a scheduled process under Allow.
func runName(e *entry, n uint64) string { return fmt.Sprintf("%s.%d", e.spec.Name, n) }

// runAside starts one run of a scheduled process as a process of its own,
// NAME.RUN: concurrencyPolicy Allow.
func (l *loop) runAside(e *entry, n uint64) {
	spec := *e.spec
	spec.Name = runName(e, n)
	spec.Schedule, spec.TimeZone, spec.ConcurrencyPolicy = "", "", ""
	spec.DependsOn, spec.Suspend = nil, false
	if l.entries[spec.Name] != nil {
		l.m.log.Error("a run cannot be started: its name is taken", "name", spec.Name)
		l.step(e, machine.AsideEnded{})
		return
	}
	run := l.newEntry(&spec, fromSchedule)
	run.parent, run.own = e.spec.Name, false
	l.add(run)
	l.step(run, machine.Start{})
}

// concludeAside counts the end of such a run with its parent, and forgets the
// oldest of those that have ended.
func (l *loop) concludeAside(run *entry) {
	if run.parent == "" || run.counted || run.gone || run.proc.State != machine.Idle {
		return
	}
	run.counted = true
	parent := l.entries[run.parent]
	if parent == nil {
		l.step(run, machine.Delete{})
		return
	}
	if _, over := run.proc.Over(); over {
		l.step(parent, machine.AsideEnded{OK: run.proc.Outcome == machine.Completed})
	}
	l.keepHistory(parent)
}

// keepHistory forgets finished runs beyond the history limits.
func (l *loop) keepHistory(parent *entry) {
	room := map[bool]int{
		true:  value(parent.spec.SuccessfulJobsHistoryLimit),
		false: value(parent.spec.FailedJobsHistoryLimit),
	}
	for n := parent.proc.Asides; n > 0; n-- {
		run := l.entries[runName(parent, n)]
		if run == nil {
			if parent.proc.Asides-n > maxHistory {
				return
			}
			continue
		}
		if run.parent != parent.spec.Name || !run.counted || !run.idle() { // somebody may have started it again
			continue
		}
		good := run.proc.Outcome == machine.Completed
		if room[good]--; room[good] < 0 {
			l.step(run, machine.Delete{})
		}
	}
}

// maxHistory bounds how far back finished runs are looked for: a gap is no end,
// because a run may last long.
const maxHistory = 1000
