package manifest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// The table of the package comment says what ApplyDefaults does.
func TestDefaultsAreAsDocumented(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "// # Defaults of the program\n")
	table, _, _ = strings.Cut(table, "// # ")
	got := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^//\t(\S+) +(.*)$`).FindAllStringSubmatch(table, -1) {
		got[row[1]] = row[2]
	}

	one, half := supervisor.Quantity("1"), supervisor.Quantity("0.5")
	argv := supervisor.Spec{
		Command: supervisor.Command{Argv: []string{"x"}}, DependsOn: []supervisor.Dependency{{Name: "a"}},
		LivenessProbe:  &supervisor.Probe{HTTPGet: &supervisor.HTTPGetAction{}},
		ReadinessProbe: &supervisor.Probe{TCPSocket: &supervisor.TCPSocketAction{}, TimeoutSeconds: new(int), PeriodSeconds: new(int), SuccessThreshold: new(int), FailureThreshold: new(int)},
		Resources:      &supervisor.Resources{Limits: supervisor.ResourceList{CPU: &one, Memory: &half, PIDs: &one}}, Log: supervisor.Log{File: true},
		IOPriority: &supervisor.IOPriority{Class: supervisor.IORealTime},
	}
	job := supervisor.Spec{Command: supervisor.Command{Shell: "x"}, Schedule: "@daily"}
	ApplyDefaults(&argv)
	ApplyDefaults(&job)
	span := func(d *supervisor.Duration) string { return fmt.Sprintf("%.0fs", time.Duration(*d).Seconds()) }
	b, p, h := argv.RestartBackoff, argv.LivenessProbe, argv.LivenessProbe.HTTPGet
	requests := argv.Resources.Requests
	if *requests.CPU != one || *requests.Memory != half || requests.PIDs != nil {
		t.Errorf("requests are %+v, want cpu and memory of the limits", requests)
	}
	if zero := argv.ReadinessProbe; *zero.TimeoutSeconds != *p.TimeoutSeconds || *zero.PeriodSeconds != *p.PeriodSeconds ||
		*zero.SuccessThreshold != *p.SuccessThreshold || *zero.FailureThreshold != *p.FailureThreshold {
		t.Errorf("0 does not mean the default: %+v", zero)
	}
	want := map[string]string{
		"inheritEnv":    fmt.Sprint(*argv.InheritEnv),
		"restartPolicy": fmt.Sprintf("%s; %s with a schedule", argv.RestartPolicy, job.RestartPolicy),
		"restartBackoff": fmt.Sprintf("initial %s, factor %v, max %s, jitter %v, resetAfter %s",
			span(b.Initial), *b.Factor, span(b.Max), *b.Jitter, span(b.ResetAfter)),
		"terminationGracePeriodSeconds": fmt.Sprintf("%d of a process, %.0f of the whole shutdown", *argv.TerminationGracePeriodSeconds, supervisor.DefaultShutdownGrace.Seconds()),
		"killMode":                      fmt.Sprintf("%s for an argv, %s for a shell string", argv.KillMode, job.KillMode),
		"lifecycle.stopSignal":          argv.Lifecycle.StopSignal,
		"dependsOn[].condition":         string(argv.DependsOn[0].Condition),
		"onDependencyRestart":           string(argv.OnDependencyRestart) + " with dependsOn",
		"timeoutSeconds":                fmt.Sprintf("%d, of a probe; 0 means the default in these four", *p.TimeoutSeconds),
		"periodSeconds":                 fmt.Sprint(*p.PeriodSeconds),
		"successThreshold":              fmt.Sprint(*p.SuccessThreshold),
		"failureThreshold":              fmt.Sprint(*p.FailureThreshold),
		"httpGet":                       fmt.Sprintf("path %s, scheme %s, host %s", h.Path, h.Scheme, h.Host),
		"tcpSocket.host":                argv.ReadinessProbe.TCPSocket.Host,
		"ioPriority.level":              fmt.Sprintf("%d, but for the class Idle", *argv.IOPriority.Level),
		"resources.requests":            "cpu and memory of the limits",
		"concurrencyPolicy":             string(job.ConcurrencyPolicy) + " with a schedule",
		"successfulJobsHistoryLimit":    fmt.Sprintf("%d with a schedule", *job.SuccessfulJobsHistoryLimit),
		"failedJobsHistoryLimit":        fmt.Sprintf("%d with a schedule", *job.FailedJobsHistoryLimit),
		"log":                           fmt.Sprintf("maxSize %s, maxFiles %d with a file", *argv.Log.MaxSize, *argv.Log.MaxFiles),
		"exitPolicy":                    fmt.Sprintf("%s; %s without a file", supervisor.ExitWhenDone, supervisor.ExitNever),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("doc.go and ApplyDefaults differ (-code +doc):\n%s", diff)
	}
}

// What was given is not changed, and what a spec points to is not written to: replicas
// and copies share it.
func TestDefaultsWriteToNothingShared(t *testing.T) {
	before, after := fullSpec(), fullSpec()
	for _, p := range []*supervisor.Probe{after.StartupProbe, after.LivenessProbe, after.ReadinessProbe, before.StartupProbe, before.LivenessProbe, before.ReadinessProbe} {
		p.TimeoutSeconds, p.HTTPGet.Path, p.TCPSocket.Host = nil, "", ""
	}
	for _, s := range []*supervisor.Spec{before, after} {
		s.Lifecycle.PreStop.HTTPGet.Scheme, s.Lifecycle.StopSignal = "", ""
		s.Resources.Requests = supervisor.ResourceList{}
		s.Schedule = "@daily"
	}
	copied := *after
	ApplyDefaults(&copied)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the spec that was copied has changed:\n%s", diff)
	}
	if len(CompareSpecs(*before, copied)) < 8 {
		t.Errorf("nothing was filled in: %q", CompareSpecs(*before, copied))
	}
}

// A umask that YAML has read as a number is refused, however it was meant.
func TestT58UmaskIsNeverGuessed(t *testing.T) {
	for text, want := range map[string]string{
		"022": "reads 022 as the number 18", "22": "reads 22 as the number 22", "0o22": "reads 0o22 as the number 18", `"022"`: "", `"22"`: "", `"0000"`: "", `"0x12"`: "is no umask", `"-1"`: "is no umask",
	} {
		set, err := Parse([]File{{"x", []byte(header + "spec: {processes: [{name: a, command: [x], umask: " + text + "}]}\n")}})
		switch {
		case want == "" && err == nil && (*set.Processes[0].Umask == 0o22 || text == `"0000"`):
		case want != "" && err != nil && strings.Contains(err.Error(), want):
		default:
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
