package machine

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// beginRun starts a new run: dependencies first, then the first life.
func (p Proc) beginRun(now time.Time) (Proc, []Action) {
	p = p.renew()
	p.Goal, p.Outcome, p.Why, p.Final = Up, NoOutcome, "", Exit{}
	p.Fails, p.Delays = 0, 0
	p.RunStart, p.RunEnd = time.Time{}, time.Time{}
	if len(p.Unmet) > 0 {
		return p.enter(Waiting, p.waitEnd(now), now), nil
	}
	return p.spawn(now)
}

// spawn begins the next life.
func (p Proc) spawn(now time.Time) (Proc, []Action) {
	p = p.enter(Spawning, time.Time{}, now)
	p.Gen, p.Cause, p.Kills = p.Gen+1, NoCause, 0
	p.Checks, p.Said, p.FedBy, p.Feed = [probes]Check{Liveness: {OK: true}}, false, time.Time{}, p.Rules.Watchdog
	return p, []Action{Spawn{p.Gen}}
}

// spawned begins the life: with its hook, its startup probe, or at once.
func (p Proc) spawned(ev Spawned, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.State != Spawning {
		return p, nil
	}
	p.PID, p.Born = ev.PID, now
	p = p.startRunClock(now)
	if p.Goal != Up {
		return p.askToEnd(p.Cause, now)
	}
	if p.Rules.PostStart {
		return p.enter(PostStart, time.Time{}, now), []Action{RunHook{p.Gen, PostStart}}
	}
	return p.afterHook(now), nil
}

// afterHook goes on when there is no postStart hook, or it has ended.
func (p Proc) afterHook(now time.Time) Proc {
	if p.Rules.has(Startup) {
		return p.enter(Starting, time.Time{}, now)
	}
	return p.run(now)
}

// run is the moment at which the life has started.
func (p Proc) run(now time.Time) Proc {
	p = p.enter(Running, time.Time{}, now)
	p.Started = true
	return p.noteReady()
}

// startRunClock sets the run's deadline at its first life.
func (p Proc) startRunClock(now time.Time) Proc {
	if !p.RunStart.IsZero() {
		return p
	}
	p.RunStart = now
	return p.setRunEnd()
}

// setRunEnd is the deadline of the run as the rules are now, if it has begun.
func (p Proc) setRunEnd() Proc {
	p.RunEnd = time.Time{}
	if p.Rules.Deadline > 0 && !p.RunStart.IsZero() {
		p.RunEnd = p.RunStart.Add(p.Rules.Deadline)
	}
	return p
}

func (p Proc) spawnFailed(ev SpawnFailed, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.State != Spawning {
		return p, nil
	}
	p = p.startRunClock(now)
	p.Last = Last{Gen: p.Gen, Exit: Exit{Err: ev.Err, Code: ev.Code}, Reason: supervisor.ReasonStartError, At: now}
	return p.settle(now)
}
