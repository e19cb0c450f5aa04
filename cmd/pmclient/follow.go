package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// namedLine is a line beside those of other processes.
type namedLine struct {
	Name string `json:"name"`
	supervisor.LogLine
}

// printer writes lines of one process as they are, those of several with the name in
// front, as the manager's own log has it.
type printer struct {
	p     *program
	names []string
	json  bool
	width int
}

func (p *program) printer(names []string, asJSON bool) *printer {
	out := &printer{p: p, names: names, json: asJSON}
	for _, name := range names {
		out.width = max(out.width, len(name))
	}
	return out
}

func (o *printer) line(name string, line supervisor.LogLine) error {
	several := len(o.names) > 1
	switch {
	case o.json && several:
		return o.p.object(namedLine{name, line})
	case o.json:
		return o.p.object(line)
	case several:
		look := nameStyle(slices.Index(o.names, name))
		msg := line.Msg
		if o.p.screen.terminal {
			msg = supervisor.Harmless(msg)
		}
		return o.p.paint(o.p.screen.in(look, fmt.Sprintf("%-*s |", o.width, visible(name))) + " " + msg + "\n")
	}
	return o.p.write(line.Msg + "\n")
}

// mergedLogs shows what several processes have written, in the order of time.
func (p *program) mergedLogs(ctx context.Context, c *cli.Command, selected selection, params client.LogsParams) error {
	var all []namedLine
	q := question{method: "process.logs", params: func(name string) any {
		one := params
		one.Name = name
		return one
	}}
	if params.Previous { // a life before is not expected of each that was not named
		q.chosen, q.moot = selected.chosen, supervisor.ErrNotFound
	}
	err := p.ask(ctx, c, q, selected.names, func(_ int, name string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		var lines []supervisor.LogLine
		if err := read(answer, &lines); err != nil {
			return err
		}
		for _, line := range lines {
			all = append(all, namedLine{name, line})
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b namedLine) int { return a.Time.Compare(b.Time) })
	out := p.printer(selected.names, false)
	for _, line := range all {
		if bad := out.line(line.Name, line.LogLine); bad != nil {
			return bad
		}
	}
	return err
}

// lineFeed is one process that is followed.
type lineFeed struct {
	name string
	*client.Subscription[client.LineNotice]
}

// news is what has come of one feed.
type news struct {
	name   string
	notice client.LineNotice
	err    error
}

// follow shows what processes have written and write, until all are deleted or the
// manager ends. When one of them cannot be followed, none is.
func (p *program) follow(ctx context.Context, c *cli.Command, names []string, params client.LogsParams) error {
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	feeds, err := openFeeds(ctx, conn, names, params)
	for _, f := range feeds {
		defer f.Close()
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived := make(chan news, newsRoom)
	var running sync.WaitGroup
	for _, f := range feeds {
		running.Go(func() { f.pump(ctx, arrived) })
	}
	err = p.buffered().showNews(ctx, len(feeds), names, wantsJSON(c), arrived)
	cancel()
	running.Wait()
	return err
}

// newsRoom is how many lines may wait to be written together.
const newsRoom = 256

// buffered writes when it is told to.
func (p *program) buffered() *program {
	out := *p
	out.out = bufio.NewWriterSize(p.out, 64<<10)
	return &out
}

func (p *program) flush() error {
	if out, ok := p.out.(*bufio.Writer); ok {
		if err := out.Flush(); err != nil {
			return fmt.Errorf("cannot write: %w", err)
		}
	}
	return nil
}

func openFeeds(ctx context.Context, conn *client.Client, names []string, params client.LogsParams) ([]lineFeed, error) {
	var feeds []lineFeed
	var errs []error
	for _, name := range names {
		params.Name = name
		feed, err := conn.LogsSubscribe(ctx, client.LogsSubscribeParams(params))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		feeds = append(feeds, lineFeed{name, feed})
	}
	return feeds, join(errs)
}

func (f lineFeed) pump(ctx context.Context, arrived chan<- news) {
	for {
		notice, err := f.Next(ctx)
		select {
		case arrived <- news{f.name, notice, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// showNews writes what comes until nothing can come any more.
func (p *program) showNews(ctx context.Context, open int, names []string, asJSON bool, arrived <-chan news) error {
	out := p.printer(names, asJSON)
	for open > 0 {
		if len(arrived) == 0 {
			if err := p.flush(); err != nil {
				return err
			}
		}
		var n news
		select {
		case n = <-arrived:
		case <-ctx.Done():
			return p.farewell(ctx.Err())
		}
		err := n.err
		switch {
		case errors.Is(err, supervisor.ErrNotFound):
			open--
			err = p.flush()
			p.remark(fmt.Sprintf("%q is deleted", n.name))
		case err == nil:
			err = p.showNotice(out, n)
		}
		if err != nil {
			return errors.Join(p.flush(), p.farewell(err))
		}
	}
	return p.flush()
}

func (p *program) showNotice(out *printer, n news) error {
	if n.notice.Gap != nil {
		return p.gap(n.notice.Gap, "")
	}
	if n.notice.Lost > 0 {
		p.remark(fmt.Sprintf("%d bytes of %q are lost: they were overwritten before they could be sent", n.notice.Lost, n.name))
	}
	return out.line(n.name, n.notice.Line)
}

// object writes one line of JSON.
func (p *program) object(value any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return p.write(b.String())
}
