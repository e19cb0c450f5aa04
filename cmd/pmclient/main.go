// Command pmclient asks a manager over its API and prints the answer.
//
//	Exit code  Meaning                                                diff
//	0          done                                                   the same
//	1          the manager refused, or the thing failed               different
//	2          wrong usage                                            anything else
//	3          the manager cannot be reached, or the secret is wrong
//
// Of exec it is the exit code of the command, and 124 when its time was up; what pmclient
// itself has to say is on stderr, behind "pmclient: ".
//
// What others wrote (output of processes, names, errors) is made harmless where it
// goes to a terminal; into a pipe or a file it goes as it is.
//
//	file           question it answers
//	commands.go    which commands are there, with which flags
//	change.go      what changes a process
//	exec.go        what is run beside a process
//	look.go        what shows processes
//	follow.go      what is written, as it is written
//	watch.go       the list, as it changes
//	leave.go       when is nobody there any more
//	top.go         the list on a screen with keys
//	events.go      what happens, as it happens
//	manifest.go    what is done with a manifest
//	system.go      what is done with the manager
//	connect.go     where is the manager
//	secret.go      what is the secret
//	tls.go         whom to trust over https
//	socket.go      who may use a socket
//	ask.go         how is it asked, and the answer written
//	errors.go      what is said when something fails, and the exit code
//	text.go        how does an answer look
//	table.go       how do columns fit the screen
//	screen.go      is it a terminal, how wide, with colours
//	style.go       which colour has what
//	shell.go       a session: which lines are performed, and when
//	statement.go   what does a statement of heroscript mean here
//	edit.go        how is a line typed
//	completion.go  how does a shell ask for words that fit
//	complete.go    which words fit
//
// What goes on for ever (logs -follow, list -watch, events) ends with 0 when the manager
// ends; a lost connection is made again for a minute. Ctrl-C ends it by the signal, as
// it ends kubectl: a shell sees 130.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

// version is set by the build.
var version = "dev"

func main() {
	// It lives for milliseconds: collecting garbage would be a third of them. The
	// limit turns it on again where an answer is large.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(128 << 20)
	os.Exit(Run(os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// Run is the whole program: arguments with the program's name first, environment
// as os.Environ gives it, where to read a manifest from and where to write. It
// returns the exit code.
func Run(args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{env: env, in: stdin, out: stdout, screen: screenOf(stdout), now: time.Now}
	return p.run(args, stderr)
}

// program is one run.
type program struct {
	ctx    context.Context // nil: without end
	env    []string
	in     io.Reader
	out    io.Writer
	screen screen           // what out is
	now    func() time.Time // ages are counted from here
	errs   io.Writer

	errScreen screen // what errs is

	way   string // the flag that says where the manager is, once that is known
	place string // the socket of its API; "" over TCP
	typed string // the secret that was typed
}

func (p *program) run(args []string, stderr io.Writer) int {
	p.errs, p.errScreen = stderr, screenOf(stderr)
	if len(args) > 1 && args[1] == askCommand {
		p.askedBy(args[2:])
		return exitDone
	}
	err := p.execute(args)
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	var end commandEnd
	if errors.Is(err, errDiffers) || errors.Is(err, errFailed) || errors.As(err, &end) && !end.speaks() {
		return code
	}
	for _, line := range p.messages(err) {
		fmt.Fprintln(stderr, "pmclient: "+supervisor.Harmless(line))
	}
	if errors.As(err, new(usageError)) {
		fmt.Fprintln(stderr, "pmclient help tells the usage")
	}
	return code
}

// execute does what the arguments say.
func (p *program) execute(args []string) error {
	if err := checkText(args); err != nil {
		return err
	}
	return p.command().Run(p.context(), versionFlag(joinBool(args)))
}

func (p *program) context() context.Context {
	if p.ctx == nil {
		return context.Background()
	}
	return p.ctx
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

// boolFlags take a value of their own or none.
var boolFlags = []string{"log", "previous", "dry-run", "follow", "watch", untilEOF, "once", "wait"}

// joinBool writes "-log false" as "-log=false": everywhere else a flag and its
// value may be two words, so here too.
func joinBool(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if i+1 < len(args) && slices.Contains(boolFlags, strings.TrimLeft(arg, "-")) && strings.HasPrefix(arg, "-") {
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
			"Exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 cannot reach the manager or authenticate; of diff: 0 same, 1 different, 2 anything else.",
		Flags:          commonFlags(),
		Commands:       p.commands(),
		Writer:         p.out,
		ErrWriter:      io.Discard, // run writes the errors, once
		HideVersion:    true,
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		OnUsageError: func(_ context.Context, c *cli.Command, err error, _ bool) error {
			return usage("%s", tell.FlagError(err, c))
		},
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
