package manager

import (
	"fmt"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// runAside starts one run of a scheduled process as a process of its own,
// NAME.RUN: concurrencyPolicy Allow.
func (l *loop) runAside(e *entry, n uint64) {
	spec := e.spec
	spec.Name = fmt.Sprintf("%s.%d", e.spec.Name, n)
	spec.Schedule, spec.TimeZone, spec.ConcurrencyPolicy = "", "", ""
	spec.DependsOn, spec.Suspend = nil, false
	if l.entries[spec.Name] != nil {
		l.m.log.Error("a run cannot be started: its name is taken", "name", spec.Name)
		l.step(e, machine.AsideEnded{})
		return
	}
	run := l.newEntry(spec, fromSchedule)
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
	exit, over := run.proc.Over()
	if over {
		l.step(parent, machine.AsideEnded{OK: exit.ShellCode() == 0})
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
		run := l.entries[fmt.Sprintf("%s.%d", parent.spec.Name, n)]
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

// The bounds for processes that callers have made.
const (
	maxOwned = 100  // with metric series of their own
	maxEnded = 1000 // ended ones that are kept
)

// retire keeps the newest of the API-made processes that have ended, and forgets
// the others.
func (l *loop) retire(e *entry) {
	if e.origin != fromAPI || e.retired == (e.idle() && !e.gone) {
		return
	}
	if e.retired = !e.retired; !e.retired { // started again, or deleted
		l.ended = slices.DeleteFunc(l.ended, func(o *entry) bool { return o == e })
		return
	}
	l.ended = append(l.ended, e)
	if len(l.ended) > maxEnded {
		oldest := l.ended[0]
		l.ended = slices.Delete(l.ended, 0, 1)
		oldest.retired = false
		l.step(oldest, machine.Delete{})
	}
}

// commandSpec is the one process of `-- command`.
func commandSpec(argv []string) supervisor.Spec {
	grace := int64(commandGrace)
	return supervisor.Spec{
		Name: commandName(argv[0]), Command: supervisor.Command{Argv: argv},
		RestartPolicy: supervisor.RestartNever, Essential: true,
		TerminationGracePeriodSeconds: &grace, KillMode: supervisor.KillGroup,
	}
}

// commandGrace is how long, in seconds, what a command leaves behind has to end
// after the stop signal.
const commandGrace = 10

// commandName makes a process name of a program's path.
func commandName(path string) string {
	var b []byte
	for i := len(path) - 1; i >= 0 && path[i] != '/' && len(b) < supervisor.MaxName; i-- {
		b = append([]byte{path[i]}, b...)
	}
	if supervisor.CheckName(string(b)) != nil {
		return "command"
	}
	return string(b)
}
