package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

const (
	// settled is the age at which nobody delays a restart for the child's youth.
	settled = 1500 * time.Millisecond
	// restartBudget ends the sampling of those who take a second each.
	restartBudget = 12 * time.Second
)

func restartScenario() scenario {
	return scenario{
		name:    "restart",
		timeout: 60 * time.Second,
		sizes:   atMost(100),
		fits:    func(p peer, n int) bool { return p.fitsSize(n) && p.single == nil || p.name == nameFloor || isOurs(p) },
		run:     measureRestarts,
	}
}

func isOurs(p peer) bool { return p.name == nameOurs || p.name == nameOther }

// measureRestarts kills each child once, one after the other.
func measureRestarts(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
	in, pids, err := b.launchSettled(ctx, p, task{n: n})
	if err != nil {
		return nil, err
	}
	defer in.kill()
	var took []float64
	for end, i := time.Now().Add(restartBudget), 0; i < n && time.Now().Before(end); i++ {
		ms, err := in.killOne(ctx, pids, i)
		if err != nil {
			return nil, err
		}
		took = append(took, ms)
	}
	return []value{{metricRestartMedian, quantile(took, 0.5)}, {metricRestartTail, quantile(took, 0.99)}}, nil
}

// killOne kills child i and returns how long it took until its replacement ran, in
// milliseconds. The replacement takes its place in pids.
func (in *instance) killOne(ctx context.Context, pids []int, i int) (float64, error) {
	start := now()
	if err := syscall.Kill(pids[i], syscall.SIGKILL); err != nil {
		return 0, fmt.Errorf("cannot kill child %d (has it been restarted before?): %w", i, err)
	}
	m, err := in.next(ctx, kindRuns)
	if err != nil {
		return 0, fmt.Errorf("child %d has no replacement: %w", i, err)
	}
	if m.Index != int64(i) {
		return 0, fmt.Errorf("child %d was killed, but child %d has started", i, m.Index)
	}
	pids[i] = m.pid
	return since(start, m.Stamp), nil
}
