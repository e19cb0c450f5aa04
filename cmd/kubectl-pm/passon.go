package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// podAnswer is what -format json writes of one Pod.
type podAnswer struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Answer    string `json:"answer"`
	Error     string `json:"error,omitempty"`
}

// passOn is the command for all else that pmclient does. Its words are pmclient's: flags of
// kubectl pm stand in front of it.
func (p *program) passOn() *cli.Command {
	return &cli.Command{
		Name: "pmclient", ArgsUsage: "COMMAND [NAME…]", Usage: "run pmclient with these words, and show what it writes with the Pod in front",
		Action: p.pass, SkipFlagParsing: true, HideHelpCommand: true, HideHelp: true,
	}
}

func (p *program) pass(ctx context.Context, c *cli.Command) error {
	words := c.Args().Slice()
	if len(words) == 0 {
		return usagef("pmclient wants its command: kubectl pm pmclient history web")
	}
	f, err := p.fleet(ctx, c)
	if err != nil {
		return err
	}
	answers := f.ask(ctx, words...)
	if f.json {
		list := make([]podAnswer, len(answers))
		for i, a := range answers {
			list[i] = podAnswer{Namespace: a.pod.namespace, Pod: a.pod.name, Answer: string(a.out)}
			if a.err != nil {
				list[i].Error = a.err.Error()
			}
		}
		encoder := json.NewEncoder(f.out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(list); err != nil {
			return err
		}
		return f.conclude(answers)
	}
	for _, a := range answers {
		for text := range strings.Lines(string(a.out)) {
			fmt.Fprintf(f.out, "%s | %s\n", a.pod.label, supervisor.Harmless(strings.TrimSuffix(text, "\n")))
		}
	}
	return f.conclude(answers)
}
