package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var logTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z`)

// TestLogsPage runs the manifest of docs/logs.md with the flags that it shows, and compares
// what comes out: stdout, then stderr without the manager's own lines.
func TestLogsPage(t *testing.T) {
	page, err := os.ReadFile("../docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := blocks(string(page), "console")
	manifests := blocks(string(page), "yaml")
	if len(shown) != 1 || len(manifests) == 0 {
		t.Fatalf("docs/logs.md has %d console and %d yaml blocks, want one and some", len(shown), len(manifests))
	}
	dir := t.TempDir()
	program, manifest := filepath.Join(dir, "processmanager"), filepath.Join(dir, "m.yaml")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/processmanager").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	if err := os.WriteFile(manifest, []byte(manifests[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	var real strings.Builder
	for line := range strings.Lines(shown[0]) {
		args, ok := strings.CutPrefix(line, "$ processmanager ")
		if !ok {
			continue
		}
		real.WriteString(line)
		cmd := exec.Command(program, append(strings.Fields(args), "-manifest", manifest, "-socket", filepath.Join(dir, "s"))...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "PM_") })
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.TrimSpace(line), err, stderr.String())
		}
		real.Write(stdout.Bytes())
		for line := range strings.Lines(stderr.String()) {
			if !strings.Contains(line, "processmanager | ") && !strings.Contains(line, `"process":"processmanager"`) {
				real.WriteString(line)
			}
		}
	}
	if n := strings.Count(real.String(), "$ "); n != 4 {
		t.Errorf("%d commands were found, want 4: the search has lost them", n)
	}
	if diff := cmp.Diff(logTime.ReplaceAllString(shown[0], "TIME"), logTime.ReplaceAllString(real.String(), "TIME")); diff != "" {
		t.Errorf("docs/logs.md does not show what comes out (-page +real):\n%s", diff)
	}
}
