package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

const (
	orphanCount = 20000
	orphanBurst = 1000
)

func orphansScenario() scenario {
	return scenario{
		name:    "orphans",
		timeout: 60 * time.Second,
		sizes:   func(config) []int { return []int{1} },
		fits:    func(p peer, n int) bool { return p.fitsSize(n) },
		run: func(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
			return measureOrphans(ctx, b, p, task{n: n, mode: "orphans", count: orphanCount, burst: orphanBurst})
		},
	}
}

func measureOrphans(ctx context.Context, b *bench, p peer, t task) ([]value, error) {
	in, pids, err := b.launchSettled(ctx, p, t)
	if err != nil {
		return nil, err
	}
	defer in.kill()
	before, err := effortOf([]int{in.pid})
	if err != nil {
		return nil, err
	}
	if _, err := in.ask(ctx, pids[0]); err != nil {
		return nil, fmt.Errorf("orphans in a stream: %w", err)
	}
	after, err := effortOf([]int{in.pid})
	if err != nil {
		return nil, err
	}
	burst, err := in.ask(ctx, pids[0])
	if err != nil {
		return nil, fmt.Errorf("orphans in a burst: %w", err)
	}
	m, err := in.members()
	if err != nil {
		return nil, err
	}
	if m.zombies > 0 {
		return nil, fmt.Errorf("%d zombies are left", m.zombies)
	}
	each := after.sub(before).cpu.Seconds() * 1e6 / float64(t.count)
	return []value{{metricOrphanCPU, each}, {metricOrphanBurst, since(0, burst.Value)}}, nil
}

// ask tells a child to do its work, and returns its report.
func (in *instance) ask(ctx context.Context, pid int) (message, error) {
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return message{}, fmt.Errorf("cannot signal the child: %w", err)
	}
	return in.next(ctx, kindDone)
}
