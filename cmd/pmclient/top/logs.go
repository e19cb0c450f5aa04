package top

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	logBegin    = 1000    // lines that are asked for at first
	logMaxLines = 20000   // that are kept
	logMaxBytes = 8 << 20 // likewise
)

// logView is the log of one process, as it is written.
type logView struct {
	id     ID
	turn   int // number of the log; what belongs to one before it is late
	feed   Logs
	cancel context.CancelFunc
	ended  bool

	lines []logLine
	bytes int
	shown []int // indexes of those that the filter lets through

	end    int  // index behind the lowest one on the screen
	below  int  // of its rows, those that are below the screen
	paused bool // what is new does not move the screen
	wrap   bool
	times  bool
	from   int // column on the left
	stream supervisor.Stream
	search string
	run    uint64 // of the last line
}

// logLine is one line, or a remark.
type logLine struct{ Entry }

type (
	logsBegunMsg struct {
		turn int
		feed Logs
		err  error
	}
	entriesMsg struct {
		turn    int
		entries []Entry
		err     error
	}
)

func (m *model) openLogs() tea.Cmd {
	r, ok := m.target()
	if !ok {
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.log = logView{id: r.ID(), turn: m.log.turn + 1, cancel: cancel, times: m.log.times, wrap: m.log.wrap}
	m.open(inLogs)
	turn, id := m.log.turn, m.log.id
	return func() tea.Msg {
		feed, err := m.source.Logs(ctx, id, logBegin)
		return logsBegunMsg{turn, feed, err}
	}
}

// close ends it.
func (l *logView) close() tea.Cmd {
	l.turn++
	l.cancel()
	feed := l.feed
	l.feed = nil
	return closing(feed)
}

func closing(feed Logs) tea.Cmd {
	if feed == nil {
		return nil
	}
	return func() tea.Msg { feed.Close(); return nil }
}

func (m *model) logsBegun(msg logsBegunMsg) tea.Cmd {
	switch {
	case msg.turn != m.log.turn:
		return closing(msg.feed)
	case msg.err != nil:
		m.log.finish(msg.err)
		return nil
	}
	m.log.feed = msg.feed
	return m.nextEntries()
}

// nextEntries waits for lines.
func (m *model) nextEntries() tea.Cmd {
	feed, turn := m.log.feed, m.log.turn
	return func() tea.Msg {
		entries, err := feed.Next(m.ctx)
		return entriesMsg{turn, entries, err}
	}
}

func (m *model) entriesCame(msg entriesMsg) tea.Cmd {
	switch {
	case msg.turn != m.log.turn:
		return nil
	case msg.err != nil:
		m.log.finish(msg.err)
		return nil
	}
	m.log.add(msg.entries)
	return m.nextEntries()
}

// finish says why there will be no more.
func (l *logView) finish(err error) {
	l.ended = true
	text := err.Error()
	if errors.Is(err, supervisor.ErrNotFound) {
		text = "the process is deleted"
	}
	l.add([]Entry{{Remark: text}})
}

// add takes new lines. Those that there is no room for go at the other end.
func (l *logView) add(entries []Entry) {
	follows := !l.paused
	for _, e := range entries {
		if e.Remark == "" {
			if l.run != 0 && e.Run != l.run {
				l.push(Entry{Remark: fmt.Sprintf("run %d", e.Run)})
			}
			l.run = e.Run
		}
		l.push(e)
	}
	if len(l.lines) > logMaxLines || l.bytes > logMaxBytes {
		l.drop()
	}
	if follows {
		l.follow()
	}
}

func (l *logView) push(e Entry) {
	l.lines = append(l.lines, logLine{e})
	l.bytes += len(e.Msg)
	if l.lets(l.lines[len(l.lines)-1]) {
		l.shown = append(l.shown, len(l.lines)-1)
	}
}

// drop forgets the oldest quarter, or more where lines are long.
func (l *logView) drop() {
	n := 0
	for ; n < len(l.lines)-1 && (len(l.lines)-n > logMaxLines*3/4 || l.bytes > logMaxBytes*3/4); n++ {
		l.bytes -= len(l.lines[n].Msg)
	}
	gone, _ := slices.BinarySearch(l.shown, n)
	l.lines = slices.Clone(l.lines[n:])
	l.end = max(0, l.end-gone)
	l.refilter()
}

// refilter finds the shown lines anew.
func (l *logView) refilter() {
	l.shown = l.shown[:0]
	for i, line := range l.lines {
		if l.lets(line) {
			l.shown = append(l.shown, i)
		}
	}
	l.end = min(l.end, len(l.shown))
}

func (l *logView) lets(line logLine) bool {
	return line.Remark != "" || l.stream == "" || line.Stream == l.stream
}

func (l *logView) nextStream() {
	switch l.stream {
	case "":
		l.stream = supervisor.Stdout
	case supervisor.Stdout:
		l.stream = supervisor.Stderr
	case supervisor.Stderr:
		l.stream = ""
	}
	l.refilter()
	l.follow()
}

// follow goes to the end and stays there.
func (l *logView) follow() { l.paused, l.end, l.below = false, len(l.shown), 0 }

func (l *logView) pause() {
	if l.paused {
		l.follow()
		return
	}
	l.paused = true
}

func (l *logView) shift(columns int) {
	if !l.wrap {
		l.from = max(0, l.from+columns)
	}
}

// rows are those that a line takes on a screen of some width.
func (l *logView) rows(i, width int) int {
	if !l.wrap {
		return 1
	}
	line := l.lines[l.shown[i]]
	room := max(1, width-line.head(l.times).width())
	return max(1, (textWidth(line.text())+room-1)/room)
}

// scroll moves the screen over the lines.
func (l *logView) scroll(m *model, rows int) {
	height := m.bodyHeight()
	l.paused = true
	for ; rows < 0 && l.above(height, m.width); rows++ {
		if l.below++; l.end > 0 && l.below >= l.rows(l.end-1, m.width) {
			l.end, l.below = l.end-1, 0
		}
	}
	for ; rows > 0; rows-- {
		switch {
		case l.below > 0:
			l.below--
		case l.end < len(l.shown):
			l.end++
			l.below = l.rows(l.end-1, m.width) - 1
		default:
			l.follow() // at the end one wants to see what comes
			return
		}
	}
}

// above tells whether there is something above a screen of some height.
func (l *logView) above(height, width int) bool {
	need := height + l.below + 1
	for i := l.end - 1; i >= 0; i-- {
		if need -= l.rows(i, width); need <= 0 {
			return true
		}
	}
	return false
}

func (m *model) askSearch() tea.Cmd {
	return m.askText(&entry{label: "Search:", done: func(m *model, text string) tea.Cmd {
		m.log.search = strings.ToLower(text)
		if text != "" {
			m.log.find(m, m.log.end-1, -1)
		}
		return nil
	}}, "")
}

// jump goes to the next match above or below the lowest line on the screen.
func (l *logView) jump(m *model, direction int) {
	if l.search == "" {
		m.say("there is nothing to search for: / asks for it")
		return
	}
	l.find(m, l.end-1+direction, direction)
}

// find makes the first match from a line on the lowest one on the screen.
func (l *logView) find(m *model, from, direction int) {
	for i := from; i >= 0 && i < len(l.shown); i += direction {
		if strings.Contains(strings.ToLower(l.lines[l.shown[i]].text()), l.search) {
			l.paused, l.end, l.below = true, i+1, 0
			return
		}
	}
	m.say("no more matches for " + l.search)
}

// state is what is said in the title.
func (l *logView) state(m *model) line {
	var out line
	if l.stream != "" {
		out = out.add(cyan, "only "+string(l.stream)).add(plain, "  ")
	}
	if l.search != "" {
		out = out.add(faint, "search ").add(cyan, oneLine(l.search)).add(plain, "  ")
	}
	switch news := len(l.shown) - l.end; {
	case l.ended:
		return out.add(faint, "ended")
	case l.feed == nil:
		return out.add(faint, "asking the manager…")
	case l.paused && news > 0:
		return out.add(yellow, fmt.Sprintf("paused, %d more below", news))
	case l.paused:
		return out.add(yellow, "paused")
	}
	return out.add(green, m.glyphs.dot).add(plain, " following")
}

// text is what is written in the line.
func (e logLine) text() string {
	if e.Remark != "" {
		return oneLine(e.Remark)
	}
	return oneLine(e.Msg)
}

// head is what stands in front of it.
func (e logLine) head(times bool) line {
	if e.Remark != "" {
		return of(faint, "  -- ")
	}
	l := of(plain, " ")
	if times {
		l = l.add(faint, e.Time.UTC().Format("15:04:05.000")+" ")
	}
	if e.Stream == supervisor.Stderr {
		return l.add(red, "e ")
	}
	return l.add(plain, "  ")
}

// body are the rows that fit, the newest at the bottom.
func (l *logView) body(m *model, height int) []line {
	var out []line
	skip := l.below
	for i := l.end - 1; i >= 0 && len(out) < height; i-- {
		rows := l.painted(l.lines[l.shown[i]], m.width)
		rows = rows[:max(0, len(rows)-skip)]
		skip = 0
		for j := len(rows) - 1; j >= 0 && len(out) < height; j-- {
			out = append(out, rows[j])
		}
	}
	slices.Reverse(out)
	return out
}

// painted are the rows of one line.
func (l *logView) painted(e logLine, width int) []line {
	head, look := e.head(l.times), plain
	if e.Remark != "" {
		look = faint
	}
	text := e.text()
	room := max(1, width-head.width())
	if !l.wrap {
		if l.from > 0 && e.Remark == "" {
			text = cut(text, l.from, 1<<30)
		}
		return []line{append(head, l.marked(text, look)...)}
	}
	rows := []line{append(head, l.marked(cut(text, 0, room), look)...)}
	blank := of(plain, strings.Repeat(" ", head.width()))
	for from := room; from < textWidth(text); from += room {
		rows = append(rows, append(slices.Clone(blank), l.marked(cut(text, from, room), look)...))
	}
	return rows
}

// marked shows what is searched for.
func (l *logView) marked(text string, look look) line {
	var out line
	if l.search == "" {
		return of(look, text)
	}
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return of(look, text) // letters of another length: there is no telling where
	}
	for {
		i := strings.Index(lower, l.search)
		if i < 0 {
			return out.add(look, text)
		}
		out = out.add(look, text[:i]).add(reversed, text[i:i+len(l.search)])
		text, lower = text[i+len(l.search):], lower[i+len(l.search):]
	}
}
