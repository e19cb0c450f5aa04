package main

import (
	"context"
	"time"
)

const (
	// quiet is how long after boot a supervisor may still tidy up.
	quiet      = 3 * time.Second
	idleWindow = 10 * time.Second
)

func footprintScenario() scenario {
	return scenario{
		name:    "footprint",
		timeout: 60 * time.Second,
		sizes:   allSizes,
		fits:    func(p peer, n int) bool { return p.fitsSize(n) },
		run: func(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
			in, m, err := b.quietLife(ctx, p, n)
			if err != nil {
				return nil, err
			}
			defer in.kill()
			mib, err := pss(m.pids)
			if err != nil {
				return nil, err
			}
			return []value{{metricPSS, mib}}, nil
		},
	}
}

func idleScenario() scenario {
	return scenario{
		name:    "idle",
		timeout: 90 * time.Second,
		sizes:   atMost(1000),
		fits:    func(p peer, n int) bool { return p.fitsSize(n) },
		run:     measureIdle,
	}
}

func measureIdle(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
	in, m, err := b.quietLife(ctx, p, n)
	if err != nil {
		return nil, err
	}
	defer in.kill()
	before, err := effortOf(m.pids)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := pause(ctx, idleWindow); err != nil {
		return nil, err
	}
	after, err := effortOf(m.pids)
	if err != nil {
		return nil, err
	}
	used := after.sub(before)
	return []value{
		{metricIdleCPU, used.cpu.Seconds() * 1000},
		{metricWakeups, float64(used.switches) / time.Since(start).Seconds()},
	}, nil
}

// quietLife is a supervisor whose children have all run for a while, and the
// members of its namespace. The caller kills it.
func (b *bench) quietLife(ctx context.Context, p peer, n int) (*instance, members, error) {
	in, m, _, err := b.quietLifeWith(ctx, p, n)
	return in, m, err
}

// quietLifeWith is quietLife with the pids of the children, by index.
func (b *bench) quietLifeWith(ctx context.Context, p peer, n int) (_ *instance, m members, pids []int, err error) {
	in, err := b.launch(ctx, p, task{n: n})
	if err != nil {
		return nil, m, nil, err
	}
	defer func() {
		if err != nil {
			in.kill()
		}
	}()
	if pids, _, err = in.runs(ctx); err != nil {
		return nil, m, nil, err
	}
	if err := pause(ctx, quiet); err != nil {
		return nil, m, nil, err
	}
	m, err = in.members()
	return in, m, pids, err
}
