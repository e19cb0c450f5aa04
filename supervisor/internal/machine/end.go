package machine

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// signalTime is what the stop signal is left of a grace period that a preStop hook
// has used up, as the kubelet leaves it (minimumGracePeriodInSeconds).
const signalTime = 2 * time.Second

// killRetry is the time between two SIGKILLs to what does not die of one.
const killRetry = time.Second

// stuckAfter is the number of SIGKILLs after which a process that still lives is
// called stuck.
const stuckAfter = 5

// askToEnd ends the life: the hook, then the stop signal, then SIGKILL. The cause is
// recorded first, so that no exit can come before it.
func (p Proc) askToEnd(cause Cause, now time.Time) (Proc, []Action) {
	p.Cause = cause
	grace := p.grace()
	if p.Rules.PreStop {
		if by := p.hookEnd(now.Add(grace)); by.After(now) {
			return p.enter(PreStop, by, now), []Action{RunHook{p.Gen, PreStop}}
		}
	}
	return p.enter(Stopping, p.graceEnd(now.Add(grace)), now), p.stopSignal()
}

// signalEnd goes on to the stop signal, after the hook has ended or its time is up.
func (p Proc) signalEnd(now time.Time) (Proc, []Action) {
	return p.enter(Stopping, p.restOfGrace(now), now), p.stopSignal()
}

// restOfGrace is the end of the grace period that a preStop hook is using.
func (p Proc) restOfGrace(now time.Time) time.Time {
	end := now.Add(signalTime)
	if full := p.Since.Add(p.grace()); full.After(end) { // the budget may have ended the hook sooner: Due is no measure
		end = full
	}
	return p.graceEnd(end)
}

// grace is the length of this end's grace period: a probe may have its own.
func (p Proc) grace() time.Duration {
	var own time.Duration
	if p.Cause == Unhealthy {
		own = p.Rules.Probes[Liveness].Grace
	}
	if p.Cause == Unstarted {
		own = p.Rules.Probes[Startup].Grace
	}
	if own > 0 {
		return own
	}
	return p.Rules.Grace
}

// hookEnd is when a preStop hook that may last until due is ended, inside the budget
// of the shutdown.
func (p Proc) hookEnd(due time.Time) time.Time {
	if by := p.EndBy.Add(-signalTime); !p.EndBy.IsZero() && by.Before(due) {
		return by
	}
	return due
}

// graceEnd is the end of a grace period that would end at due, inside the budget
// of the shutdown.
func (p Proc) graceEnd(due time.Time) time.Time {
	if !p.EndBy.IsZero() && p.EndBy.Before(due) {
		return p.EndBy
	}
	return due
}

// stopSignal is sent as the kill mode says.
func (p Proc) stopSignal() []Action {
	return []Action{Signal{p.Gen, p.Rules.StopSignal, p.stopScope()}}
}

func (p Proc) stopScope() Scope {
	switch p.Rules.KillMode {
	case supervisor.KillTree:
		return ToTree
	case supervisor.KillGroup:
		return ToGroup
	case supervisor.KillMixed, supervisor.KillProcess:
		return ToLeader
	}
	return ToLeader
}

// kill sends SIGKILL and comes back for what survives it.
func (p Proc) kill(now time.Time) (Proc, []Action) {
	p = p.enter(Killing, now.Add(killRetry), now)
	p.Kills++
	scope := ToTree
	if p.Rules.KillMode == supervisor.KillProcess && p.PID != 0 { // else its mode was another when it began to drain
		scope = ToLeader
	}
	return p, []Action{Kill{p.Gen, scope}}
}
