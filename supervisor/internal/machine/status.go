package machine

import (
	"github.com/processmanager/processmanager/supervisor"
)

// Status is the public word for where the process stands. It is derived here and
// stored nowhere.
func (p Proc) Status() supervisor.Status {
	switch p.State {
	case Waiting:
		return supervisor.StatusPending
	case Spawning, PostStart, Starting:
		return supervisor.StatusStarting
	case Running:
		return supervisor.StatusRunning
	case PreStop, Stopping, Draining, PostStop:
		return supervisor.StatusStopping
	case Killing:
		if p.Kills > stuckAfter {
			return supervisor.StatusStuck
		}
		return supervisor.StatusStopping
	case Backoff:
		return supervisor.StatusBackoff
	case Idle:
	}
	switch {
	case p.Goal == Down, p.Goal == Gone:
		return supervisor.StatusStopped
	case !p.CronAt.IsZero():
		return supervisor.StatusScheduled
	case p.Outcome == Completed:
		return supervisor.StatusCompleted
	case p.Outcome == Failed:
		return supervisor.StatusFailed
	}
	return supervisor.StatusPending // not started yet
}

// Reason is the public word for why the last life, or the whole run, ended.
func (p Proc) Reason() supervisor.Reason {
	if p.State == Idle && p.Why != "" {
		return p.Why
	}
	return p.Last.Reason
}

// Meets reports whether a dependency on p is met, or never will be. A definition
// that is about to be replaced meets nothing.
func (p Proc) Meets(c supervisor.Condition) (met, failed bool) {
	if p.Coming != nil || p.Goal == Gone {
		return false, false
	}
	switch c {
	case supervisor.ConditionCompleted:
		met = p.Succeeded
	case supervisor.ConditionReady:
		met = p.WasReady
	case supervisor.ConditionStarted:
		met = p.Started
	}
	_, over := p.Over()
	return met, !met && over
}
