package telnet

import (
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor/display"
)

// glyph is how one character of a line is shown while it is edited.
type glyph struct {
	size    int    // bytes of the line
	shown   string // harmless: no terminal acts on it
	width   int
	newline bool
}

// replacement stands for what is no character, and for C1 controls.
const replacement = string(utf8.RuneError)

// firstGlyph returns the first character of a line that is not empty.
func firstGlyph(line []byte) glyph {
	c := line[0]
	switch {
	case c == '\n':
		return glyph{size: 1, newline: true}
	case c == '\t':
		return glyph{size: 1, shown: " ", width: 1}
	case c < ' ' || c == 0x7F:
		return glyph{size: 1, shown: "^" + string(rune(c^0x40)), width: 2}
	case c < utf8.RuneSelf:
		return glyph{size: 1, shown: string(rune(c)), width: 1}
	}
	r, n := utf8.DecodeRune(line)
	if r == utf8.RuneError || r < 0xA0 {
		return glyph{size: n, shown: replacement, width: 1}
	}
	return glyph{size: n, shown: string(r), width: display.RuneWidth(r)}
}
