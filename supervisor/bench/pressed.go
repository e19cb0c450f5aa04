package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// pressedKills are spread over as many pauses, so that scrapes and lists fall among them.
	pressedKills = 100
	pressedPause = 50 * time.Millisecond
	pressedEvery = time.Second
)

// pressedScenario is that of restarts while others look: a scrape and a list each second.
func pressedScenario() scenario {
	return scenario{
		name:    "pressed",
		timeout: 90 * time.Second,
		sizes:   atMost(1000),
		fits:    func(p peer, n int) bool { return p.metrics != nil && p.list != nil && p.fitsSize(n) },
		run:     measurePressed,
	}
}

func measurePressed(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
	in, m, pids, err := b.quietLifeWith(ctx, p, n)
	if err != nil {
		return nil, err
	}
	defer in.kill()
	looking, stop := context.WithCancel(ctx)
	looks := make(chan error, 1)
	go func() { looks <- in.look(looking, m) }()
	took, err := in.killSlowly(ctx, pids)
	stop()
	if lookErr := <-looks; err == nil {
		err = lookErr
	}
	if err != nil {
		return nil, err
	}
	return []value{{metricPressedMedian, quantile(took, 0.5)}, {metricPressedTail, quantile(took, 0.99)}}, nil
}

// look scrapes and lists each second until ctx ends. What fails before that is an error.
func (in *instance) look(ctx context.Context, m members) error {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	every := time.NewTicker(pressedEvery)
	defer every.Stop()
	for {
		_, err := in.scrape(ctx, client, m)
		if err == nil {
			_, err = in.listOnce(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("the one who looks: %w", err)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// killSlowly kills children in turn and returns how long each took to be replaced, in
// milliseconds.
func (in *instance) killSlowly(ctx context.Context, pids []int) ([]float64, error) {
	var took []float64
	for i := range pressedKills {
		ms, err := in.killOne(ctx, pids, i%len(pids))
		if err != nil {
			return nil, err
		}
		took = append(took, ms)
		if err := pause(ctx, pressedPause); err != nil {
			return nil, err
		}
	}
	return took, nil
}
