package machine

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

func (p Proc) start(now time.Time) (Proc, []Action) {
	if p.Goal == Gone {
		return p, nil
	}
	switch p.State {
	case Idle:
		if p.Rules.Scheduled {
			p.Goal, p.Why = Up, ""
			return p, []Action{Arm{}}
		}
		return p.beginRun(now)
	case Spawning:
		if p.Goal == Again || p.outOfDate() { // what is being spawned is not what is to run
			p.Cause = Changed
			return p.rearm(Again)
		}
		p.Cause = NoCause
		return p.rearm(Up)
	case Waiting, PostStart, Starting, Running:
		return p.rearm(Up)
	case PreStop, Stopping, Draining, Killing, PostStop:
		return p.rearm(Again)
	case Backoff:
		p, acts := p.beginRun(now)
		p, arm := p.rearm(Up)
		return p, append(acts, arm...)
	}
	return p, nil
}

// rearm sets a goal that wants the process up; a schedule that a stop had
// disarmed comes back with it.
func (p Proc) rearm(goal Goal) (Proc, []Action) {
	var acts []Action
	if p.Rules.Scheduled && p.CronAt.IsZero() {
		acts = []Action{Arm{}}
	}
	p.Goal, p.Why = goal, ""
	return p, acts
}

func (p Proc) stop(ev Stop, now time.Time) (Proc, []Action) {
	if !ev.By.IsZero() {
		p.EndBy = ev.By
		switch p.State {
		case PreStop:
			p.Due = p.hookEnd(p.Due)
		case Stopping, Draining, PostStop:
			p.Due = p.graceEnd(p.Due)
		case Idle, Waiting, Spawning, PostStart, Starting, Running, Killing, Backoff: // no grace period is going on
		}
	}
	if p.Goal == Gone {
		return p, nil
	}
	return p.end(Down, ev.Cause, now)
}

func (p Proc) remove(cause Cause, now time.Time) (Proc, []Action) {
	if p.Goal == Gone {
		return p, nil // it is forgotten once
	}
	if p, acts := p.end(Gone, cause, now); p.State != Idle {
		return p, acts
	}
	p = p.enter(Idle, time.Time{}, now)
	p.Goal, p.CronAt = Gone, time.Time{}
	return p, []Action{Forget{}}
}

// end is the common part of stop and delete.
func (p Proc) end(goal Goal, cause Cause, now time.Time) (Proc, []Action) {
	p.Goal, p.CronAt, p.Why = goal, time.Time{}, ""
	if goal == Down && cause == Asked {
		p.Why = supervisor.ReasonStoppedByUser // also of a life that ends for another cause
	}
	switch p.State {
	case Idle:
		return p, nil
	case Waiting, Backoff:
		return p.enter(Idle, time.Time{}, now), nil
	case Spawning:
		p.Cause = cause // for the stop that follows Spawned
		return p, nil
	case PostStart, Starting, Running:
		return p.askToEnd(cause, now)
	case PreStop, Stopping, Draining, Killing, PostStop:
		return p, nil
	}
	return p, nil
}

func (p Proc) restart(cause Cause, now time.Time) (Proc, []Action) {
	if p.Goal == Gone {
		return p, nil
	}
	if !p.up() {
		return p.start(now)
	}
	p, acts := p.askToEnd(cause, now)
	p, arm := p.rearm(Again)
	return p, append(acts, arm...)
}

func (p Proc) trigger(now time.Time) (Proc, []Action) {
	if p.Goal == Gone {
		return p, nil
	}
	if p.Rules.Scheduled && p.latest().Concurrency == supervisor.ConcurrencyAllow {
		return p.aside()
	}
	switch p.State {
	case Idle, Backoff:
		return p.beginRun(now)
	case Waiting, Spawning, PostStart, Starting, Running, PreStop, Stopping, Draining, Killing, PostStop:
		return p, nil
	}
	return p, nil
}
