package main

import (
	"context"
	"time"
)

func bootScenario() scenario {
	return scenario{
		name:    "boot",
		timeout: 60 * time.Second,
		sizes:   allSizes,
		fits:    func(p peer, n int) bool { return p.fitsSize(n) },
		run: func(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
			in, err := b.launch(ctx, p, task{n: n})
			if err != nil {
				return nil, err
			}
			defer in.kill()
			_, last, err := in.runs(ctx)
			if err != nil {
				return nil, err
			}
			return []value{{metricBoot, since(in.launched, last)}}, nil
		},
	}
}
