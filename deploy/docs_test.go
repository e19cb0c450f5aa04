package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every manifest that the documentation shows is one: whole, or a list of processes.
func TestManifestsOfTheDocumentation(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documentation: %v", err)
	}
	program := filepath.Join(t.TempDir(), "processmanager")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/processmanager").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	seen := 0
	for _, file := range append(files, "../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range blocks(string(text), "yaml") {
			block := shown
			switch {
			case strings.Contains(block, "kind: ProcessManifest"):
			case strings.HasPrefix(block, "- name:"):
				block = "apiVersion: processmanager/v1\nkind: ProcessManifest\nspec:\n  processes:\n" + indent(block)
			default:
				continue // of something else
			}
			seen++
			path := filepath.Join(t.TempDir(), "manifest.yaml")
			if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(program, "validate", path).CombinedOutput(); err != nil {
				t.Errorf("%s shows a manifest that is refused: %v\n%s\n%s", file, err, out, shown)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d manifests were found: the search has lost them", seen)
	}
}

// docs/telnet.md says what only pmclient can do: its commands that are no verbs.
func TestWhatOnlyPmclientCan(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	page := read("../docs/telnet.md")
	found := regexp.MustCompile(`(?s)\[\x60pmclient\x60\]\(pmclient\.md\) can do more.*?\n\n`).FindString(page)
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(found, -1) {
		named[m[1]] = true
	}
	commands := regexp.MustCompile(`(?m)^### ([a-z]+)$`).FindAllStringSubmatch(read("../docs/pmclient.md"), -1)
	if len(commands) < 20 || len(named) < 5 {
		t.Fatalf("the search has lost the commands (%d) or those that are only pmclient's (%d)", len(commands), len(named))
	}
	for _, m := range commands {
		name := m[1]
		verb := strings.Contains(page, "| `!!process."+name+"` |") || name == "info" // !!system.info
		own := slices.Contains([]string{"shell", "completion", "version"}, name)     // about itself
		switch {
		case verb && named[name]:
			t.Errorf("docs/telnet.md says that only pmclient has %s, which is a verb", name)
		case !verb && !own && !named[name]:
			t.Errorf("docs/telnet.md does not say that only pmclient has %s", name)
		}
		delete(named, name)
	}
	delete(named, "pmclient")
	if len(named) > 0 {
		t.Errorf("docs/telnet.md names commands that pmclient does not have: %v", named)
	}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}
