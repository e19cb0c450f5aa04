package machine

import (
	"hash/fnv"
	"math"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// startRetry is the least delay after a failed start: nothing ran, so without it
// the next attempt would come at the speed of the machine.
const startRetry = time.Second

// settle answers: the life is over and nothing of it is left, what now? The first
// row of the table in the package comment that applies wins. This is where a
// restart happens.
func (p Proc) settle(now time.Time) (Proc, []Action) {
	clean := p.Cause == NoCause && p.Rules.success(p.Last.Exit)
	healthy := p.Last.Exit.Err == "" && p.Rules.Backoff.ResetAfter > 0 && p.Last.At.Sub(p.Born) >= p.Rules.Backoff.ResetAfter
	if p.Rules.Scheduled && p.Cause == Replaced {
		p.Runs.Replaced++
	}
	switch p.Goal {
	case Gone:
		return p.enter(Idle, time.Time{}, now), []Action{Forget{}}
	case Down:
		return p.enter(Idle, time.Time{}, now), nil
	case Again:
		return p.beginRun(now)
	case Up:
	}
	if p.Cause == Overdue {
		return p.giveUp(supervisor.ReasonDeadlineExceeded, p.Last.Exit, now), nil
	}
	if !p.Rules.again(p.Last.Exit, clean) {
		return p.conclude(clean, p.Last.Reason, now), nil
	}
	if !p.RunEnd.IsZero() && !now.Before(p.RunEnd) {
		return p.giveUp(supervisor.ReasonDeadlineExceeded, p.Last.Exit, now), nil
	}
	if healthy {
		p.Fails, p.Delays = 0, 0
	}
	if p.Rules.MaxRestarts >= 0 && p.Fails >= p.Rules.MaxRestarts {
		return p.conclude(clean, supervisor.ReasonBackoffLimitExceeded, now), nil
	}
	p.Fails++
	delay := p.Rules.Backoff.delay(p.Rules.Name, p.Gen, p.Delays)
	if p.Last.Exit.Err != "" {
		delay = max(delay, startRetry)
	}
	if healthy || delay == 0 {
		p.Restarts++
		return p.spawn(now)
	}
	p.Delays++
	return p.enter(Backoff, now.Add(delay), now), nil
}

// conclude ends the run for good.
func (p Proc) conclude(clean bool, why supervisor.Reason, now time.Time) Proc {
	if !clean {
		return p.giveUp(why, p.Last.Exit, now)
	}
	p.Succeeded, p.Started = true, true
	if !p.Rules.ReadySignal && !p.Rules.has(Readiness) {
		p.WasReady = true // it was over before its startup probe
	}
	if p.Rules.Scheduled {
		p.Runs.Succeeded++
		p.Runs.LastSuccess = now
	}
	p = p.enter(Idle, time.Time{}, now)
	p.Outcome, p.Final = Completed, Exit{}
	return p.disarmed()
}

// What a failure counts as when its exit reads like success: a process that ends
// with 0 because its deadline came has not done its work. See timeout(1) for 124.
const (
	codeFailed  = 1
	codeOverdue = 124
)

// giveUp ends the run for good, without success.
func (p Proc) giveUp(why supervisor.Reason, exit Exit, now time.Time) Proc {
	if p.Rules.Scheduled {
		p.Runs.Failed++
	}
	p = p.enter(Idle, time.Time{}, now)
	if exit.ShellCode() == 0 {
		exit.Code = codeFailed
		if why == supervisor.ReasonDeadlineExceeded {
			exit.Code = codeOverdue
		}
	}
	p.Outcome, p.Why, p.Final = Failed, why, exit
	return p.disarmed()
}

// disarmed is where a run that was begun by hand leaves a schedule that is not armed:
// stopped, as it was before.
func (p Proc) disarmed() Proc {
	if !p.Rules.Scheduled || !p.CronAt.IsZero() {
		return p
	}
	p.Goal, p.Why = Down, ""
	if p.Rules.Suspended {
		p.Why = supervisor.ReasonSuspended
	}
	return p
}

// reasonOf is the word for a life that the manager ended.
var reasonOf = [causes]supervisor.Reason{
	Asked:      supervisor.ReasonStoppedByUser,
	Overdue:    supervisor.ReasonDeadlineExceeded,
	Replaced:   supervisor.ReasonReplaced,
	Changed:    supervisor.ReasonConfigChanged,
	Ending:     supervisor.ReasonShutdown,
	Unhealthy:  supervisor.ReasonUnhealthy,
	Unstarted:  supervisor.ReasonStartTimeout,
	HookFailed: supervisor.ReasonPostStartHookError,
	OverMemory: supervisor.ReasonMemoryLimit,
	Followed:   supervisor.ReasonDependencyRestarted,
	Paused:     supervisor.ReasonSuspended,
}

// reason is the word for how the life that is ending ended.
func (p Proc) reason(e Exit) supervisor.Reason {
	switch {
	case p.Cause != NoCause:
		return reasonOf[p.Cause]
	case e.OOM:
		return supervisor.ReasonOOMKilled
	case e.Signal != 0:
		return supervisor.ReasonSignaled
	case p.Rules.success(e):
		return supervisor.ReasonCompleted
	}
	return supervisor.ReasonError
}

// delay is the pause after `earlier` others: Initial × Factor^earlier, at most
// Max, plus up to Jitter of itself. The random part is a hash of the name and the
// life, so that many processes spread and a replay is exact.
func (b BackoffRules) delay(name string, gen uint64, earlier int) time.Duration {
	if b.Initial <= 0 {
		return 0
	}
	d := float64(b.Initial) * math.Pow(max(b.Factor, 1), float64(earlier))
	d = min(d, float64(b.Max))
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	_, _ = h.Write([]byte{byte(gen), byte(gen >> 8), byte(gen >> 16), byte(gen >> 24)})
	part := float64(h.Sum64()>>11) / (1 << 53)
	return time.Duration(d * (1 + b.Jitter*part))
}
