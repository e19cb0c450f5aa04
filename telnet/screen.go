package telnet

import (
	"strconv"

	"github.com/processmanager/processmanager/supervisor/display"
)

// spot is a place on the terminal, counted from where the line begins.
type spot struct{ row, column int }

// mark is an offset of the line and the spot where it is shown.
type mark struct {
	offset int
	spot
}

// screen knows what the terminal shows of the line that is being typed, and writes the
// least that makes it show the line as it is now. Its output is text of a terminal
// with the line ends of [appendNVT]: "\n" goes to the beginning of the next row, "\r"
// to that of this one. Beside BS it uses CUU, CUD, CUF, CUB, EL and ED of ECMA-48, and those
// only when something is changed in front of the end.
//
// A character that reaches the right margin leaves the cursor there until the next one
// comes (as on a VT100); the screen never lets the cursor stay in that state.
type screen struct {
	columns int
	prompt  string

	begun  bool // the prompt has been written
	cursor mark
	end    mark
}

const bell = "\a"

// start is the spot behind the prompt.
func (s *screen) start() mark { return mark{0, spot{0, display.Width(s.prompt)}} }

// step moves behind one character.
func (s *screen) step(at mark, g glyph) mark {
	at.offset += g.size
	if g.newline {
		at.row, at.column = at.row+1, 0
		return at
	}
	if at.column+g.width > s.columns {
		at.row, at.column = at.row+1, 0
	}
	at.column += g.width
	if at.column >= s.columns {
		at.row, at.column = at.row+1, 0
	}
	return at
}

// find returns the mark of an offset; from is a mark in front of it.
func (s *screen) find(line []byte, from mark, offset int) mark {
	for from.offset < offset {
		from = s.step(from, firstGlyph(line[from.offset:]))
	}
	return from
}

// nearest returns the last known mark that is not behind an offset, and is still true
// when nothing in front of dirty has changed.
func (s *screen) nearest(offset, dirty int) mark {
	best := s.start()
	for _, m := range []mark{s.cursor, s.end} {
		if m.offset <= min(offset, dirty) && m.offset > best.offset {
			best = m
		}
	}
	return best
}

// draw appends what makes the terminal show the line and the cursor of e.
func (s *screen) draw(out []byte, e *editor) []byte {
	if !s.begun {
		if s.prompt == "" && len(e.buf) == 0 {
			return out
		}
		out = append(out, s.prompt...)
		s.begun, s.cursor, s.end, e.dirty = true, s.start(), s.start(), 0
	}
	if was := s.end; e.dirty < max(was.offset, len(e.buf)) {
		dirty := e.glyphAt(e.dirty)
		at := s.find(e.buf, s.nearest(dirty, dirty), dirty)
		out = move(out, s.cursor.spot, at.spot)
		out, at = s.write(out, e.buf, at, was.offset > at.offset)
		out = clearBehind(out, at.spot, was.spot)
		s.cursor, s.end = at, at
	}
	e.dirty = len(e.buf)
	if s.cursor.offset != e.cur {
		at := s.find(e.buf, s.nearest(e.cur, e.cur), e.cur)
		out = move(out, s.cursor.spot, at.spot)
		s.cursor = at
	}
	return out
}

// write appends the line from a mark on; over says that there may be something that it
// is written over.
func (s *screen) write(out, line []byte, at mark, over bool) ([]byte, mark) {
	margin := false // the last character reached it
	// Behind the margin a blank makes the terminal go on in the next row.
	leave := func() {
		if margin {
			out = append(out, ' ', '\r')
		}
	}
	for at.offset < len(line) {
		g := firstGlyph(line[at.offset:])
		switch {
		case g.newline:
			leave()
			if over {
				out = append(out, csi+"K"...)
			}
			out = append(out, '\n')
		case at.column+g.width > s.columns: // a wide one in the last column
			out = append(append(out, ' '), g.shown...)
		default:
			out = append(out, g.shown...)
		}
		was := at.row
		at = s.step(at, g)
		if g.width > 0 || g.newline {
			margin = !g.newline && at.row > was && at.column == 0
		}
	}
	leave()
	return out, at
}

// erase takes the line off the terminal and leaves the cursor where it began.
func (s *screen) erase(out []byte, e *editor) []byte {
	if s.begun {
		out = move(out, s.cursor.spot, spot{})
		out = append(out, csi+"J"...)
	}
	s.reset(e)
	return out
}

// leave goes to the line behind the one that is shown.
func (s *screen) leave(out []byte, e *editor) []byte {
	out = s.draw(out, e)
	out = move(out, s.cursor.spot, s.end.spot)
	s.reset(e)
	return append(out, '\n')
}

// reset notes that nothing is shown.
func (s *screen) reset(e *editor) {
	s.begun, s.cursor, s.end = false, mark{}, mark{}
	e.dirty = 0
}

// resize takes a new width, and draws the line anew. Most terminals break long lines
// anew themselves when they are resized; on the others the old rows stay above.
func (s *screen) resize(out []byte, e *editor, columns int) []byte {
	if !s.begun || s.columns == columns {
		s.columns = columns
		return out
	}
	out = s.draw(out, e)
	s.columns = columns
	s.cursor = s.find(e.buf, s.start(), e.cur)
	return s.draw(s.erase(out, e), e)
}

// csi introduces a control sequence of ECMA-48.
const csi = "\x1b["

// fewColumns is a distance that BS goes as cheaply as a sequence.
const fewColumns = 4

// move appends what brings the cursor from one spot to another; both exist.
func move(out []byte, from, to spot) []byte {
	if n := from.row - to.row; n > 0 {
		out = sequence(out, n, 'A')
	} else if n < 0 {
		out = sequence(out, -n, 'B')
	}
	switch n := to.column - from.column; {
	case n == 0:
	case n < 0 && -n <= fewColumns:
		for range -n {
			out = append(out, '\b')
		}
	case to.column == 0:
		out = append(out, '\r')
	case n < 0:
		out = sequence(out, -n, 'D')
	default:
		out = sequence(out, n, 'C')
	}
	return out
}

func sequence(out []byte, n int, final byte) []byte {
	out = append(out, csi...)
	if n > 1 {
		out = strconv.AppendInt(out, int64(n), 10)
	}
	return append(out, final)
}

// clearBehind appends what blanks everything from the cursor, which is at a spot, to
// where the line ended before.
func clearBehind(out []byte, at, was spot) []byte {
	n := was.column - at.column
	switch {
	case was.row < at.row || was.row == at.row && n <= 0:
		return out
	case was.row > at.row || n > fewColumns:
		return append(out, csi+"J"...)
	}
	for range n {
		out = append(out, ' ')
	}
	for range n {
		out = append(out, '\b')
	}
	return out
}
