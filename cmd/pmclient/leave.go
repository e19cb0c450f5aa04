package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"
)

const untilEOF = "until-eof"

// untilEOFFlag is of what goes on for ever. Who leaves kubectl exec or docker exec leaves behind
// what it has started: nobody ends it, and what it writes goes nowhere, without an error. With
// -i its standard input ends then.
func untilEOFFlag() cli.Flag {
	return &cli.BoolFlag{Name: untilEOF, Usage: "end when standard input does: kubectl exec -i and docker exec -i end it when they are left"}
}

// whileThereIsInput does something until there is no more input. What is read counts for
// nothing.
func (p *program) whileThereIsInput(ctx context.Context, c *cli.Command, do func(context.Context, *cli.Command) error) error {
	if needs := map[string]string{"logs": "follow", "list": "watch"}[c.Name]; needs != "" && !c.Bool(needs) {
		return usageErrorf(c.Name, "-%s goes with -%s: without it, it ends by itself", untilEOF, needs)
	}
	until, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, p.in) // an error is an end, too
		cancel()
	}()
	if err := do(until, c); until.Err() == nil || ctx.Err() != nil {
		return err
	}
	return nil
}
