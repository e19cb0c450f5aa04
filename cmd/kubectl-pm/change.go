package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// change is a command that does something to processes by name, in every Pod. What a Pod
// has done it has done: nothing is taken back when another one refuses.
func (p *program) change(verb string) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		list, err := wanted(c)
		if err != nil {
			return err
		}
		f, err := p.fleet(ctx, c)
		if err != nil {
			return err
		}
		answers := f.ask(ctx, append([]string{verb, "-format", "json"}, list...)...)
		if f.json {
			return f.show(answers)
		}
		for i := range answers {
			a := &answers[i]
			for _, info := range read[*supervisor.ProcessInfo](a) {
				fmt.Fprintf(f.out, "%s: %s: %s\n", a.pod.label, info.Name, info.Status)
			}
		}
		return f.conclude(answers)
	}
}
