package top

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
)

// The heights from which on a part of the screen is there.
const (
	heightOfHints  = 7
	heightOfNotice = 4
	heightOfHead   = 6
	heightOfBlank  = 18 // a blank line below the head
)

// View implements tea.Model.
func (m *model) View() tea.View {
	lines, cursor := m.screen()
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		l.paint(&b, m.options.Term)
	}
	v := tea.NewView(b.String())
	v.AltScreen = true
	v.Cursor = cursor
	return v
}

// screen is what is shown: as many lines as there is room for, none too long.
func (m *model) screen() ([]line, *tea.Cursor) {
	head, foot := m.headLines(), m.footLines()
	room := max(0, m.height-len(head)-len(foot))
	body := m.body(room)
	for len(body) < room {
		body = append(body, nil)
	}
	lines := append(append(head, body[:room]...), foot...)
	if over := len(lines) - m.height; over > 0 {
		lines = lines[over:] // what is asked is at the end
	}
	for i := range lines {
		lines[i] = lines[i].fit(m.width, m.glyphs)
		if m.glyphs.ascii {
			lines[i] = lines[i].ascii()
		}
	}
	var cursor *tea.Cursor
	if m.panel != nil {
		if x, ok := m.panel.cursor(); ok {
			if y := len(lines) - 2; y >= 0 && x < m.width {
				cursor = tea.NewCursor(x, y)
			}
		}
	}
	return lines, cursor
}

// bodyHeight is how many lines there are between head and foot.
func (m *model) bodyHeight() int { return max(1, m.height-len(m.headLines())-len(m.footLines())) }

// tableHeight is how many processes there is room for.
func (m *model) tableHeight() int {
	_, _, height := m.tableShape(m.bodyHeight())
	return height
}

func (m *model) headLines() []line {
	if m.height < heightOfHead {
		return nil
	}
	var lines []line
	switch m.view {
	case inTable:
		lines = m.head()
	case inDetail:
		lines = m.titleOf(m.detail.id, "", nil)
	case inLogs:
		lines = m.titleOf(m.log.id, "log", m.log.state(m))
	case inHelp:
		lines = []line{of(strong, " What the keys do")}
	}
	if m.height >= heightOfBlank {
		lines = append(lines, nil)
	}
	return lines
}

// titleOf is the first line of what is about one process.
func (m *model) titleOf(id ID, what string, right line) []line {
	l := of(strong, " "+oneLine(id.String()))
	if what != "" {
		l = l.add(faint, "  "+what)
	}
	if r, ok := m.table.find(id); ok {
		l = l.add(plain, "  ").add(toneLook(tell.OfStatus(r.Status)), tell.State(r.ProcessInfo))
		if r.PID != nil && !r.Ready {
			l = l.add(plain, ", ").add(yellow, "not ready")
		}
	}
	if m.stale() {
		right = append(right, append(line{{"  ", plain}}, m.connection()...)...)
	}
	return []line{spread(l, right, m.width-1, m.glyphs)}
}

func (m *model) body(height int) []line {
	switch m.view {
	case inTable:
		return m.tableLines(height)
	case inDetail:
		return m.detailBody(height)
	case inLogs:
		return m.log.body(m, height)
	case inHelp:
		return m.helpBody(height)
	}
	return nil
}

// tableShape is how the table is divided.
func (m *model) tableShape(height int) (list []column, widths []int, rows int) {
	name, pod := 4, 0
	for _, r := range m.table.all {
		name = max(name, textWidth(r.Name)+1)
		if r.Pod != "" {
			pod = max(pod, textWidth(r.Pod)+1)
		}
	}
	list, widths = fitting(m.width-2, name, pod)
	if height > 2 {
		height-- // the titles
	}
	return list, widths, height
}

func (m *model) tableLines(height int) []line {
	list, widths, rows := m.tableShape(height)
	var lines []line
	if height > 2 {
		lines = append(lines, m.titleRow(list, widths))
	}
	for _, r := range m.table.window(rows) {
		lines = append(lines, m.bodyRow(r, list, widths))
	}
	if len(m.table.shown) == 0 {
		lines = append(lines, of(faint, "   "+m.whyEmpty()))
	}
	return lines
}

func (m *model) whyEmpty() string {
	switch {
	case m.refresh.pictures == 0 && m.refresh.why == nil:
		return "asking the manager…"
	case m.refresh.pictures == 0:
		return ""
	case m.table.filter != "":
		return "no process fits the filter; Esc shows all again"
	case len(m.options.Labels) > 0:
		return "no process has these labels; Esc shows all again"
	}
	return "there is no process"
}

// footLines are the last ones: what is asked, or what there is to say and the keys.
func (m *model) footLines() []line {
	if m.panel != nil {
		lines := m.panel.lines(m)
		rule := of(faint, strings.Repeat(m.glyphs.bar, m.width))
		if m.height >= heightOfHead+len(lines) {
			return append([]line{rule}, lines...)
		}
		return lines
	}
	var lines []line
	if m.height >= heightOfNotice {
		lines = append(lines, m.noticeLine())
	}
	if m.height >= heightOfHints {
		lines = append(lines, m.hints())
	}
	return lines
}

// noticeLine is what there is to say; else the note of the selected process, for which
// a narrow table has no room.
func (m *model) noticeLine() line {
	switch {
	case m.refresh.why != nil && (m.notice.text == "" || m.notice.look != red):
		return of(red, " "+oneLine(m.refresh.why.Error()))
	case m.notice.text != "" && m.now.Before(m.notice.till):
		return of(m.notice.look, " "+m.notice.text)
	}
	r, ok := m.table.current()
	if m.view != inTable || !ok {
		return nil
	}
	note := m.noteOf(r)
	if note.text == "" {
		note = span{oneLine(r.Command), faint}
	}
	return line{{" " + oneLine(r.ID().String()) + ": ", faint}, note}
}

// hints are the keys that are used most, as many as there is room for. How to get help
// and how to leave come before all others.
func (m *model) hints() line {
	last := m.hintsOf(commonKeys(), m.width-1)
	return append(m.hintsOf(bindings(m.view), m.width-1-last.width()), last...)
}

func (m *model) hintsOf(list []binding, room int) line {
	var l line
	for _, b := range list {
		key, _, _ := strings.Cut(b.shown, ", ")
		hint := line{{" " + key, strong}, {" " + b.short + " ", faint}}
		if b.short != "" && l.width()+hint.width() <= room && !(m.view == inHelp && b.shown == "?") {
			l = append(l, hint...)
		}
	}
	return l
}

// helpBody lists the keys.
func (m *model) helpBody(height int) []line {
	var lines []line
	for _, section := range Keys() {
		if len(lines) > 0 {
			lines = append(lines, nil)
		}
		lines = append(lines, of(strong|underlined, section.Title).indent())
		for _, k := range section.Keys {
			lines = append(lines, line{{"   " + k.Keys + strings.Repeat(" ", max(1, 14-textWidth(k.Keys))), cyan}, {k.Meaning, plain}})
		}
	}
	m.helpFirst = max(0, min(m.helpFirst, len(lines)-height))
	return lines[m.helpFirst:min(len(lines), m.helpFirst+height)]
}

// indent puts a blank in front.
func (l line) indent() line { return append(of(plain, " "), l...) }

// ascii replaces what a terminal of old cannot show, by as much as it would take.
func (l line) ascii() line {
	out := make(line, len(l))
	for i, s := range l {
		var b strings.Builder
		for _, r := range s.text {
			if r < 0x7F {
				b.WriteRune(r)
				continue
			}
			b.WriteString(strings.Repeat("?", runeWidth(r)))
		}
		out[i] = span{b.String(), s.look}
	}
	return out
}
