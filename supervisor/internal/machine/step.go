package machine

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// killRetry is the time between two SIGKILLs to what does not die of one.
const killRetry = time.Second

// stuckAfter is the number of SIGKILLs after which a process that still lives is
// called stuck.
const stuckAfter = 5

// Step is the whole machine: what becomes of p when ev happens at now, and what
// has to be done about it, in order. It reads no clock and touches nothing. now
// must carry the monotonic clock for Due and RunEnd; CronAt is never compared
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
	case Tick:
		return p.tick(now)
	case Armed:
		return p.armed(ev.At)
	case CronDue:
		return p.cronDue(ev.Next, now)
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
	if s == Idle {
		p.RunEnd = time.Time{}
	}
	return p
}

// beginRun starts a new run: dependencies first, then the first life.
func (p Proc) beginRun(now time.Time) (Proc, []Action) {
	p.Goal, p.Outcome, p.Why, p.Final = Up, NoOutcome, "", Exit{}
	p.Fails, p.Delays, p.RunEnd = 0, 0, time.Time{}
	if len(p.Unmet) > 0 {
		return p.enter(Waiting, p.waitEnd(now), now), nil
	}
	return p.spawn(now)
}

// spawn begins the next life.
func (p Proc) spawn(now time.Time) (Proc, []Action) {
	p = p.enter(Starting, time.Time{}, now)
	p.Gen, p.Cause, p.Kills = p.Gen+1, NoCause, 0
	return p, []Action{Spawn{p.Gen}}
}

// waitEnd is when the first unmet dependency times out; zero: never.
func (p Proc) waitEnd(now time.Time) time.Time {
	var end time.Time
	for _, name := range p.Unmet {
		if n, ok := p.need(name); ok && n.Timeout > 0 {
			if at := now.Add(n.Timeout); end.IsZero() || at.Before(end) {
				end = at
			}
		}
	}
	return end
}

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
	case Starting:
		p.Cause = NoCause
		return p.rearm(Up)
	case Waiting, Running:
		return p.rearm(Up)
	case Stopping, Draining, Killing:
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
	p.Goal = goal
	return p, acts
}

func (p Proc) stop(ev Stop, now time.Time) (Proc, []Action) {
	if !ev.By.IsZero() {
		p.EndBy = ev.By
		if p.State == Stopping || p.State == Draining {
			p.Due = p.graceEnd(p.Due)
		}
	}
	if p.Goal == Gone {
		return p, nil
	}
	return p.end(Down, ev.Cause, now)
}

// graceEnd is the end of a grace period that would end at due, inside the budget
// of the shutdown.
func (p Proc) graceEnd(due time.Time) time.Time {
	if !p.EndBy.IsZero() && p.EndBy.Before(due) {
		return p.EndBy
	}
	return due
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
	p.Goal, p.CronAt = goal, time.Time{}
	switch p.State {
	case Idle:
		p.Why = ""
		return p, nil
	case Waiting, Backoff:
		return p.enter(Idle, time.Time{}, now), nil
	case Starting:
		p.Cause = cause // for the stop that follows Spawned
		return p, nil
	case Stopping, Draining, Killing:
		return p, nil
	case Running:
		return p.askToEnd(cause, now)
	}
	return p, nil
}

// askToEnd sends the stop signal as the kill mode says. The cause is recorded
// first, so that no exit can come before it.
func (p Proc) askToEnd(cause Cause, now time.Time) (Proc, []Action) {
	p = p.enter(Stopping, p.graceEnd(now.Add(p.Rules.Grace)), now)
	p.Cause = cause
	return p, []Action{Signal{p.Gen, p.Rules.StopSignal, p.stopScope()}}
}

func (p Proc) stopScope() Scope {
	switch p.Rules.KillMode {
	case supervisor.KillTree:
		return ToTree
	case supervisor.KillGroup:
		return ToGroup
	case supervisor.KillMixed, supervisor.KillProcess:
		return ToLeader
	}
	return ToLeader
}

// kill sends SIGKILL and comes back for what survives it.
func (p Proc) kill(now time.Time) (Proc, []Action) {
	p = p.enter(Killing, now.Add(killRetry), now)
	p.Kills++
	scope := ToTree
	if p.Rules.KillMode == supervisor.KillProcess {
		scope = ToLeader
	}
	return p, []Action{Kill{p.Gen, scope}}
}

func (p Proc) restart(cause Cause, now time.Time) (Proc, []Action) {
	if p.Goal == Gone {
		return p, nil
	}
	if p.State != Running {
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
	if p.Rules.Scheduled && p.Rules.Concurrency == supervisor.ConcurrencyAllow {
		return p.aside()
	}
	switch p.State {
	case Idle, Backoff:
		return p.beginRun(now)
	case Waiting, Starting, Running, Stopping, Draining, Killing:
		return p, nil
	}
	return p, nil
}

func (p Proc) dependencyMet(name string, now time.Time) (Proc, []Action) {
	i := slices.Index(p.Unmet, name)
	if i < 0 {
		return p, nil
	}
	p.Unmet = slices.Delete(slices.Clone(p.Unmet), i, i+1)
	if p.State != Waiting {
		return p, nil
	}
	if len(p.Unmet) > 0 {
		p.Due = p.waitEnd(p.Since)
		return p, nil
	}
	return p.spawn(now)
}

func (p Proc) dependencyFailed(ev DependencyFailed, now time.Time) (Proc, []Action) {
	if p.State != Waiting || !slices.Contains(p.Unmet, ev.Name) {
		return p, nil
	}
	return p.giveUp(supervisor.ReasonDependencyFailed, ev.Exit, now), nil
}

// What a failure counts as when its exit reads like success: a process that ends
// with 0 because its deadline came has not done its work. See timeout(1) for 124.
const (
	codeFailed  = 1
	codeOverdue = 124
)

// giveUp ends the run for good, without success.
func (p Proc) giveUp(why supervisor.Reason, exit Exit, now time.Time) Proc {
	p = p.enter(Idle, time.Time{}, now)
	if exit.ShellCode() == 0 {
		exit.Code = codeFailed
		if why == supervisor.ReasonDeadlineExceeded {
			exit.Code = codeOverdue
		}
	}
	p.Outcome, p.Why, p.Final = Failed, why, exit
	if p.Rules.Scheduled {
		p.Runs.Failed++
	}
	return p
}

func (p Proc) spawned(ev Spawned, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.State != Starting {
		return p, nil
	}
	p.PID, p.Born, p.Started = ev.PID, now, true
	p = p.startRunClock(now)
	if p.Goal == Down || p.Goal == Gone {
		return p.askToEnd(p.Cause, now)
	}
	p.Goal = Up
	return p.enter(Running, time.Time{}, now), nil
}

// startRunClock sets the run's deadline at its first life.
func (p Proc) startRunClock(now time.Time) Proc {
	if p.Rules.Deadline > 0 && p.RunEnd.IsZero() {
		p.RunEnd = now.Add(p.Rules.Deadline)
	}
	return p
}

func (p Proc) spawnFailed(ev SpawnFailed, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.State != Starting {
		return p, nil
	}
	p = p.startRunClock(now)
	p.Born = now
	p.Last = Last{Gen: p.Gen, Exit: Exit{Err: ev.Err, Code: ev.Code}, Reason: supervisor.ReasonStartError, At: now}
	return p.settle(now)
}

func (p Proc) exited(ev Exited, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.PID == 0 {
		return p, nil
	}
	p.PID = 0
	p.Last = Last{Gen: p.Gen, Exit: ev.Exit, Reason: p.reason(ev.Exit), At: now}
	if ev.Left == 0 || p.Rules.KillMode == supervisor.KillProcess {
		return p.settle(now)
	}
	rest := []Action{Signal{p.Gen, p.Rules.StopSignal, ToRest}}
	switch p.State {
	case Running:
		return p.enter(Draining, p.graceEnd(now.Add(p.Rules.Grace)), now), rest
	case Stopping:
		if p.Rules.KillMode == supervisor.KillTree {
			rest = nil // it has it already
		}
		return p.enter(Draining, p.Due, now), rest
	case Killing:
		return p, []Action{Kill{p.Gen, ToTree}}
	case Idle, Waiting, Starting, Draining, Backoff: // no leader lives in these
	}
	return p, nil
}

func (p Proc) treeEmpty(ev TreeEmpty, now time.Time) (Proc, []Action) {
	if ev.Gen != p.Gen || p.PID != 0 || p.State != Draining && p.State != Killing {
		return p, nil
	}
	return p.settle(now)
}

func (p Proc) tick(now time.Time) (Proc, []Action) {
	if !p.RunEnd.IsZero() && !now.Before(p.RunEnd) {
		switch p.State {
		case Running:
			return p.askToEnd(Overdue, now)
		case Backoff:
			return p.giveUp(supervisor.ReasonDeadlineExceeded, p.Last.Exit, now), nil
		case Idle, Waiting, Starting, Stopping, Draining, Killing: // ending already, or not begun
		}
	}
	if p.Due.IsZero() || now.Before(p.Due) {
		return p, nil
	}
	switch p.State {
	case Waiting:
		return p.giveUp(supervisor.ReasonDependencyFailed, Exit{Code: 1}, now), nil
	case Stopping, Draining:
		return p.kill(now)
	case Killing:
		since := p.Since
		p, acts := p.kill(now)
		p.Since = since
		return p, acts
	case Backoff:
		p.Restarts++
		return p.spawn(now)
	case Idle, Starting, Running: // have no Due
	}
	return p, nil
}

func (p Proc) armed(at time.Time) (Proc, []Action) {
	if p.Rules.Scheduled && (p.Goal == Up || p.Goal == Again) {
		p.CronAt = at
	}
	return p, nil
}

func (p Proc) cronDue(next, now time.Time) (Proc, []Action) {
	if p.CronAt.IsZero() || p.Goal == Down || p.Goal == Gone {
		return p, nil
	}
	p.CronAt = next
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
	case Running:
		p.Goal = Again
		return p.askToEnd(Replaced, now)
	case Backoff:
		p.Runs.Replaced++
		return p.beginRun(now)
	case Stopping, Draining, Killing:
		p.Goal = Again
		return p, nil
	case Idle, Waiting, Starting: // the run that would replace this one is this one
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
	p.Started = true
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
