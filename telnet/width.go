package telnet

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// runeWidth is the number of columns that a terminal shows a printable character in:
// 0 for what is drawn over the one before it, 2 for wide ones (Unicode, UAX #11).
func runeWidth(r rune) int {
	if r < 0x300 { // below the first combining one
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// textWidth is the number of columns of a text of printable characters.
func textWidth(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// cut shortens a text to a number of columns, at least 1.
func cut(text string, columns int) string {
	if len(text) <= columns || textWidth(text) <= columns {
		return text
	}
	used := 0
	for i, r := range text {
		if used += runeWidth(r); used > columns-1 {
			return text[:i] + "…"
		}
	}
	return text
}

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
	return glyph{size: n, shown: string(r), width: runeWidth(r)}
}
