package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/rpc/client"
)

// The exit codes.
const (
	exitDone        = 0
	exitRefused     = 1
	exitUsage       = 2
	exitUnreachable = 3
)

// usageError is an error of the person at the keyboard.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func onUsageError(_ context.Context, c *cli.Command, err error, _ bool) error {
	return usage("wrong usage of %s: %s", c.Name, tell.FlagError(err, c))
}

func exitCode(err error) int {
	var end commandEnd
	switch {
	case errors.As(err, &end):
		return end.result.ShellCode()
	case errors.As(err, new(usageError)), errors.As(err, new(troubleError)):
		return exitUsage
	case errors.Is(err, client.ErrUnreachable), errors.Is(err, client.ErrUnauthorized):
		return exitUnreachable
	}
	return exitRefused
}

// failures are the errors of several processes.
type failures []error

// join returns nil when nothing failed.
func join(errs []error) error {
	var list failures
	for _, err := range errs {
		if err != nil {
			list = append(list, err)
		}
	}
	if list == nil {
		return nil
	}
	return list
}

// Error implements error.
func (f failures) Error() string { return errors.Join(f...).Error() }

// Unwrap lets errors.Is see all of them.
func (f failures) Unwrap() []error { return f }

// messages are the lines of an error: one for each process, and one only for what
// went wrong with all of them alike.
func (p *program) messages(err error) []string {
	list := []error{err}
	var many failures
	if errors.As(err, &many) {
		list = many
	}
	var lines []string
	seen := map[string]bool{}
	for _, e := range list {
		text := e.Error()
		switch {
		case errors.Is(e, client.ErrUnreachable):
			text += "; " + p.unreachableHint(e)
		case errors.Is(e, client.ErrUnauthorized):
			text += " (-secret or -secret-file gives it)"
		}
		if !seen[text] {
			seen[text] = true
			lines = append(lines, text)
		}
	}
	return lines
}

// unreachableHint says what to look at.
func (p *program) unreachableHint(err error) string {
	if hint := tlsHint(err); hint != "" {
		return hint
	}
	switch {
	case errors.Is(err, fs.ErrPermission) && p.place != "":
		return socketHint(p.place)
	case p.way == "rpc":
		return "is it running, and does it listen there? (-rpc names the address of its API)"
	case p.way == "rpc-socket":
		return "is it running? (-rpc-socket names the socket of its API)"
	}
	return "is it running? (-socket names its telnet socket)"
}
