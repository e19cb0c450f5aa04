// Command kubectl-pm is a plugin of kubectl: `kubectl pm` asks the managers in all Pods of
// a selector at once. It has no way of its own into a cluster: it runs kubectl, with the
// user's kubeconfig and rights, and in each Pod pmclient, by kubectl exec.
//
//	Exit code  Meaning
//	0          done, in every Pod
//	1          refused or failed in some Pod; the others have done it
//	2          wrong usage
//	3          no Pod could be asked: kubectl has failed, none matches, or none answers
//
//	file         question it answers
//	commands.go  which commands are there, with which flags
//	kubectl.go   how is kubectl run, and what has gone wrong
//	pods.go      which Pods are asked, and which container of each
//	fleet.go     how are many asked at once, and what is said of those that fail
//	look.go      what shows processes
//	change.go    what changes them
//	passon.go    what else does pmclient do
//	logs.go      what have they written
//	follow.go    what do they write, while Pods come and go
//	lines.go     how does a line look
//	top.go       the screen of pmclient top, over many Pods
//	complete.go  which words fit
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/processmanager/processmanager/supervisor"
)

// version is set by the build.
var version = "dev"

const (
	exitDone     = 0
	exitSome     = 1
	exitUsage    = 2
	exitNobody   = 3
	completeWord = "__complete"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(Run(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// Run is the whole program: arguments with the program's name first, environment as
// os.Environ gives it. It returns the exit code.
func Run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{env: env, in: stdin, out: stdout, errs: stderr}
	if len(args) > 1 && args[1] == completeWord {
		p.complete(ctx, args[2:])
		return exitDone
	}
	err := p.command().Run(ctx, args)
	if err == nil {
		return exitDone
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(stderr, "kubectl pm: "+supervisor.Harmless(text))
	}
	switch {
	case errors.As(err, new(usageError)):
		fmt.Fprintln(stderr, "kubectl pm help tells the usage")
		return exitUsage
	case errors.As(err, new(nobodyError)):
		return exitNobody
	}
	return exitSome
}

// program is one run.
type program struct {
	env  []string
	in   io.Reader
	out  io.Writer
	errs io.Writer
}

func (p *program) getenv(name string) string {
	for _, kv := range p.env {
		if len(kv) > len(name) && kv[len(name)] == '=' && kv[:len(name)] == name {
			return kv[len(name)+1:]
		}
	}
	return ""
}

// usageError is wrong usage.
type usageError struct{ err error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// nobodyError says that no Pod could be asked.
type nobodyError struct{ err error }

func (e nobodyError) Error() string { return e.err.Error() }
func (e nobodyError) Unwrap() error { return e.err }
