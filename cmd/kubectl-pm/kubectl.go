package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// kubectl runs the user's kubectl.
type kubectl struct {
	program string
	common  []string // --context, --kubeconfig
	env     []string
}

const (
	maxAnswer = 64 << 20        // bytes of one answer
	maxErrors = 64 << 10        // … and of what kubectl complains about
	endsAfter = 2 * time.Second // how long a killed kubectl is waited for
)

// remoteError is pmclient's own refusal inside of a Pod.
type remoteError struct {
	code int
	text string
}

func (e remoteError) Error() string { return e.text }

// errNoClient says that a container has no pmclient.
var errNoClient = errors.New("has no pmclient")

// errNoAnswer says that a Pod has taken longer than it may.
var errNoAnswer = errors.New("no answer in time (-timeout)")

// command is kubectl with arguments, not started yet.
func (k kubectl) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.program, append(append([]string(nil), k.common...), args...)...)
	cmd.Env = k.env
	cmd.WaitDelay = endsAfter
	return cmd
}

// run runs it to its end and returns what it has written.
func (k kubectl) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := k.command(ctx, args...)
	stdout, stderr := &limited{limit: maxAnswer}, &limited{limit: maxErrors, cut: true}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	if stdout.over {
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	return stdout.Bytes(), explain(ctx, err, stderr.String())
}

// noise is what the libraries of kubectl write to their own log.
var noise = regexp.MustCompile(`(?m)^[EWI]\d{4} \d\d:\d\d:\d\d.*\n?`)

var remoteCode = regexp.MustCompile(`(?m)^command terminated with exit code (\d+)\s*$`)

// explain says why kubectl has failed: by itself, or because of what it ran.
func explain(ctx context.Context, err error, stderr string) error {
	switch cause := context.Cause(ctx); {
	case err == nil:
		return nil
	case errors.Is(cause, context.DeadlineExceeded):
		return errNoAnswer
	case cause != nil:
		return cause
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nobodyError{fmt.Errorf("cannot run kubectl: %w; it has to be in PATH, or named by $KUBECTL", err)}
	}
	text := strings.TrimSpace(noise.ReplaceAllString(remoteCode.ReplaceAllString(stderr, ""), ""))
	missing := strings.Contains(text, "executable file not found") || strings.Contains(text, "no such file or directory")
	m := remoteCode.FindStringSubmatch(stderr)
	switch {
	case missing:
		return errNoClient
	case m == nil:
		if text == "" {
			return fmt.Errorf("kubectl has failed: %w", err)
		}
		return errors.New(text)
	}
	code, _ := strconv.Atoi(m[1]) // it is digits
	if code == 126 || code == 127 {
		return errNoClient
	}
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimPrefix(strings.TrimSpace(line), "pmclient: "); line != "" && line != "pmclient help tells the usage" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		lines = []string{fmt.Sprintf("pmclient has ended with %d", code)}
	}
	return remoteError{code, strings.Join(lines, "; ")}
}

// limited keeps what is written to it, up to a limit: beyond it, it says so, or forgets.
type limited struct {
	bytes.Buffer
	limit int
	cut   bool
	over  bool
}

func (l *limited) Write(p []byte) (int, error) {
	room := l.limit - l.Len()
	if len(p) <= room {
		return l.Buffer.Write(p)
	}
	if l.cut {
		_, _ = l.Buffer.Write(p[:max(room, 0)]) // a buffer takes everything
		return len(p), nil
	}
	l.over = true
	return 0, io.ErrShortBuffer
}
