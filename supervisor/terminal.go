package supervisor

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Harmless makes text that others wrote fit to be shown on a terminal: what a
// terminal would act on (C0 controls such as ESC, but for tabs and line ends; DEL; C1
// controls, in UTF-8 and as single bytes) is written as \xNN, byte by byte. Everything
// else stays as it is, also bytes that are not UTF-8.
func Harmless(text string) string {
	i := actsAt(text)
	if i < 0 {
		return text
	}
	var b strings.Builder
	for ; i >= 0; i = actsAt(text) {
		b.WriteString(text[:i])
		_, size := utf8.DecodeRuneInString(text[i:])
		for _, c := range []byte(text[i : i+size]) {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
		text = text[i+size:]
	}
	b.WriteString(text)
	return b.String()
}

// actsAt returns where the first thing is that a terminal would act on, or -1.
func actsAt(text string) int {
	for i, r := range text {
		switch {
		case r == '\t' || r == '\n':
		case r < ' ' || r >= 0x7F && r < 0xA0:
			return i
		case r == utf8.RuneError && text[i] >= 0x80 && text[i] < 0xA0:
			return i // a byte of its own: in UTF-8 no character begins with it
		}
	}
	return -1
}
