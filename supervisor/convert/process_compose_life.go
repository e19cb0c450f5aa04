package convert

import (
	"github.com/processmanager/processmanager/supervisor"
)

func (r *pcReader) availability(p *process, t *tree) {
	a := r.object(t, "availability")
	if a == nil {
		return
	}
	policy, c := r.text(a, "restart")
	switch policy {
	case "", "no":
	case "always":
		p.spec.RestartPolicy = supervisor.RestartAlways
	case "on_failure", "on-failure":
		p.spec.RestartPolicy = supervisor.RestartOnFailure
	case "exit_on_failure":
		if r.awaited[p.origin] {
			p.note(Lost, c.line, "restart", "exit_on_failure: there is no end of the container by a failure only: make who waits for it essential, which then ends it with this exit code")
		} else {
			p.spec.Essential = true
			p.note(Changed, c.line, "restart", "exit_on_failure: essential ends the container after a success, too")
		}
	default:
		r.fail(c, "%q is not no, always, on_failure or exit_on_failure", policy)
	}
	if n := r.integer(a, "backoff_seconds", 1, 0); n > 1 {
		p.spec.RestartBackoff = &supervisor.Backoff{Initial: seconds(n), Max: seconds(n)}
	}
	if n := r.integer(a, "max_restarts", 0, 0); n > 0 && p.spec.RestartPolicy != "" {
		p.spec.MaxRestarts = &n
		r.d.note(Changed, r.file, a.line, "max_restarts", "it counts restarts in a row; a life of 60 s begins the count anew (restartBackoff.resetAfter)")
	}
	if yes, _ := r.boolean(a, "exit_on_end"); yes {
		p.spec.Essential = true
	}
	r.rest(p, "availability ", a, map[string]string{
		"exit_on_skipped": "essential: true ends the container when a dependency has failed for good, too",
	})
}

func (r *pcReader) shutdown(p *process, t *tree) {
	s := r.object(t, "shutdown")
	if s == nil {
		return
	}
	if n := r.integer(s, "timeout_seconds", 10, 0); n != 10 {
		p.spec.TerminationGracePeriodSeconds = new(int64(n))
	}
	if n := r.integer(s, "signal", 15, 1); n != 15 {
		if n > 64 {
			r.fail(s, "%d is not a signal", n)
			return
		}
		p.lifecycle().StopSignal = supervisor.Signal(n).String()
	}
	if yes, c := r.boolean(s, "parent_only"); c != nil && yes {
		p.spec.KillMode = supervisor.KillMixed
		p.note(Changed, c.line, "parent_only", "the rest of the tree is ended when the process has ended")
	}
	if text, c := r.text(s, "command"); c != nil && text != "" {
		p.lifecycle().PreStop = &supervisor.LifecycleHandler{Exec: &supervisor.ExecAction{Command: supervisor.Command{Shell: r.interpolate(text).shell()}}}
		p.note(Changed, c.line, "shutdown command", "it is the preStop hook: when it has ended, what still runs gets the stop signal")
	}
	r.rest(p, "shutdown ", s, nil)
}

func pcConditions() map[string]supervisor.Condition {
	return map[string]supervisor.Condition{
		"": supervisor.ConditionStarted, "process_started": supervisor.ConditionStarted, "process_healthy": supervisor.ConditionReady,
		"process_log_ready": supervisor.ConditionReady, "process_completed_successfully": supervisor.ConditionCompleted,
		"process_completed": supervisor.ConditionCompleted,
	}
}

func (r *pcReader) dependsOn(p *process, t *tree) {
	deps := r.take(t, "depends_on")
	if deps == nil {
		return
	}
	for _, dep := range deps.left {
		name := dep.key
		if deps.isList() {
			name = r.scalar(dep)
		}
		text := ""
		if dep.isObject() {
			text, _ = r.text(dep, "condition")
			r.rest(p, "depends_on "+name+" ", dep, nil)
		}
		condition, known := pcConditions()[text]
		if !known {
			r.fail(dep, "%q is not a condition", text)
			return
		}
		if text == "process_completed" {
			p.note(Changed, dep.line, "depends_on "+name, "process_completed: Completed means with success; after a failure for good this process has failed, too")
		}
		p.spec.DependsOn = append(p.spec.DependsOn, supervisor.Dependency{Name: name, Condition: condition})
	}
}

func (r *pcReader) schedule(p *process, t *tree) {
	s := r.object(t, "schedule")
	if s == nil {
		return
	}
	if text, c := r.text(s, "cron"); c != nil {
		p.spec.Schedule = text
	}
	if text, c := r.text(s, "interval"); c != nil {
		p.spec.Schedule = "@every " + text
	}
	if p.spec.Schedule == "" {
		r.fail(s, "want cron or interval")
		return
	}
	p.spec.TimeZone, _ = r.text(s, "timezone")
	p.spec.RunOnStart, _ = r.boolean(s, "run_on_start")
	if r.integer(s, "max_concurrent", 1, 0) > 1 {
		p.spec.ConcurrencyPolicy = supervisor.ConcurrencyAllow
		p.note(Changed, s.line, "max_concurrent", "Allow has no bound")
	}
	if p.spec.RestartPolicy == supervisor.RestartAlways {
		p.spec.RestartPolicy = ""
		p.note(Changed, s.line, "restart", "a scheduled process is not restarted always")
	}
	if p.spec.Essential {
		p.spec.Essential = false
		p.note(Lost, s.line, "exit_on_end", "a schedule never ends for good")
	}
	if p.spec.Replicas != nil {
		p.spec.Replicas = nil
		p.note(Lost, s.line, "replicas", "a scheduled process has none")
	}
	r.rest(p, "schedule ", s, nil)
}
