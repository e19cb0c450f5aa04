package probe

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTextProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "valid") {
			text = rapid.String().Draw(t, "text")
		}
		cutText := excerpt(text)
		if len(cutText) > excerptBytes+len("…") {
			t.Fatalf("%d bytes", len(cutText))
		}
		if utf8.ValidString(text) && !utf8.ValidString(cutText) {
			t.Fatalf("a character was parted: %q", cutText)
		}
		shown := printable(text)
		if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x202e }) {
			t.Fatalf("not printable: %q", shown)
		}
	})
}
