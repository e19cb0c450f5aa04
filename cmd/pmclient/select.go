package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// A selection is the processes that a command line means: those it names, and those that
// a pattern or -selector has chosen.
type selection struct {
	names  []string
	chosen map[string]bool // of the names those that nobody has written
}

// patternLetters are in no name of a process; a word with one of them is a pattern as a
// shell has it.
const patternLetters = "*?["

func selectorFlag() cli.Flag {
	return &cli.StringFlag{Name: "selector", Usage: "all processes with all of these labels: `KEY=VALUE,…`"}
}

// asked are the processes asked for, each once: -name, and every word behind the command.
func (p *program) asked(ctx context.Context, c *cli.Command) ([]string, error) {
	s, err := p.selection(ctx, c)
	return s.names, err
}

func (p *program) selection(ctx context.Context, c *cli.Command) (selection, error) {
	var named []string
	if name := c.String("name"); name != "" {
		named = []string{name}
	}
	return p.choose(ctx, c, named, c.Args().Slice())
}

// choose asks the manager what words mean when one of them is a pattern, or when there
// are labels. What is named by -name is never a pattern.
func (p *program) choose(ctx context.Context, c *cli.Command, named, words []string) (selection, error) {
	labels, err := labelsOf(c.Name, "selector", c.String("selector"))
	if err != nil {
		return selection{}, err
	}
	if len(labels) == 0 && !slices.ContainsFunc(words, isPattern) {
		if words = slices.Concat(named, words); len(words) == 0 {
			return selection{}, usageErrorf(c.Name, "want a name")
		}
		return selection{names: words}, nil
	}
	conn, err := p.connect(c)
	if err != nil {
		return selection{}, err
	}
	defer conn.Close()
	known, err := conn.List(ctx, client.ListParams{})
	if err != nil {
		return selection{}, err
	}
	s := selection{names: named, chosen: map[string]bool{}}
	for _, word := range words {
		if err := s.word(c, known, word); err != nil {
			return selection{}, err
		}
	}
	if len(labels) == 0 {
		return s, nil
	}
	err = s.add(c, known, c.String("selector"), func(info *supervisor.ProcessInfo) bool {
		for key, value := range labels {
			if info.Labels[key] != value {
				return false
			}
		}
		return true
	})
	return s, err
}

func isPattern(word string) bool { return strings.ContainsAny(word, patternLetters) }

// word adds what one word of the command line means.
func (s *selection) word(c *cli.Command, known []*supervisor.ProcessInfo, word string) error {
	if !isPattern(word) {
		if !slices.Contains(s.names, word) {
			s.names = append(s.names, word)
		}
		delete(s.chosen, word)
		return nil
	}
	pattern := strings.ReplaceAll(word, "[!", "[^") // as a shell writes it
	if _, err := path.Match(pattern, ""); err != nil {
		return usageErrorf(c.Name, "%q is no pattern: a bracket is open", word)
	}
	return s.add(c, known, fmt.Sprintf("%q", word), func(info *supervisor.ProcessInfo) bool {
		ok, _ := path.Match(pattern, info.Name)
		return ok
	})
}

// add adds the processes that match; that there is none is an error.
func (s *selection) add(c *cli.Command, known []*supervisor.ProcessInfo, what string, matches func(*supervisor.ProcessInfo) bool) error {
	found := false
	for _, info := range known {
		if !matches(info) {
			continue
		}
		found = true
		if !slices.Contains(s.names, info.Name) {
			s.names, s.chosen[info.Name] = append(s.names, info.Name), true
		}
	}
	if !found {
		return fmt.Errorf("cannot %s %s: %w matches", c.Name, what, supervisor.ErrNotFound)
	}
	return nil
}
