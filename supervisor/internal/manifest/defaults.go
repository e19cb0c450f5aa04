package manifest

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The defaults of a process. Those that are the zero value are not here.
const (
	defaultGraceSeconds  = 30
	defaultStopSignal    = "SIGTERM"
	defaultIOLevel       = 4
	defaultSuccessesKept = 3
	defaultFailuresKept  = 1
	defaultLogSize       = "10Mi"
	defaultLogFiles      = 3
	defaultHost          = "127.0.0.1"
	defaultHTTPPath      = "/"
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
	orElse(&spec.InheritEnv, true)
	spec.Lifecycle = lifecycleOf(*spec)
	for _, p := range []**supervisor.Probe{&spec.StartupProbe, &spec.LivenessProbe, &spec.ReadinessProbe} {
		*p = probeOf(*p)
	}
	spec.Resources = resourcesOf(spec.Resources)
	if p := spec.IOPriority; p != nil && p.Level == nil && p.Class != supervisor.IOIdle {
		spec.IOPriority = &supervisor.IOPriority{Class: p.Class, Level: new(defaultIOLevel)}
	}
	if spec.Log.File {
		orElse(&spec.Log.MaxSize, defaultLogSize)
		orElse(&spec.Log.MaxFiles, defaultLogFiles)
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
		if spec.OnDependencyRestart == "" {
			spec.OnDependencyRestart = supervisor.DependencyRestartIgnore
		}
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

// lifecycleOf returns the lifecycle with its defaults, as a new value.
func lifecycleOf(spec supervisor.Spec) *supervisor.Lifecycle {
	var l supervisor.Lifecycle
	if spec.Lifecycle != nil {
		l = *spec.Lifecycle
	}
	if l.StopSignal == "" {
		l.StopSignal = defaultStopSignal
	}
	for _, p := range []**supervisor.LifecycleHandler{&l.PostStart, &l.PreStop, &l.PostStop} {
		if *p != nil && (*p).HTTPGet != nil {
			h := **p
			h.HTTPGet = httpGetOf(h.HTTPGet)
			*p = &h
		}
	}
	return &l
}

// probeOf returns the probe with its defaults, as a new value. Where Kubernetes has
// a default, 0 means it too.
func probeOf(old *supervisor.Probe) *supervisor.Probe {
	if old == nil {
		return nil
	}
	p := *old
	for _, f := range []struct {
		at    **int
		value int
	}{{&p.TimeoutSeconds, 1}, {&p.PeriodSeconds, 10}, {&p.SuccessThreshold, 1}, {&p.FailureThreshold, 3}} {
		if *f.at == nil || **f.at == 0 {
			*f.at = &f.value
		}
	}
	p.HTTPGet = httpGetOf(p.HTTPGet)
	if p.TCPSocket != nil && p.TCPSocket.Host == "" {
		t := *p.TCPSocket
		t.Host = defaultHost
		p.TCPSocket = &t
	}
	return &p
}

func httpGetOf(old *supervisor.HTTPGetAction) *supervisor.HTTPGetAction {
	if old == nil {
		return nil
	}
	a := *old
	for _, f := range []struct {
		at    *string
		value string
	}{{&a.Path, defaultHTTPPath}, {&a.Host, defaultHost}, {(*string)(&a.Scheme), string(supervisor.SchemeHTTP)}} {
		if *f.at == "" {
			*f.at = f.value
		}
	}
	return &a
}

// resourcesOf asks for what is the limit, where nothing is asked for, as Kubernetes
// does.
func resourcesOf(old *supervisor.Resources) *supervisor.Resources {
	if old == nil {
		return nil
	}
	s := *old
	if s.Limits.CPU != nil {
		orElse(&s.Requests.CPU, *s.Limits.CPU)
	}
	if s.Limits.Memory != nil {
		orElse(&s.Requests.Memory, *s.Limits.Memory)
	}
	return &s
}

func orElse[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}
