//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// `-- command` is what tini and dumb-init are: the container is the command.
func TestSingleCommandExitCode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		argv []string
		want int
	}{
		{"success", []string{"true"}, 0},
		{"failure", []string{"sh", "-c", "exit 7"}, 7},
		{"terminated", []string{"sh", "-c", "kill -TERM $$"}, 143},
		{"killed", []string{"sh", "-c", "kill -KILL $$"}, 137},
		{"not found", []string{"/no/such/program"}, 127},
		{"not found in PATH", []string{"no-such-program"}, 127},
		{"not executable", []string{"/not-executable"}, 126},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := docker(t, append([]string{"run", "--rm", workloadImage, "--"}, tc.argv...)...)
			if r.code != tc.want {
				t.Errorf("exit code %d, want %d; %s", r.code, tc.want, r)
			}
		})
	}
}

func TestSingleCommandHasTheStreams(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("docker", "run", "--rm", "-i", workloadImage, "--", "sh", "-c", "cat; echo to stderr >&2")
	cmd.Stdin = strings.NewReader("from outside\n")
	r := run(t, cmd)
	if r.code != 0 || r.stdout != "from outside\n" || r.stderr != "to stderr\n" {
		t.Errorf("want the bytes as they are on both streams; have %s", r)
	}
}

func TestSingleCommandGetsTheSignals(t *testing.T) {
	t.Parallel()
	c := launch(t, "run", "-d", workloadImage, "--",
		"sh", "-c", `trap 'echo got USR1' USR1; trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done`)
	c.says("ready")
	must(t, "kill", "-s", "USR1", c.id)
	c.says("got USR1")
	code, took := c.stop()
	if code != 5 {
		t.Errorf("exit code %d, want the command's own 5", code)
	}
	if took > quick {
		t.Errorf("docker stop took %v, want less than %v", took, quick)
	}
}

// A process that outlives the command must not be left, and must not be cut off
// before it had its signal.
func TestSingleCommandWaitsForTheTree(t *testing.T) {
	t.Parallel()
	r := docker(t, "run", "--rm", workloadImage, "--",
		"sh", "-c", `setsid sh -c 'trap "echo the last one; exit 0" TERM; echo armed; while :; do sleep 0.1; done' >/tmp/out & tail -f /tmp/out & while ! grep -q armed /tmp/out; do sleep 0.1; done; exit 9`)
	if r.code != 9 {
		t.Errorf("exit code %d, want 9; %s", r.code, r)
	}
}

// With `docker run -it` there is a terminal, and the command is in front of it.
func TestSingleCommandHasTheTerminal(t *testing.T) {
	t.Parallel()
	c := launch(t, "run", "-d", "-t", workloadImage, "--",
		"sh", "-c", `read pid comm state ppid pgrp sid tty tpgid rest < /proc/$$/stat; [ $tpgid = $$ ] && test -t 0 && echo in front; trap 'exit 5' TERM; while :; do sleep 0.1; done`)
	c.says("in front")
	if code, _ := c.stop(); code != 5 {
		t.Errorf("exit code %d, want the command's own 5", code)
	}
}

// What ignores SIGTERM behind a command that has ended costs the ten seconds of the
// documentation, and a second docker kill ends it at once.
func TestSingleCommandLeavesAMule(t *testing.T) {
	t.Parallel()
	c := launch(t, "run", "-d", workloadImage, "--",
		"sh", "-c", `setsid sh -c 'trap "" TERM; touch /tmp/up; while :; do sleep 0.1; done' & while ! [ -e /tmp/up ]; do sleep 0.1; done; echo leaves; exit 9`)
	c.says("leaves")
	must(t, "kill", "-s", "TERM", c.id)
	must(t, "kill", "-s", "TERM", c.id)
	if code := c.exitCode(); code != 9 {
		t.Errorf("exit code %d, want the command's own 9", code)
	}
}

// An image sets variables for its manager; they do not hinder a command, a flag that
// does nothing is refused.
func TestSingleCommandFlags(t *testing.T) {
	t.Parallel()
	if r := docker(t, "run", "--rm", workloadImage, "-log-dir", "/tmp", "--", "true"); r.code != 64 || !strings.Contains(r.stderr, "-log-dir") {
		t.Errorf("want 64 and the flag's name; have %s", r)
	}
	if r := docker(t, "run", "--rm", "-e", "PM_LOG_DIR=/tmp", "-e", "PM_MANIFEST=/none", workloadImage, "--", "true"); r.code != 0 || r.stderr != "" {
		t.Errorf("want nothing but success; have %s", r)
	}
}
