package main

import (
	"context"
	"errors"
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
		return f.changed(f.ask(ctx, changeArgv(verb, list)...))
	}
}

func changeArgv(verb string, names []string) []string {
	return append([]string{verb, "-format", "json"}, names...)
}

// changed tells what has become of the processes.
func (f *fleet) changed(answers []answer) error {
	for i := range answers {
		answers[i].err = undecided(answers[i].err)
	}
	if f.json {
		return f.show(answers)
	}
	for i := range answers {
		f.tellChange(&answers[i])
	}
	return f.conclude(answers)
}

// undecided is the error of a change: whoever hangs up does not cancel it.
func undecided(err error) error {
	if errors.Is(err, errNoAnswer) {
		return fmt.Errorf("%w: it may still be done", errNoAnswer)
	}
	return err
}

func (f *fleet) tellChange(a *answer) {
	for _, info := range read[*supervisor.ProcessInfo](a) {
		fmt.Fprintf(f.out, "%s: %s: %s\n", a.pod.label, info.Name, info.Status)
	}
}

func (p *program) restart(ctx context.Context, c *cli.Command) error {
	if !c.Bool("rolling") {
		return p.change("restart")(ctx, c)
	}
	list, err := wanted(c)
	if err != nil {
		return err
	}
	f, err := p.fleet(ctx, c)
	if err != nil {
		return err
	}
	return f.roll(ctx, list)
}

// roll restarts in one Pod after the other, as long as all goes well: at any time the processes
// of at most one Pod are not ready.
func (f *fleet) roll(ctx context.Context, names []string) error {
	var answers []answer
	for i, p := range f.pods {
		a := answer{pod: p}
		a.out, a.err = f.askOne(ctx, p, changeArgv("restart", names)...)
		if a.err = undecided(a.err); a.err == nil {
			_, a.err = f.askOne(ctx, p, append([]string{"wait", "-for", "ready", "-timeout", f.timeout.String()}, names...)...)
		}
		answers = append(answers, a)
		if !f.json {
			f.tellChange(&answers[i])
		}
		if answers[i].err == nil {
			continue
		}
		left := len(f.pods) - len(answers)
		var err error
		if f.json {
			err = f.show(answers)
		} else {
			err = f.conclude(answers)
		}
		if left > 0 {
			return fmt.Errorf("%w; so nothing was restarted in %s behind it", err, count(left))
		}
		return err
	}
	if f.json {
		return f.show(answers)
	}
	return nil
}
