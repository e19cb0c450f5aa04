//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readmeManifest is my-manifest.yaml of README.
const readmeManifest = `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - name: mine
      command: [/my-program]
`

// The Dockerfiles of README and docs, word by word but for the names of the images, make
// images whose containers run, list their process by `pmclient list`, and end with 0,
// also for a user that nobody knows, without any right and with a read-only root. What is
// an ordinary image there is one of Debian packages here.
func TestDockerfilesOfTheDocumentation(t *testing.T) {
	var list []string
	for file, want := range map[string]int{"README.md": 2, "docs/kubernetes.md": 1} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile("(?ms)^```dockerfile\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
		if len(found) != want {
			t.Fatalf("%s has %d Dockerfiles, want %d", file, len(found), want)
		}
		for _, m := range found {
			list = append(list, m[1])
		}
	}
	dir := readmeContext(t)
	for i, shown := range list {
		file := "FROM " + debianImage + " AS ordinary\nCOPY my-program /\n" +
			strings.NewReplacer("processmanager:dev", productImage, "debian:12-slim", "ordinary").Replace(shown)
		path := filepath.Join(dir, fmt.Sprintf("Dockerfile%d", i))
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		image := fmt.Sprintf("%s-readme%d", workloadImage, i)
		must(t, "build", "-q", "-t", image, "-f", path, dir)
		t.Cleanup(func() { removeImage(image) })
		for _, options := range [][]string{nil, {
			"--user", "12345:23456", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
			"--read-only", "--tmpfs", "/run/processmanager", "--tmpfs", "/tmp",
		}} {
			c := launch(t, append(append([]string{"run", "-d"}, options...), image)...)
			running := regexp.MustCompile(`(?m)^mine +running`)
			c.eventually("pmclient lists the process", func() error {
				r := docker(t, "exec", c.id, "pmclient", "list")
				if r.code != 0 || !running.MatchString(r.stdout) {
					return fmt.Errorf("%s", r)
				}
				return nil
			})
			if code, _ := c.stop(); code != 0 {
				t.Errorf("exit code %d after a stop, want 0; options %q; Dockerfile:\n%s", code, options, shown)
			}
		}
	}
}

// What docs/single-command.md says of an image makes one that runs the command, and ends with its code.
func TestOneCommandOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/single-command.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?ms)^```dockerfile\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(found) != 1 {
		t.Fatalf("the page has %d Dockerfiles, want one", len(found))
	}
	dir := readmeContext(t)
	path := filepath.Join(dir, "Dockerfile")
	file := "FROM " + productImage + "\nCOPY my-program /app/server\n" + found[0][1]
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	image := workloadImage + "-one"
	must(t, "build", "-q", "-t", image, "-f", path, dir)
	t.Cleanup(func() { removeImage(image) })
	c := launch(t, "run", "-d", image)
	c.eventually("the command runs", func() error {
		if r := docker(t, "logs", c.id); r.stdout != "mine\n" {
			return fmt.Errorf("%s", r)
		}
		return nil
	})
	if code, _ := c.stop(); code != 143 { // it does nothing about SIGTERM
		t.Errorf("exit code %d after a stop, want 143", code)
	}
}

// readmeContext is a folder with the files that the Dockerfiles copy.
func readmeContext(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	const program = "package main\nimport (\"fmt\"; \"time\")\nfunc main() { fmt.Println(\"mine\"); <-time.After(time.Hour) }\n"
	files := map[string]string{"my-manifest.yaml": readmeManifest, "main.go": program}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", "my-program", "main.go")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build my-program: %v\n%s", err, out)
	}
	return dir
}
