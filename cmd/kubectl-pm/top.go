package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/processmanager/processmanager/cmd/pmclient/top"
	"github.com/processmanager/processmanager/supervisor"
)

const (
	leastInterval = time.Second      // each round starts two kubectls for each Pod
	listInterval  = 15 * time.Second // between two looks at which Pods there are
	leastPatience = 10 * time.Second // with a Pod in one round
	detailLines   = 100
)

func topFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "interval", Usage: "`TIME` between two rounds", Value: 5 * time.Second},
		&cli.StringFlag{Name: "labels", Usage: "only processes with all of these labels: `KEY=VALUE,…`"},
		&cli.StringFlag{Name: "sort", Usage: "sort by `COLUMN`: " + strings.Join(top.SortWords(), ", ") + "; - in front: the other way round", DefaultText: "name"},
		&cli.BoolFlag{Name: "once", Usage: "print the table once and end, as when stdout is no terminal"},
	}
}

// top is the screen of pmclient top with the Pods as its source. Without a terminal it
// prints the table once, and concludes as list does.
func (p *program) top(ctx context.Context, c *cli.Command) error {
	labels, err := top.ParseLabels(c.String("labels"))
	if err != nil {
		return usagef("-labels: %w", err)
	}
	o := top.Options{Labels: labels, Interval: c.Duration("interval"), Sort: c.String("sort"), Term: p.getenv("TERM")}
	if o.Interval < leastInterval {
		return usagef("-interval %s is less than %s", o.Interval, leastInterval)
	}
	if err := top.CheckSort(o.Sort); err != nil {
		return usagef("-sort: %w", err)
	}
	f, err := p.fleet(ctx, c)
	if err != nil {
		return err
	}
	// A screen does not stand still for one Pod that hangs as long as a command waits for it.
	f.timeout = min(f.timeout, max(2*o.Interval, leastPatience))
	source := &podSource{fleet: f, listed: time.Now()}
	o.Source, o.Where = source, whereOf(f.chosen)
	in, inOK := p.in.(*os.File)
	out, outOK := p.out.(*os.File)
	if c.Bool("once") || !outOK || !term.IsTerminal(int(out.Fd())) {
		if err := top.Once(ctx, o, p.out); err != nil {
			return err
		}
		return f.conclude(source.last)
	}
	if !inOK || !term.IsTerminal(int(in.Fd())) {
		return usagef("stdin is no terminal, so that no key could be pressed; top -once prints the table once")
	}
	return top.Run(ctx, o, top.Terminal{In: in, Out: out, Env: p.env, Colour: p.getenv("NO_COLOR") == ""})
}

// whereOf tells which Pods are shown; how many there are changes.
func whereOf(s selection) string {
	what := s.selector
	if len(s.names) > 0 {
		what = strings.Join(s.names, ",")
	}
	switch {
	case s.all:
		return what + " in all namespaces"
	case s.namespace != "":
		return what + " in " + s.namespace
	}
	return what
}

// Look implements top.Source.
func (s *podSource) Look(ctx context.Context, labels map[string]string) (top.Picture, error) {
	argv := []string{"list", "-format", "json"}
	if len(labels) > 0 {
		var pairs []string
		for key, value := range labels {
			pairs = append(pairs, key+"="+value)
		}
		slices.Sort(pairs)
		argv = append(argv, "-labels="+strings.Join(pairs, ","))
	}
	f, lost := s.current(ctx)
	var answers, infos []answer
	var both sync.WaitGroup
	both.Go(func() { infos = f.ask(ctx, "info", "-format", "json") })
	both.Go(func() { answers = f.ask(ctx, argv...) })
	both.Wait()
	s.last = answers
	var picture top.Picture
	if lost != nil {
		picture.Managers = append(picture.Managers, top.Manager{Pod: "kubectl", Err: lost})
	}
	for i := range answers {
		a := &answers[i]
		for _, info := range read[*supervisor.ProcessInfo](a) {
			picture.Rows = append(picture.Rows, top.Row{Pod: a.pod.label, ProcessInfo: info})
		}
		m := top.Manager{Pod: a.pod.label, Err: a.err}
		if list := read[*supervisor.SystemInfo](&infos[i]); len(list) == 1 && m.Err == nil {
			m.Info = list[0]
		} else if m.Err == nil {
			m.Err = infos[i].err
		}
		picture.Managers = append(picture.Managers, m)
	}
	return picture, ctx.Err()
}

// one asks the Pod of a process.
func (s *podSource) one(ctx context.Context, id top.ID, argv ...string) answer {
	p, err := s.podOf(id)
	if err != nil {
		return answer{err: err}
	}
	a := answer{pod: p}
	a.out, a.err = s.fleet.askOne(ctx, p, argv...)
	return a
}

// Detail implements top.Source. What the manifest says is left out.
func (s *podSource) Detail(ctx context.Context, id top.ID) (top.Detail, error) {
	var status, lives, lines, tree answer
	var all sync.WaitGroup
	all.Go(func() { status = s.one(ctx, id, "status", "-format", "json", id.Name) })
	all.Go(func() { lives = s.one(ctx, id, "history", "-format", "json", id.Name) })
	all.Go(func() {
		lines = s.one(ctx, id, "logs", "-format", "json", "-lines", strconv.Itoa(detailLines), id.Name)
	})
	all.Go(func() { tree = s.one(ctx, id, "tree", "-format", "json", id.Name) })
	all.Wait()
	d := top.Detail{
		Lives: read[supervisor.LifeRecord](&lives), Lines: read[supervisor.LogLine](&lines), Tree: read[supervisor.TreeProcess](&tree),
	}
	if list := read[*supervisor.ProcessInfo](&status); len(list) == 1 {
		d.Info = list[0]
	}
	return d, status.err
}

// Act implements top.Source.
func (s *podSource) Act(ctx context.Context, a top.Action) error {
	verb := map[top.Verb]string{top.Start: "start", top.Stop: "stop", top.Restart: "restart", top.Trigger: "trigger", top.Signal: "signal", top.Probe: "probe", top.Delete: "delete"}[a.Verb]
	argv := []string{verb, a.ID.Name}
	if a.Verb == top.Signal {
		argv = []string{verb, a.Signal, a.ID.Name}
	}
	return s.one(ctx, a.ID, argv...).err
}

// News implements top.Source: there are none, so that every change is seen at the next
// round. A stream of events would hold a connection to every Pod.
func (s *podSource) News(context.Context) (top.News, error) { return silence{}, nil }

type silence struct{}

// Next implements top.News.
func (silence) Next(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// Close implements top.News.
func (silence) Close() {}

// Logs implements top.Source.
func (s *podSource) Logs(_ context.Context, id top.ID, lines int) (top.Logs, error) {
	p, err := s.podOf(id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &podLogs{lines: make(chan top.Entry, 512), ended: make(chan error, 1), cancel: cancel}
	argv := append([]string{s.fleet.client, "logs", "-format", "json", "-lines", strconv.Itoa(lines)}, following...)
	argv = append(argv, id.Name)
	go func() {
		l.ended <- p.stream(ctx, s.fleet.kubectl, argv, func(_ string, line supervisor.LogLine) {
			select {
			case l.lines <- top.Entry{LogLine: line}:
			case <-ctx.Done():
			}
		})
		close(l.lines)
	}()
	return l, nil
}

// podLogs are the lines of a kubectl that runs until Close.
type podLogs struct {
	lines  chan top.Entry
	ended  chan error
	cancel context.CancelFunc
}

var errLogEnded = errors.New("the log has ended: the Pod or its manager is gone")

// Next implements top.Logs.
func (l *podLogs) Next(ctx context.Context) ([]top.Entry, error) {
	var list []top.Entry
	select {
	case entry, ok := <-l.lines:
		if !ok {
			return nil, l.end()
		}
		list = append(list, entry)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for len(list) < cap(l.lines) {
		select {
		case entry, ok := <-l.lines:
			if !ok {
				return list, nil // the end is told by the next call
			}
			list = append(list, entry)
		default:
			return list, nil
		}
	}
	return list, nil
}

func (l *podLogs) end() error {
	select {
	case err := <-l.ended:
		if err != nil {
			return err
		}
	default:
	}
	return errLogEnded
}

// Close implements top.Logs.
func (l *podLogs) Close() { l.cancel() }
