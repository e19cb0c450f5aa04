//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const web = `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - name: web
      command: |
        trap 'exit 0' TERM
        echo hello from web
        echo trouble in web >&2
        while :; do sleep 0.1; done
    - name: helper
      command: [sleep, "1000"]
`

// list asks for the processes as an operator would, without any flag for where.
func (c *container) list() (map[string]string, error) {
	c.t.Helper()
	r := docker(c.t, "exec", c.id, "/pmclient", "list", "-format", "json")
	if r.code != 0 {
		return nil, errors.New(r.String())
	}
	var infos []struct{ Name, Status string }
	if err := json.Unmarshal([]byte(r.stdout), &infos); err != nil {
		return nil, fmt.Errorf("cannot read the list %q: %w", r.stdout, err)
	}
	status := map[string]string{}
	for _, info := range infos {
		status[info.Name] = info.Status
	}
	return status, nil
}

// allRun waits until the processes run that the manifest above has.
func (c *container) allRun() {
	c.t.Helper()
	c.eventually("web and helper run", func() error {
		status, err := c.list()
		if err != nil {
			return err
		}
		if status["web"] != "running" || status["helper"] != "running" {
			return fmt.Errorf("%v", status)
		}
		return nil
	})
}

func TestClientNeedsNoFlag(t *testing.T) {
	t.Parallel()
	c := start(t, web)
	c.allRun()
	if text := must(t, "exec", c.id, "pmclient", "list"); !strings.Contains(text, "web") || !strings.Contains(text, "running") {
		t.Errorf("pmclient list, found through PATH, says:\n%s", text)
	}
	must(t, "exec", c.id, "/pmclient", "start", "-name", "extra", "-command", "sleep 1000")
	must(t, "exec", c.id, "/pmclient", "stop", "-name", "helper")
	status, err := c.list()
	if err != nil {
		t.Fatal(err)
	}
	if status["extra"] != "running" || status["helper"] != "stopped" {
		t.Errorf("after start of extra and stop of helper: %v", status)
	}
	if text := must(t, "exec", c.id, "/pmclient", "logs", "-name", "web"); !strings.Contains(text, "hello from web") {
		t.Errorf("pmclient logs says:\n%s", text)
	}
	if r := docker(t, "exec", c.id, "/pmclient", "stop", "-name", "nobody"); r.code != 1 {
		t.Errorf("stop of a process that is not there: want exit code 1; have %s", r)
	}
}

func TestMetricsAndHealth(t *testing.T) {
	t.Parallel()
	c := start(t, web, "--health-interval", "1s")
	c.allRun()
	c.eventually("a sample of web is scraped", func() error {
		status, body, err := c.get("/metrics")
		if err != nil {
			return err
		}
		for _, want := range []string{
			`(?m)^processmanager_process_up\{name="web"\} 1$`,
			`(?m)^processmanager_process_up\{name="helper"\} 1$`,
			`(?m)^processmanager_process_resident_memory_bytes\{name="web"\} [1-9]`,
			`(?m)^processmanager_process_cpu_seconds_total\{mode="user",name="web"\} `,
			`(?m)^processmanager_build_info\{`,
		} {
			if status != http.StatusOK || !regexp.MustCompile(want).MatchString(body) {
				return fmt.Errorf("status %d, no line matches %s in:\n%s", status, want, body)
			}
		}
		return nil
	})
	for _, path := range []string{"/livez", "/readyz", "/startupz"} {
		if status, body, err := c.get(path); err != nil || status != http.StatusOK {
			t.Errorf("GET %s: %d %q %v, want 200", path, status, body, err)
		}
	}
	c.eventually("the engine finds it healthy", func() error {
		if health := must(t, "inspect", "-f", "{{.State.Health.Status}}", c.id); health != "healthy" {
			return errors.New(health)
		}
		return nil
	})
}

func TestLogsAreNamed(t *testing.T) {
	t.Parallel()
	c := start(t, web)
	c.says("hello from web")
	c.says("trouble in web")
	r := docker(t, "logs", c.id)
	if !regexp.MustCompile(`(?m)^web \| hello from web$`).MatchString(r.stdout) {
		t.Errorf("stdout has no line of web with its name in front:\n%s", r.stdout)
	}
	if !regexp.MustCompile(`(?m)^web \| trouble in web$`).MatchString(r.stderr) {
		t.Errorf("stderr has no line of web with its name in front:\n%s", r.stderr)
	}
}

// Whatever a platform takes away, the container starts, serves and stops.
func TestLockedDown(t *testing.T) {
	t.Parallel()
	bare := []string{"--cap-drop", "ALL", "--security-opt", "no-new-privileges"}
	for _, tc := range []struct {
		name    string
		options []string
	}{
		{"the image's user", nil},
		{"a user that nobody knows, in group 0", []string{"--user", "12345"}},
		{"a user and group that nobody knows, read-only root", []string{"--user", "12345:23456", "--read-only", "--tmpfs", "/run/processmanager"}},
		{"a user and group that nobody knows", []string{"--user", "12345:23456"}},
		{"no network", []string{"--network", "none"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, web, append(bare, tc.options...)...)
			c.allRun()
			if code, took := c.stop(); code != 0 || took > quick {
				t.Errorf("docker stop: exit code %d after %v, want 0 in less than %v", code, took, quick)
			}
		})
	}
}
