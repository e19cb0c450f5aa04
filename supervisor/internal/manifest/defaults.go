package manifest

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The defaults of a process. Those that are the zero value are not here.
const (
	defaultGraceSeconds  = 30
	defaultStopSignal    = "SIGTERM"
	defaultSuccessesKept = 3
	defaultFailuresKept  = 1
)

// ApplyDefaults fills in what the package comment's table says, where nothing was
// given. Doing it twice is doing it once. What the spec points to is not shared
// with it before or after: pointers and lists that change are made anew.
func ApplyDefaults(spec *supervisor.Spec) {
	scheduled := spec.Schedule != ""
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = supervisor.RestartAlways
		if scheduled {
			spec.RestartPolicy = supervisor.RestartNever
		}
	}
	spec.RestartBackoff = backoffOf(*spec)
	orElse(&spec.TerminationGracePeriodSeconds, defaultGraceSeconds)
	if spec.KillMode == "" {
		spec.KillMode = supervisor.KillMixed
		if spec.Command.Shell != "" {
			spec.KillMode = supervisor.KillTree
		}
	}
	if spec.Lifecycle == nil || spec.Lifecycle.StopSignal == "" {
		var l supervisor.Lifecycle
		if spec.Lifecycle != nil {
			l = *spec.Lifecycle
		}
		l.StopSignal = defaultStopSignal
		spec.Lifecycle = &l
	}
	if len(spec.DependsOn) > 0 {
		list := make([]supervisor.Dependency, len(spec.DependsOn))
		copy(list, spec.DependsOn)
		for i := range list {
			if list[i].Condition == "" {
				list[i].Condition = supervisor.ConditionStarted
			}
		}
		spec.DependsOn = list
	}
	if scheduled {
		if spec.ConcurrencyPolicy == "" {
			spec.ConcurrencyPolicy = supervisor.ConcurrencyForbid
		}
		orElse(&spec.SuccessfulJobsHistoryLimit, defaultSuccessesKept)
		orElse(&spec.FailedJobsHistoryLimit, defaultFailuresKept)
	}
}

// backoffOf returns the backoff with its defaults, as a new value.
func backoffOf(spec supervisor.Spec) *supervisor.Backoff {
	var b supervisor.Backoff
	if spec.RestartBackoff != nil {
		b = *spec.RestartBackoff
	}
	orElse(&b.Initial, supervisor.Duration(time.Second))
	orElse(&b.Factor, 2)
	orElse(&b.Max, supervisor.Duration(time.Minute))
	orElse(&b.Jitter, 0.1)
	orElse(&b.ResetAfter, supervisor.Duration(time.Minute))
	return &b
}

func orElse[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}
