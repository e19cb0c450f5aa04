package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
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

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}
