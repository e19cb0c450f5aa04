package telnet

import "unicode/utf8"

// lineEditor is the line that is being typed where the client sends every key:
// printable bytes, backspace, Ctrl-U, Ctrl-W; escape sequences (arrows, function
// keys) are swallowed.
type lineEditor struct {
	limit int
	buf   []byte
	esc   escState
}

type escState uint8

const (
	escNone  escState = iota
	escBegun          // after ESC
	escCSI            // after ESC [: to a byte from '@' to '~'
	escSS3            // after ESC O: one more byte
)

const (
	keyBackspace = 0x08
	keyEscape    = 0x1B
	keyKillLine  = 0x15 // Ctrl-U
	keyKillWord  = 0x17 // Ctrl-W
	keyDelete    = 0x7F
	bell         = 0x07
)

var (
	rubOut = []byte("\b \b")
	ring   = []byte{bell}
)

// key takes one byte that is neither Enter nor Ctrl-C nor Ctrl-D, and returns
// what the terminal must show for it.
func (e *lineEditor) key(c byte) (echo []byte) {
	if e.esc != escNone || c == keyEscape {
		e.escape(c)
		return nil
	}
	switch {
	case c == keyBackspace || c == keyDelete:
		return e.eraseChar()
	case c == keyKillLine:
		return e.eraseLine()
	case c == keyKillWord:
		return e.eraseWord()
	case c < ' ' && c != '\t':
		return nil
	case len(e.buf) >= e.limit:
		return ring
	}
	e.buf = append(e.buf, c)
	if c == '\t' {
		return []byte{' '} // one cell, so that rubbing it out is one cell too
	}
	return []byte{c}
}

func (e *lineEditor) escape(c byte) {
	switch {
	case c == keyEscape:
		e.esc = escBegun
	case e.esc == escBegun && c == '[':
		e.esc = escCSI
	case e.esc == escBegun && c == 'O':
		e.esc = escSS3
	case e.esc == escCSI && (c < '@' || c > '~'):
	default:
		e.esc = escNone
	}
}

func (e *lineEditor) eraseChar() (echo []byte) {
	if len(e.buf) == 0 {
		return nil
	}
	_, n := utf8.DecodeLastRune(e.buf)
	e.buf = e.buf[:len(e.buf)-n]
	return rubOut
}

func (e *lineEditor) eraseWord() (echo []byte) {
	isBlank := func() bool { c := e.buf[len(e.buf)-1]; return c == ' ' || c == '\t' }
	for len(e.buf) > 0 && isBlank() {
		echo = append(echo, e.eraseChar()...)
	}
	for len(e.buf) > 0 && !isBlank() {
		echo = append(echo, e.eraseChar()...)
	}
	return echo
}

func (e *lineEditor) eraseLine() (echo []byte) {
	for len(e.buf) > 0 {
		echo = append(echo, e.eraseChar()...)
	}
	return echo
}

// take returns the line and begins a new one. The result is valid until the next
// key.
func (e *lineEditor) take() []byte {
	line := e.buf
	e.buf, e.esc = e.buf[:0], escNone
	return line
}

// shown returns what the terminal shows of the line.
func (e *lineEditor) shown() []byte {
	out := make([]byte, len(e.buf))
	for i, c := range e.buf {
		if c == '\t' {
			c = ' '
		}
		out[i] = c
	}
	return out
}

// literal takes one byte that is data whatever it is.
func (e *lineEditor) literal(c byte) {
	if len(e.buf) < e.limit {
		e.buf = append(e.buf, c)
	}
}
