package top

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// binding is one thing that keys do.
type binding struct {
	keys  []string // as bubbletea names them
	shown string   // as a person reads them
	what  string
	short string // for the last line of the screen; "": not there
	do    func(m *model) tea.Cmd
}

// Section is what the keys do in one view, for the pages that list them.
type Section struct {
	Title string
	Keys  []Key
}

// Key is a key, or several that do the same.
type Key struct{ Keys, Meaning string }

// Keys are all keys, view by view.
func Keys() []Section {
	var out []Section
	for _, v := range []view{inTable, inDetail, inLogs} {
		s := Section{Title: viewNames[v]}
		for _, b := range bindings(v) {
			s.Keys = append(s.Keys, Key{b.shown, b.what})
		}
		out = append(out, s)
	}
	everywhere := Section{Title: "Everywhere"}
	for _, b := range commonKeys() {
		everywhere.Keys = append(everywhere.Keys, Key{b.shown, b.what})
	}
	return append(out, everywhere)
}

// bindings are the keys of a view, without the common ones.
func bindings(v view) []binding {
	switch v {
	case inTable:
		return slices.Concat(tableKeys(), actKeys())
	case inDetail:
		return slices.Concat(detailKeys(), actKeys())
	case inLogs:
		return logKeys()
	case inHelp:
		return helpKeys()
	}
	return nil
}

// press does what a key means in the view that is open.
func (m *model) press(key string) tea.Cmd {
	for _, b := range slices.Concat(bindings(m.view), commonKeys()) {
		if slices.Contains(b.keys, key) {
			return b.do(m)
		}
	}
	return nil
}

// nothing makes a binding of what needs no command.
func nothing(f func(m *model)) func(m *model) tea.Cmd {
	return func(m *model) tea.Cmd { f(m); return nil }
}

func commonKeys() []binding {
	return []binding{
		{[]string{"?", "f1"}, "?", "what the keys do", "help", (*model).openHelp},
		{[]string{"q", "ctrl+c"}, "q, Ctrl-C", "leave", "quit", func(*model) tea.Cmd { return tea.Quit }},
		{[]string{"ctrl+l"}, "Ctrl-L", "draw the screen anew", "", func(*model) tea.Cmd { return tea.ClearScreen }},
	}
}

func tableKeys() []binding {
	list := []binding{
		{[]string{"up", "k"}, "↑, k", "the process above", "", nothing(func(m *model) { m.table.choose(m.table.at - 1) })},
		{[]string{"down", "j"}, "↓, j", "the process below", "", nothing(func(m *model) { m.table.choose(m.table.at + 1) })},
		{[]string{"pgup", "ctrl+b"}, "PgUp, Ctrl-B", "a page up", "", nothing(func(m *model) { m.table.choose(m.table.at - m.tableHeight()) })},
		{[]string{"pgdown", "ctrl+f"}, "PgDn, Ctrl-F", "a page down", "", nothing(func(m *model) { m.table.choose(m.table.at + m.tableHeight()) })},
		{[]string{"home", "g"}, "Home, g", "the first process", "", nothing(func(m *model) { m.table.choose(0) })},
		{[]string{"end", "G"}, "End, G", "the last process", "", nothing(func(m *model) { m.table.choose(len(m.table.shown)) })},
		{[]string{"enter"}, "Enter", "everything about the process", "details", (*model).openDetail},
		{[]string{"l"}, "l", "its log, live", "logs", (*model).openLogs},
		{[]string{"/"}, "/", "only processes that hold these words: in the name, state, command, labels or note", "filter", (*model).askFilter},
		{[]string{"L"}, "L", "only processes with these labels", "", (*model).askLabels},
		{[]string{"esc"}, "Esc", "show all again", "", (*model).clearFilters},
		{[]string{"<", ","}, "<", "sort by the column to the left", "", nothing(func(m *model) { m.sortNext(-1) })},
		{[]string{">", "."}, ">", "sort by the column to the right", "", nothing(func(m *model) { m.sortNext(+1) })},
		{[]string{"I"}, "I", "the other way round", "", nothing(func(m *model) { m.table.sortBy(m.table.sort, m.now) })},
	}
	for _, s := range []struct {
		key string
		by  column
	}{{"N", byName}, {"S", byStatus}, {"Y", byReady}, {"C", byCPU}, {"M", byMemory}, {"R", byRestarts}, {"U", byTime}, {"P", byPID}} {
		list = append(list, binding{[]string{s.key}, s.key, "sort by " + columns[s.by].word + "; once more: the other way round", "", nothing(func(m *model) { m.table.sortBy(s.by, m.now) })})
	}
	return list
}

// actKeys change the selected process, after a question.
func actKeys() []binding {
	ask := func(v Verb) func(m *model) tea.Cmd { return func(m *model) tea.Cmd { return m.askAct(v) } }
	return []binding{
		{[]string{"s"}, "s", "start it", "start", ask(Start)},
		{[]string{"x"}, "x", "stop it", "stop", ask(Stop)},
		{[]string{"r"}, "r", "restart it", "restart", ask(Restart)},
		{[]string{"t"}, "t", "run it now, beside its schedule", "run now", ask(Trigger)},
		{[]string{"K"}, "K", "send it a signal", "signal", (*model).askSignal},
		{[]string{"p"}, "p", "make its probes once, now", "probe", ask(Probe)},
		{[]string{"D"}, "D", "stop it and forget it", "delete", ask(Delete)},
	}
}

func detailKeys() []binding {
	return []binding{
		{[]string{"up", "k"}, "↑, k", "a line up", "", nothing(func(m *model) { m.detail.scroll(-1) })},
		{[]string{"down", "j"}, "↓, j", "a line down", "", nothing(func(m *model) { m.detail.scroll(+1) })},
		{[]string{"pgup", "ctrl+b"}, "PgUp, Ctrl-B", "a page up", "", nothing(func(m *model) { m.detail.scroll(-m.bodyHeight()) })},
		{[]string{"pgdown", "space", "ctrl+f"}, "PgDn, Space", "a page down", "", nothing(func(m *model) { m.detail.scroll(m.bodyHeight()) })},
		{[]string{"home", "g"}, "Home, g", "to the top", "", nothing(func(m *model) { m.detail.first = 0 })},
		{[]string{"end", "G"}, "End, G", "to the end", "", nothing(func(m *model) { m.detail.first = 1 << 20 })},
		{[]string{"l"}, "l", "its log, live", "logs", (*model).openLogs},
		{[]string{"esc", "backspace", "enter"}, "Esc", "back", "back", (*model).back},
	}
}

func logKeys() []binding {
	return []binding{
		{[]string{"up", "k"}, "↑, k", "a line up; what is new waits below", "", nothing(func(m *model) { m.log.scroll(m, -1) })},
		{[]string{"down", "j"}, "↓, j", "a line down", "", nothing(func(m *model) { m.log.scroll(m, +1) })},
		{[]string{"pgup", "ctrl+b"}, "PgUp, Ctrl-B", "a page up", "", nothing(func(m *model) { m.log.scroll(m, -m.bodyHeight()) })},
		{[]string{"pgdown", "ctrl+f"}, "PgDn, Ctrl-F", "a page down", "", nothing(func(m *model) { m.log.scroll(m, m.bodyHeight()) })},
		{[]string{"home", "g"}, "Home, g", "to the oldest line", "", nothing(func(m *model) { m.log.scroll(m, -1<<20) })},
		{[]string{"end", "G", "f"}, "End, G, f", "to the newest line, and follow", "follow", nothing(func(m *model) { m.log.follow() })},
		{[]string{"space", "p"}, "Space, p", "pause, and go on", "pause", nothing(func(m *model) { m.log.pause() })},
		{[]string{"left"}, "←", "to the left", "", nothing(func(m *model) { m.log.shift(-m.width / 2) })},
		{[]string{"right"}, "→", "to the right, of lines that are too long", "", nothing(func(m *model) { m.log.shift(m.width / 2) })},
		{[]string{"w"}, "w", "break lines that are too long, or cut them", "wrap", nothing(func(m *model) { m.log.wrap = !m.log.wrap })},
		{[]string{"/"}, "/", "search, whatever the case", "search", (*model).askSearch},
		{[]string{"n"}, "n", "the match before", "", nothing(func(m *model) { m.log.jump(m, -1) })},
		{[]string{"N"}, "N", "the match behind", "", nothing(func(m *model) { m.log.jump(m, +1) })},
		{[]string{"o"}, "o", "both streams, stdout, stderr", "stream", nothing(func(m *model) { m.log.nextStream() })},
		{[]string{"T"}, "T", "with or without the time", "time", nothing(func(m *model) { m.log.times = !m.log.times })},
		{[]string{"esc", "backspace"}, "Esc", "back", "back", (*model).back},
	}
}

func helpKeys() []binding {
	return []binding{
		{[]string{"up", "k"}, "↑, k", "a line up", "", nothing(func(m *model) { m.helpFirst-- })},
		{[]string{"down", "j"}, "↓, j", "a line down", "scroll", nothing(func(m *model) { m.helpFirst++ })},
		{[]string{"pgup", "ctrl+b"}, "PgUp", "a page up", "", nothing(func(m *model) { m.helpFirst -= m.bodyHeight() })},
		{[]string{"pgdown", "space", "ctrl+f"}, "PgDn", "a page down", "", nothing(func(m *model) { m.helpFirst += m.bodyHeight() })},
		{[]string{"esc", "?", "f1", "backspace", "enter"}, "Esc", "back", "back", (*model).back},
	}
}
