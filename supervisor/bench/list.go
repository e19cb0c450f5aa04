package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

const (
	listTries = 10
	// doorTime is how long after boot a supervisor's socket may take to open.
	doorTime = 5 * time.Second
)

func listScenario() scenario {
	return scenario{
		name:    "list",
		timeout: 90 * time.Second,
		sizes:   atMost(1000),
		fits:    func(p peer, n int) bool { return p.list != nil && p.fitsSize(n) },
		run:     measureList,
	}
}

func measureList(ctx context.Context, b *bench, p peer, n int) ([]value, error) {
	in, _, err := b.quietLife(ctx, p, n)
	if err != nil {
		return nil, err
	}
	defer in.kill()
	var took []float64
	for opened := time.Now().Add(doorTime); len(took) < listTries; {
		ms, err := in.listOnce(ctx)
		switch {
		case err == nil:
			took = append(took, ms)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case time.Now().After(opened):
			return nil, err
		default:
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return nil, err
			}
		}
	}
	return []value{{metricList, quantile(took, 0.5)}}, nil
}

// listOnce runs the client, and checks that it has shown every process.
func (in *instance) listOnce(ctx context.Context) (float64, error) {
	argv := in.peer.list(in.task)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := now()
	err := cmd.Run()
	took := since(start, now())
	// supervisorctl's exit code tells about the processes, not about the list.
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("cannot run the client: %w", err)
	}
	if got := bytes.Count(out.Bytes(), []byte{'\n'}); got < in.task.n {
		return 0, fmt.Errorf("the client shows %d lines for %d processes: %s", got, in.task.n,
			tail(append(errs.Bytes(), out.Bytes()...), 300))
	}
	return took, nil
}
