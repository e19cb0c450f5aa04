package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/processmanager/processmanager/cmd/pmclient/top"
	"github.com/processmanager/processmanager/rpc/client"
)

// leastInterval keeps a slip of the finger from keeping the manager busy.
const leastInterval = 100 * time.Millisecond

// topSource makes what the screen asks.
var topSource = top.OneManager

func (p *program) topCommand() *cli.Command {
	return p.sub("top", "", "show processes on a screen that stays open, with keys to look closer and to act; ? lists them", p.top,
		&cli.StringFlag{Name: "labels", Usage: "only processes with all of these labels: `KEY=VALUE,…`"},
		&cli.DurationFlag{Name: "interval", Usage: "`TIME` between two lists when nothing happens", Value: 2 * time.Second},
		&cli.StringFlag{Name: "sort", Usage: "sort by `COLUMN`: " + strings.Join(top.SortWords(), ", ") + "; - in front: the other way round", DefaultText: "name"},
		&cli.BoolFlag{Name: "once", Usage: "print the table once and end, as when stdout is no terminal"})
}

func (p *program) top(ctx context.Context, c *cli.Command) error {
	labels, err := labelsOf("top", "labels", c.String("labels"))
	if err != nil {
		return err
	}
	o := top.Options{Labels: labels, Interval: c.Duration("interval"), Sort: c.String("sort"), Term: p.getenv("TERM"), Now: p.now}
	if o.Interval < leastInterval {
		return usageErrorf("top", "-interval %s is less than %s", o.Interval, leastInterval)
	}
	if err := top.CheckSort(o.Sort); err != nil {
		return usageErrorf("top", "-sort: %v", err)
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	o.Source, o.Where = topSource(conn), conn.Where()
	if c.Bool("once") || !p.screen.terminal {
		return top.Once(ctx, o, p.out)
	}
	return p.topScreen(ctx, o, conn)
}

// topScreen shows the screen. What can never be asked is told before it opens; that the
// manager is not there may change.
func (p *program) topScreen(ctx context.Context, o top.Options, conn *client.Client) error {
	in, isFile := p.in.(*os.File)
	out, _ := p.out.(*os.File)
	switch {
	case !isFile || !term.IsTerminal(int(in.Fd())):
		return usageErrorf("top", "stdin is no terminal, so that no key could be pressed: docker exec and kubectl exec want -it, and pmclient shell has no screen; top -once prints the table once")
	case o.Term == "dumb":
		return usageErrorf("top", "TERM=dumb is a terminal on which nothing can be drawn; top -once prints the table once")
	}
	if _, err := conn.SystemInfo(ctx); errors.Is(err, client.ErrUnauthorized) {
		return err
	}
	debug.SetGCPercent(100) // it does not live for milliseconds
	return top.Run(ctx, o, top.Terminal{In: in, Out: out, Env: p.env, Colour: p.screen.colour})
}
