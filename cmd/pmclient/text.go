package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
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
	return "scheduled, next run " + rfc3339(*info.NextRun)
}

// rfc3339 writes a time of the manager.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// listRows are the titles and one row for each process.
func listRows(list []*supervisor.ProcessInfo, now time.Time) [][]cell {
	rows := [][]cell{titles("~NAME", "STATUS", "READY", "PID", "?RESTARTS", "?CPU%", "?MEM(MiB)", "AGE", "~NOTE")}
	for _, p := range list {
		rows = append(rows, listRow(p, now))
	}
	return rows
}

func listRow(p *supervisor.ProcessInfo, now time.Time) []cell {
	pid, cpu, mem, age := "-", "-", "-", "-"
	if p.PID != nil {
		pid = strconv.Itoa(*p.PID)
		cpu, mem = strconv.FormatFloat(p.CPUPercent, 'f', 1, 64), strconv.FormatFloat(p.MemoryMB, 'f', 1, 64)
		if p.StartTime != nil {
			age = tell.Short(now.Sub(*p.StartTime))
		}
	}
	ready := "no"
	if p.Ready {
		ready = "yes"
	}
	row := cells(p.Name, string(p.Status), ready, pid, strconv.Itoa(p.Restarts), cpu, mem, age, tell.Note(p, rfc3339))
	row[1].look = statusStyle(p.Status)
	if p.PID != nil && !p.Ready {
		row[2].look = yellow
	}
	return row
}

// lifeRows are the titles and one row for each life.
func lifeRows(lives []supervisor.LifeRecord) [][]cell {
	rows := [][]cell{titles("~NAME", "RUN", "?STARTED", "LASTED", "EXIT", "REASON", "~NOTE")}
	for _, l := range lives {
		started, lasted, exit := "-", "-", "-"
		if l.StartTime != nil {
			started, lasted = rfc3339(*l.StartTime), tell.Lifetime(l.EndTime.Sub(*l.StartTime))
		}
		switch {
		case l.Signal != nil:
			exit = *l.Signal
		case l.ExitCode != nil:
			exit = strconv.Itoa(*l.ExitCode)
		}
		row := cells(l.Name, strconv.FormatUint(l.Run, 10), started, lasted, exit, string(l.Reason), l.Error)
		row[5].look = reasonStyle(l.Reason)
		rows = append(rows, row)
	}
	return rows
}

// probeRows are the titles and one row for each attempt.
func probeRows(list []supervisor.ProbeResult) [][]cell {
	rows := [][]cell{titles("~PROCESS", "PROBE", "RESULT", "?TOOK", "~MESSAGE")}
	for _, r := range list {
		row := cells(r.Process, string(r.Probe), r.Word(), strconv.FormatFloat(r.Seconds, 'f', 3, 64)+"s", r.Message)
		row[2].look = green
		if !r.Success {
			row[2].look = red
		}
		rows = append(rows, row)
	}
	return rows
}

// treeRows are the titles and one row for each process of a tree; the command's indent
// shows whose child it is.
func treeRows(list []supervisor.TreeProcess, now time.Time) [][]cell {
	rows := [][]cell{titles("~PROCESS", "PID", "STATE", "CPU%", "?CPU", "MEM(MiB)", "?THREADS", "?FDS", "AGE", "~COMMAND")}
	for _, p := range list {
		command, fds := p.Command, "-"
		if command == "" {
			command = "[" + p.Name + "]"
		}
		if p.Task != "" {
			command = p.Task + ": " + command
		}
		if p.OpenFDs != nil {
			fds = strconv.Itoa(*p.OpenFDs)
		}
		row := cells(p.Process, strconv.Itoa(p.PID), string(p.State), strconv.FormatFloat(p.CPUPercent, 'f', 1, 64),
			strconv.FormatFloat(p.CPUSeconds, 'f', 1, 64)+"s", strconv.FormatFloat(p.MemoryMB, 'f', 1, 64), strconv.Itoa(p.Threads), fds,
			tell.Short(now.Sub(p.StartTime)), strings.Repeat("  ", p.Depth)+command)
		if p.State == supervisor.StateZombie || p.State == supervisor.StateDisk {
			row[2].look = yellow
		}
		rows = append(rows, row)
	}
	return rows
}

// lifeLines is what each life wrote last.
func lifeLines(lives []supervisor.LifeRecord) string {
	var b strings.Builder
	for _, l := range lives {
		if len(l.Log) > 0 {
			fmt.Fprintf(&b, "\n%s, run %d:\n%s", l.Name, l.Run, supervisor.JoinLog(l.Log))
		}
	}
	return b.String()
}

// changeRows are one row for each change.
func changeRows(list []supervisor.Change) [][]cell {
	var rows [][]cell
	for _, c := range list {
		name, what := c.Name, strings.Join(c.Fields, ", ")
		if name == "" {
			name = "(manifest)"
		}
		if c.Note != "" {
			what = strings.TrimPrefix(what+"; "+c.Note, "; ")
		}
		row := cells(string(c.Action), name, what)
		row[0].look, row[1].fit, row[2].fit = changeStyle(c.Action), soft, soft
		rows = append(rows, row)
	}
	return rows
}

// changeCounts says how many of each kind there are.
func changeCounts(list []supervisor.Change, title string) string {
	counts := map[supervisor.ChangeKind]int{}
	for _, c := range list {
		counts[c.Action]++
	}
	return fmt.Sprintf("%s: %d added, %d restarted, %d updated, %d removed", title,
		counts[supervisor.ChangeAdded], counts[supervisor.ChangeRestarted], counts[supervisor.ChangeUpdated], counts[supervisor.ChangeRemoved])
}

// ofTheEnd are the fields that tell how the last life ended.
var ofTheEnd = []string{"exit_code", "signal", "reason"}

// details are every field of a struct under its name in the API, in the order
// declared.
func details(info any) [][]cell {
	var rows [][]cell
	process, _ := info.(supervisor.ProcessInfo)
	v := reflect.ValueOf(info)
	for i := range v.NumField() {
		name, opts, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if opts == "omitempty" && v.Field(i).IsZero() {
			continue
		}
		if last, ok := v.Field(i).Interface().([]supervisor.LogLine); ok {
			for _, line := range last {
				row := cells(name, line.Msg)
				row[0].look = strong
				rows = append(rows, row)
			}
			continue
		}
		var look style
		switch word := v.Field(i).Interface().(type) {
		case supervisor.Status:
			look = statusStyle(word)
		case supervisor.Reason:
			look = reasonStyle(word)
		}
		text := value(v.Field(i))
		if text != "-" && process.EndedBefore() && slices.Contains(ofTheEnd, name) {
			text, look = tell.Before+text, plain
		}
		for line := range strings.SplitSeq(text, "\n") {
			row := cells(name, line)
			row[0].look, row[1].look = strong, look
			rows = append(rows, row)
		}
	}
	return rows
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
	case supervisor.ContainerInfo:
		return x.Line()
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
