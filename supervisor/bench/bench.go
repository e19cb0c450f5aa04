package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench is one invocation: what was built, who is measured, what came out.
type bench struct {
	cfg     config
	dir     string // removed by close
	log     io.Writer
	machine string // said in the report; taken before anything runs
	tools   tools
	recv    *receiver
	peers   []peer
	absent  []string // peers that cannot run here, with the reason

	json     *os.File // nil without -json
	samples  []sample
	failures []failure
	lives    int64 // runs until now; numbers directories and messages
}

// sample is one measured number: a line of the JSON file.
type sample struct {
	Scenario string  `json:"scenario"`
	Metric   string  `json:"metric"`
	Unit     string  `json:"unit"`
	N        int     `json:"n"`
	Peer     string  `json:"peer"`
	Run      int     `json:"run"`
	Value    float64 `json:"value"`
}

// failure is a peer that could not do a scenario.
type failure struct {
	scenario string
	n        int
	peer     string
	err      error
}

// value is what a scenario gives back for one run.
type value struct {
	metric string
	number float64
}

// scenario is one thing that is measured.
type scenario struct {
	name    string
	timeout time.Duration // of one run of one peer
	sizes   func(config) []int
	// fits tells whether the peer can take part at all.
	fits func(p peer, n int) bool
	run  func(ctx context.Context, b *bench, p peer, n int) ([]value, error)
}

func scenarios() []scenario {
	return []scenario{
		bootScenario(), restartScenario(), orphansScenario(), footprintScenario(), idleScenario(),
		logsScenario(), listScenario(), scrapeScenario(), pressedScenario(), shutdownScenario(), trueScenario(),
	}
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

func pickScenarios(names []string) ([]scenario, error) {
	if len(names) == 0 {
		return scenarios(), nil
	}
	var chosen []scenario
	for _, name := range names {
		i := slices.IndexFunc(scenarios(), func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no scenario %q; there are %s", name, strings.Join(scenarioNames(), ", "))
		}
		chosen = append(chosen, scenarios()[i])
	}
	return chosen, nil
}

func allSizes(c config) []int { return c.sizes }

// atMost is for scenarios with a size of their own, which -n may only lower. A plot
// needs every size.
func atMost(n int) func(config) []int {
	return func(c config) []int {
		if c.plot != "" {
			return c.sizes
		}
		return []int{min(n, slices.Max(c.sizes))}
	}
}

func newBench(ctx context.Context, cfg config, log io.Writer) (_ *bench, err error) {
	b := &bench{cfg: cfg, log: log, machine: machine()}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.dir, err = os.MkdirTemp("", "pm-bench-"); err != nil {
		return nil, fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	if cfg.jsonFile != "" {
		if b.json, err = os.Create(cfg.jsonFile); err != nil {
			return nil, fmt.Errorf("cannot create the JSON file: %w", err)
		}
	}
	if b.tools, err = buildChildren(ctx, b.dir); err != nil {
		return nil, err
	}
	if b.recv, err = newReceiver(filepath.Join(b.dir, "r.sock")); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	if b.recv != nil {
		b.recv.close()
	}
	if b.json != nil {
		if err := b.json.Close(); err != nil {
			fmt.Fprintln(b.log, "bench: cannot close the JSON file:", err)
		}
	}
	if b.dir != "" {
		if err := os.RemoveAll(b.dir); err != nil {
			fmt.Fprintln(b.log, "bench: cannot remove the temporary directory:", err)
		}
	}
}

// runAll measures all, interleaved. Only a cancelled ctx or a full disk ends it
// early: a peer that fails is noted.
func (b *bench) runAll(ctx context.Context, chosen []scenario) error {
	for _, sc := range chosen {
		for _, n := range sc.sizes(b.cfg) {
			if err := b.runScenario(ctx, sc, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) runScenario(ctx context.Context, sc scenario, n int) error {
	failed := map[string]bool{}
	for r := 1; r <= b.cfg.runs; r++ {
		for _, p := range b.peers {
			if failed[p.name] || !sc.fits(p, n) {
				continue
			}
			fmt.Fprintf(b.log, "%-9s n=%-5d run %d/%d %-10s", sc.name, n, r, b.cfg.runs, p.name)
			start := time.Now()
			values, err := b.runOnce(ctx, sc, p, n)
			if ctx.Err() != nil {
				fmt.Fprintln(b.log, " interrupted")
				return ctx.Err()
			}
			if err != nil {
				failed[p.name] = true
				b.failures = append(b.failures, failure{sc.name, n, p.name, err})
				fmt.Fprintf(b.log, " FAILED: %v\n", err)
				continue
			}
			if err := b.record(sc.name, p.name, n, r, values); err != nil {
				return err
			}
			fmt.Fprintf(b.log, " %s (%.1f s)\n", describe(values), time.Since(start).Seconds())
		}
	}
	return nil
}

func (b *bench) runOnce(ctx context.Context, sc scenario, p peer, n int) ([]value, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sc.timeout, fmt.Errorf("not done after %v", sc.timeout))
	defer cancel()
	return sc.run(ctx, b, p, n)
}

func (b *bench) record(scenario, peer string, n, run int, values []value) error {
	for _, v := range values {
		s := sample{scenario, v.metric, metricOf(v.metric).unit, n, peer, run, v.number}
		b.samples = append(b.samples, s)
		if b.json == nil {
			continue
		}
		if err := json.NewEncoder(b.json).Encode(s); err != nil {
			return fmt.Errorf("cannot write the JSON file: %w", err)
		}
	}
	return nil
}

func describe(values []value) string {
	var words []string
	for _, v := range values {
		words = append(words, fmt.Sprintf("%s %s %s", v.metric, number(v.number), metricOf(v.metric).unit))
	}
	return strings.Join(words, ", ")
}

// pause waits for d, or for the end of ctx, whose cause it returns.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
