package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// built builds a program of cmd and returns its path.
func built(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", path, "../cmd/"+name).CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v\n%s", name, err, out)
	}
	return path
}

// says is what a program writes to stdout.
func says(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", filepath.Base(program), strings.Join(args, " "), err)
	}
	return string(out)
}

// generated compares the part of a page between "<!-- mark: begin …-->" and "<!-- mark: end -->"
// with what it is made from; -update writes it.
func generated(t *testing.T, page, mark, want string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile(`(?s)(<!-- ` + mark + `: begin [^\n]*-->\n)(.*?)(<!-- ` + mark + `: end -->)`)
	found := part.FindStringSubmatchIndex(string(data))
	if found == nil {
		t.Fatalf("%s has lost the marks around its part %q", page, mark)
	}
	text := string(data[:found[3]]) + want + string(data[found[6]:])
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil { //nolint:gosec // for everybody to read
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, string(data)); diff != "" {
		t.Errorf("%s is not what the program says (-program +page); go test ./deploy -update writes it:\n%s", page, diff)
	}
}

// TestFlags compares the page about processmanager with what the program says about itself.
func TestFlags(t *testing.T) {
	const page = "../docs/processmanager.md"
	program := built(t, "processmanager")
	help := says(t, program, "help")
	_, usage, _ := strings.Cut(help, "\n\n")
	usage, _, _ = strings.Cut(usage, "\n\n")
	generated(t, page, "usage", "```text\n"+unindented(usage)+"\n```\n")
	generated(t, page, "convert", "```text\n"+strings.TrimSpace(says(t, program, "convert", "-h"))+"\n```\n")

	var table strings.Builder
	table.WriteString("| flag | variable | meaning |\n|---|---|---|\n")
	found := regexp.MustCompile(`(?m)^  -(\S+) +(.*)$`).FindAllStringSubmatch(help, -1)
	if len(found) < 10 {
		t.Fatalf("cannot read the help, which is\n%s", help)
	}
	for _, m := range found {
		variable := "PM_" + strings.ToUpper(strings.ReplaceAll(m[1], "-", "_"))
		fmt.Fprintf(&table, "| `-%s` | `%s` | %s |\n", m[1], variable, cell(m[2]))
	}
	generated(t, page, "flags", table.String())
}

// TestKubectlPage compares the page about kubectl pm with what the program says about itself.
func TestKubectlPage(t *testing.T) {
	program := built(t, "kubectl-pm")
	help := says(t, program, "help")
	_, list, _ := strings.Cut(help, "COMMANDS:\n")
	list, options, ok := strings.Cut(list, "GLOBAL OPTIONS:\n")
	commands := regexp.MustCompile(`(?m)^   ([a-z]+) {2,}(.*)$`).FindAllStringSubmatch(list, -1)
	if !ok || len(commands) < 8 {
		t.Fatalf("cannot read the help, which is\n%s", help)
	}
	var text strings.Builder
	text.WriteString(optionTable(options))
	for _, m := range commands {
		name, usage := m[1], m[2]
		own := says(t, program, "help", name)
		_, line, _ := strings.Cut(own, "USAGE:\n   ")
		line, _, _ = strings.Cut(line, "\n")
		fmt.Fprintf(&text, "\n### %s\n\n`%s`\n\n%s.\n", name, strings.ReplaceAll(line, " [options]", ""), strings.ToUpper(usage[:1])+usage[1:])
		_, options, _ := strings.Cut(own, "\nOPTIONS:\n")
		options, _, _ = strings.Cut(options, "GLOBAL OPTIONS:")
		if table := optionTable(options); table != "" {
			text.WriteString("\n" + table)
		}
	}
	generated(t, "../docs/kubectl-pm.md", "commands", text.String())
}

// optionTable is a table of the flags in a help text, but for --help; "" when there are none.
func optionTable(help string) string {
	found := regexp.MustCompile(`(?m)^   (--\S.*?) {2,}(.*)$`).FindAllStringSubmatch(help, -1)
	var rows strings.Builder
	for _, m := range found {
		if !strings.HasPrefix(m[1], "--help") {
			fmt.Fprintf(&rows, "| `%s` | %s |\n", regexp.MustCompile(` \[ .* \]$`).ReplaceAllString(m[1], ""), cell(m[2]))
		}
	}
	if rows.Len() == 0 {
		return ""
	}
	return "| flag | meaning |\n|---|---|\n" + rows.String()
}

// cell is a text in a table of Markdown.
func cell(text string) string { return strings.NewReplacer("*", `\*`, "|", `\|`).Replace(text) }

// unindented takes two blanks from each line.
func unindented(text string) string { return regexp.MustCompile(`(?m)^  `).ReplaceAllString(text, "") }
