package convert

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
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
	theirs := python[[]string](t, "python3", "import shlex\nf = shlex.split", lines)
	for i, line := range lines {
		words, err := splitWords(line)
		if (err == nil) != (theirs[i] != nil) || err == nil && !slices.Equal(words, *theirs[i]) {
			t.Errorf("%q is split into %q (%v), by shlex into %v", line, words, err, theirs[i])
		}
	}
}

// python has an interpreter apply the function f of a script to each text; nil where it raises.
func python[T any](t *testing.T, interpreter, script string, texts []string) []*T {
	t.Helper()
	arg, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	script += `
import json, sys
def g(x):
    try: return f(x)
    except ValueError: return None
print(json.dumps([g(x) for x in json.loads(sys.argv[1])]))`
	out, err := exec.Command(interpreter, "-c", script, string(arg)).Output()
	if err != nil {
		t.Fatalf("%s: %v", interpreter, err)
	}
	var list []*T
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// interpreterOf is the one that a script names in its first line: there may be several
// Pythons, and only that one has the script's modules.
func interpreterOf(t *testing.T, script string) string {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if len(words) == 0 || !strings.HasPrefix(line, "#!") {
		t.Fatalf("%s begins with %q, want the path of an interpreter", script, line)
	}
	return words[len(words)-1] // of "/usr/bin/env python3" too
}

// The environment of a program is what supervisord's own reader finds in it.
func TestSupervisordEnvironment(t *testing.T) {
	program, err := exec.LookPath("supervisord")
	if err != nil {
		t.Skip("supervisord is not installed")
	}
	texts := []string{
		`A=1,B=2`, `A="x,y",B='z w'`, `A="it's",B=/usr/bin:/bin`, "A=1,\n  B=\"2\",\n", `A=x-y+z.(1)`, `A=`, `A=1 B=2`, `A="x`, `A,B`, ``, `A=a"b c"d`, `A=""`, `A=b#c`,
		`A=https://example.org/?q=1`, "A=b#c,\nD=1,B=2", "# all\nA=b #c\n,D=1", `A="x"y,B=2`, `A=a'b,B='c'`, `A="ü",B=2`, `A=ü,B=2`, `A=xü`, "A=a\rb",
	}
	theirs := python[map[string]string](t, interpreterOf(t, program), "from supervisor.datatypes import dict_of_key_value_pairs as f", texts)
	for i, text := range texts {
		env, err := supervisordEnvironment(text, expansions{})
		if (err == nil) != (theirs[i] != nil) {
			t.Errorf("%q: %v, supervisord: %v", text, err, theirs[i])
			continue
		}
		if err != nil {
			continue
		}
		want := *theirs[i]
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

// A variable is a part of a word, with quotes around it and without.
func TestSupervisordEnvironmentVariables(t *testing.T) {
	env, err := supervisordEnvironment(`A=%(ENV_HOME)s/x,B="%(ENV_P)s:y z",C=pre%(ENV_HOME)spost`, expansions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []supervisor.EnvVar{{Name: "A", Value: "$(HOME)/x"}, {Name: "B", Value: "$(P):y z"}, {Name: "C", Value: "pre$(HOME)post"}}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}
