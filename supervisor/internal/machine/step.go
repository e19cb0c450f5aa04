package machine

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Step is the whole machine: what becomes of p when ev happens at now, and what
// has to be done about it, in order. It reads no clock and touches nothing. now
// must carry the monotonic clock for Due, RunEnd and FedBy; CronAt is never compared
// here.
func Step(p Proc, ev Event, now time.Time) (Proc, []Action) {
	switch ev := ev.(type) {
	case Start:
		return p.start(now)
	case Stop:
		return p.stop(ev, now)
	case Restart:
		return p.restart(ev.Cause, now)
	case Delete:
		return p.remove(ev.Cause, now)
	case Trigger:
		return p.trigger(now)
	case Change:
		return p.change(ev, now)
	case DependencyMet:
		return p.dependencyMet(ev.Name, now)
	case DependencyFailed:
		return p.dependencyFailed(ev, now)
	case Spawned:
		return p.spawned(ev, now)
	case SpawnFailed:
		return p.spawnFailed(ev, now)
	case Exited:
		return p.exited(ev, now)
	case TreeEmpty:
		return p.treeEmpty(ev, now)
	case HookDone:
		return p.hookDone(ev, now)
	case Probed:
		return p.probed(ev, now)
	case Said:
		return p.said(ev, now), nil
	case Fed:
		return p.fed(ev, now), nil
	case Condemned:
		return p.condemned(ev, now)
	case Tick:
		return p.tick(now)
	case Armed:
		return p.armed(ev.At, now)
	case CronDue:
		return p.cronDue(ev, now)
	case AsideEnded:
		return p.asideEnded(ev.OK, now), nil
	}
	return p, nil
}

// enter is the only way into a state: it sets everything that depends on it.
func (p Proc) enter(s State, due, now time.Time) Proc {
	p.State, p.Due, p.Since = s, due, now
	if s == Idle || s == Waiting || s == Backoff {
		p.PID, p.Cause, p.Kills = 0, NoCause, 0
	}
	if s == PostStop {
		p.Kills = 0
	}
	if s == Idle {
		p.RunStart, p.RunEnd = time.Time{}, time.Time{}
		p = p.renew()
	}
	return p
}

// tick compares the deadlines with the clock.
func (p Proc) tick(now time.Time) (Proc, []Action) {
	if passed(p.RunEnd, now) && p.overdueCounts() {
		if p.State == Backoff {
			return p.giveUp(supervisor.ReasonDeadlineExceeded, p.Last.Exit, now), nil
		}
		return p.askToEnd(Overdue, now)
	}
	if p.State == Running && passed(p.FedBy, now) {
		return p.askToEnd(Unhealthy, now)
	}
	if !passed(p.Due, now) {
		return p, nil
	}
	switch p.State {
	case Waiting:
		return p.giveUp(supervisor.ReasonDependencyFailed, Exit{Code: codeFailed}, now), nil
	case PreStop:
		return p.signalEnd(now)
	case Stopping, Draining:
		return p.kill(now)
	case Killing:
		since := p.Since
		p, acts := p.kill(now)
		p.Since = since
		return p, acts
	case PostStop:
		return p.settle(now)
	case Backoff:
		p.Restarts++
		return p.spawn(now)
	case Idle, Spawning, PostStart, Starting, Running: // have no Due
	}
	return p, nil
}

func passed(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }
