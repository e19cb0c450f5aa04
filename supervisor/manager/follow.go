package manager

import (
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// noteBasis remembers, for a process that follows those it depends on, which of their
// lives its own began with; of those that it is told to follow later, the present one.
func (l *loop) noteBasis(e *entry) {
	if follows(e) == "" || e.life == nil {
		return
	}
	if e.life.basis == nil {
		e.life.basis = map[string]uint64{}
	}
	for _, d := range e.ran.DependsOn {
		for _, on := range l.resolve(d.Name) {
			if _, known := e.life.basis[on.spec.Name]; !known {
				e.life.basis[on.spec.Name] = on.proc.Gen
			}
		}
	}
}

// follows is what the process does when one that it depends on begins a new life;
// empty: nothing. A scheduled one has its own times.
func follows(e *entry) supervisor.OnDependencyRestart {
	p := e.ran.OnDependencyRestart
	if p == supervisor.DependencyRestartIgnore || e.ran.Schedule != "" {
		return ""
	}
	return p
}

// follow restarts or stops who depends on a process that has begun a new life. A
// restart comes when the condition is met by the new life, a stop at once.
func (l *loop) follow(on *entry) {
	for _, e := range on.needed {
		policy := follows(e)
		if policy == "" || e.life == nil || e.proc.Goal != machine.Up || !living(e.proc.State) {
			continue
		}
		old, known := e.life.basis[on.spec.Name]
		if !known || on.proc.Gen <= old {
			continue
		}
		switch policy {
		case supervisor.DependencyRestartStop:
			l.m.log.Info("is stopped, because a process that it depends on has restarted", "name", e.spec.Name, "dependency", on.spec.Name)
			l.step(e, machine.Stop{Cause: machine.Followed})
		case supervisor.DependencyRestartRestart:
			if l.meetsNow(e, on) {
				l.m.log.Info("restarts, because a process that it depends on has restarted", "name", e.spec.Name, "dependency", on.spec.Name)
				l.step(e, machine.Restart{Cause: machine.Followed})
			}
		case supervisor.DependencyRestartIgnore:
		}
	}
}

// living reports whether a leader lives that nobody has asked to end.
func living(s machine.State) bool {
	return s == machine.PostStart || s == machine.Starting || s == machine.Running
}

// meetsNow reports whether the present life of on meets the condition of e.
func (l *loop) meetsNow(e, on *entry) bool {
	for _, d := range e.ran.DependsOn {
		if d.Name != on.spec.Name && d.Name != on.group {
			continue
		}
		switch p := on.proc; d.Condition {
		case supervisor.ConditionStarted:
			return p.State == machine.Running || succeeded(p)
		case supervisor.ConditionReady:
			return p.Ready() || succeeded(p)
		case supervisor.ConditionCompleted:
			return succeeded(p)
		}
	}
	return false
}

// succeeded reports whether the last life has ended the run with success.
func succeeded(p machine.Proc) bool {
	return p.State == machine.Idle && p.Outcome == machine.Completed && p.Last.Gen == p.Gen
}
