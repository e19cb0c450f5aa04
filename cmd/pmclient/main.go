// Command pmclient asks a manager over its API and prints the answer.
//
//	Exit code  Meaning
//	0          done
//	1          the manager refused, or the thing failed
//	2          wrong usage
//	3          the manager cannot be reached, or the secret is wrong
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
)

// version is set by the build.
var version = "dev"

// The exit codes.
const (
	exitDone        = 0
	exitRefused     = 1
	exitUsage       = 2
	exitUnreachable = 3
)

func main() {
	// It lives for milliseconds: collecting garbage would be a third of them. The
	// limit turns it on again where an answer is large.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(128 << 20)
	os.Exit(Run(os.Args, os.Environ(), os.Stdout, os.Stderr))
}

// Run is the whole program: arguments with the program's name first, environment
// as os.Environ gives it, and where to write. It returns the exit code.
func Run(args, env []string, stdout, stderr io.Writer) int {
	p := &program{env: env, out: stdout, now: time.Now}
	return p.run(args, stderr)
}

// program is one run.
type program struct {
	env []string
	out io.Writer
	now func() time.Time // ages are counted from here
}

func (p *program) run(args []string, stderr io.Writer) int {
	err := checkText(args)
	if err == nil {
		err = p.command().Run(context.Background(), versionFlag(joinBool(args)))
	}
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	for _, line := range messages(err) {
		fmt.Fprintln(stderr, "pmclient: "+line)
	}
	if code == exitUsage {
		fmt.Fprintln(stderr, "pmclient help tells the usage")
	}
	return code
}

// checkText refuses what JSON cannot carry as it is: a command must not arrive as
// another one.
func checkText(args []string) error {
	for i, arg := range args {
		if !utf8.ValidString(arg) {
			return usage("argument %d (%q) is not valid UTF-8", i, arg)
		}
	}
	return nil
}

// versionFlag takes -version and --version for the command of that name.
func versionFlag(args []string) []string {
	if len(args) == 2 && strings.TrimLeft(args[1], "-") == "version" {
		return []string{args[0], "version"}
	}
	return args
}

// usageError is an error of the person at the keyboard.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// onUsageError gets what the flag parser says, which ends in the words of strconv
// when a value is wrong.
func onUsageError(_ context.Context, c *cli.Command, err error, _ bool) error {
	text, _, _ := strings.Cut(err.Error(), ": strconv.")
	return usage("wrong usage of %s: %s", c.Name, text)
}

func exitCode(err error) int {
	var wrong usageError
	switch {
	case errors.As(err, &wrong):
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
func messages(err error) []string {
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
			text += "; is it running? (-socket names its telnet socket)"
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

// joinBool writes "-log false" as "-log=false": everywhere else a flag and its
// value may be two words, so here too.
func joinBool(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if i+1 < len(args) && (arg == "-log" || arg == "--log") {
			switch strings.ToLower(args[i+1]) {
			case "true", "1", "yes":
				arg, i = arg+"=true", i+1
			case "false", "0", "no":
				arg, i = arg+"=false", i+1
			}
		}
		out = append(out, arg)
	}
	return out
}

// command is the command line.
func (p *program) command() *cli.Command {
	return &cli.Command{
		Name:      "pmclient",
		Usage:     "ask a process manager",
		UsageText: "pmclient [-socket PATH] [-secret-file PATH] COMMAND [NAME…]",
		Description: "Flags take one dash or two, may follow the command, and take their value behind a blank or \"=\".\n" +
			"Exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 cannot reach the manager or authenticate.",
		Flags:          connectionFlags(),
		Commands:       p.commands(),
		Writer:         p.out,
		ErrWriter:      io.Discard, // run writes the errors, once
		HideVersion:    true,
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		OnUsageError:   func(_ context.Context, _ *cli.Command, err error, _ bool) error { return usageError{err} },
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() == 0 {
				return usage("want a command: %s", strings.Join(commandNames(c), ", "))
			}
			return usage("there is no command %q: want %s", c.Args().First(), strings.Join(commandNames(c), ", "))
		},
	}
}

func commandNames(c *cli.Command) []string {
	var list []string
	for _, sub := range c.Root().Commands {
		if sub.Name != "help" {
			list = append(list, sub.Name)
		}
	}
	return list
}
