package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A plugin of kubectl, and pmclient -rpc, run where people sit.
func TestBuildsElsewhere(t *testing.T) {
	t.Parallel()
	for _, platform := range []string{"darwin/arm64", "windows/amd64"} {
		goos, goarch, _ := strings.Cut(platform, "/")
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, ".", "../pmclient")
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", platform, err, out)
		}
	}
}
