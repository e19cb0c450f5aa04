// Package display measures text as a terminal shows it: in columns, of which a character
// takes one, none, or two (Unicode, UAX #11). It takes printable characters; whoever shows
// text that somebody else has written makes it printable first.
package display

import (
	"unicode"

	"golang.org/x/text/width"
)

// Dots stand at the end of a text that was cut.
const Dots = "…"

// Width is the number of columns of a text.
func Width(text string) int {
	n := 0
	for _, r := range text {
		n += RuneWidth(r)
	}
	return n
}

// RuneWidth is the number of columns of one character: 0 of what is drawn over the one before
// it, 2 of a wide one.
func RuneWidth(r rune) int {
	switch {
	case r < 0x300: // below the first combining one
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// Cut shortens a text to a number of columns, [Dots] among them; to less than 1 nothing is
// left of it.
func Cut(text string, room int) string {
	if len(text) <= room || Width(text) <= room { // no character has more columns than bytes
		return text
	}
	used := 0
	for i, r := range text {
		if used += RuneWidth(r); used <= room-1 {
			continue
		}
		if room < 1 {
			return ""
		}
		return text[:i] + Dots
	}
	return text
}
