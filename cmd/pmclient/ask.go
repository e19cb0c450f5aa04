package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// How many calls are under way at the same time, each on a connection of its own. A look is
// answered from memory; a change lasts as long as its process takes to end or begin, and the
// manager works on all at once; a wait costs it nothing. It has 1024 connections for all its
// callers, and refuses one more.
const (
	lookAtOnce   = 8
	changeAtOnce = 256
	waitAtOnce   = 512
)

// question is a method that is called for each of several names.
type question struct {
	method string
	params func(name string) any // called when its turn has come; nil: the name alone
	atOnce int                   // calls at the same time; 0: [lookAtOnce]
	// Of the names those that nobody has written, and the error that does not count for
	// them: there was nothing to do.
	chosen map[string]bool
	moot   error
}

// ask calls a method for each name, several at once, and hands the answers to
// show in the order of the names. All are tried; the errors are joined.
func (p *program) ask(ctx context.Context, c *cli.Command, q question, names []string, show func(i int, name string, answer json.RawMessage) error) error {
	if q.params == nil {
		q.params = func(name string) any { return map[string]string{"name": name} }
	}
	if q.atOnce == 0 {
		q.atOnce = lookAtOnce
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers, errs := make([]json.RawMessage, len(names)), make([]error, len(names))
	turns := make(chan struct{}, q.atOnce)
	var all sync.WaitGroup
	for i, name := range names {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			errs[i] = conn.Call(ctx, q.method, q.params(name), &answers[i])
		})
	}
	all.Wait()
	for i, name := range names {
		if q.chosen[name] && q.moot != nil && errors.Is(errs[i], q.moot) {
			errs[i] = nil
			continue
		}
		if errs[i] == nil {
			errs[i] = show(i, name, answers[i])
		}
	}
	return join(errs)
}

// one calls a method once. As JSON the answer is shown as it came; as text it is read
// into result, and show writes it.
func (p *program) one(ctx context.Context, c *cli.Command, method string, params, result any, show func() error) error {
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	if !wantsJSON(c) {
		if err := conn.Call(ctx, method, params, result); err != nil {
			return err
		}
		return show()
	}
	var answer json.RawMessage
	if err := conn.Call(ctx, method, params, &answer); err != nil {
		return err
	}
	return p.line(string(answer))
}

// read takes an answer apart.
func read(answer json.RawMessage, result any) error {
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("cannot read the answer: %w", err)
	}
	return nil
}

// line writes a line that others may have had a hand in.
func (p *program) line(text string) error { return p.write(text + "\n") }

// write writes to stdout. What others wrote must not steer a terminal; into a pipe
// or a file it goes as it is.
func (p *program) write(text string) error {
	if p.screen.terminal {
		text = supervisor.Harmless(text)
	}
	return p.paint(text)
}

// paint writes what is harmless already, and may have colours.
func (p *program) paint(text string) error {
	if _, err := io.WriteString(p.out, text); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}

// rows writes a table that fits the screen.
func (p *program) rows(rows [][]cell) error { return p.paint(p.screen.aligned(rows)) }

// fields writes a table of which nothing is cut.
func (p *program) fields(info any) error {
	return p.paint(screen{colour: p.screen.colour, term: p.screen.term}.aligned(details(info)))
}
