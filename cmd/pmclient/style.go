package main

import "github.com/processmanager/processmanager/supervisor"

// statusStyle is green for what is as it should be, yellow for what is on its way,
// red for what somebody has to look at.
func statusStyle(status supervisor.Status) style {
	switch status {
	case supervisor.StatusRunning, supervisor.StatusCompleted:
		return green
	case supervisor.StatusPending, supervisor.StatusStarting, supervisor.StatusStopping, supervisor.StatusBackoff:
		return yellow
	case supervisor.StatusFailed, supervisor.StatusStuck:
		return red
	case supervisor.StatusScheduled, supervisor.StatusStopped:
		return plain
	}
	return plain
}

// changeStyle is that of a text diff.
func changeStyle(kind supervisor.ChangeKind) style {
	switch kind {
	case supervisor.ChangeAdded:
		return green
	case supervisor.ChangeRemoved:
		return red
	case supervisor.ChangeUpdated, supervisor.ChangeRestarted:
		return yellow
	}
	return plain
}

// reasonStyle is red for an end that was not wanted.
func reasonStyle(reason supervisor.Reason) style {
	switch reason {
	case "", supervisor.ReasonCompleted, supervisor.ReasonStoppedByUser, supervisor.ReasonSuspended, supervisor.ReasonConfigChanged,
		supervisor.ReasonShutdown, supervisor.ReasonReplaced, supervisor.ReasonDependencyRestarted:
		return plain
	case supervisor.ReasonError, supervisor.ReasonSignaled, supervisor.ReasonOOMKilled, supervisor.ReasonMemoryLimit,
		supervisor.ReasonDeadlineExceeded, supervisor.ReasonStartError, supervisor.ReasonStartTimeout, supervisor.ReasonUnhealthy,
		supervisor.ReasonPostStartHookError, supervisor.ReasonDependencyFailed, supervisor.ReasonBackoffLimitExceeded:
		return red
	}
	return plain
}
