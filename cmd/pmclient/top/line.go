package top

import (
	"strings"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
)

// A look is how a text is painted: colours, in shades that can be read on dark and on light
// ([tell.Shade]), and the attributes that every terminal has.
type look uint16

const (
	strong look = 1 << iota
	faint
	underlined
	reversed
	red
	green
	yellow
	cyan
	plain look = 0
)

// sgr are the parameters of ECMA-48's SGR.
var sgr = [...]struct {
	look  look
	param string
}{{strong, "1"}, {faint, "2"}, {underlined, "4"}, {reversed, "7"}, {red, "31"}, {green, "32"}, {yellow, "33"}, {cyan, "36"}}

// toneLook shows how much something wants to be looked at.
func toneLook(t tell.Tone) look {
	switch t {
	case tell.Plain:
		return plain
	case tell.Good:
		return green
	case tell.Uneasy:
		return yellow
	case tell.Bad:
		return red
	}
	return plain
}

// span is a text in one look. It has nothing that a terminal would act on.
type span struct {
	text string
	look look
}

// line is one line of the screen.
type line []span

// of makes a line of one look.
func of(look look, text string) line { return line{{text, look}} }

// add appends a text.
func (l line) add(look look, text string) line { return append(l, span{text, look}) }

func (l line) width() int {
	n := 0
	for _, s := range l {
		n += textWidth(s.text)
	}
	return n
}

// fit cuts a line to so many columns; its end shows that it was cut.
func (l line) fit(columns int, g *glyphs) line {
	if l.width() <= columns {
		return l
	}
	room := columns - 1 // of the mark
	var out line
	for _, s := range l {
		text := cut(s.text, 0, max(room, 0))
		room -= textWidth(text)
		if text != "" {
			out = append(out, span{text, s.look})
		}
		if len(text) < len(s.text) {
			break
		}
	}
	if columns > 0 {
		out = append(out, span{g.cut, faint})
	}
	return out
}

// fill makes a line exactly so wide.
func (l line) fill(columns int, g *glyphs) line {
	l = l.fit(columns, g)
	if left := columns - l.width(); left > 0 {
		return append(l, span{strings.Repeat(" ", left), plain})
	}
	return l
}

// only leaves no look but one.
func (l line) only(look look) line {
	out := make(line, len(l))
	for i, s := range l {
		out[i] = span{s.text, look}
	}
	return out
}

// spread puts a second line at the right end. Where there is not enough room for both the
// first one is cut.
func spread(left, right line, columns int, g *glyphs) line {
	if len(right) == 0 {
		return left.fit(columns, g)
	}
	right = right.fit(columns*2/3, g)
	room := max(0, columns-right.width()-2)
	return append(left.fill(room, g).add(plain, "  "), right...)
}

// String is the text alone.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return b.String()
}

// paint writes a line with its looks, for a terminal of a type.
func (l line) paint(b *strings.Builder, term string) {
	for _, s := range l {
		if s.look == plain || s.text == "" {
			b.WriteString(s.text)
			continue
		}
		b.WriteString("\x1b[0") // 0: from the beginning
		for _, attribute := range sgr {
			if s.look&attribute.look != 0 {
				b.WriteString(";" + tell.Shade(attribute.param, term))
			}
		}
		b.WriteByte('m')
		b.WriteString(s.text)
		b.WriteString("\x1b[0m")
	}
}

// glyphs are the characters that not every terminal has.
type glyphs struct {
	spark     []string // from the lowest to the highest
	cut       string   // something is missing here
	up, down  string   // sorted
	dot       string   // the connection
	bar       string   // a rule
	mark      string   // the selected one
	branch    string   // one of a tree
	ascii     bool
	separator string
}

// glyphsFor chooses by what the environment says: the console of Linux and the terminals
// of DEC have no block elements. What says nothing is taken for a terminal of today.
func glyphsFor(term string) *glyphs {
	if term == "linux" || strings.HasPrefix(term, "vt") || term == "ansi" {
		return &glyphs{spark: []string{"_", ".", "-", "=", "+", "*", "%", "#"}, cut: "~", up: "^", down: "v", dot: "*", bar: "-", mark: ">", branch: "`- ", ascii: true, separator: " | "}
	}
	return &glyphs{spark: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, cut: "…", up: "▲", down: "▼", dot: "●", bar: "─", mark: "›", branch: "└ ", separator: " · "}
}
