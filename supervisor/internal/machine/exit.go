package machine

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

func (p Proc) exited(ev Exited, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.PID == 0 {
		return p, nil
	}
	p.PID = 0
	p.Last = Last{Gen: p.Gen, Exit: ev.Exit, Reason: p.reason(ev.Exit), At: now}
	if ev.Left == 0 || p.Rules.KillMode == supervisor.KillProcess {
		return p.over(now)
	}
	rest := []Action{Signal{p.Gen, p.Rules.StopSignal, ToRest}}
	switch p.State {
	case PostStart, Starting, Running:
		return p.enter(Draining, p.graceEnd(now.Add(p.Rules.Grace)), now), rest
	case PreStop:
		return p.enter(Draining, p.restOfGrace(now), now), rest
	case Stopping:
		if p.Rules.KillMode == supervisor.KillTree {
			rest = nil // it has it already
		}
		return p.enter(Draining, p.Due, now), rest
	case Killing:
		return p, []Action{Kill{p.Gen, ToTree}}
	case Idle, Waiting, Spawning, Draining, PostStop, Backoff: // no leader lives in these
	}
	return p, nil
}

func (p Proc) treeEmpty(ev TreeEmpty, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.PID != 0 || p.State != Draining && p.State != Killing {
		return p, nil
	}
	return p.over(now)
}

// over is called when nothing of the life is left: the postStop hook, then settle.
func (p Proc) over(now time.Time) (Proc, []Action) {
	if p.Rules.PostStop {
		if by := p.graceEnd(now.Add(p.Rules.Grace)); by.After(now) {
			return p.enter(PostStop, by, now), []Action{RunHook{p.Gen, PostStop}}
		}
	}
	return p.settle(now)
}
