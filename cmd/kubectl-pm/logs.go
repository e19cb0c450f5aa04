package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// maxLine is more than a line of output can have as JSON.
const maxLine = 1 << 20

// line is a line of a process's output, with where it comes from.
type line struct {
	Pod  string `json:"pod"`
	Name string `json:"name"`
	supervisor.LogLine
}

// write writes it: as JSON, or with Pod and name in front.
func (f *fleet) write(l line) {
	if f.json {
		if data, err := json.Marshal(l); err == nil {
			fmt.Fprintf(f.out, "%s\n", data)
		}
		return
	}
	fmt.Fprintf(f.out, "%s %s | %s\n", l.Pod, l.Name, supervisor.Harmless(l.Msg))
}

func (p *program) logs(ctx context.Context, c *cli.Command) error {
	list, err := wanted(c)
	if err != nil {
		return err
	}
	argv := []string{"logs", "-format", "json", "-lines", strconv.Itoa(c.Int("lines"))}
	if since := c.String("since"); since != "" {
		argv = append(argv, "-since="+since)
	}
	f, err := p.fleet(ctx, c)
	if err != nil {
		return err
	}
	if c.Bool("follow") {
		return f.follow(ctx, append(argv, "-follow"), list)
	}
	return f.past(ctx, argv, list)
}

// past writes the lines that there are, of all Pods in the order of their time.
func (f *fleet) past(ctx context.Context, argv, names []string) error {
	var lines []line
	all := make([]answer, len(f.pods))
	for i, p := range f.pods {
		all[i].pod = p
	}
	for _, name := range names {
		for i, a := range f.ask(ctx, append(slices.Clone(argv), name)...) {
			for _, l := range read[supervisor.LogLine](&a) {
				lines = append(lines, line{a.pod.label, name, l})
			}
			all[i].err = worse(all[i].err, a.err)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.Time.Compare(b.Time) })
	for _, l := range lines {
		f.write(l)
	}
	return f.conclude(all)
}

// worse keeps both errors of a Pod, and which kind they are.
func worse(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil || a.Error() == b.Error():
		return a
	}
	return errors.Join(a, b)
}

// follow writes lines as they come, until every Pod's stream has ended. It holds one kubectl
// for each process of each Pod, so that more than -parallel are refused.
func (f *fleet) follow(ctx context.Context, argv, names []string) error {
	if n := len(f.pods) * len(names); n > f.parallel {
		return usagef("-follow would hold %d connections, more than -parallel %d: select fewer Pods, or raise it", n, f.parallel)
	}
	var (
		all     sync.WaitGroup
		mu      sync.Mutex
		answers []answer
	)
	for _, p := range f.pods {
		for _, name := range names {
			all.Go(func() {
				err := p.stream(ctx, f.kubectl, append(append([]string{f.client}, argv...), name), func(l supervisor.LogLine) {
					mu.Lock()
					defer mu.Unlock()
					f.write(line{p.label, name, l})
				})
				mu.Lock()
				defer mu.Unlock()
				answers = append(answers, answer{pod: p, err: err})
				switch {
				case ctx.Err() != nil:
				case err == nil:
					fmt.Fprintf(f.errs, "kubectl pm: %s: the log of %s has ended\n", p.label, name)
				default:
					f.tell(answers[len(answers)-1]) // the others may go on for days
				}
			})
		}
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil // the person has had enough
	}
	return judge(answers)
}

// stream runs a pmclient that writes lines of JSON until it ends or ctx does.
func (p *pod) stream(ctx context.Context, k kubectl, argv []string, got func(supervisor.LogLine)) error {
	if p.why != "" {
		return errors.New(p.why)
	}
	var errs []error
	for _, container := range p.order() {
		err := p.streamFrom(ctx, k, container, argv, got)
		var remote remoteError
		if errors.Is(err, errNoClient) || errors.As(err, &remote) && remote.code == exitNobody {
			errs = append(errs, fmt.Errorf("container %s: %w", container, err))
			continue
		}
		return err
	}
	return joined(errs)
}

func (p *pod) streamFrom(ctx context.Context, k kubectl, container string, argv []string, got func(supervisor.LogLine)) error {
	cmd := k.command(ctx, p.execArgs(container, argv)...)
	stderr := &limited{limit: maxErrors, cut: true}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return explain(ctx, err, "")
	}
	scanner := bufio.NewScanner(stdout)
	scanner.Buffer(nil, maxLine)
	var bad error
	for scanner.Scan() {
		var l supervisor.LogLine
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			bad = fmt.Errorf("cannot read a line of pmclient: %w", err)
			continue
		}
		p.settle(container)
		got(l)
	}
	if err := scanner.Err(); err != nil && ctx.Err() == nil {
		bad = fmt.Errorf("cannot read the lines of pmclient: %w", err)
		_, _ = io.Copy(io.Discard, stdout) // so that it can end
	}
	if err := explain(ctx, cmd.Wait(), stderr.String()); err != nil {
		return err
	}
	return bad
}
