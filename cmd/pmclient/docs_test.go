package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/cmd/pmclient/top"
	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

const docsPath = "../../docs/pmclient.md"

// The page about pmclient: its lists are those of the program, and what it shows of a
// session is what the program prints. -update writes both anew.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	root := (&program{}).command()
	for mark, text := range map[string]string{
		"commands": commandsPage(root), "flags": flagTable(root.Flags, "(none)"), "keys": keysPage(),
	} {
		begin, end := "<!-- "+mark+" -->\n", "<!-- end of "+mark+" -->\n"
		from, to := strings.Index(got, begin), strings.Index(got, end)
		if from < 0 || to < from {
			t.Fatalf("%s has no part between %s and %s", docsPath, begin, end)
		}
		got = got[:from+len(begin)] + text + got[to:]
	}
	sessions := regexp.MustCompile("(?ms)^```console\n(.*?)^```$")
	if n := len(sessions.FindAllString(got, -1)); n < 5 {
		t.Errorf("%d sessions were found: the search has lost them", n)
	}
	got = sessions.ReplaceAllStringFunc(got, func(block string) string {
		return "```console\n" + replay(t, block) + "```"
	})
	if *update {
		if err := os.WriteFile(docsPath, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(got, string(data)); diff != "" {
		t.Errorf("docs/pmclient.md is not what pmclient does (-pmclient +page); go test ./cmd/pmclient -update writes it:\n%s", diff)
	}
}

// replay runs the commands of a session.
func replay(t *testing.T, block string) string {
	fake := fleet()
	socket := serve(t, rpc.Options{Control: fake})
	var text strings.Builder
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok || strings.HasPrefix(command, "echo $?") {
			continue
		}
		var stdout strings.Builder
		script := newManifest
		if input, piped, ok := strings.Cut(command, " | "); ok {
			command = piped
			if said, ok := strings.CutPrefix(input, "echo "); ok {
				script = words(said)[0] + "\n"
			}
		}
		p := &program{env: []string{"PM_SOCKET=" + socket}, in: strings.NewReader(script), out: &stdout, now: later}
		code := p.run(words(strings.TrimSpace(command)), &stdout)
		text.WriteString(line + stdout.String())
		if code != 0 {
			text.WriteString(fmt.Sprintf("$ echo $?\n%d\n", code))
		}
	}
	return strings.ReplaceAll(text.String(), filepath.Dir(socket), "/tmp")
}

func commandsPage(root *cli.Command) string {
	var b strings.Builder
	for _, c := range root.Commands {
		fmt.Fprintf(&b, "\n### %s\n\n`%s`\n\n%s.\n", c.Name, strings.TrimSpace("pmclient "+c.Name+" "+c.ArgsUsage), upper(c.Usage))
		if len(c.Flags) > 0 {
			b.WriteString("\n" + flagTable(c.Flags, ""))
		}
	}
	return b.String() + "\n"
}

// keysPage lists the keys of top, as its own help does.
func keysPage() string {
	var b strings.Builder
	for _, section := range top.Keys() {
		fmt.Fprintf(&b, "\n%s:\n\n| keys | meaning |\n|---|---|\n", section.Title)
		for _, k := range section.Keys {
			fmt.Fprintf(&b, "| `%s` | %s |\n", k.Keys, k.Meaning)
		}
	}
	return b.String() + "\n"
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func flagTable(flags []cli.Flag, none string) string {
	var b strings.Builder
	b.WriteString("| flag | default | meaning |\n|---|---|---|\n")
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		def := d.GetDefaultText()
		if d.GetValue() != "" && def == "" {
			def = d.GetValue()
		}
		if def == "" || def == `""` || def == "0" || def == "false" {
			def = none
		}
		usage := d.GetUsage()
		name := "-" + f.Names()[0]
		if parts := strings.Split(usage, "`"); len(parts) == 3 && d.TakesValue() {
			name += " " + parts[1]
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, strings.Trim(def, `"`), strings.ReplaceAll(strings.ReplaceAll(usage, "`", ""), "|", `\|`))
	}
	return b.String()
}

// The files of a folder are joined in the order of their names.
func TestApplyAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"b.yml": "b: 2", "a.yaml": "a: 1\n", ".hidden.yaml": "no", "notes.txt": "no"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fake := supervisortest.New()
	run(nil, "diff", "-f", dir, "-socket", serve(t, rpc.Options{Control: fake}))
	if calls := fake.Calls(); len(calls) != 1 || calls[0].Arg != "a: 1\n\n---\nb: 2" {
		t.Errorf("%q", calls)
	}
	code, _, stderr := run(nil, "diff", "-f", t.TempDir(), "-socket", "/nowhere/s")
	if code != exitUsage || !strings.Contains(stderr, "is empty") {
		t.Errorf("%d %s", code, stderr)
	}
}
