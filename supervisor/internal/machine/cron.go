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
	if first := p.Born.IsZero() && p.Last.Gen == 0 && p.Asides == 0 && p.State == Idle; first && p.Rules.RunOnStart {
		return p.trigger(now)
	}
	return p, nil
}

func (p Proc) cronDue(ev CronDue, now time.Time) (Proc, []Action) {
	if p.CronAt.IsZero() || p.Goal == Down || p.Goal == Gone {
		return p, nil
	}
	p.CronAt = ev.Next
	p.Runs.Missed += ev.Missed
	if p.Rules.StartBy > 0 && ev.Late > p.Rules.StartBy {
		p.Runs.Missed++
		return p, nil
	}
	if p.Rules.Concurrency == supervisor.ConcurrencyAllow {
		return p.aside()
	}
	if p.State == Idle {
		return p.beginRun(now)
	}
	if p.Rules.Concurrency != supervisor.ConcurrencyReplace {
		p.Runs.Skipped++
		return p, nil
	}
	switch p.State {
	case PostStart, Starting, Running:
		p.Goal = Again
		return p.askToEnd(Replaced, now)
	case Backoff:
		p.Runs.Replaced++
		return p.beginRun(now)
	case PreStop, Stopping, Draining, Killing, PostStop:
		p.Goal = Again
		return p, nil
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
