package probe

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	// excerptBytes of what a server sent are shown.
	excerptBytes = 120
	// lineBytes bounds the rest: a name or a status of a server may be long, too.
	lineBytes = 512
)

// excerpt returns the beginning of what a server sent, cut between characters.
func excerpt(text string) string {
	return supervisor.Shorten(strings.TrimSpace(text), excerptBytes)
}

// printable escapes what would move the cursor, break the line or hide something,
// and leaves everything else as it is.
func printable(text string) string {
	text = supervisor.Shorten(text, lineBytes)
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
