package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	scrapeTries = 10
	// stale is the age from which a scrape asks for a new sampling pass, and a little.
	stale = 1100 * time.Millisecond
)

func scrapeScenario() scenario {
	return scenario{
		name:    "scrape",
		timeout: 90 * time.Second,
		sizes:   atMost(1000),
		fits:    func(p peer, n int) bool { return p.metrics != nil && p.fitsSize(n) },
		run:     measureScrapes,
	}
}

// measureScrapes takes pairs of scrapes: the first finds the usage too old and waits for
// a new pass, the second, at once, does not. What the first costs more is the pass.
func measureScrapes(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
	in, m, err := b.quietLife(ctx, p, n)
	if err != nil {
		return nil, err
	}
	defer in.kill()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	if _, err := in.scrape(ctx, client, m); err != nil { // opens the connection, as Prometheus keeps it
		return nil, err
	}
	var wall, with, without []float64
	for range scrapeTries {
		if err := pause(ctx, stale); err != nil {
			return nil, err
		}
		first, err := in.scrape(ctx, client, m)
		if err != nil {
			return nil, err
		}
		second, err := in.scrape(ctx, client, m)
		if err != nil {
			return nil, err
		}
		wall = append(wall, first.wall)
		with, without = append(with, first.cpu), append(without, second.cpu)
	}
	cpu := quantile(with, 0.5)
	return []value{
		{metricScrape, quantile(wall, 0.5)},
		{metricScrapeCPU, cpu},
		{metricPassCPU, max(0, cpu-quantile(without, 0.5))},
	}, nil
}

// scrapeCost is in milliseconds.
type scrapeCost struct{ wall, cpu float64 }

// scrape fetches the metrics, and checks that every process is among them.
func (in *instance) scrape(ctx context.Context, client *http.Client, m members) (c scrapeCost, err error) {
	url, err := in.peer.metrics(in.task)
	if err != nil {
		return c, err
	}
	before, err := effortOf(m.pids)
	if err != nil {
		return c, err
	}
	start := now()
	text, err := fetch(ctx, client, url)
	c.wall = since(start, now())
	if err != nil {
		return c, err
	}
	after, err := effortOf(m.pids)
	if err != nil {
		return c, err
	}
	c.cpu = after.sub(before).cpu.Seconds() * 1000
	if got := bytes.Count(text, []byte("\nprocessmanager_process_up{")); got < in.task.n {
		return c, fmt.Errorf("the metrics show %d of %d processes", got, in.task.n)
	}
	return c, nil
}

func fetch(ctx context.Context, client *http.Client, url string) (text []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch the metrics: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("cannot fetch the metrics: %s", res.Status)
	}
	return io.ReadAll(res.Body)
}
