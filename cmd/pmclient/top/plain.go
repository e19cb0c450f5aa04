package top

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const (
	tabStop  = 8
	maxMarks = 3 // combining marks over one another
)

// oneLine makes what others wrote fit for one line of the screen: colours and other
// control sequences are left out, a tab becomes blanks, and what would act on the terminal
// or cannot be seen is written as \xNN or \uNNNN.
func oneLine(text string) string {
	if !odd(text) {
		return text
	}
	var b strings.Builder
	column, marks := 0, 0
	for text != "" {
		if n := sequence(text); n > 0 {
			text = text[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		out := text[:size]
		text = text[size:]
		w := runeWidth(r)
		switch {
		case r == '\t':
			out = strings.Repeat(" ", tabStop-column%tabStop)
		case r == '\n':
			out = `\n`
		case r == '\r' && (text == "" || text[0] == '\n'):
			continue
		case r == utf8.RuneError && size == 1, r < ' ', r == 0x7F:
			out = fmt.Sprintf(`\x%02x`, out[0])
		case r == 0x200D || r == 0xFE0E || r == 0xFE0F:
			continue // they choose how a picture looks
		case unicode.Is(unicode.Zs, r):
			out = " "
		case !unicode.IsPrint(r):
			out = fmt.Sprintf(`\u%04x`, r)
		case w == 0:
			if marks++; column == 0 || marks > maxMarks {
				continue
			}
			b.WriteString(out)
			continue
		}
		marks = 0
		column += textWidth(out)
		b.WriteString(out)
	}
	return b.String()
}

// odd tells whether there is more than plain ASCII.
func odd(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7F {
			return true
		}
	}
	return false
}

// sequence is the length of the control sequence that a text begins with; 0: none, or
// one without an end.
func sequence(text string) int {
	if len(text) < 2 || text[0] != 0x1B {
		return 0
	}
	switch c := text[1]; {
	case c == '[':
		for i := 2; i < len(text); i++ {
			switch c := text[i]; {
			case c >= '@' && c <= '~':
				return i + 1
			case c < ' ' || c > '~':
				return 0
			}
		}
	case c == ']' || c == 'P' || c == '_' || c == '^' || c == 'X':
		for i := 2; i < len(text); i++ {
			switch {
			case text[i] == 0x07:
				return i + 1
			case strings.HasPrefix(text[i:], "\x1b\\"):
				return i + 2
			}
		}
	case c == '(' || c == ')' || c == '#':
		if len(text) > 2 && text[2] > ' ' && text[2] < 0x7F {
			return 3
		}
	case c >= '0' && c <= '~':
		return 2
	}
	return 0
}

// textWidth is how many columns a text takes that has no control sequences.
func textWidth(text string) int {
	n := 0
	for i, r := range text {
		if r >= 0x7F {
			return n + ansi.StringWidthWc(text[i:])
		}
		n++
	}
	return n
}

func runeWidth(r rune) int {
	if r >= ' ' && r < 0x7F {
		return 1
	}
	return ansi.StringWidthWc(string(r))
}

// cut is the part of a text from a column on that takes at most so many columns. A wide
// character that is cut in two is a blank.
func cut(text string, from, columns int) string {
	if from <= 0 && textWidth(text) <= columns {
		return text
	}
	var b strings.Builder
	at, used := 0, 0
	for _, r := range text {
		w := runeWidth(r)
		switch {
		case at+w <= from && (w > 0 || at <= from):
			at += w
			continue
		case at < from: // cut in two
			half := min(at+w-from, columns)
			b.WriteString(strings.Repeat(" ", half))
			at, used = at+w, used+half
			continue
		}
		if used+w > columns {
			break
		}
		b.WriteRune(r)
		at, used = at+w, used+w
	}
	return b.String()
}

// cutMiddle shortens a text so that its end stays, which tells replicas apart.
func cutMiddle(text string, columns int, g *glyphs) string {
	w := textWidth(text)
	if w <= columns || columns < 5 {
		return text
	}
	end := (columns - 1) / 3
	return cut(text, 0, columns-1-end) + g.cut + cut(text, w-end, end)
}

// wrapped breaks a text between words.
func wrapped(text string, columns int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		if n := len(lines) - 1; n >= 0 && textWidth(lines[n])+1+textWidth(word) <= columns {
			lines[n] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}
