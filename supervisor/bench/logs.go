package main

import (
	"context"
	"fmt"
	"time"
)

const (
	lineLength = 100 // workload.c knows it
	logLines   = 2_560_000
	// silence is how long nothing may arrive before the rest counts as lost.
	silence = 2 * time.Second
)

// lineFormat is what a supervisor makes of captured lines.
type lineFormat string

const (
	linesRaw    lineFormat = "raw"
	linesMarked lineFormat = "prefixed" // with something in front
	linesJSON   lineFormat = "json"
)

func logsScenario() scenario {
	return scenario{
		name:    "logs",
		timeout: 90 * time.Second,
		sizes:   func(config) []int { return []int{1} },
		fits:    func(p peer, _ int) bool { return len(p.formats) > 0 },
		run: func(ctx context.Context, b *bench, p peer, _ int) ([]value, error) {
			var all []value
			for _, format := range p.formats {
				run, err := measureLogs(ctx, b, p, format)
				if err != nil {
					return all, err
				}
				all = append(all, run.values(format)...)
			}
			return all, nil
		},
	}
}

// logRun is what one child's torrent came to.
type logRun struct {
	megabytes float64 // a second
	cpu       float64 // seconds a GB
	lost      float64 // per cent of the lines
}

func (r logRun) values(format lineFormat) []value {
	switch format {
	case linesMarked:
		return []value{{metricPrefixRate, r.megabytes}, {metricPrefixCPU, r.cpu}, {metricPrefixLost, r.lost}}
	case linesJSON:
		return []value{{metricJSONRate, r.megabytes}, {metricJSONCPU, r.cpu}, {metricJSONLost, r.lost}}
	case linesRaw:
	}
	return []value{{metricRawRate, r.megabytes}, {metricRawCPU, r.cpu}, {metricRawLost, r.lost}}
}

func measureLogs(ctx context.Context, b *bench, p peer, format lineFormat) (logRun, error) {
	var res logRun
	in, pids, err := b.launchSettled(ctx, p, task{n: 1, mode: "logs", count: logLines, lines: format, copyOut: true})
	if err != nil {
		return res, err
	}
	defer in.kill()
	m, err := in.members()
	if err != nil {
		return res, err
	}
	before, err := effortOf(m.pids)
	if err != nil {
		return res, err
	}
	said := in.received()
	done, err := in.ask(ctx, pids[0])
	if err != nil {
		return res, err
	}
	lines, end, err := in.awaitLines(ctx, said+logLines)
	if err != nil {
		return res, err
	}
	after, err := effortOf(m.pids)
	if err != nil {
		return res, err
	}
	lines -= said
	if lines <= 0 {
		return res, in.explain(fmt.Errorf("none of %d lines has arrived", logLines))
	}
	start := done.Stamp - done.Value
	gigabytes := float64(min(lines, logLines)) * lineLength / 1e9
	res.megabytes = gigabytes * 1000 / (float64(max(end, done.Stamp)-start) / 1e9)
	res.cpu = after.sub(before).cpu.Seconds() / gigabytes
	res.lost = 100 * (1 - float64(min(lines, logLines))/logLines)
	return res, nil
}

// received is the number of captured lines that have come out until now.
func (in *instance) received() int64 {
	if in.peer.received != nil && in.task.copyOut {
		return in.peer.received(in.task)
	}
	return in.out.lines.Load()
}

// awaitLines returns when so many lines have arrived, or nothing more does. It
// returns how many and when the last came.
func (in *instance) awaitLines(ctx context.Context, want int64) (lines, last int64, err error) {
	lines, last = in.received(), now()
	quietSince := time.Now()
	for lines < want && time.Since(quietSince) < silence {
		if err := pause(ctx, time.Millisecond); err != nil {
			return lines, last, err
		}
		if n := in.received(); n != lines {
			lines, last, quietSince = n, now(), time.Now()
		}
	}
	if in.peer.received == nil {
		last = in.out.last.Load()
	}
	return lines, last, nil
}
