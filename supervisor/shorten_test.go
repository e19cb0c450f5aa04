package supervisor

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 0, ""},
		{"a", 0, "…"},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc…"},
		{"aé", 2, "a…"},
		{"aéb", 3, "aé…"},
		{"€€", 5, "€…"},
		{"\U0001F600b", 3, "…"},
		{"\x80\x80\x80\x80\x80\x80", 5, "\x80\x80\x80\x80\x80…"},
	} {
		if got := Shorten(c.text, c.most); got != c.want {
			t.Errorf("%q to %d is %q, want %q", c.text, c.most, got, c.want)
		}
	}
}

func TestShortenNeverPartsACharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, most := rapid.String().Draw(t, "text"), rapid.IntRange(0, 40).Draw(t, "most")
		got := Shorten(text, most)
		begin, cut := strings.CutSuffix(got, "…")
		if !utf8.ValidString(got) || cut && (!strings.HasPrefix(text, begin) || len(begin) > most || len(begin) <= most-utf8.UTFMax) || len(text) <= most && got != text {
			t.Fatalf("%q to %d is %q", text, most, got)
		}
	})
}
