package top

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/processmanager/processmanager/supervisor"
)

// panel is what is asked of the person. It has the keyboard while it is there.
type panel interface {
	press(m *model, key, text string) tea.Cmd
	paste(m *model, text string)
	lines(m *model) []line
	cursor() (column int, ok bool) // in its last line but one
}

// confirm asks for a yes.
type confirm struct{ action Action }

func (m *model) askAct(v Verb) tea.Cmd {
	if r, ok := m.target(); ok {
		m.panel = &confirm{Action{Verb: v, ID: r.ID()}}
	}
	return nil
}

func (c *confirm) press(m *model, key, _ string) tea.Cmd {
	switch key {
	case "y", "Y":
		m.panel = nil
		return m.act(c.action)
	case "n", "N", "esc", "q":
		m.panel = nil
		m.say("nothing was done")
	}
	return nil
}

func (c *confirm) paste(*model, string) {}

func (c *confirm) cursor() (int, bool) { return 0, false }

func (c *confirm) lines(m *model) []line {
	effect := "It is not there any more."
	if r, ok := m.table.find(c.action.ID); ok {
		effect = c.action.effect(r.ProcessInfo)
	}
	lines := []line{of(strong, " "+oneLine(c.action.question()))}
	for _, text := range wrapped(effect, m.width-2) {
		lines = append(lines, of(plain, " "+text))
	}
	return append(lines, line{{" ", plain}, {"y", strong}, {" yes   ", plain}, {"n", strong}, {" no", plain}})
}

// entry asks for a text.
type entry struct {
	label string
	text  []rune
	at    int // where the next character goes
	live  func(m *model, text string)
	done  func(m *model, text string) tea.Cmd
	leave func(m *model)
}

const maxEntry = 500 // characters

func (m *model) askText(e *entry, text string) tea.Cmd {
	e.text = []rune(text)
	e.at = len(e.text)
	m.panel = e
	return nil
}

func (e *entry) press(m *model, key, text string) tea.Cmd {
	switch key {
	case "enter":
		m.panel = nil
		return e.done(m, string(e.text))
	case "esc":
		m.panel = nil
		if e.leave != nil {
			e.leave(m)
		}
		return nil
	case "left":
		e.at = max(0, e.at-1)
	case "right":
		e.at = min(len(e.text), e.at+1)
	case "home", "ctrl+a":
		e.at = 0
	case "end", "ctrl+e":
		e.at = len(e.text)
	case "backspace", "ctrl+h":
		if e.at > 0 {
			e.text = slices.Delete(e.text, e.at-1, e.at)
			e.at--
		}
	case "delete":
		if e.at < len(e.text) {
			e.text = slices.Delete(e.text, e.at, e.at+1)
		}
	case "ctrl+u":
		e.text = slices.Delete(e.text, 0, e.at)
		e.at = 0
	default:
		e.insert(text)
	}
	if e.live != nil {
		e.live(m, string(e.text))
	}
	return nil
}

func (e *entry) insert(text string) {
	for _, r := range oneLine(text) {
		if len(e.text) < maxEntry && runeWidth(r) > 0 {
			e.text = slices.Insert(e.text, e.at, r)
			e.at++
		}
	}
}

func (e *entry) paste(m *model, text string) {
	e.insert(strings.TrimRight(text, "\r\n"))
	if e.live != nil {
		e.live(m, string(e.text))
	}
}

func (e *entry) cursor() (int, bool) {
	return 1 + textWidth(e.label) + 1 + textWidth(string(e.text[:e.at])), true
}

func (e *entry) lines(*model) []line {
	return []line{
		{{" " + e.label + " ", strong}, {string(e.text), plain}},
		{{" ", plain}, {"Enter", strong}, {" take it   ", plain}, {"Esc", strong}, {" leave it", plain}},
	}
}

func (m *model) askFilter() tea.Cmd {
	before := m.table.filter
	set := func(m *model, text string) { m.table.filter = text; m.table.order(m.now) }
	return m.askText(&entry{
		label: "Filter:", live: set,
		done:  func(m *model, text string) tea.Cmd { set(m, strings.TrimSpace(text)); return nil },
		leave: func(m *model) { set(m, before) },
	}, before)
}

func (m *model) askLabels() tea.Cmd {
	return m.askText(&entry{label: "Labels (KEY=VALUE,…):", done: func(m *model, text string) tea.Cmd {
		labels, err := ParseLabels(text)
		if err != nil {
			m.complain(err.Error())
			return nil
		}
		m.options.Labels = labels
		return m.soon()
	}}, labelText(m.options.Labels))
}

func (m *model) clearFilters() tea.Cmd {
	m.table.filter = ""
	m.table.order(m.now)
	if len(m.options.Labels) == 0 {
		return nil
	}
	m.options.Labels = nil
	return m.soon()
}

// ParseLabels reads KEY=VALUE,… with each key once.
func ParseLabels(text string) (map[string]string, error) {
	var labels map[string]string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		if _, twice := labels[key]; !ok || key == "" || twice {
			return nil, fmt.Errorf("cannot use the labels %q: want KEY=VALUE,… with each key once", text)
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = value
	}
	return labels, nil
}

func labelText(labels map[string]string) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, k+"="+labels[k])
	}
	return strings.Join(list, ",")
}

// signalChoice asks which signal.
type signalChoice struct {
	id    ID
	at    int
	typed string // a name that is being typed
}

func (m *model) askSignal() tea.Cmd {
	if r, ok := m.target(); ok {
		m.panel = &signalChoice{id: r.ID()}
	}
	return nil
}

func (s *signalChoice) press(m *model, key, text string) tea.Cmd {
	list := signals()
	switch key {
	case "left", "up", "shift+tab":
		s.at, s.typed = (s.at+len(list)-1)%len(list), ""
	case "right", "down", "tab", "space":
		s.at, s.typed = (s.at+1)%len(list), ""
	case "esc":
		m.panel = nil
		m.say("nothing was done")
	case "backspace":
		s.typed = s.typed[:max(0, len(s.typed)-1)]
	case "enter":
		signal, err := supervisor.ParseSignal(s.typed)
		if s.typed == "" || err != nil && strings.HasPrefix(list[s.at], s.short()) {
			signal, err = supervisor.ParseSignal(list[s.at])
		}
		if err != nil {
			m.complain(err.Error())
			return nil
		}
		m.panel = &confirm{Action{Verb: Signal, ID: s.id, Signal: signal.String()}}
	default:
		s.paste(m, text)
	}
	return nil
}

// paste takes a name or a number, and chooses the first that begins with it.
func (s *signalChoice) paste(_ *model, text string) {
	for _, r := range strings.ToUpper(text) {
		if r > ' ' && r < 0x7F && len(s.typed) < 16 {
			s.typed += string(r)
		}
	}
	if i := slices.IndexFunc(signals(), func(name string) bool { return strings.HasPrefix(name, s.short()) }); i >= 0 && s.short() != "" {
		s.at = i
	}
}

func (s *signalChoice) short() string { return strings.TrimPrefix(s.typed, "SIG") }

func (s *signalChoice) cursor() (int, bool) { return 0, false }

func (s *signalChoice) lines(*model) []line {
	head := of(strong, fmt.Sprintf(" Signal for %q: ", s.id)).add(plain, s.typed)
	choice := of(plain, " ")
	for i, name := range signals() {
		look := plain
		if i == s.at {
			look = reversed | strong
		}
		choice = choice.add(look, " "+name+" ")
	}
	return []line{
		head, choice,
		{{" ", plain}, {"← →", strong}, {" choose, or type a name or number   ", plain}, {"Enter", strong}, {" take it   ", plain}, {"Esc", strong}, {" leave it", plain}},
	}
}
