package telnet

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLineEditor(t *testing.T) {
	tests := map[string]struct{ keys, line, screen string }{
		"text":                 {"abc", "abc", "abc"},
		"backspace and delete": {"abc\x7f\x08d", "ad", "ad"},
		"more than there is":   {"a\x7f\x7f\x7fb", "b", "b"},
		"a letter of two":      {"aä\x7fb", "ab", "ab"},
		"kill the line":        {"abc\x15d", "d", "d"},
		"kill the word":        {"ab cd  \x17e", "ab e", "ab e"},
		"tab is one cell":      {"a\tb\x7f\x7fc", "ac", "ac"},
		"arrows":               {"a\x1b[A\x1b[1;5Cb\x1bOPc\x1b[3~d", "abcd", "abcd"},
		"escape, escape":       {"a\x1b\x1b[Ab", "ab", "ab"},
		"alt-x":                {"a\x1bxb", "ab", "ab"},
		"other control keys":   {"a\x00\x01\x0c\x1fb", "ab", "ab"},
		"full":                 {strings.Repeat("x", 12), strings.Repeat("x", 10), strings.Repeat("x", 10)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := lineEditor{limit: 10}
			var screen []byte
			for i := range len(tt.keys) {
				screen = render(screen, e.key(tt.keys[i]))
			}
			if string(screen) != tt.screen {
				t.Errorf("screen %q", screen)
			}
			if got := string(e.take()); got != tt.line {
				t.Errorf("line %q", got)
			}
		})
	}
}

// render is a terminal of one line of one-byte letters.
func render(screen, echo []byte) []byte {
	text := string(screen)
	for part := range strings.SplitAfterSeq(string(echo), "\b \b") {
		typed, rubbed := strings.CutSuffix(part, "\b \b")
		text += strings.ReplaceAll(typed, "\a", "")
		if rubbed {
			letters := []rune(text)
			text = string(letters[:len(letters)-1])
		}
	}
	return []byte(text)
}

// Whatever is typed, the screen shows the line.
func TestLineEditorShowsTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := lineEditor{limit: 20}
		var screen []byte
		keys := rapid.SliceOf(rapid.SampledFrom([]byte("ab \t\x08\x7f\x15\x17\x1b[OA1;~\x00\x07"))).Draw(t, "keys")
		for _, c := range keys {
			screen = render(screen, e.key(c))
		}
		if string(screen) != string(e.shown()) {
			t.Fatalf("screen %q, line %q", screen, e.buf)
		}
	})
}
