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
	rows := [][]string{{"NAME", "STATUS", "READY", "PID", "RESTARTS", "CPU%", "MEM(MiB)", "AGE", "NOTE"}}
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
		rows = append(rows, []string{p.Name, string(p.Status), ready, pid, strconv.Itoa(p.Restarts), cpu, mem, age, visible(note(p))})
	}
	return aligned(rows)
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
	case p.PID != nil && !p.Ready && unready(p) != "":
		return unready(p)
	case p.NextRun != nil:
		return "next run " + p.NextRun.UTC().Format(time.RFC3339)
	case p.Reason == "":
		return ""
	case p.PID != nil:
		return "before: " + ended(p)
	}
	return ended(p)
}

// unready is what keeps a running process from being ready.
func unready(p *supervisor.ProcessInfo) string {
	for _, probe := range p.Probes {
		if !probe.OK && probe.Message != "" {
			return fmt.Sprintf("%s: %s", probe.Probe, probe.Message)
		}
	}
	return p.StatusText
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

// lifeTable shows one line for each life, and with lines what each wrote last.
func lifeTable(lives []supervisor.LifeRecord, lines bool) string {
	rows := [][]string{{"NAME", "RUN", "STARTED", "LASTED", "EXIT", "REASON", "NOTE"}}
	var said strings.Builder
	for _, l := range lives {
		started, lasted, exit := "-", "-", "-"
		if l.StartTime != nil {
			started, lasted = l.StartTime.UTC().Format(time.RFC3339), lifetime(l.EndTime.Sub(*l.StartTime))
		}
		switch {
		case l.Signal != nil:
			exit = *l.Signal
		case l.ExitCode != nil:
			exit = strconv.Itoa(*l.ExitCode)
		}
		rows = append(rows, []string{l.Name, strconv.FormatUint(l.Run, 10), started, lasted, exit, string(l.Reason), visible(l.Error)})
		if lines && len(l.Log) > 0 {
			fmt.Fprintf(&said, "\n%s, run %d:\n%s", l.Name, l.Run, supervisor.JoinLog(l.Log))
		}
	}
	return aligned(rows) + said.String()
}

// changeTable shows one line for each change, and counts them.
func changeTable(list []supervisor.Change, title string) string {
	if len(list) == 0 {
		return "No difference\n"
	}
	counts := map[supervisor.ChangeKind]int{}
	var rows [][]string
	for _, c := range list {
		counts[c.Action]++
		name, what := c.Name, strings.Join(c.Fields, ", ")
		if name == "" {
			name = "(manifest)"
		}
		if c.Note != "" {
			what = strings.TrimPrefix(what+"; "+c.Note, "; ")
		}
		rows = append(rows, []string{string(c.Action), name, visible(what)})
	}
	return aligned(rows) + fmt.Sprintf("%s: %d added, %d restarted, %d updated, %d removed\n", title,
		counts[supervisor.ChangeAdded], counts[supervisor.ChangeRestarted], counts[supervisor.ChangeUpdated], counts[supervisor.ChangeRemoved])
}

// aligned writes rows as columns, without blanks at the end of a line.
func aligned(rows [][]string) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
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

// lifetime is short, but a life of less than a second is of interest too.
func lifetime(d time.Duration) string {
	if d > 0 && d < time.Second {
		return fmt.Sprintf("%dms", d/time.Millisecond)
	}
	return short(d)
}

// details shows every field of a struct under its name in the API, in the order
// declared.
func details(info any) string {
	var rows [][]string
	v := reflect.ValueOf(info)
	for i := range v.NumField() {
		name, opts, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if opts == "omitempty" && v.Field(i).IsZero() {
			continue
		}
		rows = append(rows, []string{name, visible(value(v.Field(i)))})
	}
	return aligned(rows)
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
		return orNone(strings.Join(x, ", "))
	case []supervisor.ProbeInfo:
		return probesText(x)
	case supervisor.MemoryInfo:
		return fmt.Sprintf("limit %s MiB, enforced by %s", strconv.FormatFloat(x.LimitMB, 'f', -1, 64), x.By)
	case []supervisor.Spec:
		var names []string
		for _, spec := range x {
			names = append(names, spec.Name)
		}
		return orNone(strings.Join(names, ", "))
	case map[string]string:
		var pairs []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			pairs = append(pairs, k+"="+x[k])
		}
		return strings.Join(pairs, ", ")
	}
	return orNone(fmt.Sprint(v.Interface()))
}

func orNone(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// probesText is where the probes stand, in one line.
func probesText(list []supervisor.ProbeInfo) string {
	var texts []string
	for _, p := range list {
		text := p.Probe + " ok"
		if !p.OK {
			text = p.Probe + " not ok"
		}
		if p.Failures > 0 {
			text += fmt.Sprintf(" (failures in a row: %d, %s)", p.Failures, orNone(p.Message))
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
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
