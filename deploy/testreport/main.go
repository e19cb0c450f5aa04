package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("testreport", flag.ContinueOnError)
	flags.SetOutput(stderr)
	requireAll := flags.Bool("require-all", getenv("PM_REQUIRE_ALL") == "1", "a skipped test is a failure (default: PM_REQUIRE_ALL=1)")
	allowFile := flags.String("allow", "", "file that lists the tests which may be skipped, and why")
	if err := flags.Parse(args); err != nil {
		return 2
	}

	var allowed allowList
	if *allowFile != "" {
		text, err := os.ReadFile(*allowFile)
		if err == nil {
			allowed, err = parseAllowList(string(text))
		}
		if err != nil {
			fmt.Fprintf(stderr, "testreport: cannot read the allow file %s: %v\n", *allowFile, err)
			return 2
		}
	}

	sum, err := relay(stdin, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "testreport: cannot read the output of go test -json: %v\n", err)
		return 2
	}
	if !conclude(stdout, sum, allowed, *requireAll) {
		return 1
	}
	return 0
}
