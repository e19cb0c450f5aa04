package supervisor_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// T66: what a process wrote is shown, and steers no terminal.
func TestT66HarmlessText(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"plain\ttext\n":                 "plain\ttext\n",
		"\x1b[31mred\x1b[0m":            `\x1b[31mred\x1b[0m`,
		"10%\r20%":                      `10%\x0d20%`,
		"a\x00b\x07\x08\x7f":            `a\x00b\x07\x08\x7f`,
		"CSI \u009b31m and \x9b31m":     `CSI \xc2\x9b31m and \x9b31m`,
		"é, 漢, \u2028, \u00a0":          "é, 漢, \u2028, \u00a0",
		"\xff\xfe\xa0 \xe6\xbc":         "\xff\xfe\xa0 \xe6\xbc",
		"\xe6\x9b":                      "\xe6" + `\x9b`, // a character that broke off
		"\xef\xbf\xbd is a character":   "\xef\xbf\xbd is a character",
		"\x1b]0;title\x07\x1b\\ hidden": `\x1b]0;title\x07\x1b\ hidden`,
	} {
		if got := supervisor.Harmless(in); got != want {
			t.Errorf("%q\ngot  %q\nwant %q", in, got, want)
		}
	}
}

// Whatever comes in, no control comes out, and what is no control stays.
func TestHarmlessLeavesNoControl(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "in"))
		out := supervisor.Harmless(in)
		if again := supervisor.Harmless(out); again != out {
			t.Fatalf("%q becomes %q, and that %q", in, out, again)
		}
		if strings.ContainsFunc(out, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 }) {
			t.Fatalf("%q becomes %q", in, out)
		}
	})
}
