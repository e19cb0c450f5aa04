package manifest

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/schedule"
)

// CheckSpec returns everything that is wrong with one process as it stands, as
// [Errors] whose paths begin at the process, or nil. It may be called before or
// after [ApplyDefaults]. What concerns other processes (dependencies, names
// given twice) is checked by [Parse] only.
func CheckSpec(spec supervisor.Spec) error {
	var r report
	checkFields(&r, "", reflect.ValueOf(spec), &spec)
	checkWhole(&r, "", spec)
	if len(r.errs) == 0 {
		return nil
	}
	return Errors(r.sorted(""))
}

// maxRestartRules is Kubernetes' limit.
const maxRestartRules = 20

// checkFields checks each value by itself. The value v is the spec or the
// defaults around it.
func checkFields(r *report, at string, v reflect.Value, spec *supervisor.Spec) {
	r.values(at, v)
	if spec.Name != "" {
		if err := supervisor.CheckName(spec.Name); err != nil {
			r.addf(join(at, "name"), "%s", supervisor.WithoutKind(err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(spec.Labels)) {
		r.label(join(join(at, "labels"), printable(key)), key, spec.Labels[key])
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Rlimits)) {
		if known := supervisor.RlimitNames(); !slices.Contains(known, name) {
			r.addf(join(join(at, "rlimits"), printable(name)), "there is no such limit%s: want one of %s", suggest(name, known), strings.Join(known, ", "))
		}
	}
	if n := len(spec.RestartPolicyRules); n > maxRestartRules {
		r.addf(join(at, "restartPolicyRules"), "there are %d rules, at most %d are allowed", n, maxRestartRules)
	}
	r.absolute(join(at, "workingDir"), spec.WorkingDir)
	checkPorts(r, at, spec.Ports)
	for _, p := range probes(spec) {
		checkRole(r, join(at, p.field), p)
	}
	if spec.TimeZone != "" {
		if _, err := schedule.Zone(spec.TimeZone); err != nil {
			r.addf(join(at, "timeZone"), "%s", supervisor.WithoutKind(err))
		}
	}
	if spec.Schedule != "" {
		if _, err := schedule.Parse(spec.Schedule, ""); err != nil {
			r.addf(join(at, "schedule"), "%s", supervisor.WithoutKind(err))
		}
	}
	checkDependencies(r, at, spec)
}

// A role is one of a process's probes.
type role struct {
	field string
	probe *supervisor.Probe
}

// probes lists the probes that a process has.
func probes(spec *supervisor.Spec) []role {
	all := []role{{"startupProbe", spec.StartupProbe}, {"livenessProbe", spec.LivenessProbe}, {"readinessProbe", spec.ReadinessProbe}}
	return slices.DeleteFunc(all, func(p role) bool { return p.probe == nil })
}

// checkRole checks what holds for some of the probes only, as in Kubernetes.
func checkRole(r *report, at string, p role) {
	if p.field == "readinessProbe" {
		if p.probe.TerminationGracePeriodSeconds != nil {
			r.addf(join(at, "terminationGracePeriodSeconds"), "a readinessProbe never ends a process: it belongs to startupProbe and livenessProbe")
		}
	} else if n := p.probe.SuccessThreshold; n != nil && *n > 1 {
		r.addf(join(at, "successThreshold"), "it is %d: for a %s it must be 1", *n, p.field)
	}
}

// checkPorts reports names of ports given twice.
func checkPorts(r *report, at string, ports []supervisor.Port) {
	seen := map[string]bool{}
	for i, p := range ports {
		if p.Name != "" && seen[p.Name] {
			r.addf(join(index(join(at, "ports"), i), "name"), "the name %q is given twice", p.Name)
		}
		seen[p.Name] = true
	}
}

func checkDependencies(r *report, at string, spec *supervisor.Spec) {
	seen := map[string]bool{}
	for i, d := range spec.DependsOn {
		if d.Name != "" && seen[d.Name] {
			r.addf(index(join(at, "dependsOn"), i), "the dependency on %q is given twice: give it once, with the stronger condition (Ready and Completed imply Started)", shorten(d.Name))
		}
		seen[d.Name] = true
	}
}
