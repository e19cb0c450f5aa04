package main

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/processmanager/processmanager/supervisor"
)

// startedWord says what a start has led to.
func startedWord(info supervisor.ProcessInfo) string {
	if info.Status == supervisor.StatusPending {
		return "waits for " + strings.Join(info.WaitsFor, ", ")
	}
	if info.Status != supervisor.StatusScheduled {
		return "started"
	}
	if info.NextRun == nil {
		return "scheduled"
	}
	return "scheduled, next run " + info.NextRun.UTC().Format(time.RFC3339)
}

// table shows one line for each process.
func table(list []*supervisor.ProcessInfo, now time.Time) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATUS\tREADY\tPID\tRESTARTS\tCPU%\tMEM(MiB)\tAGE\tNOTE")
	for _, p := range list {
		pid, cpu, mem, age := "-", "-", "-", "-"
		if p.PID != nil {
			pid = strconv.Itoa(*p.PID)
			cpu, mem = strconv.FormatFloat(p.CPUPercent, 'f', 1, 64), strconv.FormatFloat(p.MemoryMB, 'f', 1, 64)
			if p.StartTime != nil {
				age = short(now.Sub(*p.StartTime))
			}
		}
		ready := "no"
		if p.Ready {
			ready = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", p.Name, p.Status, ready, pid, p.Restarts, cpu, mem, age, visible(note(p)))
	}
	_ = w.Flush() // into memory
	lines := strings.SplitAfter(b.String(), "\n")
	for i, line := range lines {
		if text, ok := strings.CutSuffix(line, "\n"); ok {
			lines[i] = strings.TrimRight(text, " ") + "\n"
		}
	}
	return strings.Join(lines, "")
}

// note is what a person would ask next: what is wrong, what it waits for, how it
// ended.
func note(p *supervisor.ProcessInfo) string {
	switch {
	case p.Error != "":
		return p.Error
	case len(p.WaitsFor) > 0:
		return "waits for " + strings.Join(p.WaitsFor, ", ")
	case p.NextRetry != nil:
		return ended(p) + "; next try " + p.NextRetry.UTC().Format(time.RFC3339)
	case p.NextRun != nil:
		return "next run " + p.NextRun.UTC().Format(time.RFC3339)
	case p.Reason == "":
		return ""
	case p.PID != nil:
		return "before: " + ended(p)
	}
	return ended(p)
}

func ended(p *supervisor.ProcessInfo) string {
	switch {
	case p.Signal != nil:
		return fmt.Sprintf("%s (%s)", p.Reason, *p.Signal)
	case p.ExitCode != nil && *p.ExitCode != 0:
		return fmt.Sprintf("%s (exit code %d)", p.Reason, *p.ExitCode)
	}
	return string(p.Reason)
}

// short writes an age with its two greatest units at most.
func short(d time.Duration) string {
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

// details shows every field under its name in the API, in the order declared.
func details(info supervisor.ProcessInfo) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	v := reflect.ValueOf(info)
	for i := range v.NumField() {
		name, opts, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if opts == "omitempty" && v.Field(i).IsZero() {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\n", name, visible(value(v.Field(i))))
	}
	_ = w.Flush() // into memory
	return b.String()
}

// value writes one field; "-" is none.
func value(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "-"
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case []string:
		return strings.Join(x, ", ")
	case map[string]string:
		var pairs []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			pairs = append(pairs, k+"="+x[k])
		}
		return strings.Join(pairs, ", ")
	}
	if text := fmt.Sprint(v.Interface()); text != "" {
		return text
	}
	return "-"
}

// visible keeps what a process has put into its command or error from steering
// the terminal or breaking the table.
func visible(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	quoted := strconv.QuoteToGraphic(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
