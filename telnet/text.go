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

// maxCommand cuts a command in a list; the status shows it whole.
const maxCommand = 60

// columns are those of a list.
var columns = []struct {
	title string
	cell  func(*supervisor.ProcessInfo) string
}{
	{"NAME", func(p *supervisor.ProcessInfo) string { return p.Name }},
	{"STATUS", func(p *supervisor.ProcessInfo) string { return string(p.Status) }},
	{"PID", func(p *supervisor.ProcessInfo) string { return number(p.PID) }},
	{"READY", func(p *supervisor.ProcessInfo) string { return yesNo(p.Ready) }},
	{"CPU%", func(p *supervisor.ProcessInfo) string { return decimal(p.CPUPercent) }},
	{"MEM", func(p *supervisor.ProcessInfo) string { return decimal(p.MemoryMB) + "Mi" }},
	{"RESTARTS", func(p *supervisor.ProcessInfo) string { return strconv.Itoa(p.Restarts) }},
	{"STARTED", func(p *supervisor.ProcessInfo) string { return moment(p.StartTime) }},
	{"REASON", func(p *supervisor.ProcessInfo) string { return orNone(string(p.Reason)) }},
	{"NEXT", func(p *supervisor.ProcessInfo) string { return moment(next(p)) }},
	{"COMMAND", func(p *supervisor.ProcessInfo) string { return cut(oneLine(p.Command), maxCommand) }},
}

// listText is the aligned table of a list, titles first.
func listText(list []*supervisor.ProcessInfo) string {
	rows := make([][]string, 1, len(list)+1)
	for _, c := range columns {
		rows[0] = append(rows[0], c.title)
	}
	for _, p := range list {
		row := make([]string, 0, len(columns))
		for _, c := range columns {
			row = append(row, c.cell(p))
		}
		rows = append(rows, row)
	}
	return align(rows, 2)
}

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
		{"reason", orNone(string(p.Reason))},
		{"exit_code", number(p.ExitCode)},
		{"signal", words(p.Signal)},
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
	rows = append(rows, extraRows(p)...)
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

// historyText is the aligned table of ended lives, titles first.
func historyText(lives []supervisor.LifeRecord) string {
	rows := [][]string{{"NAME", "RUN", "STARTED", "ENDED", "EXIT", "REASON", "ERROR"}}
	for _, l := range lives {
		exit := number(l.ExitCode)
		if l.Signal != nil {
			exit = *l.Signal
		}
		rows = append(rows, []string{
			l.Name, strconv.FormatUint(l.Run, 10), moment(l.StartTime), moment(&l.EndTime), exit, orNone(string(l.Reason)), orNone(oneLine(l.Error)),
		})
	}
	return align(rows, 2)
}

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

// cut shortens a text to a number of characters.
func cut(text string, most int) string {
	if chars := []rune(text); len(chars) > most {
		return string(chars[:most-1]) + "…"
	}
	return text
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

func labels(set map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		list = append(list, oneLine(key+"="+set[key]))
	}
	return orNone(strings.Join(list, ","))
}
