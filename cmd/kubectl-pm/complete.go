package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// kubectl (1.26 and later) completes the words of a plugin by a program of the name
// kubectl_complete-pm: it is given the words behind "pm", the last one unfinished, and prints
// those that fit, one in a line, and at last a number that forbids file names.
const (
	completionScript = `#!/bin/sh
# Completion of kubectl pm. Put it into a folder of PATH as kubectl_complete-pm, executable:
#   kubectl pm completion > kubectl_complete-pm; chmod +x kubectl_complete-pm
exec kubectl-pm ` + completeWord + ` "$@"
`
	noFiles        = ":4"
	completeWithin = 3 * time.Second
)

func (p *program) completion(context.Context, *cli.Command) error {
	_, err := fmt.Fprint(p.out, completionScript)
	return err
}

// named are the commands whose arguments are names of processes.
var named = []string{"status", "start", "stop", "restart", "trigger", "logs"}

// complete prints what may stand in place of the last word. It never complains.
func (p *program) complete(ctx context.Context, words []string) {
	defer fmt.Fprintln(p.out, noFiles)
	if len(words) == 0 {
		words = []string{""}
	}
	root := p.command()
	before, current := words[:len(words)-1], words[len(words)-1]
	command := commandOf(root, before)
	var list []string
	switch {
	case strings.HasPrefix(current, "-"):
		list = flagWords(root, command)
	case takesValue(root, command, before):
		return
	case command == nil:
		list = names(root)
	case slices.Contains(named, command.Name):
		list = p.processNames(ctx, before)
	}
	for _, word := range list {
		if strings.HasPrefix(word, current) {
			fmt.Fprintln(p.out, word)
		}
	}
}

// commandOf finds the command among the words.
func commandOf(root *cli.Command, words []string) *cli.Command {
	for i, word := range words {
		if sub := root.Command(word); sub != nil && !takesValue(root, nil, words[:i]) {
			return sub
		}
	}
	return nil
}

func flagsOf(root, command *cli.Command) []cli.Flag {
	if command == nil {
		return root.Flags
	}
	return slices.Concat(root.Flags, command.Flags)
}

// takesValue tells whether the last word is a flag that waits for its value.
func takesValue(root, command *cli.Command, words []string) bool {
	if len(words) == 0 || !strings.HasPrefix(words[len(words)-1], "-") || strings.Contains(words[len(words)-1], "=") {
		return false
	}
	name := strings.TrimLeft(words[len(words)-1], "-")
	for _, flag := range flagsOf(root, command) {
		if _, isBool := flag.(*cli.BoolFlag); !isBool && slices.Contains(flag.Names(), name) {
			return true
		}
	}
	return false
}

func flagWords(root, command *cli.Command) []string {
	var list []string
	for _, flag := range flagsOf(root, command) {
		for _, name := range flag.Names() {
			if len(name) == 1 {
				list = append(list, "-"+name)
			} else {
				list = append(list, "--"+name)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// processNames asks the Pods that the words so far select.
func (p *program) processNames(ctx context.Context, before []string) []string {
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	var list []string
	root := p.command()
	root.Writer = nil
	for _, sub := range root.Commands {
		sub.Action = func(ctx context.Context, c *cli.Command) error {
			f, err := p.fleet(ctx, c)
			if err != nil {
				return err
			}
			for _, a := range f.ask(ctx, "list", "-format", "json") {
				for _, info := range read[*supervisor.ProcessInfo](&a) {
					list = append(list, info.Name)
				}
			}
			return nil
		}
	}
	_ = root.Run(ctx, append([]string{"kubectl-pm"}, before...)) // an error is no answer
	slices.Sort(list)
	return slices.Compact(list)
}
