package display

import "testing"

// What is cut has room for its dots, and no character is cut in two.
func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		room int
		want string
	}{
		{"hello", 5, "hello"},
		{"hello", 4, "hel…"},
		{"hello", 1, "…"},
		{"hello", 0, ""},
		{"", 0, ""},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"},
		{"e\u0301xyz", 3, "e\u0301x…"},
	} {
		if got := Cut(c.text, c.room); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.text, c.room, got, c.want)
		}
	}
}
