//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait for a fact. It is long because the machine may be busy;
// a test that is about speed has a limit of its own.
const patience = 60 * time.Second

// result is what a command of the engine came to.
type result struct {
	stdout, stderr string
	code           int
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\nstdout:\n%s\nstderr:\n%s", r.code, r.stdout, r.stderr)
}

// docker runs one command of the engine to its end.
func docker(t *testing.T, args ...string) result {
	t.Helper()
	return run(t, exec.Command("docker", args...))
}

// run is for a command that may fail; one that cannot be run ends the test.
func run(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot run %s: %v", strings.Join(cmd.Args, " "), err)
	}
	// Cleanups call this too: then t.Context is already over.
	late := time.AfterFunc(2*patience, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("cannot run %s: %v", strings.Join(cmd.Args, " "), err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must is docker for commands that have to succeed; it returns the standard output.
func must(t *testing.T, args ...string) string {
	t.Helper()
	r := docker(t, args...)
	if r.code != 0 {
		t.Fatalf("docker %s: %s", strings.Join(args, " "), r)
	}
	return strings.TrimSpace(r.stdout)
}

// container is one that runs, or ran, for a test.
type container struct {
	t  *testing.T
	id string
}

// start runs the workload image with a mounted manifest in the background. The
// options are those of docker run.
func start(t *testing.T, manifest string, options ...string) *container {
	t.Helper()
	args := []string{"run", "-d", "-v", manifestDir(t, manifest) + ":/etc/processmanager:ro", "-p", "127.0.0.1::9464"}
	args = append(args, options...)
	return launch(t, append(args, workloadImage)...)
}

// manifestDir writes a manifest where every user may read it, and returns its folder.
func manifestDir(t *testing.T, manifest string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "processes.yaml"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// launch runs `docker run -d …` and sees to it that nothing of it is left.
func launch(t *testing.T, args ...string) *container {
	t.Helper()
	c := &container{t: t, id: must(t, args...)}
	t.Cleanup(func() {
		if t.Failed() {
			r := docker(t, "logs", c.id)
			t.Logf("container's stdout:\n%s\ncontainer's stderr:\n%s", r.stdout, r.stderr)
		}
		must(t, "rm", "-f", "-v", c.id)
	})
	return c
}

// logs returns all that the container has written, both streams.
func (c *container) logs() string {
	c.t.Helper()
	r := docker(c.t, "logs", c.id)
	return r.stdout + r.stderr
}

// says waits until the container has written a text.
func (c *container) says(text string) {
	c.t.Helper()
	c.eventually("container says "+strconv.Quote(text), func() error {
		if strings.Contains(c.logs(), text) {
			return nil
		}
		return errors.New("it has not")
	})
}

// exitCode waits until the container has ended.
func (c *container) exitCode() int {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", "wait", c.id).Output()
	if err != nil {
		c.t.Fatalf("the container did not end: %v", err)
	}
	code, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		c.t.Fatalf("docker wait: %v", err)
	}
	return code
}

// stop is `docker stop`: SIGTERM, and SIGKILL after 20 seconds. It returns the exit
// code and how long it took.
func (c *container) stop() (int, time.Duration) {
	c.t.Helper()
	began := time.Now()
	must(c.t, "stop", "-t", "20", c.id)
	return c.exitCode(), time.Since(began)
}

// get asks the published port.
func (c *container) get(path string) (status int, body string, err error) {
	c.t.Helper()
	r := docker(c.t, "port", c.id, "9464/tcp")
	if r.code != 0 {
		return 0, "", errors.New(strings.TrimSpace(r.stderr))
	}
	address, _, _ := strings.Cut(r.stdout, "\n")
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func (c *container) eventually(what string, look func() error) {
	c.t.Helper()
	eventually(c.t, what, look)
}

// eventually waits for a fact by looking, often, until patience is over.
func eventually(t *testing.T, what string, look func() error) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		err := look()
		if err == nil {
			return
		}
		select {
		case <-end:
			t.Fatalf("waited %v for: %s; the last answer: %v", patience, what, err)
		case <-tick.C:
		}
	}
}
