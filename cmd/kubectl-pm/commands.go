package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

const (
	defaultParallel = 10
	maxParallel     = 1000
	lookTimeout     = 10 * time.Second
	changeTimeout   = 40 * time.Second // above the grace period that a stop may take
)

func (p *program) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "namespace", Aliases: []string{"n"}, Usage: "`NAMESPACE` of the Pods (default: that of the kubeconfig)"},
		&cli.BoolFlag{Name: "all-namespaces", Aliases: []string{"A"}, Usage: "Pods of all namespaces"},
		&cli.StringFlag{Name: "selector", Aliases: []string{"l"}, Usage: "labels of the Pods: `KEY=VALUE,…`", Value: managedSelector},
		&cli.StringSliceFlag{Name: "pod", Usage: "only the Pod of this `NAME`, whatever its labels; may be repeated"},
		&cli.StringFlag{Name: "container", Aliases: []string{"c"}, Usage: "`CONTAINER` with the manager (default: what the Pod's annotation " + containerAnnotation + " says, else each is tried)"},
		&cli.StringFlag{Name: "context", Usage: "`CONTEXT` of the kubeconfig"},
		&cli.StringFlag{Name: "kubeconfig", Usage: "`PATH` of the kubeconfig"},
		&cli.StringFlag{Name: "pmclient", Usage: "`PATH` of pmclient in the containers", Value: "pmclient"},
		&cli.IntFlag{Name: "parallel", Usage: "`NUMBER` of Pods that are asked at once", Value: defaultParallel},
		&cli.DurationFlag{Name: "timeout", Usage: "`TIME` that one Pod has for its answer", DefaultText: lookTimeout.String() + ", and " + changeTimeout.String() + " of what changes processes"},
		&cli.StringFlag{Name: "format", Aliases: []string{"o"}, Usage: "`FORMAT` of the answer: text or json", Value: "text"},
	}
}

// command is the command line.
func (p *program) command() *cli.Command {
	sub := func(name, args, usage string, action cli.ActionFunc, flags ...cli.Flag) *cli.Command {
		return &cli.Command{Name: name, ArgsUsage: args, Usage: usage, Action: action, Flags: flags, HideHelpCommand: true, OnUsageError: wrongUsage}
	}
	return &cli.Command{
		Name:      "kubectl pm",
		Usage:     "ask the process managers of many Pods",
		UsageText: "kubectl pm [-n NAMESPACE] [-l SELECTOR] COMMAND [NAME…]",
		Description: "Without -l it asks the Pods of the Helm chart and the kustomize base.\n" +
			"Exit code: 0 done in every Pod, 1 refused or failed in some, 2 wrong usage, 3 no Pod could be asked.",
		Flags: p.flags(),
		Commands: []*cli.Command{
			sub("list", "", "show all processes", p.list,
				&cli.StringFlag{Name: "status", Usage: "only these: `STATUS,…`"},
				&cli.StringFlag{Name: "labels", Usage: "only processes with all of these labels: `KEY=VALUE,…`"}),
			sub("status", "NAME…", "show processes by name", p.status),
			sub("start", "NAME…", "start processes that are idle", p.change("start")),
			sub("stop", "NAME…", "stop processes", p.change("stop")),
			sub("restart", "NAME…", "stop and start processes", p.restart,
				&cli.BoolFlag{Name: "rolling", Usage: "in one Pod after the other: the next one when the processes of this one are ready, and no further after a failure"}),
			sub("trigger", "NAME…", "run scheduled processes now", p.change("trigger")),
			sub("logs", "[NAME…]", "show what processes have written: those of the names and patterns, or all", p.logs, logsFlags()...),
			sub("top", "", "show processes on a screen that stays open, with keys to look closer and to act", p.top, topFlags()...),
			p.passOn(),
			sub("completion", "", "print the script that kubectl calls for completion", p.completion),
			sub("version", "", "print the version", p.version),
		},
		Writer: p.out, ErrWriter: io.Discard,
		HideVersion: true, ExitErrHandler: func(context.Context, *cli.Command, error) {},
		OnUsageError: wrongUsage,
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() == 0 {
				return usagef("want a command: %s", strings.Join(names(c), ", "))
			}
			word, meant := c.Args().First(), ""
			if near := supervisor.Nearest(word, names(c)); near != "" {
				meant = fmt.Sprintf(" (did you mean %s?)", near)
			}
			return usagef("there is no command %q%s: want %s", word, meant, strings.Join(names(c), ", "))
		},
	}
}

func wrongUsage(_ context.Context, c *cli.Command, err error, _ bool) error {
	return usagef("wrong usage of %s: %s", c.Name, tell.FlagError(err, c))
}

func names(c *cli.Command) []string {
	var list []string
	for _, sub := range c.Commands {
		if sub.Name != "help" {
			list = append(list, sub.Name)
		}
	}
	return list
}

// kubectlOf is the kubectl that the flags and the environment mean.
func (p *program) kubectlOf(c *cli.Command) kubectl {
	k := kubectl{program: cmp.Or(p.getenv("KUBECTL"), "kubectl"), env: p.env}
	for _, name := range []string{"context", "kubeconfig"} {
		if value := c.String(name); value != "" {
			k.common = append(k.common, "--"+name, value)
		}
	}
	return k
}

// fleet checks the common flags and finds the Pods.
func (p *program) fleet(ctx context.Context, c *cli.Command) (*fleet, error) {
	f := &fleet{
		kubectl: p.kubectlOf(c), client: c.String("pmclient"), parallel: c.Int("parallel"), timeout: c.Duration("timeout"),
		out: p.out, errs: p.errs, json: c.String("format") == "json",
	}
	if !c.IsSet("timeout") {
		f.timeout = patience(c.Name)
	}
	s := selection{
		namespace: c.String("namespace"), all: c.Bool("all-namespaces"), selector: c.String("selector"),
		container: c.String("container"), names: c.StringSlice("pod"),
	}
	switch {
	case f.parallel < 1 || f.parallel > maxParallel:
		return nil, usagef("-parallel %d: want 1 to %d", f.parallel, maxParallel)
	case f.timeout <= 0:
		return nil, usagef("-timeout %s: want more than 0", f.timeout)
	case !slices.Contains([]string{"text", "json"}, c.String("format")):
		return nil, usagef("-format (-o) %q: want text or json", c.String("format"))
	case s.all && s.namespace != "":
		return nil, usagef("-all-namespaces and -namespace exclude each other")
	}
	for _, name := range []string{s.namespace, s.selector, s.container} {
		if strings.HasPrefix(name, "-") {
			return nil, usagef("%q cannot be the value of a flag", name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var err error
	f.chosen = s
	f.pods, err = s.pods(ctx, f.kubectl)
	return f, err
}

// patience is how long one Pod may take by default.
func patience(command string) time.Duration {
	switch command {
	case "list", "status", "logs", "top":
		return lookTimeout
	}
	return changeTimeout
}

// wanted are the names of processes that a command needs.
func wanted(c *cli.Command) ([]string, error) {
	list := c.Args().Slice()
	if len(list) == 0 {
		return nil, usagef("%s wants the name of a process, or several", c.Name)
	}
	for _, name := range list {
		if strings.HasPrefix(name, "-") {
			return nil, usagef("%s: flags stand in front of names: %q", c.Name, name)
		}
	}
	return list, nil
}

func (p *program) version(context.Context, *cli.Command) error {
	fmt.Fprintln(p.out, version)
	return nil
}
