//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The last part of docs/tutorial.md, in a container, with the manifest of its first part. What
// comes before is done by package deploy.
func TestTutorialInAContainer(t *testing.T) {
	page, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	before, inside, ok := strings.Cut(string(page), "\n## In a container\n")
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?")
	first := blocks.FindAllStringSubmatch(before, -1)
	begin := slices.IndexFunc(first, func(m []string) bool { return strings.HasPrefix(m[1], "cat > shop.yaml") })
	rest := blocks.FindAllStringSubmatch(inside, -1)
	if !ok || begin < 0 || len(rest) < 3 {
		t.Fatalf("the tutorial has %d steps in a container and no manifest", len(rest))
	}
	name := strings.ReplaceAll(workloadImage, ":", "-") + "-tutorial"
	names := strings.NewReplacer("processmanager:dev", productImage, "debian:12-slim", debianImage, "shop-tutorial", name)
	t.Cleanup(func() {
		_ = exec.Command("docker", "rm", "-f", name).Run() // there is none when all went well
		removeImage(name)
	})
	dir := t.TempDir()
	manifest, _, _ := strings.Cut(first[begin][1], "processmanager validate")
	manifest = strings.Replace(manifest, "good morning", "good evening", 1) // as it was changed
	for _, m := range append([][]string{{"", manifest, ""}}, rest...) {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", names.Replace(m[1]))
		cmd.Dir = dir
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("this step of the tutorial fails (%v):\n%s\n%s\n%s", err, m[1], out, stderr.String())
		}
		if want, got := inWords(m[2]), inWords(string(out)); m[2] != "" && got != want {
			t.Errorf("the tutorial shows\n%s\nas the output of\n%s\nbut it is\n%s", m[2], m[1], out)
		}
	}
}

// inWords is a text without times, numbers and the widths of columns.
func inWords(text string) string {
	text = regexp.MustCompile(`\d{4}-\d\d-\d\dT\S+`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`\d+(\.\d+)?(ms|[dhms])?`).ReplaceAllString(text, "N")
	return strings.Join(strings.Fields(text), " ")
}
