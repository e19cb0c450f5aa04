package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], benchmarks, os.Stdout, os.Stderr))
}

// rounds is how often each benchmark does its operation: always the same, because what
// is made once only, the first time, is divided by it.
const rounds = "100x"

// updating is the command that writes the file, for messages.
const updating = "make allocs-update"

// run is the whole program. measure runs benchmarks and returns what go test prints.
func run(args []string, measure func(packages, names []string) ([]byte, error), stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("allocs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("file", "deploy/allocs/allocs.txt", "file that says what may be allocated")
	update := flags.Bool("update", false, "write the file anew, for the benchmarks that it names")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 2
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		fmt.Fprintln(stderr, "allocs: cannot read what may be allocated:", err)
		return 2
	}
	allowed, err := parseFile(string(text))
	if err != nil {
		fmt.Fprintf(stderr, "allocs: %s: %v\n", *file, err)
		return 2
	}
	out, err := measure(allowed.packages(), allowed.names())
	if err != nil {
		fmt.Fprintf(stderr, "%sallocs: the benchmarks failed: %v\n", out, err)
		return 1
	}
	measured, err := parseOutput(bytes.NewReader(out))
	if err != nil {
		fmt.Fprintf(stderr, "allocs: cannot read the output of go test: %v\n", err)
		return 1
	}
	if *update {
		if err := os.WriteFile(*file, []byte(rewrite(string(text), measured)), 0o644); err != nil {
			fmt.Fprintln(stderr, "allocs: cannot write what may be allocated:", err)
			return 1
		}
		return 0
	}
	faults := compare(stdout, allowed, measured)
	if faults > 0 {
		fmt.Fprintf(stdout, "allocs: %d of %d allocate more than %s says, or are gone. If that is wanted: %s, and commit the file.\n",
			faults, len(allowed), *file, updating)
		return 1
	}
	return 0
}

// benchmarks runs the benchmarks with these names in these packages, one after the
// other.
func benchmarks(packages, names []string) ([]byte, error) {
	args := []string{"test", "-run", "^$", "-bench", "^(" + strings.Join(names, "|") + ")$", "-benchtime", rounds, "-benchmem", "-cpu", "1"}
	cmd := exec.CommandContext(context.Background(), "go", slices.Concat(args, packages)...)
	cmd.Stderr = os.Stderr
	return cmd.Output()
}
