package linux

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestScriptByShell(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		shell      bool
	}{
		{"script", "exit 3\n", 0o755, true},
		{"nothing", "", 0o755, true}, // as true(1) once was
		{"with a first line", "#!/bin/sh\nexit 3\n", 0o755, false},
		{"program", "\x7fELF\x02\x01\x01\x00\x00", 0o755, false},
		{"program that was cut", "\x7fELF", 0o755, false},
		{"another program", "MZ\x00\x01", 0o755, false},
		{"not executable", "exit 3\n", 0o644, false},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		for _, cmd := range []Command{
			{Argv: []string{path, "-x"}},
			{Argv: []string{"./" + c.name, "-x"}, Dir: dir},
			{Argv: []string{c.name, "-x"}, Env: []string{"PATH=/none:" + dir}},
		} {
			given := slices.Clone(cmd.Argv)
			if err := ScriptByShell(&cmd); err != nil {
				t.Fatal(err)
			}
			want := given
			if c.shell {
				where := given[0]
				if cmd.Env != nil {
					where = path
				}
				want = []string{"/bin/sh", where, "-x"}
			}
			if !slices.Equal(cmd.Argv, want) {
				t.Errorf("%s: %q became %q, want %q", c.name, given, cmd.Argv, want)
			}
		}
	}
	for _, argv := range [][]string{{"/no/such"}, {"no-such"}, {dir}, {""}, nil} {
		cmd := Command{Argv: argv}
		if err := ScriptByShell(&cmd); err != nil || !slices.Equal(cmd.Argv, argv) {
			t.Errorf("%q became %q, %v", argv, cmd.Argv, err)
		}
	}
}
