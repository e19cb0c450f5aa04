package manager

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// lookAtNeeds tells a process what has become of those it depends on.
func (l *loop) lookAtNeeds(e *entry) {
	if len(e.proc.Unmet) == 0 {
		return
	}
	waiting := e.proc.State == machine.Waiting // what is met is noted at any time, what has failed only then
	for _, need := range e.proc.Rules.Needs {
		if !slices.Contains(e.proc.Unmet, need.Name) {
			continue
		}
		met, failed := l.meets(need)
		switch {
		case met:
			l.step(e, machine.DependencyMet{Name: need.Name})
		case failed != nil && waiting:
			l.step(e, machine.DependencyFailed{Name: need.Name, Exit: failed.proc.Final})
			return
		}
	}
}

// meets reports whether a dependency is met, by all of its replicas, or which of them
// never will. One that was deleted by hand has not failed: somebody may make it again.
func (l *loop) meets(need machine.Need) (met bool, failed *entry) {
	list := l.resolve(need.Name)
	met = len(list) > 0 || l.replicated(need.Name)
	for _, on := range list {
		ok, never := on.proc.Meets(need.Condition)
		if never {
			failed = on
		}
		met = met && ok && on.next == nil
	}
	return met, failed
}

// metAlready is p, which has begun to wait, with what is there already: that is not waited
// for, not for a moment in which somebody could see it.
func (l *loop) metAlready(p machine.Proc, now time.Time) (machine.Proc, []machine.Action) {
	var actions []machine.Action
	for _, need := range p.Rules.Needs {
		if !slices.Contains(p.Unmet, need.Name) {
			continue
		}
		if met, _ := l.meets(need); met {
			next, more := machine.Step(p, machine.DependencyMet{Name: need.Name}, now)
			p, actions = next, append(actions, more...)
		}
	}
	return p, actions
}

// unmetNeed is the dependency that e has waited for in vain, and who has failed of it; nil:
// nobody, it took too long.
func (l *loop) unmetNeed(e *entry) (unmet machine.Need, failed *entry) {
	for _, need := range e.proc.Rules.Needs {
		if !slices.Contains(e.proc.Unmet, need.Name) {
			continue
		}
		if unmet.Name == "" {
			unmet = need
		}
		if _, failed := l.meets(need); failed != nil {
			return need, failed
		}
	}
	return unmet, nil
}

// inVain says why it is of no use that e waits: what it depends on, over as many as are
// between them, has ended for good, and does not begin again by itself; "": it may be of use.
func (l *loop) inVain(e *entry) string {
	const (
		first = "it depends on %s (%s)"
		next  = ", and that on %s (%s)"
	)
	var why strings.Builder
	again := []string{fmt.Sprintf("%q", e.spec.Name)} // from the last to the first
	form := first
	for range len(l.entries) {
		need, failed := l.unmetNeed(e)
		if failed == nil {
			break
		}
		fmt.Fprintf(&why, form, failed.spec.Name, need.Condition)
		again = append(again, fmt.Sprintf("%q", failed.spec.Name))
		e, form = failed, next
		if failed.proc.Reason() != supervisor.ReasonDependencyFailed {
			break
		}
	}
	if why.Len() == 0 {
		return ""
	}
	slices.Reverse(again)
	return fmt.Sprintf("%s, which %s: start %s", &why, howEnded(e), strings.Join(again, ", then "))
}

// howEnded says how an entry has ended that has done so for good.
func howEnded(e *entry) string {
	if e.proc.Outcome == machine.Completed {
		return "has ended with success before that, and does not run again by itself"
	}
	return fmt.Sprintf("has failed for good (%s) and does not run again by itself", e.view().trouble())
}
