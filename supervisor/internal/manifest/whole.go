package manifest

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// checkWhole checks what one field says about another, in a process with its
// defaults merged in.
func checkWhole(r *report, at string, spec supervisor.Spec) {
	if spec.Command.IsZero() {
		if len(spec.Args) > 0 {
			r.addf(join(at, "command"), "it is required: args are added to it, an image's own command is not known here")
		} else {
			r.addf(join(at, "command"), "it is required: a list (executed) or a string (run by the shell)")
		}
	}
	for i, d := range spec.DependsOn {
		if d.Name != "" && d.Name == spec.Name {
			r.addf(index(join(at, "dependsOn"), i), "%s depends on itself (if that comes from the defaults, give it a dependsOn of its own, or [])", spec.Name)
		}
	}
	if len(spec.DependsOn) == 0 && spec.OnDependencyRestart != "" {
		r.addf(join(at, "onDependencyRestart"), "it has a meaning only with dependsOn")
	}
	if spec.Schedule == "" {
		withoutSchedule(r, at, spec)
	} else {
		withSchedule(r, at, spec)
	}
	checkReplicas(r, at, spec)
	checkActions(r, at, spec)
	if s := spec.Readiness; s != nil {
		r.exactlyOne(join(at, "readiness"), signals(*s)...)
		if s.WatchdogSeconds != nil && !s.Notify {
			r.addf(join(at, "readiness.watchdogSeconds"), "it has a meaning only with notify: true")
		}
	}
	if len(spec.RestartPolicyRules) > 0 && spec.RestartPolicy == "" {
		r.addf(join(at, "restartPolicy"), "it is required with restartPolicyRules, as in Kubernetes: it decides when no rule matches")
	}
	never := !mayRestart(spec.RestartPolicyRules) &&
		(spec.RestartPolicy == supervisor.RestartNever || spec.RestartPolicy == "" && spec.Schedule != "")
	if never && spec.MaxRestarts != nil && *spec.MaxRestarts > 0 {
		r.addf(join(at, "maxRestarts"), "restartPolicy Never (the default with a schedule) means no restart: want restartPolicy OnFailure, or no maxRestarts")
	}
	if b := backoffOf(spec); *b.Initial > *b.Max {
		r.addf(join(at, "restartBackoff.initial"), "%s is more than max, which is %s", time.Duration(*b.Initial), time.Duration(*b.Max))
	}
}

// mayRestart reports whether one of the rules starts the process again.
func mayRestart(rules []supervisor.RestartRule) bool {
	return slices.ContainsFunc(rules, func(rule supervisor.RestartRule) bool { return rule.Action == supervisor.RuleRestart })
}

func withoutSchedule(r *report, at string, spec supervisor.Spec) {
	for _, f := range []choice{
		{"timeZone", spec.TimeZone != ""},
		{"runOnStart", spec.RunOnStart},
		{"concurrencyPolicy", spec.ConcurrencyPolicy != ""},
		{"startingDeadlineSeconds", spec.StartingDeadlineSeconds != nil},
		{"jitter", spec.Jitter != nil},
		{"successfulJobsHistoryLimit", spec.SuccessfulJobsHistoryLimit != nil},
		{"failedJobsHistoryLimit", spec.FailedJobsHistoryLimit != nil},
	} {
		if f.given {
			r.addf(join(at, f.name), "it has a meaning only with a schedule")
		}
	}
}

// scheduleOnly are the fields that withoutSchedule refuses.
var scheduleOnly = []string{
	"timeZone", "runOnStart", "concurrencyPolicy", "startingDeadlineSeconds", "jitter", "successfulJobsHistoryLimit", "failedJobsHistoryLimit",
}

// maxAllowName leaves room for ".RUN" with ten digits, as Kubernetes does for the
// Jobs of a CronJob.
const maxAllowName = supervisor.MaxName - 11

func withSchedule(r *report, at string, spec supervisor.Spec) {
	if spec.RestartPolicy == supervisor.RestartAlways {
		r.addf(join(at, "restartPolicy"), "a scheduled process cannot restart Always: want OnFailure or Never, as in a CronJob")
	}
	if spec.Essential {
		r.addf(join(at, "essential"), "a scheduled process never ends for good, so nothing would come of it: remove essential")
	}
	if spec.Stdin && spec.ConcurrencyPolicy == supervisor.ConcurrencyAllow {
		r.addf(join(at, "stdin"), "with concurrencyPolicy Allow several runs would read the one stdin: want Forbid or Replace")
	}
	if spec.ConcurrencyPolicy == supervisor.ConcurrencyAllow && len(spec.Name) > maxAllowName {
		r.addf(join(at, "name"), "it is %d bytes long: with concurrencyPolicy Allow the runs are called NAME.RUN, so at most %d are allowed", len(spec.Name), maxAllowName)
	}
}

// checkReplicas checks what a process that is run several times cannot have.
func checkReplicas(r *report, at string, spec supervisor.Spec) {
	if spec.Replicas == nil {
		return
	}
	n := *spec.Replicas
	if spec.Schedule != "" {
		r.addf(join(at, "replicas"), "a scheduled process has none: every time runs it once")
	}
	if n > 1 && spec.Stdin {
		r.addf(join(at, "stdin"), "%d replicas would read the one stdin: want one, or a process of its own for it", n)
	}
	if last := replicaName(spec.Name, n-1); n > 0 && len(last) > supervisor.MaxName && len(spec.Name) <= supervisor.MaxName {
		r.addf(join(at, "name"), "it is %d bytes long: the last replica would be called %s, and at most %d are allowed", len(spec.Name), last, supervisor.MaxName)
	}
}

// checkActions checks that every probe and hook does something, with ports that are
// known and inside the time that there is.
func checkActions(r *report, at string, spec supervisor.Spec) {
	for _, p := range probes(&spec) {
		at := join(at, p.field)
		r.exactlyOne(at, actions(*p.probe)...)
		checkHTTPPort(r, at, spec, p.probe.HTTPGet)
		if t := p.probe.TCPSocket; t != nil {
			checkPort(r, join(at, "tcpSocket.port"), spec, t.Port)
		}
	}
	l := spec.Lifecycle
	if l == nil {
		return
	}
	grace := int64(defaultGraceSeconds)
	if spec.TerminationGracePeriodSeconds != nil {
		grace = *spec.TerminationGracePeriodSeconds
	}
	for _, h := range []struct {
		field string
		hook  *supervisor.LifecycleHandler
	}{{"postStart", l.PostStart}, {"preStop", l.PreStop}, {"postStop", l.PostStop}} {
		if h.hook == nil {
			continue
		}
		at := join(join(at, "lifecycle"), h.field)
		r.exactlyOne(at, handlers(*h.hook)...)
		checkHTTPPort(r, at, spec, h.hook.HTTPGet)
		if s := h.hook.Sleep; s != nil && s.Seconds > grace {
			r.addf(join(at, "sleep.seconds"), "%d is more than terminationGracePeriodSeconds, which is %d", s.Seconds, grace)
		}
	}
}

func checkHTTPPort(r *report, at string, spec supervisor.Spec, action *supervisor.HTTPGetAction) {
	if action != nil {
		checkPort(r, join(at, "httpGet.port"), spec, action.Port)
	}
}

func checkPort(r *report, at string, spec supervisor.Spec, ref supervisor.PortRef) {
	if _, ok := PortNumber(spec, ref); ok || ref == "" || onlyOf(string(ref), digits) {
		return
	}
	var names []string
	for _, p := range spec.Ports {
		names = append(names, p.Name)
	}
	r.addf(at, "there is no port %s in ports%s", quote(string(ref)), suggest(string(ref), names))
}

// PortNumber returns the number of a port that a probe or hook of the process refers
// to, from 1 to 65535; false when the process has no port of that name.
func PortNumber(spec supervisor.Spec, ref supervisor.PortRef) (int, bool) {
	if n, ok := ref.Number(); ok {
		return n, true
	}
	for _, p := range spec.Ports {
		if p.Name != "" && p.Name == string(ref) {
			return p.ContainerPort, true
		}
	}
	return 0, false
}
