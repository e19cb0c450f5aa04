package top

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

// detail is everything about one process.
type detail struct {
	id     ID
	known  *Detail // nil: not yet
	asking bool
	first  int // line on top
}

type detailMsg struct {
	id     ID
	detail Detail
	err    error
}

func (m *model) openDetail() tea.Cmd {
	r, ok := m.table.current()
	if !ok {
		return nil
	}
	m.detail = detail{id: r.ID()}
	m.open(inDetail)
	return m.askDetail()
}

// askDetail asks for it, when somebody looks.
func (m *model) askDetail() tea.Cmd {
	d := &m.detail
	if m.view != inDetail || d.asking {
		return nil
	}
	d.asking = true
	id := d.id
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(m.ctx, patience)
		defer cancel()
		known, err := m.source.Detail(ctx, id)
		return detailMsg{id, known, err}
	}
}

func (m *model) detailKnown(msg detailMsg) {
	d := &m.detail
	if msg.id != d.id {
		return
	}
	d.asking = false
	switch {
	case msg.err == nil:
		d.known = &msg.detail
	case errors.Is(msg.err, supervisor.ErrNotFound), m.refresh.why == nil:
		m.complain(msg.err.Error())
	}
}

func (d *detail) scroll(lines int) { d.first += lines }

// detailBody is the part that fits.
func (m *model) detailBody(height int) []line {
	lines := m.detailLines()
	d := &m.detail
	d.first = max(0, min(d.first, len(lines)-height))
	lines = lines[d.first:min(len(lines), d.first+height)]
	if m.stale() {
		for i := range lines {
			lines[i] = lines[i].only(faint)
		}
	}
	return lines
}

// detailLines are all of it.
func (m *model) detailLines() []line {
	r, ok := m.table.find(m.detail.id)
	var lines []line
	if ok {
		lines = append(lines, m.nowLines(r)...)
	} else {
		lines = append(lines, of(faint, "   It is not there any more."))
	}
	known := m.detail.known
	if known == nil {
		return append(lines, nil, of(faint, " asking the manager…"))
	}
	lines = append(lines, m.probeLines(known.Info)...)
	lines = append(lines, m.treeLines(known.Tree)...)
	lines = append(lines, m.lifeLines(known.Lives)...)
	lines = append(lines, m.lastLines(known.Lines)...)
	return append(lines, specLines(known.Spec)...)
}

// fact is a line with a name in front.
func fact(name string, value ...span) line {
	return append(line{{"   " + name + strings.Repeat(" ", max(1, 12-textWidth(name))), faint}}, value...)
}

func title(text string) []line { return []line{nil, of(strong, " "+text)} }

// nowLines are how it is now.
func (m *model) nowLines(r Row) []line {
	p := r.ProcessInfo
	lines := []line{fact("command", span{oneLine(p.Command), plain})}
	if note := m.noteOf(r); note.text != "" {
		lines = append(lines, fact("note", note))
	}
	life := line{}
	if p.PID != nil {
		life = life.add(plain, fmt.Sprintf("pid %d, ", *p.PID))
	}
	life = life.add(plain, fmt.Sprintf("run %d, %d restarts", p.Run, p.Restarts))
	if p.StartTime != nil {
		life = life.add(plain, ", began "+m.ago(*p.StartTime))
	}
	if p.EndTime != nil {
		life = life.add(plain, ", last end "+m.ago(*p.EndTime))
	}
	lines = append(lines, fact("life", life...))
	n := max(10, min(60, m.width-40))
	if p.PID != nil {
		memory := mebibytes(p.MemoryMB)
		if p.Memory != nil {
			memory += fmt.Sprintf(" of %s (%s)", mebibytes(p.Memory.LimitMB), oneLine(p.Memory.By))
		}
		past := cmp.Or(m.pasts[r.ID()], &past{})
		lines = append(lines,
			fact("CPU", span{fmt.Sprintf("%-22s", percent(p.CPUPercent)+"%"), plain}, span{sparkCPU(past.cpu.newest(n, 1), m.glyphs), cyan}),
			fact("memory", span{fmt.Sprintf("%-22s", memory), plain}, span{sparkMemory(past.memory.newest(n, 1), m.glyphs), cyan}))
	}
	if p.Cron != "" {
		schedule := oneLine(p.Cron)
		if p.NextRun != nil {
			schedule += ", next run " + m.ahead(*p.NextRun)
		}
		lines = append(lines, fact("schedule", span{schedule, plain}))
	}
	for _, more := range []struct{ name, text string }{
		{"waits for", strings.Join(p.WaitsFor, ", ")}, {"labels", labelText(p.Labels)}, {"says", p.StatusText}, {"job id", p.JobID}, {"replica of", p.Group},
	} {
		if more.text != "" {
			lines = append(lines, fact(more.name, span{oneLine(more.text), plain}))
		}
	}
	return lines
}

func (m *model) ago(t time.Time) string {
	return tell.Short(m.now.Sub(t)) + " ago"
}

func (m *model) ahead(t time.Time) string {
	return t.UTC().Format(time.RFC3339) + " (in " + tell.Short(t.Sub(m.now)) + ")"
}

// probeLines are where the probes stand.
func (m *model) probeLines(p *supervisor.ProcessInfo) []line {
	if p == nil || len(p.Probes) == 0 {
		return nil
	}
	lines := title("Probes")
	for _, probe := range p.Probes {
		verdict := span{"ok", green}
		if !probe.OK {
			verdict = span{"not ok", red}
		}
		text := fmt.Sprintf("%d in a row succeeded", probe.Successes)
		if probe.Failures > 0 {
			text = fmt.Sprintf("%d in a row failed", probe.Failures)
		}
		if probe.Time != nil {
			text += ", " + m.ago(*probe.Time)
		}
		l := fact(oneLine(probe.Probe), span{fmt.Sprintf("%-8s", verdict.text), verdict.look}, span{text, plain})
		if probe.Message != "" {
			l = l.add(red, ": "+oneLine(probe.Message))
		}
		lines = append(lines, l)
	}
	return lines
}

// treeLines are its living processes.
func (m *model) treeLines(list []supervisor.TreeProcess) []line {
	if len(list) == 0 {
		return nil
	}
	lines := append(title("Tree"), of(faint|underlined, fmt.Sprintf("%7s  %-8s  %6s  %7s  %7s  %s", "PID", "STATE", "CPU%", "MEMORY", "THREADS", "COMMAND")).indent())
	for _, p := range list {
		command := cmp.Or(p.Command, "["+p.Name+"]")
		if p.Task != "" {
			command += "  (" + p.Task + ")"
		}
		branch := ""
		if p.Depth > 0 {
			branch = strings.Repeat("  ", min(p.Depth, 20)-1) + m.glyphs.branch
		}
		lines = append(lines, of(plain, fmt.Sprintf(" %7d  %-8s  %6s  %7s  %7d  ", p.PID, cut(oneLine(string(p.State)), 0, 8), percent(p.CPUPercent), mebibytes(p.MemoryMB), p.Threads)).
			add(faint, branch).add(plain, oneLine(command)))
	}
	return lines
}

// lifeLines are how it ended before.
func (m *model) lifeLines(lives []supervisor.LifeRecord) []line {
	if len(lives) == 0 {
		return nil
	}
	lines := append(title("Lives that have ended"), of(faint|underlined, fmt.Sprintf("%6s  %-12s  %-8s  %-8s  %s", "RUN", "ENDED", "LASTED", "EXIT", "REASON")).indent())
	for _, life := range lives {
		lasted, exit := "-", "-"
		if life.StartTime != nil {
			lasted = tell.Lifetime(life.EndTime.Sub(*life.StartTime))
		}
		switch {
		case life.Signal != nil:
			exit = oneLine(*life.Signal)
		case life.ExitCode != nil:
			exit = strconv.Itoa(*life.ExitCode)
		}
		l := of(plain, fmt.Sprintf(" %6d  %-12s  %-8s  %-8s  ", life.Run, m.ago(life.EndTime), lasted, exit)).
			add(toneLook(tell.OfReason(life.Reason)), oneLine(string(life.Reason)))
		if life.Error != "" {
			l = l.add(plain, "  "+oneLine(life.Error))
		}
		lines = append(lines, l)
	}
	return lines
}

const lastLines = 15 // of the log, in the detail

// lastLines are what it wrote last.
func (m *model) lastLines(list []supervisor.LogLine) []line {
	if len(list) == 0 {
		return nil
	}
	lines := title("Log")
	for _, entry := range list[max(0, len(list)-lastLines):] {
		lines = append(lines, logLine{Entry: Entry{LogLine: entry}}.head(true).add(plain, oneLine(entry.Msg)))
	}
	return lines
}

// specLines are what was asked for: every field of the manifest that is set, but for what
// was said already. Values of the environment stay where they are.
func specLines(spec *supervisor.Spec) []line {
	if spec == nil {
		return nil
	}
	lines := title("Manifest")
	v := reflect.ValueOf(*spec)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if v.Field(i).IsZero() || name == "name" || name == "labels" || name == "command" {
			continue
		}
		data, err := json.Marshal(v.Field(i).Interface())
		var value any
		if err != nil || json.Unmarshal(data, &value) != nil {
			continue
		}
		if name == "env" {
			value = namesOf(spec.Env)
		}
		lines = append(lines, line{{"   " + name + " ", faint}, {oneLine(flow(value)), plain}})
	}
	return lines
}

func namesOf(env []supervisor.EnvVar) []any {
	var list []any
	for _, e := range env {
		list = append(list, e.Name)
	}
	return list
}

// flow writes a value in one line, as YAML has it.
func flow(value any) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+": "+flow(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, flow(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}
