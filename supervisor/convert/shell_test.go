package convert

import (
	"encoding/json"
	"os/exec"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// What is written for a text expands to that text, whatever variables there are.
func TestLiteral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("$()a{} B"))).Draw(t, "text")
		set := func(string) (string, bool) { return "WRONG", true }
		if got := manifest.Expand(literal(text), set); got != text {
			t.Fatalf("%q is written as %q and read as %q", text, literal(text), got)
		}
		pieces := []piece{{text: text}, {env: "V"}, {text: text}}
		full, names := marked(pieces)
		if got := manifest.Expand(unmarked(full, names), func(string) (string, bool) { return "v", true }); got != text+"v"+text {
			t.Fatalf("%q around a variable is written as %q and read as %q", text, unmarked(full, names), got)
		}
	})
}

// Words are those that Python's shlex, which supervisord uses, finds.
func TestSplitWords(t *testing.T) {
	lines := []string{
		`a b  c`, `a 'b c' "d e"`, `a\ b c`, `'a\b' "a\b" "a\"b" "a\\b"`, `a''b ""`, `--x="y z"w`, "a\n\tb", `it\'s`,
		`a # b`, `a;b|c`, `$HOME "$X" '${Y}'`, `ünï "cödé"`, ``, `  `, `"unfinished`, `'`, `a \`,
	}
	for _, line := range lines {
		words, err := splitWords(line)
		out, shlexErr := exec.Command("python3", "-c", "import json,shlex,sys; print(json.dumps(shlex.split(sys.argv[1])))", line).Output()
		if (err == nil) != (shlexErr == nil) {
			t.Errorf("%q: %v, shlex: %v", line, err, shlexErr)
			continue
		}
		var want []string
		if err == nil {
			if err := json.Unmarshal(out, &want); err != nil {
				t.Fatal(err)
			}
		}
		if err == nil && !slices.Equal(words, want) {
			t.Errorf("%q is split into %q, by shlex into %q", line, words, want)
		}
	}
}

// The environment of a program is what supervisord's own reader finds in it.
func TestSupervisordEnvironment(t *testing.T) {
	script := "import json,sys\nfrom supervisor.datatypes import dict_of_key_value_pairs as d\nprint(json.dumps(d(sys.argv[1])))"
	if err := exec.Command("python3", "-c", "import supervisor").Run(); err != nil {
		t.Skip("supervisord is not installed")
	}
	for _, text := range []string{
		`A=1,B=2`, `A="x,y",B='z w'`, `A="it's",B=/usr/bin:/bin`, "A=1,\n  B=\"2\",\n", `A=x-y+z.(1)`, `A=`, `A=1 B=2`, `A="x`, `A,B`, ``, `A=a"b c"d`, `A=""`, `A=b#c`,
		`A=https://example.org/?q=1`,
	} {
		env, err := supervisordEnvironment(text, expansions{})
		out, theirs := exec.Command("python3", "-c", script, text).Output()
		if (err == nil) != (theirs == nil) {
			t.Errorf("%q: %v, supervisord: %v", text, err, theirs)
			continue
		}
		if err != nil {
			continue
		}
		var want map[string]string
		if err := json.Unmarshal(out, &want); err != nil {
			t.Fatal(err)
		}
		if len(env) != len(want) {
			t.Errorf("%q: %v, supervisord has %v", text, env, want)
		}
		for _, v := range env {
			if v.Value != want[v.Name] {
				t.Errorf("%q: %s is %q, supervisord has %q", text, v.Name, v.Value, want[v.Name])
			}
		}
	}
}
