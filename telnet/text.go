package telnet

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// none stands where there is nothing to show.
const none = "-"

// columns are those of a list.
var columns = []column[*supervisor.ProcessInfo]{
	{"NAME", always, func(p *supervisor.ProcessInfo, _ bool) string { return p.Name }},
	{"STATUS", always, func(p *supervisor.ProcessInfo, _ bool) string { return string(p.Status) }},
	{"PID", 7, func(p *supervisor.ProcessInfo, _ bool) string { return number(p.PID) }},
	{"READY", 6, func(p *supervisor.ProcessInfo, _ bool) string { return yesNo(p.Ready) }},
	{"CPU%", 3, func(p *supervisor.ProcessInfo, _ bool) string { return decimal(p.CPUPercent) }},
	{"MEM", 4, func(p *supervisor.ProcessInfo, _ bool) string { return decimal(p.MemoryMB) + "Mi" }},
	{"RESTARTS", 2, func(p *supervisor.ProcessInfo, _ bool) string { return strconv.Itoa(p.Restarts) }},
	{"STARTED", 1, func(p *supervisor.ProcessInfo, short bool) string { return when(p.StartTime, short) }},
	{"LAST END", 8, func(p *supervisor.ProcessInfo, _ bool) string { return orNone(string(p.Reason)) }},
	{"NEXT", 5, func(p *supervisor.ProcessInfo, short bool) string { return when(next(p), short) }},
	{"COMMAND", always, func(p *supervisor.ProcessInfo, _ bool) string { return oneLine(p.Command) }},
}

// listText is the aligned table of a list, titles first, for a terminal of so many
// columns; 0 is any.
func listText(list []*supervisor.ProcessInfo, width int) string { return table(columns, list, width) }

// statusText is one "key: value" line for each field, under its name in JSON.
func statusText(p *supervisor.ProcessInfo) string {
	rows := [][]string{
		{"name", p.Name},
		{"command", orNone(oneLine(p.Command))},
		{"status", string(p.Status)},
		{"ready", yesNo(p.Ready)},
		{"pid", number(p.PID)},
		{"run", strconv.FormatUint(p.Run, 10)},
		{"start_time", moment(p.StartTime)},
		{"cpu_percent", decimal(p.CPUPercent)},
		{"memory_mb", decimal(p.MemoryMB)},
		{"restarts", strconv.Itoa(p.Restarts)},
		{"reason", ofTheEnd(p, orNone(string(p.Reason)))},
		{"exit_code", ofTheEnd(p, number(p.ExitCode))},
		{"signal", ofTheEnd(p, words(p.Signal))},
		{"error", orNone(oneLine(p.Error))},
		{"next_retry", moment(p.NextRetry)},
		{"cron", orNone(oneLine(p.Cron))},
		{"next_run", moment(p.NextRun)},
		{"deadline", strconv.Itoa(p.Deadline)},
		{"log_enabled", yesNo(p.LogEnabled)},
		{"job_id", orNone(oneLine(p.JobID))},
		{"labels", labels(p.Labels)},
		{"waits_for", orNone(strings.Join(p.WaitsFor, ", "))},
	}
	return fieldLines(append(rows, extraRows(p)...))
}

// ofTheEnd is a text of how the last life ended; where another goes on now, it says so.
func ofTheEnd(p *supervisor.ProcessInfo, text string) string {
	if text == none || !p.EndedBefore() {
		return text
	}
	return "before: " + text
}

// fieldLines writes rows of a name and a value as "name: value".
func fieldLines(rows [][]string) string {
	for _, row := range rows {
		row[0] += ":"
	}
	return align(rows, 1)
}

// extraRows are those of what only some processes have.
func extraRows(p *supervisor.ProcessInfo) [][]string {
	var rows [][]string
	if p.Group != "" {
		rows = append(rows, []string{"group", p.Group})
	}
	if p.EndTime != nil {
		rows = append(rows, []string{"end_time", moment(p.EndTime)})
	}
	if p.StatusText != "" {
		rows = append(rows, []string{"status_text", oneLine(p.StatusText)})
	}
	for _, probe := range p.Probes {
		rows = append(rows, []string{"probe " + probe.Probe, probeText(probe)})
	}
	for _, line := range p.LastLog {
		rows = append(rows, []string{"last_log", oneLine(line.Msg)})
	}
	if m := p.Memory; m != nil {
		rows = append(rows, []string{"memory", fmt.Sprintf("limit %s MiB, enforced by %s", decimal(m.LimitMB), m.By)})
	}
	return rows
}

// probeText is where a probe stands.
func probeText(p supervisor.ProbeInfo) string {
	if p.OK && p.Failures == 0 {
		return "ok"
	}
	word := "not ok"
	if p.OK {
		word = "ok"
	}
	text := fmt.Sprintf("%s, failures in a row: %d", word, p.Failures)
	if p.Message != "" {
		text += ", " + oneLine(p.Message)
	}
	return text
}

// next is when something happens by itself: the next try, or the next run.
func next(p *supervisor.ProcessInfo) *time.Time {
	if p.NextRetry != nil {
		return p.NextRetry
	}
	return p.NextRun
}

// lives are the columns of a history.
var lives = []column[supervisor.LifeRecord]{
	{"NAME", always, func(l supervisor.LifeRecord, _ bool) string { return l.Name }},
	{"RUN", 2, func(l supervisor.LifeRecord, _ bool) string { return strconv.FormatUint(l.Run, 10) }},
	{"STARTED", 1, func(l supervisor.LifeRecord, short bool) string { return when(l.StartTime, short) }},
	{"ENDED", 3, func(l supervisor.LifeRecord, short bool) string { return when(&l.EndTime, short) }},
	{"EXIT", always, func(l supervisor.LifeRecord, _ bool) string {
		if l.Signal != nil {
			return *l.Signal
		}
		return number(l.ExitCode)
	}},
	{"REASON", always, func(l supervisor.LifeRecord, _ bool) string { return orNone(string(l.Reason)) }},
	{"ERROR", always, func(l supervisor.LifeRecord, _ bool) string { return orNone(oneLine(l.Error)) }},
}

// historyText is the aligned table of ended lives, titles first.
func historyText(list []supervisor.LifeRecord, width int) string { return table(lives, list, width) }

// attempts are the columns of what probes have found.
var attempts = []column[supervisor.ProbeResult]{
	{"PROCESS", always, func(r supervisor.ProbeResult, _ bool) string { return r.Process }},
	{"PROBE", always, func(r supervisor.ProbeResult, _ bool) string { return string(r.Probe) }},
	{"RESULT", always, func(r supervisor.ProbeResult, _ bool) string { return r.Word() }},
	{"TOOK", 3, func(r supervisor.ProbeResult, _ bool) string { return fmt.Sprintf("%.3fs", r.Seconds) }},
	{"MESSAGE", always, func(r supervisor.ProbeResult, _ bool) string { return orNone(oneLine(r.Message)) }},
}

// probesText is the aligned table of what probes have found, titles first.
func probesText(list []supervisor.ProbeResult, width int) string {
	return table(attempts, list, width)
}

// execText is what a command wrote, first to stdout, then to stderr, and how it has ended.
func execText(r *supervisor.ExecResult) string {
	var b strings.Builder
	for _, stream := range []struct {
		name supervisor.Stream
		text []byte
		cut  bool
	}{{supervisor.Stdout, r.Stdout, r.StdoutTruncated}, {supervisor.Stderr, r.Stderr, r.StderrTruncated}} {
		b.Write(stream.text)
		if len(stream.text) > 0 && stream.text[len(stream.text)-1] != '\n' {
			b.WriteByte('\n')
		}
		if stream.cut {
			fmt.Fprintf(&b, "(%s was cut here)\n", stream.name)
		}
	}
	b.WriteString(r.Ending())
	return b.String()
}

// branches are the columns of a tree.
var branches = []column[supervisor.TreeProcess]{
	{"PROCESS", 7, func(p supervisor.TreeProcess, _ bool) string { return p.Process }},
	{"PID", always, func(p supervisor.TreeProcess, _ bool) string { return strconv.Itoa(p.PID) }},
	{"STATE", 6, func(p supervisor.TreeProcess, _ bool) string { return string(p.State) }},
	{"CPU%", 4, func(p supervisor.TreeProcess, _ bool) string { return decimal(p.CPUPercent) }},
	{"CPU", 2, func(p supervisor.TreeProcess, _ bool) string { return decimal(p.CPUSeconds) + "s" }},
	{"MEM", 5, func(p supervisor.TreeProcess, _ bool) string { return decimal(p.MemoryMB) + "Mi" }},
	{"THREADS", 1, func(p supervisor.TreeProcess, _ bool) string { return strconv.Itoa(p.Threads) }},
	{"FDS", 1, func(p supervisor.TreeProcess, _ bool) string { return number(p.OpenFDs) }},
	{"STARTED", 3, func(p supervisor.TreeProcess, short bool) string { return when(&p.StartTime, short) }},
	{"COMMAND", always, treeCommand},
}

// treeCommand shows by its indent whose child a process is.
func treeCommand(p supervisor.TreeProcess, _ bool) string {
	text := p.Command
	if text == "" {
		text = "[" + p.Name + "]"
	}
	if p.Task != "" {
		text = p.Task + ": " + text
	}
	return strings.Repeat("  ", p.Depth) + oneLine(text)
}

// treeText is the aligned table of a tree, titles first.
func treeText(list []supervisor.TreeProcess, width int) string { return table(branches, list, width) }

// helpText lists the verbs with their parameters.
func helpText(list []verb) string {
	var b strings.Builder
	for _, v := range list {
		b.WriteString("!!" + v.name)
		for _, p := range v.params {
			fmt.Fprintf(&b, " %s", usage(p))
		}
		fmt.Fprintf(&b, "\n    %s\n", v.help)
	}
	b.WriteString("Every statement also takes")
	for _, p := range commonParams {
		b.WriteString(" " + usage(p))
	}
	b.WriteString(".\nAn empty line, or a moment of silence, ends a statement.\n")
	return b.String()
}

func usage(p param) string {
	text := p.key + ":" + string(p.kind)
	if p.required {
		return text
	}
	return "[" + text + "]"
}

// verbHelp is the JSON of one verb in the help.
type verbHelp struct {
	Verb   string      `json:"verb"`
	Help   string      `json:"help"`
	Params []paramHelp `json:"params"`
}

type paramHelp struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Required bool   `json:"required"`
}

func helpValue(list []verb) []verbHelp {
	out := make([]verbHelp, 0, len(list))
	for _, v := range list {
		h := verbHelp{Verb: v.name, Help: v.help, Params: []paramHelp{}}
		for _, p := range slices.Concat(v.params, commonParams) {
			h.Params = append(h.Params, paramHelp{p.key, string(p.kind), p.required})
		}
		out = append(out, h)
	}
	return out
}

// systemText is one "key: value" line for each field, under its name in JSON.
func systemText(s *supervisor.SystemInfo) string {
	rows := [][]string{
		{"version", orNone(oneLine(s.Version))},
		{"pid", strconv.Itoa(s.PID)},
		{"init", yesNo(s.Init)},
		{"start_time", moment(&s.StartTime)},
		{"processes", strconv.Itoa(s.Processes)},
		{"shutting_down", yesNo(s.ShuttingDown)},
		{"trees", s.Trees},
		{"trees_why", orNone(oneLine(s.TreesWhy))},
		{"limits", s.Limits},
		{"limits_why", orNone(oneLine(s.LimitsWhy))},
		{"controllers", orNone(strings.Join(s.Controllers, ", "))},
	}
	if s.Container != nil {
		rows = append(rows, []string{"container", orNone(s.Container.Line())})
	}
	return fieldLines(rows)
}

// align writes rows as columns with at least gap blanks between them.
func align(rows [][]string, gap int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, gap, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

// oneLine quotes a text that would not be one clean line.
func oneLine(text string) string {
	if strings.ToValidUTF8(text, "") == text && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return text
	}
	return strconv.Quote(text)
}

func number(n *int) string {
	if n == nil {
		return none
	}
	return strconv.Itoa(*n)
}

func words(s *string) string {
	if s == nil {
		return none
	}
	return orNone(*s)
}

func orNone(text string) string {
	if text == "" {
		return none
	}
	return text
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func moment(t *time.Time) string {
	if t == nil {
		return none
	}
	return t.Format(time.RFC3339)
}

// when is a moment; the short form has no year, seconds and zone.
func when(t *time.Time, short bool) string {
	if t != nil && short {
		return t.Format("01-02 15:04")
	}
	return moment(t)
}

func labels(set map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		list = append(list, oneLine(key+"="+set[key]))
	}
	return orNone(strings.Join(list, ","))
}
