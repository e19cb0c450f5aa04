package tell

import "github.com/processmanager/processmanager/supervisor"

// Tone is how much something wants to be looked at; each program shows it in its way.
type Tone uint8

// The tones.
const (
	Plain  Tone = iota
	Good        // as it should be
	Uneasy      // on its way
	Bad         // somebody has to look at it
)

// Suspended is how a process is shown whose manifest suspends it. Its status is stopped, but
// nobody has stopped it.
const Suspended = "suspended"

// State is the status as a person reads it.
func State(p *supervisor.ProcessInfo) string {
	if p.Status == supervisor.StatusStopped && p.Reason == supervisor.ReasonSuspended {
		return Suspended
	}
	return string(p.Status)
}

// OfStatus is the tone of a status.
func OfStatus(status supervisor.Status) Tone {
	switch status {
	case supervisor.StatusRunning, supervisor.StatusCompleted:
		return Good
	case supervisor.StatusPending, supervisor.StatusStarting, supervisor.StatusStopping, supervisor.StatusBackoff:
		return Uneasy
	case supervisor.StatusFailed, supervisor.StatusStuck:
		return Bad
	case supervisor.StatusScheduled, supervisor.StatusStopped:
		return Plain
	}
	return Plain
}

// OfReason is Bad for an end that was not wanted.
func OfReason(reason supervisor.Reason) Tone {
	switch reason {
	case "", supervisor.ReasonCompleted, supervisor.ReasonStoppedByUser, supervisor.ReasonSuspended, supervisor.ReasonConfigChanged,
		supervisor.ReasonShutdown, supervisor.ReasonReplaced, supervisor.ReasonDependencyRestarted:
		return Plain
	case supervisor.ReasonError, supervisor.ReasonSignaled, supervisor.ReasonOOMKilled, supervisor.ReasonMemoryLimit,
		supervisor.ReasonDeadlineExceeded, supervisor.ReasonStartError, supervisor.ReasonStartTimeout, supervisor.ReasonUnhealthy,
		supervisor.ReasonPostStartHookError, supervisor.ReasonDependencyFailed, supervisor.ReasonBackoffLimitExceeded:
		return Bad
	}
	return Plain
}
