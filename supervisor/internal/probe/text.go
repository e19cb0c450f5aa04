package probe

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// excerptBytes of what a server sent are shown.
	excerptBytes = 120
	// lineBytes bounds the rest: a name or a status of a server may be long, too.
	lineBytes = 512
)

// excerpt returns the beginning of what a server sent, cut between characters.
func excerpt(text string) string {
	text = strings.TrimSpace(text)
	if len(text) <= excerptBytes {
		return text
	}
	return cut(text, excerptBytes) + "…"
}

// cut returns at most n bytes of text and does not part a character.
func cut(text string, n int) string {
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(text[i]) {
			return text[:i]
		}
	}
	return text[:n]
}

// printable escapes what would move the cursor, break the line or hide something,
// and leaves everything else as it is.
func printable(text string) string {
	if len(text) > lineBytes {
		text = cut(text, lineBytes) + "…"
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if strconv.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(text[:size])
		} else {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}
