package telnet

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor/display"
)

// editor is the line that is being typed where the client sends every key. It knows
// text and a cursor, and nothing of terminals. The line may hold line ends: those of
// a paste, of a statement that came back from the history, and of Ctrl-V Enter.
type editor struct {
	limit   int // bytes
	history history

	buf   []byte
	cur   int    // where the cursor is: an offset in buf
	dirty int    // what is in front of this offset has not changed since the last drawing
	yank  []byte // what was killed last
}

// touch notes that everything from an offset on is about to change, and with it the
// character of which the offset is a part.
func (e *editor) touch(from int) { e.dirty = min(e.dirty, e.glyphAt(from)) }

// insert puts text at the cursor, and reports whether there was room for it.
func (e *editor) insert(text []byte) bool {
	if len(e.buf)+len(text) > e.limit {
		return false
	}
	e.touch(e.cur)
	if e.cur == len(e.buf) {
		e.buf = append(e.buf, text...)
	} else {
		e.buf = slices.Insert(e.buf, e.cur, text...)
	}
	e.cur += len(text)
	return true
}

// erase takes out what is between two offsets; the cursor is where it was.
func (e *editor) erase(from, to int) {
	e.touch(from)
	e.buf = slices.Delete(e.buf, from, to)
	e.cur = from
}

// kill is erase of what can be put in again with Ctrl-Y.
func (e *editor) kill(from, to int) {
	if from < to {
		e.yank = append(e.yank[:0], e.buf[from:to]...)
		e.erase(from, to)
	}
}

// set makes text the line, with the cursor at its end.
func (e *editor) set(text []byte) {
	same := 0
	for same < min(len(e.buf), len(text)) && e.buf[same] == text[same] {
		same++
	}
	e.touch(same)
	e.buf = append(e.buf[:same], text[same:]...)
	e.cur = len(e.buf)
}

// take returns the line and begins a new one. The result is the caller's.
func (e *editor) take() []byte {
	line := e.buf
	e.buf, e.cur, e.dirty = nil, 0, 0
	e.history.leave()
	return line
}

// left returns the offset of the character in front of an offset, with what is drawn
// over it.
func (e *editor) left(at int) int {
	for at > 0 {
		r, n := utf8.DecodeLastRune(e.buf[:at])
		at -= n
		if n == 1 || display.RuneWidth(r) > 0 {
			break
		}
	}
	return at
}

// right returns the offset behind the character at an offset.
func (e *editor) right(at int) int {
	for first := true; at < len(e.buf); first = false {
		r, n := utf8.DecodeRune(e.buf[at:])
		if !first && (n == 1 || display.RuneWidth(r) > 0) {
			break
		}
		at += n
	}
	return at
}

// glyphAt returns where the character begins of which an offset is a part.
func (e *editor) glyphAt(at int) int {
	if at >= len(e.buf) {
		return len(e.buf)
	}
	for at > 0 && !utf8.RuneStart(e.buf[at]) {
		at--
	}
	if r, n := utf8.DecodeRune(e.buf[at:]); n > 1 && display.RuneWidth(r) == 0 {
		return e.left(at)
	}
	return at
}

// lineStart and lineEnd are about the line of text in which the cursor is.
func (e *editor) lineStart() int { return bytes.LastIndexByte(e.buf[:e.cur], '\n') + 1 }

func (e *editor) lineEnd() int {
	if i := bytes.IndexByte(e.buf[e.cur:], '\n'); i >= 0 {
		return e.cur + i
	}
	return len(e.buf)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// wordLeft returns where the word in front of the cursor begins.
func (e *editor) wordLeft() int {
	at := e.cur
	for at > 0 && isBlank(e.buf[at-1]) {
		at--
	}
	for at > 0 && !isBlank(e.buf[at-1]) {
		at--
	}
	return at
}

// wordRight returns where the word behind the cursor ends.
func (e *editor) wordRight() int {
	at := e.cur
	for at < len(e.buf) && isBlank(e.buf[at]) {
		at++
	}
	for at < len(e.buf) && !isBlank(e.buf[at]) {
		at++
	}
	return at
}

// press performs a key that changes the line or moves the cursor, and reports whether
// that could be done.
func (e *editor) press(k key) bool {
	was, size := e.cur, len(e.buf)
	switch k.op {
	case opText:
		return e.insert(k.text)
	case opLeft:
		e.cur = e.left(e.cur)
	case opRight:
		e.cur = e.right(e.cur)
	case opHome:
		e.cur = e.lineStart()
	case opEnd:
		e.cur = e.lineEnd()
	case opWordLeft:
		e.cur = e.wordLeft()
	case opWordRight:
		e.cur = e.wordRight()
	case opBackspace:
		e.erase(e.left(e.cur), e.cur)
	case opDelete:
		e.erase(e.cur, e.right(e.cur))
	case opKillLine:
		e.kill(e.lineStart(), e.cur)
	case opKillEnd:
		e.kill(e.cur, e.lineEnd())
	case opKillWord:
		e.kill(e.wordLeft(), e.cur)
	case opKillWordRight:
		e.kill(e.cur, e.wordRight())
	case opYank:
		return e.insert(e.yank)
	case opUp:
		return e.recall(e.history.older(e.buf))
	case opDown:
		return e.recall(e.history.newer())
	case opNone, opEnter, opTab, opEOF, opClear, opInterrupt:
		return true
	}
	return e.cur != was || len(e.buf) != size || k.op == opHome || k.op == opEnd
}

func (e *editor) recall(text []byte, ok bool) bool {
	if ok {
		e.set(text)
	}
	return ok
}
