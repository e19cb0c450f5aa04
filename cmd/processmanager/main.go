// Command processmanager runs processes: as a container's PID 1, as a sidecar, or
// for one command as tini does.
//
//	Exit code  Meaning
//	0          asked to end, or everything has ended with success
//	1–255      of the process that decided; 128+n when signal n ended it
//	64         the command line, or something it names, cannot be used
//	70         an error of this program or of the system (2, if the Go runtime could
//	           not go on)
//	78         the manifest is refused
//
// With -- COMMAND also 126 (cannot be executed) and 127 (not found).
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor/manager"
)

// version and revision are set by the build.
var (
	version  = "dev"
	revision string
)

// The exit codes of the program itself; see sysexits.h.
const (
	exitDone     = 0
	exitUsage    = 64
	exitInternal = 70
	exitConfig   = 78
)

func main() {
	args, env := clones(os.Args[1:]), os.Environ()
	_ = manager.Hide(variable("secret"), "secret") // where it cannot, nobody can look either: there is no /proc
	os.Exit(run(args, env, os.Stdout, os.Stderr))
}

// clones copies strings, and not only where they are: what is hidden is overwritten.
func clones(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.Clone(s)
	}
	return out
}

// run is the whole program. It returns the exit code.
func run(args, env []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "convert" {
		return convertMain(args[1:], os.Stdin, stdout, stderr)
	}
	o, err := parse(args, env)
	if err != nil {
		fmt.Fprintf(stderr, "processmanager: %v\nprocessmanager help tells the usage\n", err)
		if meansToRun(args) {
			_ = manager.WriteLastWord(terminationLog, "processmanager: "+err.Error()) // it stands on stderr too
		}
		return exitUsage
	}
	switch o.verb {
	case "help":
		usage(stdout)
		return exitDone
	case "version":
		fmt.Fprintln(stdout, strings.TrimSpace("processmanager "+version+" "+revision))
		return exitDone
	case "validate":
		return validate(o, stdout, stderr)
	case "schema":
		return schema(stdout, stderr)
	case "healthcheck":
		return healthcheck(o, stdout, stderr)
	}
	return serve(o, env, stdout, stderr)
}

// meansToRun reports whether arguments, which may be wrong, are not those of a
// subcommand: what an operator or a probe gets wrong beside a manager is not the last
// word of the container.
func meansToRun(args []string) bool {
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if slices.Contains(subcommands, strings.TrimLeft(arg, "-")) {
			return false
		}
	}
	return true
}

// validate reads a manifest and says everything that is wrong with it.
func validate(o *options, stdout, stderr io.Writer) int {
	path := o.manifestPath()
	if len(o.args) > 0 {
		path = strings.Join(o.args, ",")
	}
	if path == "" {
		fmt.Fprintf(stderr, "processmanager: there is no manifest to validate: %s does not exist; name one: processmanager validate PATH\n", defaultManifest)
		return exitUsage
	}
	set, _, err := manager.Load(path)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitConfig
	}
	if o.print {
		text, err := manager.Print(set)
		if err != nil {
			fmt.Fprintf(stderr, "processmanager: %v\n", err)
			return exitInternal
		}
		_, _ = stdout.Write(text)
		return exitDone
	}
	fmt.Fprintf(stdout, "%s: valid, %d processes\n", path, len(set.Processes))
	return exitDone
}

func schema(stdout, stderr io.Writer) int {
	text, err := manager.Schema()
	if err == nil {
		_, err = stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintf(stderr, "processmanager: cannot print the schema: %v\n", err)
		return exitInternal
	}
	return exitDone
}
