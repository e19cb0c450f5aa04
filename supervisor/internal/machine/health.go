package machine

import "time"

// hookDone goes on after a hook. One that failed ends the life only as postStart;
// what is ending goes on ending.
func (p Proc) hookDone(ev HookDone, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || ev.Hook != p.State {
		return p, nil
	}
	switch p.State {
	case PostStart:
		if !ev.OK {
			return p.askToEnd(HookFailed, now)
		}
		return p.afterHook(now), nil
	case PreStop:
		return p.signalEnd(now)
	case PostStop:
		return p.settle(now)
	case Idle, Waiting, Spawning, Starting, Running, Stopping, Draining, Killing, Backoff: // run none
	}
	return p, nil
}

// Wants reports whether a probe is to be made now: startup until it succeeds, the
// others after that, none of a life that is ending.
func (p Proc) Wants(k Probe) bool {
	if !p.Rules.has(k) {
		return false
	}
	if k == Startup {
		return p.State == Starting
	}
	return p.State == Running
}

// probed counts one result. Results in a row count; the other result begins anew.
func (p Proc) probed(ev Probed, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || !p.Wants(ev.Probe) {
		return p, nil
	}
	c, r := p.Checks[ev.Probe], p.Rules.Probes[ev.Probe]
	if ev.OK {
		c.Good, c.Bad = c.Good+1, 0
	} else {
		c.Good, c.Bad = 0, c.Bad+1
	}
	switch {
	case c.Good >= r.Successes && ev.OK:
		c.OK = true
	case c.Bad >= r.Failures:
		c.OK = false
	default:
		p.Checks[ev.Probe] = c
		return p, nil
	}
	p.Checks[ev.Probe] = c
	switch {
	case ev.Probe == Readiness:
		return p.noteReady(), nil
	case ev.Probe == Startup && c.OK:
		return p.run(now), nil
	case ev.Probe == Startup:
		return p.askToEnd(Unstarted, now)
	case !c.OK:
		return p.askToEnd(Unhealthy, now)
	}
	return p, nil
}

// said takes what the process says of its readiness. The watchdog is watched from the
// first time that it is ready, as systemd does it.
func (p Proc) said(ev Said, now time.Time) Proc {
	if ev.Gen != p.Gen || !p.up() {
		return p
	}
	p.Said = ev.Ready
	if p.Said && p.FedBy.IsZero() && p.Feed > 0 {
		p.FedBy = now.Add(p.Feed)
	}
	return p.noteReady()
}

// fed puts off the watchdog.
func (p Proc) fed(ev Fed, now time.Time) Proc {
	if ev.Gen != p.Gen || !p.up() {
		return p
	}
	if ev.Every > 0 {
		p.Feed = ev.Every
	}
	if p.Feed > 0 && (!p.FedBy.IsZero() || p.Said) {
		p.FedBy = now.Add(p.Feed)
	}
	return p
}

// condemned ends a life for a reason that was found elsewhere.
func (p Proc) condemned(ev Condemned, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || !p.up() {
		return p, nil
	}
	return p.askToEnd(ev.Cause, now)
}

// Ready reports whether the process is ready: it has started, its probe says so, and
// so does it itself, where they are asked.
func (p Proc) Ready() bool {
	return p.State == Running &&
		(!p.Rules.has(Readiness) || p.Checks[Readiness].OK) &&
		(!p.Rules.ReadySignal || p.Said)
}

// noteReady remembers that it has been ready.
func (p Proc) noteReady() Proc {
	p.WasReady = p.WasReady || p.Ready()
	return p
}
