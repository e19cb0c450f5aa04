package machine

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// change takes a new manifest's rules. What was stopped by hand stays stopped; what
// is executed as before goes on under the new rules; the rest ends, and begins anew
// with them. A scheduled run that is going on ends as it began.
func (p Proc) change(ev Change, now time.Time) (Proc, []Action) {
	if p.Goal == Gone {
		return p, nil
	}
	old := p.Rules
	var acts []Action
	switch {
	case !ev.Renew && p.Coming == nil:
		p = p.amend(ev.Rules, now)
		p, acts = p.goOn(now)
	case p.State == Idle || p.State == Waiting || p.State == Backoff && !ev.Rules.Scheduled:
		p.Coming = ev.Rules
		p, acts = p.beginAnew(now)
	default:
		p.Coming = ev.Rules
		p, acts = p.endForChange(now)
	}
	p, more := p.suspension(old.Suspended, ev.Rules.Suspended, now)
	acts = append(acts, more...)
	if ev.Rearm && ev.Rules.Scheduled && !p.CronAt.IsZero() {
		acts = append(acts, Arm{})
	}
	return p, acts
}

// amend puts new rules in force in the middle of things. What has been met stays met.
func (p Proc) amend(rules *Rules, now time.Time) Proc {
	var unmet []string
	for _, n := range rules.Needs {
		if !slices.Contains(p.Rules.Needs, n) || slices.Contains(p.Unmet, n.Name) {
			unmet = append(unmet, n.Name)
		}
	}
	old := p.Rules
	p.Rules, p.Unmet = rules, unmet
	switch {
	case p.State == Idle || p.State == Waiting:
	case rules.Deadline == 0:
		p.RunEnd = time.Time{}
	case !p.RunEnd.IsZero():
		p.RunEnd = p.RunEnd.Add(rules.Deadline - old.Deadline)
	case p.State != Spawning: // the spawn sets it
		p.RunEnd = p.Born.Add(rules.Deadline)
	}
	if old.Watchdog != rules.Watchdog {
		p.Feed, p.FedBy = rules.Watchdog, time.Time{}
		if p.Said && p.Feed > 0 {
			p.FedBy = now.Add(p.Feed)
		}
	}
	for _, k := range Probes() {
		if old.has(k) != rules.has(k) {
			p.Checks[k] = Check{OK: k == Liveness}
		}
	}
	return p
}

// goOn finds out whether the amended rules let it go further.
func (p Proc) goOn(now time.Time) (Proc, []Action) {
	switch {
	case p.State == Waiting && len(p.Unmet) == 0:
		return p.spawn(now)
	case p.State == Waiting:
		p.Due = p.waitEnd(p.Since)
	case p.State == Starting && !p.Rules.has(Startup):
		return p.run(now), nil
	case p.State == Backoff:
		clean := p.Last.Reason == supervisor.ReasonCompleted
		if p.Rules.Restart == supervisor.RestartNever || p.Rules.Restart == supervisor.RestartOnFailure && clean {
			return p.conclude(clean, p.Last.Reason, now), nil
		}
	}
	return p.noteReady(), nil
}

// renew puts the coming rules in force between two runs: it is another process now,
// of which nothing has happened yet.
func (p Proc) renew() Proc {
	if p.Coming != nil {
		p.Rules, p.Coming = p.Coming, nil
		p.Unmet = p.Rules.needed()
		p.Started, p.WasReady, p.Succeeded = false, false, false
	}
	return p
}

// beginAnew begins a run of the new definition where no life is in the way, unless it
// is to be down, or waits for its schedule.
func (p Proc) beginAnew(now time.Time) (Proc, []Action) {
	if p.Goal == Down || p.Coming.Scheduled && p.State == Idle || p.suspends() {
		if p.State == Idle {
			return p.renew(), nil
		}
		return p.enter(Idle, time.Time{}, now), nil
	}
	return p.beginRun(now)
}

// endForChange ends a life whose definition is out of date.
func (p Proc) endForChange(now time.Time) (Proc, []Action) {
	if p.Goal == Down || p.Coming.Scheduled || p.suspends() {
		return p, nil
	}
	p.Goal = Again
	if p.State == Spawning {
		p.Cause = Changed // for the stop that follows Spawned
		return p, nil
	}
	if p.up() {
		return p.askToEnd(Changed, now)
	}
	return p, nil
}

// suspends reports whether the coming rules are what suspends it.
func (p Proc) suspends() bool { return p.Coming.Suspended && !p.Rules.Suspended }

// suspension follows the field suspend. A scheduled run that is going on is let
// finish, as in a CronJob; anything else is stopped, as in a Job.
func (p Proc) suspension(was, is bool, now time.Time) (Proc, []Action) {
	switch {
	case is && !was && p.Rules.Scheduled && p.Alive():
		p.CronAt = time.Time{}
		return p, nil
	case is && !was && p.Goal != Down:
		p, acts := p.end(Down, Paused, now)
		if p.State == Idle {
			p.Why = supervisor.ReasonSuspended
		}
		return p, acts
	case was && !is && p.Goal == Down && (p.Why == supervisor.ReasonSuspended || p.Cause == Paused),
		was && !is && p.Rules.Scheduled && p.Goal == Up && p.CronAt.IsZero():
		return p.resume(now)
	}
	return p, nil
}

// resume starts what only suspend kept down.
func (p Proc) resume(now time.Time) (Proc, []Action) {
	if p.Goal == Down {
		return p.start(now)
	}
	return p, []Action{Arm{}}
}
