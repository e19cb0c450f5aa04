package top

import (
	"context"
	"maps"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Options say what is shown, and how.
type Options struct {
	Source   Source
	Where    string            // what is looked at, in words: an address
	Interval time.Duration     // between two lists when nothing happens
	Labels   map[string]string // only processes with all of these
	Sort     string            // one of [SortWords], "-" in front: the other way round; "": name
	Term     string            // the terminal's type; "": one of today
	Now      func() time.Time  // when ages are counted from at first; nil: time.Now
}

// view is what the screen shows.
type view int

const (
	inTable view = iota
	inDetail
	inLogs
	inHelp
)

// viewNames are the titles of the pages of keys.
var viewNames = [...]string{inTable: "The table", inDetail: "Details", inLogs: "Logs", inHelp: "Help"}

// model is all that is known. Update alone changes it.
type model struct {
	ctx     context.Context // of all that is asked
	options Options
	source  Source
	glyphs  *glyphs

	width, height int
	now           time.Time
	view          view
	before        []view // where Esc leads
	panel         panel  // nil: nothing is asked of the person
	notice        notice

	managers []Manager
	table    table
	pasts    map[ID]*past
	total    past
	refresh  refresh

	detail    detail
	log       logView
	helpFirst int
}

// notice is what the screen has to say.
type notice struct {
	text string
	look look
	till time.Time
}

const (
	noticeStays = 8 * time.Second
	errorStays  = 30 * time.Second
)

func newModel(ctx context.Context, o Options) (*model, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	by, reverse, err := sortOf(o.Sort)
	if err != nil {
		return nil, err
	}
	o.Labels = maps.Clone(o.Labels)
	return &model{
		ctx: ctx, options: o, source: o.Source, glyphs: glyphsFor(o.Term), now: o.Now(),
		width: 80, height: 24, // until the terminal tells
		table: table{sort: by, reverse: reverse}, pasts: map[ID]*past{},
	}, nil
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return tea.Batch(m.ask(), m.hear(), tick()) }

type clockMsg time.Time

// tick moves the clock.
func tick() tea.Cmd {
	return tea.Tick(time.Second, func(t time.Time) tea.Msg { return clockMsg(t) })
}

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return m, m.take(msg) }

func (m *model) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case clockMsg:
		m.now = time.Time(msg)
		return tick()
	case tea.KeyPressMsg:
		return m.keyPressed(msg)
	case tea.PasteMsg:
		if m.panel != nil {
			m.panel.paste(m, msg.Content)
		}
	case pictureMsg:
		return m.pictureTaken(msg)
	case turnMsg:
		return m.turn(msg)
	case newsBegunMsg:
		return m.newsBegun(msg)
	case newsMsg:
		return m.newsHeard(msg)
	case detailMsg:
		m.detailKnown(msg)
	case logsBegunMsg:
		return m.logsBegun(msg)
	case entriesMsg:
		return m.entriesCame(msg)
	case actedMsg:
		return m.acted(msg)
	}
	return nil
}

func (m *model) keyPressed(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	if key == "alt+esc" { // two that came together
		esc := tea.KeyPressMsg{Code: tea.KeyEscape}
		return tea.Batch(m.keyPressed(esc), m.keyPressed(esc))
	}
	if m.panel != nil {
		if key == "ctrl+c" {
			return tea.Quit
		}
		return m.panel.press(m, key, msg.Text)
	}
	if m.notice.look&red == 0 { // a key has been pressed: it was read
		m.notice = notice{}
	}
	return m.press(key)
}

// say shows a line for a while.
func (m *model) say(text string) { m.notice = notice{oneLine(text), plain, m.now.Add(noticeStays)} }

// complain shows an error for a while.
func (m *model) complain(text string) {
	m.notice = notice{oneLine(text), red, m.now.Add(errorStays)}
}

// open shows another view.
func (m *model) open(v view) {
	m.before = append(m.before, m.view)
	m.view = v
}

// back shows the view that was there before.
func (m *model) back() tea.Cmd {
	var leave tea.Cmd
	if m.view == inLogs {
		leave = m.log.close()
	}
	if n := len(m.before); n > 0 {
		m.view, m.before = m.before[n-1], m.before[:n-1]
	}
	return leave
}

func (m *model) openHelp() tea.Cmd {
	m.helpFirst = 0
	m.open(inHelp)
	return nil
}

// target is the process that keys act on.
func (m *model) target() (Row, bool) {
	if m.view == inDetail {
		return m.table.find(m.detail.id)
	}
	return m.table.current()
}

type actedMsg struct {
	action Action
	err    error
}

// act does what was agreed to.
func (m *model) act(a Action) tea.Cmd {
	m.say(a.doing())
	m.notice.till = m.now.Add(time.Hour)
	return func() tea.Msg { return actedMsg{a, m.source.Act(m.ctx, a)} }
}

func (m *model) acted(msg actedMsg) tea.Cmd {
	if msg.err != nil {
		m.complain(msg.err.Error())
		return nil
	}
	m.say(msg.action.done())
	return m.soon()
}
