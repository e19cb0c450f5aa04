package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const singleTries = 20

func trueScenario() scenario {
	return scenario{
		name:    "true",
		timeout: 60 * time.Second,
		sizes:   func(config) []int { return []int{1} },
		fits:    func(p peer, _ int) bool { return p.single != nil },
		run:     measureSingle,
	}
}

// measureSingle runs true under the peer and bare, in turns. The floor is the
// bare one, and so its own difference is the noise.
func measureSingle(ctx context.Context, b *bench, p peer, _ int) ([]value, error) {
	var bare, wrapped []float64
	for range singleTries {
		ms, err := b.runTrue(ctx, p, func(command ...string) []string { return command })
		if err != nil {
			return nil, err
		}
		bare = append(bare, ms)
		if ms, err = b.runTrue(ctx, p, p.single); err != nil {
			return nil, err
		}
		wrapped = append(wrapped, ms)
	}
	return []value{{metricSingle, quantile(wrapped, 0.5) - quantile(bare, 0.5)}}, nil
}

// runTrue takes the time from exec to the end of stdout, which is when the last
// process lets go of it: earlier than the exit of PID 1, which waits for the
// kernel to take the namespaces apart.
func (b *bench) runTrue(ctx context.Context, p peer, single func(...string) []string) (float64, error) {
	p.setup = func(task) ([]string, error) { return single("/bin/true"), nil }
	in, err := b.launch(ctx, p, task{})
	if err != nil {
		return 0, err
	}
	defer in.kill()
	select {
	case <-in.out.done:
	case <-ctx.Done():
		return 0, in.explain(context.Cause(ctx))
	}
	select {
	case <-in.exited:
	case <-ctx.Done():
		return 0, in.explain(context.Cause(ctx))
	}
	if !in.cmd.ProcessState.Success() {
		return 0, in.explain(fmt.Errorf("true did not succeed: %w", errors.New(in.cmd.ProcessState.String())))
	}
	return since(in.launched, in.out.end.Load()), nil
}
