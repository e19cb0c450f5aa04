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
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// maxLine is more than a line of output can have as JSON.
const maxLine = 1 << 20

func logsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "lines", Aliases: []string{"tail"}, Usage: "`NUMBER` of the newest lines, of each process in each Pod", Value: 100},
		&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with new lines, also of Pods that come later"},
		&cli.StringFlag{Name: "since", Usage: "not older than `TIME`: 10m, or 2026-01-02T03:04:05Z"},
		&cli.StringFlag{Name: "stream", Usage: "only `STREAM`: stdout or stderr (default: both)"},
		&cli.BoolFlag{Name: "previous", Aliases: []string{"p"}, Usage: "only lines of the life before the current or last one"},
		&cli.BoolFlag{Name: "timestamps", Usage: "the time in front of each line"},
		&cli.BoolFlag{Name: "prefix", Usage: "-prefix=false: without Pod and name in front", Value: true},
		&cli.StringFlag{Name: "color", Usage: "`WHEN` each Pod has a colour: auto (on a terminal, and not under $NO_COLOR), always or never", Value: "auto"},
	}
}

// logRequest is what the flags of logs ask for.
type logRequest struct {
	words    []string // names and patterns of processes; none: all
	flags    []string // of pmclient logs
	lines    int
	since    string
	previous bool
}

func (p *program) logs(ctx context.Context, c *cli.Command) error {
	r := logRequest{words: c.Args().Slice(), lines: c.Int("lines"), since: c.String("since"), previous: c.Bool("previous")}
	if len(r.words) > 0 {
		if _, err := wanted(c); err != nil {
			return err
		}
	}
	switch stream := c.String("stream"); stream {
	case "":
	case "stdout", "stderr":
		r.flags = append(r.flags, "-stream="+stream)
	default:
		return usagef("-stream %q: want stdout or stderr", stream)
	}
	if r.previous {
		r.flags = append(r.flags, "-previous")
	}
	if r.previous && c.Bool("follow") {
		return usagef("-previous and -follow exclude each other: a life that has ended writes nothing")
	}
	out, err := p.lineWriter(c)
	if err != nil {
		return err
	}
	f, err := p.fleet(ctx, c)
	if err != nil {
		return err
	}
	if c.Bool("follow") {
		return f.follow(ctx, r, out)
	}
	return f.past(ctx, r, out)
}

// argv is the pmclient that shows processes.
func (r logRequest) argv(names []string) []string {
	argv := append([]string{"logs", "-format", "json", "-lines", strconv.Itoa(r.lines)}, r.flags...)
	if r.since != "" {
		argv = append(argv, "-since="+r.since)
	}
	return append(argv, names...)
}

// names are the processes of a Pod that are asked for. One name is taken as it is; otherwise the
// manager says which there are, and those that it lacks are an error beside the others.
func (r logRequest) names(ctx context.Context, f *fleet, p *pod) ([]string, error) {
	if len(r.words) == 1 && !strings.ContainsAny(r.words[0], "*?[") {
		return r.words, nil
	}
	argv := []string{"list", "-format", "json"}
	if len(r.words) > 0 {
		argv = append([]string{"status", "-format", "json"}, r.words...)
	}
	a := answer{pod: p}
	a.out, a.err = f.askOne(ctx, p, argv...)
	var names []string
	for _, info := range read[*supervisor.ProcessInfo](&a) {
		if !r.previous || info.Run > 1 { // otherwise there was no life before
			names = append(names, info.Name)
		}
	}
	return names, a.err
}

// past writes the lines that there are, of all Pods in the order of their time.
func (f *fleet) past(ctx context.Context, r logRequest, out *lineWriter) error {
	found := make([][]line, len(f.pods))
	answers := f.each(ctx, func(ctx context.Context, i int, p *pod) ([]byte, error) {
		names, err := r.names(ctx, f, p)
		if len(names) == 0 {
			return nil, err
		}
		a := answer{pod: p}
		a.out, a.err = f.askOne(ctx, p, r.argv(names)...)
		lists := readEach[[]supervisor.LogLine](&a)
		if a.err == nil && len(lists) != len(names) {
			a.err = fmt.Errorf("pmclient shows %d processes, want %d", len(lists), len(names))
		}
		if a.err == nil {
			for k, name := range names {
				for _, l := range lists[k] {
					found[i] = append(found[i], p.line(name, l))
				}
			}
		}
		return nil, worse(err, a.err)
	})
	lines := slices.Concat(found...)
	slices.SortStableFunc(lines, func(a, b line) int { return a.Time.Compare(b.Time) })
	for _, l := range lines {
		out.write(l)
	}
	return f.conclude(answers)
}

func (p *pod) line(name string, l supervisor.LogLine) line {
	return line{Namespace: p.namespace, Pod: p.name, Name: name, LogLine: l, label: p.label}
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

// stream runs a pmclient that writes lines of JSON until it ends or ctx does. A line has the
// name of its process when several are followed.
func (p *pod) stream(ctx context.Context, k kubectl, argv []string, got func(name string, l supervisor.LogLine)) error {
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

// errManagerEnded ends a stream: the manager has, and with it, or before long, its container.
var errManagerEnded = errors.New("the manager has ended")

// following are the flags of a pmclient that ends when this program has: what kubectl exec
// has started goes on without it, and only the end of its standard input tells it.
var following = []string{"-follow", "-until-eof"}

func (p *pod) streamFrom(ctx context.Context, k kubectl, container string, argv []string, got func(name string, l supervisor.LogLine)) error {
	cmd := k.command(ctx, slices.Insert(p.execArgs(container, argv), 1, "--stdin")...)
	if _, err := cmd.StdinPipe(); err != nil { // open until kubectl has ended, or this program
		return err
	}
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
		var l struct {
			Name string
			supervisor.LogLine
		}
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			bad = fmt.Errorf("cannot read a line of pmclient: %w", err)
			continue
		}
		p.settle(container)
		got(l.Name, l.LogLine)
	}
	if err := scanner.Err(); err != nil && ctx.Err() == nil {
		bad = fmt.Errorf("cannot read the lines of pmclient: %w", err)
		_, _ = io.Copy(io.Discard, stdout) // so that it can end
	}
	if err := explain(ctx, cmd.Wait(), stderr.String()); err != nil {
		return err
	}
	if bad == nil && strings.Contains(stderr.String(), errManagerEnded.Error()) {
		bad = errManagerEnded
	}
	return bad
}
