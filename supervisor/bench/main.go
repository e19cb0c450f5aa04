package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	if launching() {
		launch() // does not return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

// config is the command line.
type config struct {
	sizes     []int
	runs      int
	scenarios []string // empty: all
	peers     []string // empty: the default ones
	ours      string
	pmclient  string
	compare   string
	jsonFile  string
	plot      string
}

func parseFlags(args []string, errOut io.Writer) (config, error) {
	var c config
	var sizes, scenarios, peers string
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(errOut)
	fs.StringVar(&sizes, "n", "1,100,1000", "numbers of processes; the largest caps the scenarios with a size of their own")
	fs.IntVar(&c.runs, "runs", 5, "runs of each scenario, size and peer")
	fs.StringVar(&scenarios, "scenarios", "", "comma-separated; empty: all of "+strings.Join(scenarioNames(), ","))
	fs.StringVar(&peers, "peers", "", "comma-separated; empty: floor,ours and all peers that are installed; more: s6-log,runit-log")
	fs.StringVar(&c.ours, "ours", "", "the processmanager to measure; empty: built from this module")
	fs.StringVar(&c.pmclient, "pmclient", "", "its client; empty: built from this module")
	fs.StringVar(&c.compare, "compare", "", "another processmanager, measured beside as \"other\"")
	fs.StringVar(&c.jsonFile, "json", "", "file for the samples, one JSON object a line")
	fs.StringVar(&c.plot, "plot", "", "SVG file for curves over -n, drawn by gnuplot; every scenario but logs and orphans then runs at every size")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, fmt.Errorf("%w: %w", errUsage, err)
	}
	c.scenarios, c.peers = words(scenarios), words(peers)
	for _, w := range words(sizes) {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 || n > maxSize {
			return c, usagef(errOut, "-n %q: want numbers from 1 to %d", w, maxSize)
		}
		c.sizes = append(c.sizes, n)
	}
	if len(c.sizes) == 0 {
		return c, usagef(errOut, "-n: no number given")
	}
	if c.runs < 1 {
		return c, usagef(errOut, "-runs %d: want at least 1", c.runs)
	}
	if fs.NArg() > 0 {
		return c, usagef(errOut, "unexpected argument %q", fs.Arg(0))
	}
	return c, nil
}

// maxSize keeps a slip of the finger from filling the machine with processes.
const maxSize = 10000

func usagef(w io.Writer, format string, args ...any) error {
	err := fmt.Errorf("%w: "+format, append([]any{errUsage}, args...)...)
	fmt.Fprintln(w, "bench:", err)
	return err
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// run does the whole benchmark. On a cancelled ctx what has been measured until
// then is still printed.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	cfg, err := parseFlags(args, errOut)
	if err != nil {
		return err
	}
	chosen, err := pickScenarios(cfg.scenarios)
	if err != nil {
		return usagef(errOut, "-scenarios: %v", err)
	}
	if cfg.plot != "" {
		if missing := missingOf([]string{"gnuplot"}); missing != "" {
			return fmt.Errorf("cannot draw %s: %s here; install it (Debian: gnuplot-nox) or leave out -plot", cfg.plot, missing)
		}
	}
	b, err := newBench(ctx, cfg, errOut)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.pickPeers(ctx); err != nil {
		return err
	}
	runErr := b.runAll(ctx, chosen)
	b.report(out)
	if ctx.Err() != nil {
		return errors.New("interrupted; the table holds what was measured until then")
	}
	if runErr == nil && cfg.plot != "" {
		b.growth(out)
		runErr = b.draw(ctx, cfg.plot)
	}
	return runErr
}
