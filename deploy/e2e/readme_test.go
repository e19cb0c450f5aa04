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

// plain stands for the image of somebody else in README: a shell and nothing of
// Process Manager.
const plain = `
FROM scratch AS plain
COPY busybox /bin/busybox
COPY my-program /my-program
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && mkdir -m 1777 /tmp"]
`

// The Dockerfiles of README, word by word but for the names of the images, make
// images whose containers run, list their process by `pmclient list`, and end with 0.
func TestDockerfilesOfReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile("(?ms)^```dockerfile\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(list) != 2 {
		t.Fatalf("README has %d Dockerfiles, want 2: as a base, and to copy from", len(list))
	}
	dir := readmeContext(t)
	for i, m := range list {
		file := plain + strings.NewReplacer("processmanager:dev", productImage, "debian:12-slim", "plain").Replace(m[1])
		path := filepath.Join(dir, fmt.Sprintf("Dockerfile%d", i))
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		image := fmt.Sprintf("%s-readme%d", workloadImage, i)
		must(t, "build", "-q", "-t", image, "-f", path, dir)
		t.Cleanup(func() { removeImage(image) })

		c := launch(t, "run", "-d", image)
		running := regexp.MustCompile(`(?m)^mine +running`)
		c.eventually("pmclient lists the process", func() error {
			r := docker(t, "exec", c.id, "pmclient", "list")
			if r.code != 0 || !running.MatchString(r.stdout) {
				return fmt.Errorf("%s", r)
			}
			return nil
		})
		if code, _ := c.stop(); code != 0 {
			t.Errorf("Dockerfile %d of README: exit code %d after a stop, want 0", i, code)
		}
	}
}

// readmeContext is a folder with the files that README copies, and a busybox.
func readmeContext(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	const program = "package main\nimport (\"fmt\"; \"time\")\nfunc main() { fmt.Println(\"mine\"); <-time.After(time.Hour) }\n"
	files := map[string]string{"my-manifest.yaml": readmeManifest, "main.go": program}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	files["busybox"] = string(binary)
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
