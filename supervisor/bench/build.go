package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed child/workload.c
var workloadSource []byte

//go:embed child/floor.c
var floorSource []byte

// tools are the programs that the benchmark brings along, compiled.
type tools struct {
	workload string
	floor    string
}

func buildChildren(ctx context.Context, dir string) (tools, error) {
	t := tools{filepath.Join(dir, "workload"), filepath.Join(dir, "floor")}
	for _, c := range []struct {
		file   string
		source []byte
	}{{t.workload, workloadSource}, {t.floor, floorSource}} {
		src := c.file + ".c"
		if err := os.WriteFile(src, c.source, 0o600); err != nil {
			return t, fmt.Errorf("cannot write a source file: %w", err)
		}
		cmd := exec.CommandContext(ctx, "gcc", "-static", "-O2", "-Wall", "-Wextra", "-o", c.file, src)
		if out, err := cmd.CombinedOutput(); err != nil {
			return t, fmt.Errorf("cannot compile %s (gcc and a static libc are needed): %w\n%s", filepath.Base(src), err, out)
		}
	}
	return t, nil
}

// buildOurs compiles one of the module's programs the way the release does:
// static, without symbols. The working directory must be inside the module.
func buildOurs(ctx context.Context, dir, name string) (string, error) {
	file := filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file,
		"github.com/processmanager/processmanager/cmd/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build %s: %w\n%s", name, err, tail(out, 600))
	}
	return file, nil
}
