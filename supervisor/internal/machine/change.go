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
	was, is := p.latest().Suspended, ev.Rules.Suspended
	var acts, more []Action
	switch {
	case !ev.Renew && p.Coming == nil:
		p, acts = p.amend(ev.Rules, now).suspension(was, is, now)
		p, more = p.goOn(now)
	case p.State == Idle || p.State == Waiting || p.State == Backoff && !ev.Rules.Scheduled:
		p.Coming = ev.Rules
		p, acts = p.beginAnew(is && !was, now)
		p, more = p.suspension(was, is, now)
	default:
		p.Coming = ev.Rules
		p, acts = p.endForChange(is && !was, now)
		p, more = p.suspension(was, is, now)
	}
	acts = append(acts, more...)
	if ev.Rearm && !p.CronAt.IsZero() {
		acts = append(acts, Arm{})
	}
	return p, acts
}

// amend puts new rules in force in the middle of things. What has been met stays met.
func (p Proc) amend(rules *Rules, now time.Time) Proc {
	var unmet []string
	for _, n := range rules.Needs {
		if was, ok := p.need(n.Name); !ok || was.Condition != n.Condition || slices.Contains(p.Unmet, n.Name) {
			unmet = append(unmet, n.Name)
		}
	}
	old := p.Rules
	p.Rules, p.Unmet = rules, unmet
	p = p.setRunEnd()
	if p.State == Waiting && !slices.Equal(old.Needs, rules.Needs) {
		p = p.enter(Waiting, time.Time{}, now) // a timeout is not over before it has begun
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
		switch {
		case !p.Rules.again(p.Last.Exit, clean):
			return p.conclude(clean, p.Last.Reason, now), nil
		case p.Rules.MaxRestarts >= 0 && p.Fails > p.Rules.MaxRestarts:
			return p.conclude(clean, supervisor.ReasonBackoffLimitExceeded, now), nil
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
func (p Proc) beginAnew(suspended bool, now time.Time) (Proc, []Action) {
	switch {
	case suspended:
		p.Outcome, p.Final = NoOutcome, Exit{}
		return p.enter(Idle, time.Time{}, now), nil
	case p.Goal == Down, p.Coming.Scheduled && p.State == Idle:
		return p.renew(), nil
	}
	return p.beginRun(now)
}

// endForChange ends a life whose definition is out of date.
func (p Proc) endForChange(suspended bool, now time.Time) (Proc, []Action) {
	if p.Goal == Down || p.Coming.Scheduled || suspended {
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

// suspension follows the field suspend. A scheduled run that is going on is let
// finish, as in a CronJob; what has ended for good stays so, as a Job does; anything
// else is stopped, until the field is gone or somebody starts it.
func (p Proc) suspension(was, is bool, now time.Time) (Proc, []Action) {
	_, over := p.Over()
	switch {
	case is == was:
	case is && p.Rules.Scheduled && (p.Alive() || p.State == Backoff):
		p.CronAt = time.Time{}
	case is && p.Goal != Down && !over:
		p, acts := p.end(Down, Paused, now)
		p.Why = supervisor.ReasonSuspended
		return p, acts
	case is:
	case p.Goal == Down && p.Why == supervisor.ReasonSuspended:
		return p.start(now)
	case p.Rules.Scheduled && p.Goal != Down && p.CronAt.IsZero():
		return p, []Action{Arm{}}
	}
	return p, nil
}
