// Package tell says in short what a person wants to know of a process: what is wrong,
// what it waits for, how it ended, how old it is. The list and the screen of pmclient use
// the same ones.
package tell

import (
	"fmt"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Before stands in front of what is about a life that is over, where another goes on.
const Before = "before: "

// Note is what a person would ask next: what is wrong, what it waits for, how it ended.
// when writes a time to come. The text may hold what a process wrote: it is not harmless
// to a terminal.
func Note(p *supervisor.ProcessInfo, when func(time.Time) string) string {
	switch {
	case p.Error != "" && p.PID == nil && p.NextRetry != nil:
		return p.Error + "; next try " + when(*p.NextRetry)
	case p.Error != "" && p.PID == nil && p.NextRun != nil:
		return "next run " + when(*p.NextRun) + "; before: " + p.Error
	case p.Error != "":
		return p.Error
	case len(p.WaitsFor) > 0:
		return "waits for " + strings.Join(p.WaitsFor, ", ")
	case p.NextRetry != nil:
		return Ended(p) + "; next try " + when(*p.NextRetry)
	case p.PID != nil && !p.Ready && Unready(p) != "":
		return Unready(p)
	case p.NextRun != nil:
		return "next run " + when(*p.NextRun)
	case p.Reason == "":
		return ""
	case p.EndedBefore():
		return Before + Ended(p)
	}
	return Ended(p)
}

// Unready is what keeps a running process from being ready; "" when it does not say.
func Unready(p *supervisor.ProcessInfo) string {
	for _, probe := range p.Probes {
		if !probe.OK && probe.Message != "" {
			return fmt.Sprintf("%s: %s", probe.Probe, probe.Message)
		}
	}
	return p.StatusText
}

// Ended is how the last life ended: the reason, with the signal or the exit code.
func Ended(p *supervisor.ProcessInfo) string {
	switch {
	case p.Signal != nil:
		return fmt.Sprintf("%s (%s)", p.Reason, *p.Signal)
	case p.ExitCode != nil && *p.ExitCode != 0:
		return fmt.Sprintf("%s (exit code %d)", p.Reason, *p.ExitCode)
	}
	return string(p.Reason)
}

// Short writes an age with its two greatest units at most.
func Short(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// Lifetime is Short, but a life of less than a second is of interest too.
func Lifetime(d time.Duration) string {
	if d > 0 && d < time.Second {
		return fmt.Sprintf("%dms", d/time.Millisecond)
	}
	return Short(d)
}
