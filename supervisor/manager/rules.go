package manager

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// rulesOf is what the machine needs to know of a spec that has its defaults.
func rulesOf(s *supervisor.Spec) *machine.Rules {
	r := &machine.Rules{
		Name: s.Name, Restart: s.RestartPolicy, MaxRestarts: -1, SuccessCodes: s.SuccessExitCodes,
		KillMode: s.KillMode, StopSignal: supervisor.SIGTERM,
		Scheduled: s.Schedule != "", Concurrency: s.ConcurrencyPolicy,
		StartBy: seconds(s.StartingDeadlineSeconds), RunOnStart: s.RunOnStart, Suspended: s.Suspend,
	}
	if s.MaxRestarts != nil {
		r.MaxRestarts = *s.MaxRestarts
	}
	if b := s.RestartBackoff; b != nil {
		r.Backoff = machine.BackoffRules{
			Initial: span(b.Initial), Max: span(b.Max), ResetAfter: span(b.ResetAfter),
			Factor: value(b.Factor), Jitter: value(b.Jitter),
		}
	}
	r.Grace = seconds(s.TerminationGracePeriodSeconds)
	r.Deadline = seconds(s.ActiveDeadlineSeconds)
	if l := s.Lifecycle; l != nil {
		r.PostStart, r.PreStop, r.PostStop = l.PostStart != nil, l.PreStop != nil, l.PostStop != nil
		if sig, err := supervisor.ParseSignal(l.StopSignal); err == nil {
			r.StopSignal = sig
		}
	}
	for _, rule := range s.RestartPolicyRules {
		r.CodeRules = append(r.CodeRules, machine.CodeRule{
			Action: rule.Action, NotIn: rule.ExitCodes.Operator == supervisor.CodeNotIn, Codes: rule.ExitCodes.Values,
		})
	}
	for _, d := range s.DependsOn {
		r.Needs = append(r.Needs, machine.Need{Name: d.Name, Condition: d.Condition, Timeout: span(d.Timeout)})
	}
	for _, k := range machine.Probes() {
		if p := probeOf(s, k); p != nil {
			r.Probes[k] = machine.ProbeRules{
				Successes: max(1, value(p.SuccessThreshold)), Failures: max(1, value(p.FailureThreshold)),
				Grace: seconds(p.TerminationGracePeriodSeconds),
			}
		}
	}
	if s.Readiness != nil {
		r.ReadySignal = true
		r.Watchdog = seconds(s.Readiness.WatchdogSeconds)
	}
	return r
}

// probeOf is the spec of a probe; nil: there is none.
func probeOf(s *supervisor.Spec, k machine.Probe) *supervisor.Probe {
	switch k {
	case machine.Startup:
		return s.StartupProbe
	case machine.Liveness:
		return s.LivenessProbe
	case machine.Readiness:
		return s.ReadinessProbe
	}
	return nil
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func span(d *supervisor.Duration) time.Duration { return time.Duration(value(d)) }

func seconds(n *int64) time.Duration { return time.Duration(value(n)) * time.Second }
