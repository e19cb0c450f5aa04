package manager

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// wordEvery is how often a shutdown says whom it waits for: the first time after so
// long, for one that is quick needs no word.
const wordEvery = 5 * time.Second

// maxNamed bounds how many a line of the log names.
const maxNamed = 10

// sayWhoHoldsUp says whom the shutdown waits for, what each of them is doing and how
// long it may, those first that have been asked to end.
func (l *loop) sayWhoHoldsUp(now time.Time) {
	l.ending.word = now.Add(wordEvery)
	var asked, others []string
	for _, e := range l.sortedEntries() {
		switch {
		case !l.ending.open[e]:
		case l.ending.told[e]:
			asked = append(asked, holdup(e, now))
		default:
			others = append(others, holdup(e, now)+", after "+strings.Join(l.openDependents(e), ", "))
		}
	}
	list := slices.Concat(asked, others)
	if len(list) == 0 {
		return
	}
	number := len(list)
	if number > maxNamed {
		list = append(list[:maxNamed], fmt.Sprintf("and %d more", number-maxNamed))
	}
	l.m.log.Info("waits for processes to end", "number", number, "left", until(l.ending.by, now), "who", strings.Join(list, "; "))
}

// openDependents names those that have to end before e is asked to.
func (l *loop) openDependents(e *entry) []string {
	var names []string
	for _, d := range e.needed {
		if l.ending.open[d] {
			names = append(names, d.spec.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// holdup says who an entry is and how far its end has come.
func holdup(e *entry, now time.Time) string {
	p := e.proc
	who := e.spec.Name
	if p.PID != 0 {
		who = fmt.Sprintf("%s[%d]", who, p.PID)
	}
	return who + " " + stageOfEnd(p, now)
}

// stageOfEnd says what goes on in a process that is to end, and what comes next.
func stageOfEnd(p machine.Proc, now time.Time) string {
	next := until(p.Due, now)
	switch p.State {
	case machine.PreStop:
		return fmt.Sprintf("in its preStop hook, %s in %s", p.Rules.StopSignal, next)
	case machine.Stopping:
		return fmt.Sprintf("was sent %s, SIGKILL in %s", p.Rules.StopSignal, next)
	case machine.Draining:
		return fmt.Sprintf("has ended, what it has started has not, SIGKILL in %s", next)
	case machine.Killing:
		if p.Kills > 1 {
			return fmt.Sprintf("was sent SIGKILL %d times", p.Kills)
		}
		return "was sent SIGKILL"
	case machine.PostStop:
		return fmt.Sprintf("in its postStop hook, ended in %s", next)
	case machine.Idle, machine.Waiting, machine.Spawning, machine.PostStart, machine.Starting, machine.Running, machine.Backoff:
	}
	return string(p.Status())
}

// until is how long it is to a moment, as people read it.
func until(at, now time.Time) time.Duration {
	return max(0, at.Sub(now)).Round(100 * time.Millisecond)
}
