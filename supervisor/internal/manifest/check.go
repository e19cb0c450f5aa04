package manifest

import (
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

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

// checkFields checks each value by itself. The value v is the spec or the
// defaults around it.
func checkFields(r *report, at string, v reflect.Value, spec *supervisor.Spec) {
	r.values(at, v)
	if spec.Name != "" {
		if err := supervisor.CheckName(spec.Name); err != nil {
			r.addf(join(at, "name"), "%s", reason(err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(spec.Labels)) {
		if key == "" || strings.ContainsFunc(key, unicode.IsSpace) || strings.ContainsFunc(key+spec.Labels[key], unicode.IsControl) {
			r.addf(join(join(at, "labels"), printable(key)), "a label has a name without blanks, and no control characters")
		}
	}
	if argv := spec.Command.Argv; len(argv) > 0 && argv[0] == "" {
		r.addf(index(join(at, "command"), 0), "it is empty: want the program to execute")
	}
	if text := spec.Command.Shell; text != "" && strings.TrimSpace(text) == "" {
		r.addf(join(at, "command"), "it is blank: want a list (executed) or a string (run by the shell)")
	}
	if dir := spec.WorkingDir; dir != "" && !path.IsAbs(dir) {
		r.addf(join(at, "workingDir"), "%q is not absolute: want a path from /", shorten(dir))
	}
	for i, env := range spec.Env {
		checkEnvName(r, join(index(join(at, "env"), i), "name"), env.Name)
	}
	if spec.Lifecycle != nil && spec.Lifecycle.StopSignal != "" {
		if _, err := supervisor.ParseSignal(spec.Lifecycle.StopSignal); err != nil {
			r.addf(join(at, "lifecycle.stopSignal"), "%s", reason(err))
		}
	}
	if spec.TimeZone != "" {
		if _, err := schedule.Zone(spec.TimeZone); err != nil {
			r.addf(join(at, "timeZone"), "%s", reason(err))
		}
	}
	if spec.Schedule != "" {
		if _, err := schedule.Parse(spec.Schedule, ""); err != nil {
			r.addf(join(at, "schedule"), "%s", reason(err))
		}
	}
	checkDependencies(r, at, spec)
}

// reserved variables tell the manager whose an orphan is.
var reserved = []string{"PM_PROCESS_NAME", "PM_PROCESS_RUN"}

func checkEnvName(r *report, at, name string) {
	switch {
	case name == "": // reported as required
	case strings.Contains(name, "="):
		r.addf(at, "%q holds a '=': the name of a variable ends there", shorten(name))
	case strings.ContainsFunc(name, unicode.IsControl):
		r.addf(at, "%q holds a control character", shorten(name))
	case slices.Contains(reserved, name):
		r.addf(at, "%s is set by the manager", name)
	}
}

func checkDependencies(r *report, at string, spec *supervisor.Spec) {
	seen := map[string]bool{}
	for i, d := range spec.DependsOn {
		if d.Name != "" && seen[d.Name] {
			r.addf(index(join(at, "dependsOn"), i), "the dependency on %q is given twice: give it once, with the stronger condition (Completed implies Started)", shorten(d.Name))
		}
		seen[d.Name] = true
	}
}

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
	if spec.Schedule == "" {
		withoutSchedule(r, at, spec)
	} else {
		withSchedule(r, at, spec)
	}
	never := spec.RestartPolicy == supervisor.RestartNever || spec.RestartPolicy == "" && spec.Schedule != ""
	if never && spec.MaxRestarts != nil && *spec.MaxRestarts > 0 {
		r.addf(join(at, "maxRestarts"), "restartPolicy Never (the default with a schedule) means no restart: want restartPolicy OnFailure, or no maxRestarts")
	}
	if b := backoffOf(spec); *b.Initial > *b.Max {
		r.addf(join(at, "restartBackoff.initial"), "%s is more than max, which is %s", time.Duration(*b.Initial), time.Duration(*b.Max))
	}
}

func withoutSchedule(r *report, at string, spec supervisor.Spec) {
	for name, given := range map[string]bool{
		"timeZone":                   spec.TimeZone != "",
		"concurrencyPolicy":          spec.ConcurrencyPolicy != "",
		"successfulJobsHistoryLimit": spec.SuccessfulJobsHistoryLimit != nil,
		"failedJobsHistoryLimit":     spec.FailedJobsHistoryLimit != nil,
	} {
		if given {
			r.addf(join(at, name), "it has a meaning only with a schedule")
		}
	}
}

// scheduleOnly are the fields that withoutSchedule refuses.
var scheduleOnly = []string{"timeZone", "concurrencyPolicy", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"}

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
	if spec.ConcurrencyPolicy == supervisor.ConcurrencyAllow && len(spec.Name) > maxAllowName {
		r.addf(join(at, "name"), "it is %d bytes long: with concurrencyPolicy Allow the runs are called NAME.RUN, so at most %d are allowed", len(spec.Name), maxAllowName)
	}
}

// reason is an error's text without the words of its sentinel.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), fmt.Sprintf("%v: ", supervisor.ErrInvalid))
}
