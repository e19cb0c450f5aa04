package supervisor

import "unicode/utf8"

// Shorten returns a text that has at most so many bytes as it is, and of a longer one its
// beginning, cut between characters, with "…" behind it. It is for lines about what somebody
// else has written.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && end > most-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	if !utf8.RuneStart(text[end]) { // it is no UTF-8
		end = most
	}
	return text[:end] + "…"
}
