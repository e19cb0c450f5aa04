package traps_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

func second[T any](_ T, err error) error { return err }

func isInvalid(err error) bool { return errors.Is(err, supervisor.ErrInvalid) }

// yamlQuote writes a string so that YAML reads it back.
func yamlQuote(s string) string {
	text := strconv.QuoteToASCII(s) // what Go escapes, YAML does too
	return text
}

// validate has the program check a manifest.
func validate(t *testing.T, text string) (code int, out string) {
	t.Helper()
	path := filepath.Join(folder(t), "manifest.yaml")
	writeFile(t, path, text, 0o644)
	return runProgram(t, "validate", path)
}

// runProgram runs the program to its end.
func runProgram(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = cleanEnviron()
	data, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode(), string(data)
	case err != nil:
		t.Fatal(err)
	}
	return 0, string(data)
}

// What YAML reads in another way than a human: one file each. The first line says
// whether it is good, and else what the error has to say.
func TestT58YAMLSurprises(t *testing.T) {
	t.Parallel()
	process := func(fields string) string {
		return manifestHead + "  processes:\n  - {name: a, command: [child], " + fields + "}\n"
	}
	env := func(value string) string { return process("env: [{name: A, value: " + value + "}]") }
	for _, test := range []struct {
		name, text string
		wrong      string // empty: it is good
	}{
		{"no", env("no"), "quote it"},
		{"on", env("on"), "quote it"},
		{"yes", env("yes"), "quote it"},
		{"octal", env("0755"), "quote it"},
		{"exponent", env("1e3"), "quote it"},
		{"a number", env("8080"), "quote it"},
		{"null", process("workingDir: ~, labels: {a: ~}"), "null"},
		{"sexagesimal is text in Kubernetes", env(`"22:22"`), ""},
		{"quoted", env(`"no"`), ""},
		{"duplicate key", process("nice: 1, nice: 2"), "nice"},
		{"duplicate key, far up", manifestHead + "  processes: [{name: a, command: [child]}]\nspec: {processes: []}\n", "spec"},
		{"tabs", manifestHead + "\tprocesses: []\n", "tab"},
		{"BOM", "\ufeff" + process("nice: 1"), ""},
		{"CRLF", strings.ReplaceAll(process("nice: 1"), "\n", "\r\n"), ""},
		{"an empty document between two", process("nice: 1") + "---\n# nothing\n---\n" + strings.ReplaceAll(process("nice: 1"), "name: a", "name: b"), ""},
		{"only empty documents", "---\n---\n# nothing\n", "document"},
		{"a bomb of anchors", bomb(), "alias"},
		{"a merge", manifestHead + "  defaults: &d {nice: 1}\n  processes:\n  - {name: a, command: [child], <<: *d}\n", ""},
		{"too large", process("nice: 1") + strings.Repeat("# a comment that goes on and on\n", 1<<17), "at most"},
		{"not UTF-8", process("nice: 1") + "# \xff\xfe\n", "UTF-8"},
		{"cut in the middle", manifestHead + "  processes:\n", "processes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out := validate(t, test.text)
			if want := map[bool]int{true: 0, false: 78}[test.wrong == ""]; code != want {
				t.Errorf("exit code %d, want %d:\n%s", code, want, clip(out))
			}
			if !strings.Contains(out, test.wrong) {
				t.Errorf("no %q in:\n%s", test.wrong, clip(out))
			}
		})
	}
}

// bomb is a text that grows a billion times when its aliases are followed.
func bomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		one := "*a" + strconv.Itoa(i)
		text += "a" + strconv.Itoa(i+1) + ": &a" + strconv.Itoa(i+1) + " [" + strings.Join([]string{one, one, one, one, one, one, one, one, one}, ", ") + "]\n"
	}
	return text
}

// The program carries its zone data: an image without any knows its zones, and a zone
// that there is not is refused before anything starts.
func TestT49ZoneDataIsInside(t *testing.T) {
	t.Parallel()
	const cron = "\n  processes: [{name: a, command: [child], schedule: '30 2 * * *', timeZone: %}]\n"
	// A Go program would look into the toolchain it was built with, too.
	in := launch(t, launching{hide: "/usr/share/zoneinfo", env: "GOROOT=/nowhere", spec: strings.Replace(cron, "%", "Australia/Lord_Howe", 1)}).up()
	info := in.becomes("a", supervisor.StatusScheduled)
	if info.NextRun == nil {
		t.Fatal("no next run")
	}
	// 02:30 there is 15:30 or 16:00 in UTC, by the season.
	if at := info.NextRun.UTC().Format("15:04"); at != "15:30" && at != "16:00" {
		t.Errorf("the next run is at %s UTC", at)
	}
	if code, out := validate(t, manifestHead+strings.Replace(cron, "%", "Mars/Olympus", 1)); code != 78 || !strings.Contains(out, "Mars/Olympus") {
		t.Errorf("%d: %s", code, out)
	}
}
