package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

func shutdownScenario() scenario {
	return scenario{
		name:    "shutdown",
		timeout: 90 * time.Second,
		sizes:   atMost(1000),
		fits:    func(p peer, n int) bool { return p.fitsSize(n) },
		run: func(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
			in, _, err := b.launchSettled(ctx, p, task{n: n})
			if err != nil {
				return nil, err
			}
			defer in.kill()
			start := now()
			if err := syscall.Kill(in.pid, p.stop); err != nil {
				return nil, fmt.Errorf("cannot send the stop signal: %w", err)
			}
			select {
			case <-in.exited:
				return []value{{metricShutdown, since(start, in.gone)}}, nil
			case <-ctx.Done():
				return nil, in.explain(context.Cause(ctx))
			}
		},
	}
}
