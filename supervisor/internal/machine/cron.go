package machine

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

func (p Proc) armed(at, now time.Time) (Proc, []Action) {
	if !p.Rules.Scheduled || p.Goal != Up && p.Goal != Again {
		return p, nil
	}
	p.CronAt = at
	return p.runFirst(now)
}

// runFirst is runOnStart: a run when the schedule is first armed. A run aside has no
// place to wait in, so its dependencies are waited for here.
func (p Proc) runFirst(now time.Time) (Proc, []Action) {
	tried := p.State != Idle || p.Last.Gen != 0 || p.Asides > 0 || p.Outcome != NoOutcome
	if tried || !p.Rules.RunOnStart || p.CronAt.IsZero() {
		return p, nil
	}
	if p.Rules.Concurrency == supervisor.ConcurrencyAllow && len(p.Unmet) > 0 {
		return p, nil
	}
	return p.trigger(now)
}

func (p Proc) cronDue(ev CronDue, now time.Time) (Proc, []Action) {
	if p.CronAt.IsZero() || p.Goal == Down || p.Goal == Gone {
		return p, nil
	}
	p.CronAt = ev.Next
	p.Runs.Missed += ev.Missed
	rules := p.latest() // a run ends as it began; what is about its schedule holds at once
	if rules.StartBy > 0 && ev.Late > rules.StartBy {
		p.Runs.Missed++
		return p, nil
	}
	if rules.Concurrency == supervisor.ConcurrencyAllow {
		return p.aside()
	}
	if ev.Busy { // with runs that are not this process's own, and are let finish
		p.Runs.Skipped++
		return p, nil
	}
	if p.State == Idle {
		return p.beginRun(now)
	}
	if rules.Concurrency != supervisor.ConcurrencyReplace {
		p.Runs.Skipped++
		return p, nil
	}
	return p.replace(now)
}

// replace ends the run that goes on, for one that begins now.
func (p Proc) replace(now time.Time) (Proc, []Action) {
	switch p.State {
	case PostStart, Starting, Running:
		p.Goal = Again
		return p.askToEnd(Replaced, now)
	case Backoff:
		p.Runs.Replaced++
		return p.beginRun(now)
	case PreStop, Stopping, Draining, Killing, PostStop:
		if p.Goal == Again { // a run is to follow already
			p.Runs.Skipped++
			return p, nil
		}
		p.Goal = Again
		p.Runs.Replaced++
	case Idle, Waiting, Spawning: // the run that would replace this one is this one
		p.Runs.Skipped++
	}
	return p, nil
}

// aside hands out a run; while a dependency is not met the scheduled time is
// skipped, because such a process has no place to wait in.
func (p Proc) aside() (Proc, []Action) {
	if len(p.Unmet) > 0 {
		p.Runs.Skipped++
		return p, nil
	}
	p.Asides++
	p.Started, p.WasReady = true, true
	return p, []Action{Aside{p.Asides}}
}

func (p Proc) asideEnded(ok bool, now time.Time) Proc {
	if !ok {
		p.Runs.Failed++
		return p
	}
	p.Runs.Succeeded++
	p.Runs.LastSuccess = now
	p.Succeeded = true
	return p
}
