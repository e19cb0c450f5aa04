//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// quick is far below the grace periods (25 s for all, 30 s for one): whoever waits
// for a grace although everything is gone is too late.
const quick = 8 * time.Second

// minStubborn is the grace of the stubborn process in lifecycle.yaml.
const minStubborn = 3 * time.Second

// zombies counts the processes in state Z, as the host sees them.
func (c *container) zombies() int {
	c.t.Helper()
	count := 0
	for _, line := range strings.Split(must(c.t, "top", c.id, "-eo", "pid,stat,comm"), "\n")[1:] {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], "Z") {
			count++
		}
	}
	return count
}

func TestReapsOrphans(t *testing.T) {
	t.Parallel()
	const orphans = 200
	c := start(t, fmt.Sprintf(`
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - name: litter
      command: |
        i=0
        while [ $i -lt %d ]; do
          # The parent ends at once, the child is an orphan and dies a little later.
          (sleep 0.1 &)
          i=$((i+1))
        done
        echo littered
        sleep 1000
`, orphans))
	c.says("littered")
	c.eventually("no zombie is left", func() error {
		if n := c.zombies(); n != 0 {
			return fmt.Errorf("%d zombies", n)
		}
		return nil
	})
	c.eventually("orphans are counted", func() error {
		_, body, err := c.get("/metrics")
		if err != nil {
			return err
		}
		match := regexp.MustCompile(`(?m)^processmanager_orphans_reaped_total (\S+)$`).FindStringSubmatch(body)
		if match == nil {
			return fmt.Errorf("no processmanager_orphans_reaped_total in:\n%s", body)
		}
		if n, err := strconv.ParseFloat(match[1], 64); err != nil || n < orphans {
			return fmt.Errorf("orphans_reaped_total is %s, want at least %d", match[1], orphans)
		}
		return nil
	})
	if code, _ := c.stop(); code != 0 {
		t.Errorf("exit code %d after docker stop, want 0", code)
	}
}

const twoTiers = `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - name: db
      command: |
        trap 'echo db says goodbye; exit 0' TERM
        echo db is up
        while :; do sleep 0.1; done
    - name: web
      dependsOn: [{name: db}]
      command: |
        trap 'sleep 1; echo web says goodbye; exit 0' TERM
        echo web is up
        while :; do sleep 0.1; done
`

func TestStopIsOrderedAndQuick(t *testing.T) {
	t.Parallel()
	c := start(t, twoTiers)
	c.says("db is up")
	c.says("web is up")
	code, took := c.stop()
	if code != 0 {
		t.Errorf("exit code %d after docker stop, want 0", code)
	}
	if took > quick {
		t.Errorf("docker stop took %v, want less than %v", took, quick)
	}
	logs := c.logs()
	web, db := strings.Index(logs, "web says goodbye"), strings.Index(logs, "db says goodbye")
	if web < 0 || db < 0 || web > db {
		t.Errorf("want the goodbye of web, then that of db, which it depends on; have:\n%s", logs)
	}
}

// Who ignores the stop signal costs its own grace period, and not the container's
// exit code.
func TestStopOfTheStubborn(t *testing.T) {
	t.Parallel()
	c := start(t, `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - name: stubborn
      terminationGracePeriodSeconds: 2
      command: |
        trap '' TERM
        # Its own session: a signal to the process group does not reach it.
        setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' &
        echo stubborn is up
        while :; do sleep 0.1; done
`)
	c.says("stubborn is up")
	code, took := c.stop()
	if code != 0 {
		t.Errorf("exit code %d after docker stop, want 0", code)
	}
	if took < 2*time.Second || took > 2*time.Second+quick {
		t.Errorf("docker stop took %v, want its grace of 2 s and not much more", took)
	}
}

func TestExitCodeOfTheContainer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		processes string
		want      int
	}{
		{"essential process fails", `
    - {name: app, essential: true, restartPolicy: Never, command: "exit 42"}
    - {name: helper, command: [sleep, "1000"]}`, 42},
		{"essential process is killed", `
    - {name: app, essential: true, restartPolicy: Never, command: "kill -KILL $$"}
    - {name: helper, command: [sleep, "1000"]}`, 137},
		{"essential process completes", `
    - {name: app, essential: true, restartPolicy: OnFailure, command: "true"}
    - {name: helper, command: [sleep, "1000"]}`, 0},
		{"all are done", `
    - {name: a, restartPolicy: Never, command: "exit 0"}
    - {name: b, restartPolicy: Never, command: ["true"]}`, 0},
		{"all are done, the first non-zero one decides", `
    - {name: a, restartPolicy: Never, command: "exit 0"}
    - {name: b, restartPolicy: Never, command: "sleep 0.5; exit 3"}
    - {name: c, restartPolicy: Never, command: "exit 4"}`, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, "apiVersion: processmanager/v1\nkind: ProcessManifest\nspec:\n  processes:"+tc.processes+"\n")
			if got := c.exitCode(); got != tc.want {
				t.Errorf("the container exits with %d, want %d", got, tc.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("bad manifest", func(t *testing.T) {
		t.Parallel()
		c := start(t, `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - {name: web, command: [sleep, "1000"], restartPolice: Always}
`)
		if got := c.exitCode(); got != 78 {
			t.Errorf("exit code %d, want 78", got)
		}
		if logs := c.logs(); !strings.Contains(logs, "spec.processes[0].restartPolice") || !strings.Contains(logs, "restartPolicy") {
			t.Errorf("the log does not name the field and what was meant:\n%s", logs)
		}
	})
	t.Run("unknown flag", func(t *testing.T) {
		t.Parallel()
		if r := docker(t, "run", "--rm", productImage, "-no-such-flag"); r.code != 64 || !strings.Contains(r.stderr, "no-such-flag") {
			t.Errorf("want 64 and the flag's name; have %s", r)
		}
	})
}

// Each signal to PID 1 does what the documentation says, and none that means nothing
// ends the container.
func TestSignalsToPID1(t *testing.T) {
	t.Parallel()
	const manifest = `
apiVersion: processmanager/v1
kind: ProcessManifest
spec:
  processes:
    - {name: web, command: "echo web is up; exec sleep 1000"}
`
	for _, sig := range []string{"INT", "QUIT", "PWR", "37"} {
		t.Run(sig, func(t *testing.T) {
			t.Parallel()
			c := start(t, manifest)
			c.says("web is up")
			must(t, "kill", "-s", sig, c.id)
			if code := c.exitCode(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
	t.Run("the rest", func(t *testing.T) {
		t.Parallel()
		c := start(t, manifest)
		c.says("web is up")
		for _, sig := range []string{"WINCH", "PIPE", "ALRM", "VTALRM", "XCPU", "XFSZ", "URG", "CHLD", "CONT", "TSTP", "ILL", "TRAP", "ABRT", "SEGV", "40"} {
			must(t, "kill", "-s", sig, c.id)
		}
		must(t, "kill", "-s", "USR2", c.id)
		c.says("name=web status=running")
		must(t, "kill", "-s", "USR1", c.id)
		c.says("reopened")
		if code, took := c.stop(); code != 0 || took > quick {
			t.Errorf("exit code %d after %v", code, took)
		}
	})
}
