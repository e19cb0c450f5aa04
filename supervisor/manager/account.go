package manager

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// account derives counters and log lines from one step.
func (l *loop) account(e *entry, old, now machine.Proc) {
	if now.Restarts != old.Restarts {
		bump(&e.stats.restarts, now.Last.Reason, 1)
	}
	if now.Last.Gen != old.Last.Gen {
		bump(&e.stats.exits, now.Last.Reason, 1)
		code := now.Last.Exit.ShellCode()
		e.stats.lastExit = &code
		l.logEnd(e, old, now)
	}
	l.noteEnd(e, old, now)
	if now.PID != 0 && old.PID == 0 {
		l.noteLimits(e)
	}
	l.emitStep(e, old, now)
	if overdue(now) && !overdue(old) {
		e.stats.deadlines++
	}
	if now.State != old.State {
		l.logState(e, old, now)
	}
	if now.Status() == supervisor.StatusStuck && old.Status() != supervisor.StatusStuck { // in the same state
		l.m.log.Error("survived SIGKILL and is stuck", "name", e.spec.Name, "run", now.Gen, "who", survivor(now))
	}
	if signals(now) && now.Ready() != old.Ready() {
		l.logReady(e, now)
	}
}

// signals reports whether readiness is more than to run.
func signals(p machine.Proc) bool {
	return p.Rules.ReadySignal || p.Rules.Probes[machine.Readiness].Failures > 0
}

func (l *loop) logReady(e *entry, now machine.Proc) {
	switch {
	case now.Ready():
		l.m.log.Info("is ready", "name", e.spec.Name, "run", now.Gen)
	case now.State == machine.Running: // else the line about its end says it
		l.m.log.Warn("is not ready any more", "name", e.spec.Name, "run", now.Gen)
	}
}

// overdue reports whether the deadline ended, or is ending, the run.
func overdue(p machine.Proc) bool {
	return p.Cause == machine.Overdue || p.State == machine.Idle && p.Why == supervisor.ReasonDeadlineExceeded
}

// logEnd says how a life ended.
func (l *loop) logEnd(e *entry, old, now machine.Proc) {
	exit := now.Last.Exit
	if e.origin == fromCommand && exit.Err == "" {
		return // its caller sees the exit code
	}
	attrs := []any{"name", e.spec.Name, "run", now.Last.Gen, "reason", string(now.Last.Reason)}
	switch {
	case exit.Err != "":
		l.m.log.Warn("cannot start", append(attrs, "error", exit.Err)...)
		return
	case exit.Signal != 0:
		attrs = append(attrs, "signal", exit.Signal.String())
	default:
		attrs = append(attrs, "code", exit.Code)
	}
	attrs = append(attrs, "after", now.Last.At.Sub(old.Born).Round(time.Millisecond))
	level := slog.LevelInfo
	if now.Last.Reason == supervisor.ReasonError || now.Last.Reason == supervisor.ReasonSignaled {
		level = slog.LevelWarn
	}
	l.m.log.Log(nil, level, "ended", attrs...) //nolint:staticcheck // there is no request to take a context from
}

// logState says where the process stands now.
func (l *loop) logState(e *entry, old, now machine.Proc) {
	if e.origin == fromCommand && now.State != machine.Killing {
		return
	}
	log, name := l.m.log, e.spec.Name
	switch now.State {
	case machine.Waiting:
		log.Info("waits", "name", name, "for", waitsFor(now))
	case machine.PostStart:
		log.Info("started, and runs its postStart hook", "name", name, "run", now.Gen, "pid", now.PID)
	case machine.Starting:
		log.Info("started, and waits for its startup probe", "name", name, "run", now.Gen, "pid", now.PID)
	case machine.Running:
		if old.State == machine.Spawning {
			log.Info("started", "name", name, "run", now.Gen, "pid", now.PID)
		} else {
			log.Info("is up", "name", name, "run", now.Gen, "pid", now.PID, "after", now.Since.Sub(now.Born).Round(time.Millisecond))
		}
	case machine.PreStop:
		log.Info("stopping: runs its preStop hook", "name", name, "run", now.Gen, "cause", now.Cause.String(), "at_most", now.Due.Sub(now.Since).Round(time.Millisecond))
	case machine.Stopping:
		log.Info("stopping", "name", name, "run", now.Gen, "cause", now.Cause.String(), "signal", now.Rules.StopSignal.String(), "grace", now.Due.Sub(now.Since).Round(time.Millisecond))
	case machine.Draining:
		if old.State == machine.Stopping && now.Rules.KillMode == supervisor.KillTree {
			log.Debug("waits for the rest of its tree", "name", name, "run", now.Gen)
		} else {
			log.Info("has left processes behind, which get the stop signal", "name", name, "run", now.Gen)
		}
	case machine.Killing:
		log.Warn("did not end in time: SIGKILL", "name", name, "run", now.Gen)
	case machine.Backoff:
		log.Info("will be restarted", "name", name, "in", now.Due.Sub(now.Since).Round(time.Millisecond), "restarts", now.Restarts+1)
	case machine.Idle:
		switch failed := now.Outcome == machine.Failed && old.Outcome != machine.Failed; {
		case failed && now.Rules.Scheduled:
			log.Warn("its run has failed", "name", name, "reason", string(now.Why), "code", now.Final.ShellCode())
		case failed:
			attrs := []any{"name", name, "reason", string(now.Why), "code", now.Final.ShellCode()}
			if now.Why == supervisor.ReasonDependencyFailed {
				attrs = append(attrs, "depends_on", fmt.Sprint(now.Unmet))
			}
			log.Error("has failed for good", attrs...)
		}
	case machine.Spawning, machine.PostStop:
	}
}
