package top

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

// head is what is said about the whole: two lines, and one about managers that do not answer.
func (m *model) head() []line {
	who := m.who()
	use := line{{"CPU ", faint}, {percent(m.sum(func(r Row) float64 { return r.CPUPercent })) + "%", strong}}
	memory := line{{"Memory ", faint}, {mebibytes(m.sum(func(r Row) float64 { return r.MemoryMB })), strong}}
	if m.width >= 110 {
		n := min(24, (m.width-90)/2)
		use = use.add(plain, " ").add(cyan, sparkCPU(m.total.cpu.newest(n, 1), m.glyphs))
		memory = memory.add(plain, " ").add(cyan, sparkMemory(m.total.memory.newest(n, 1), m.glyphs))
	}
	first := append(append(append(who.add(plain, "   "), use...), span{"   ", plain}), memory...)
	if m.refresh.pictures == 0 {
		first = who
	}
	if c := m.container(); first.width()+c.width()+m.connection().width() < m.width-2 {
		first = append(first, c...)
	}
	if m.stale() {
		first = first.only(faint)
	}
	lines := []line{spread(first, m.connection(), m.width-1, m.glyphs), spread(m.counts(), m.limits(), m.width-1, m.glyphs)}
	if silent := m.silent(); len(silent) > 0 {
		lines = append(lines, silent.fit(m.width-1, m.glyphs))
	}
	return lines
}

// silent are the managers that do not answer, and why, as far as there is room.
func (m *model) silent() line {
	var l line
	if len(m.managers) < 2 || m.stale() {
		return l // one manager: the connection tells
	}
	before := " "
	for _, one := range m.managers {
		if one.Info != nil {
			continue
		}
		l = l.add(red, before+oneLine(one.Pod))
		if one.Err != nil {
			l = l.add(faint, ": "+oneLine(one.Err.Error()))
		}
		before = "   "
	}
	return l
}

// container is what all of the container uses of what it may, where that is counted.
func (m *model) container() line {
	if len(m.managers) != 1 || m.managers[0].Info == nil || m.managers[0].Info.Container == nil || m.refresh.pictures == 0 {
		return nil
	}
	c := m.managers[0].Info.Container
	if c.MemoryBy != "cgroup" {
		return nil
	}
	l := line{{"   ", plain}, {"Container ", faint}, {mebibytes(c.MemoryMB), strong}}
	if c.MemoryLimitMB > 0 {
		l = l.add(plain, " of "+mebibytes(c.MemoryLimitMB))
	}
	return l
}

// who is asked.
func (m *model) who() line {
	if len(m.managers) > 1 {
		answering := 0
		for _, one := range m.managers {
			if one.Info != nil {
				answering++
			}
		}
		l := of(strong, fmt.Sprintf(" %d managers", len(m.managers)))
		if answering < len(m.managers) {
			l = l.add(red, fmt.Sprintf(", %d do not answer", len(m.managers)-answering))
		}
		return l
	}
	l := of(strong, " Process Manager")
	if len(m.managers) == 1 && m.managers[0].Info != nil {
		info := m.managers[0].Info
		l = l.add(plain, " "+oneLine(info.Version)).add(faint, "   up ").add(plain, tell.Short(m.now.Sub(info.StartTime)))
		if info.ShuttingDown {
			l = l.add(yellow, "   shutting down")
		}
	}
	return l
}

// connection says whether what is shown is of now.
func (m *model) connection() line {
	switch r := &m.refresh; {
	case m.stale() && r.pictures > 0:
		return line{{" no answer for " + tell.Short(m.now.Sub(r.lost)) + " ", red | reversed}}
	case m.stale():
		return line{{" no answer ", red | reversed}}
	case r.pictures == 0:
		return of(faint, "connecting")
	case r.news == nil:
		return line{{m.glyphs.dot, yellow}, {" every " + m.options.Interval.String(), plain}}
	}
	return line{{m.glyphs.dot, green}, {" live", plain}}
}

// counts are how many processes there are in each state.
func (m *model) counts() line {
	if m.refresh.pictures == 0 {
		return of(faint, " "+oneLine(m.options.Where))
	}
	n := len(m.table.all)
	words := " processes"
	if n == 1 {
		words = " process"
	}
	l := line{{" ", plain}, {strconv.Itoa(n), strong}, {words, plain}}
	counts := countOf(m.table.all)
	separator := ": "
	add := func(state string, look look) {
		if counts[state] > 0 {
			l = l.add(plain, separator).add(look, fmt.Sprintf("%d %s", counts[state], state))
			separator = ", "
		}
	}
	for _, status := range statuses() {
		if status == supervisor.StatusStopped {
			add(tell.Suspended, plain)
		}
		add(string(status), toneLook(tell.OfStatus(status)))
	}
	if l.width() >= m.width {
		l[2].text = ""
	}
	if m.stale() {
		return l.only(faint)
	}
	return l
}

// limits say that not all processes are shown.
func (m *model) limits() line {
	var l line
	if text := labelText(m.options.Labels); text != "" {
		l = l.add(faint, "labels ").add(cyan, oneLine(text))
	}
	if m.table.filter != "" {
		if len(l) > 0 {
			l = l.add(plain, "  ")
		}
		l = l.add(faint, "filter ").add(cyan, oneLine(m.table.filter)).add(faint, fmt.Sprintf(" (%d)", len(m.table.shown)))
	}
	return l
}

func (m *model) sum(of func(Row) float64) float64 {
	total := 0.0
	for _, r := range m.table.all {
		total += of(r)
	}
	return total
}

// sparkOf draws what a process has used: at least the last two minutes.
func (m *model) sparkOf(id ID, width int, memory bool) span {
	p := m.pasts[id]
	if p == nil || width < 1 {
		return span{}
	}
	group := (pastShown + width - 1) / width
	if memory {
		return span{sparkMemory(p.memory.newest(width, group), m.glyphs), cyan}
	}
	return span{sparkCPU(p.cpu.newest(width, group), m.glyphs), cyan}
}

// noteOf is what a person would ask next.
func (m *model) noteOf(r Row) span {
	text := tell.Note(r.ProcessInfo, func(t time.Time) string { return "in " + coarse(t.Sub(m.now)) })
	look := plain
	switch {
	case r.Error != "":
		look = red
	case strings.HasPrefix(text, "before: "), r.PID == nil && r.NextRun != nil:
		look = faint
	}
	return span{oneLine(text), look}
}
