package main

import (
	"errors"
	"os/exec"
	"strings"
)

// pmclient runs the client and returns what it printed, and its exit code.
func (in *instance) pmclient(args ...string) (string, int) {
	in.t.Helper()
	cmd := exec.Command(pmclient(in.t), append([]string{"-socket", in.socket}, args...)...)
	cmd.Env = cleanEnviron()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		in.t.Fatal(err)
	}
	return strings.TrimSuffix(string(out), "\n"), cmd.ProcessState.ExitCode()
}
