package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

func (p *program) status(ctx context.Context, c *cli.Command) error {
	list, err := p.asked(ctx, c)
	if err != nil {
		return err
	}
	return p.ask(ctx, c, question{method: "process.status"}, list, func(i int, _ string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		var info supervisor.ProcessInfo
		if err := read(answer, &info); err != nil {
			return err
		}
		if i > 0 {
			if err := p.paint("\n"); err != nil {
				return err
			}
		}
		return p.fields(info)
	})
}

func (p *program) list(ctx context.Context, c *cli.Command) error {
	labels, err := labelsOf("list", "labels", c.String("labels"))
	if err != nil {
		return err
	}
	statuses, err := statusesOf(c.String("status"))
	if err != nil {
		return err
	}
	params := client.ListParams{Labels: labels, Status: statuses}
	if c.Bool("watch") {
		return p.watch(ctx, c, params)
	}
	var list []*supervisor.ProcessInfo
	return p.one(ctx, c, "process.list", params, &list, func() error {
		return p.rows(listRows(list, p.now()))
	})
}

// parts are what stands between commas, without blanks around it.
func parts(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

func labelsOf(command, flag, text string) (map[string]string, error) {
	var labels map[string]string
	for _, part := range parts(text) {
		key, value, ok := strings.Cut(part, "=")
		if _, twice := labels[key]; !ok || key == "" || twice {
			return nil, usageErrorf(command, "-%s %q: want KEY=VALUE,… with each key once", flag, text)
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = value
	}
	return labels, nil
}

func statusesOf(text string) ([]supervisor.Status, error) {
	var list []supervisor.Status
	for _, part := range parts(text) {
		if !slices.Contains(supervisor.Statuses(), supervisor.Status(part)) {
			return nil, usageErrorf("list", "-status %q is none of %v", part, supervisor.Statuses())
		}
		list = append(list, supervisor.Status(part))
	}
	return list, nil
}

func (p *program) logs(ctx context.Context, c *cli.Command) error {
	selected, err := p.selection(ctx, c)
	if err != nil {
		return err
	}
	list := selected.names
	params := client.LogsParams{Name: list[0], Lines: c.Int("lines"), Stream: supervisor.Stream(c.String("stream")), Previous: c.Bool("previous")}
	if s := params.Stream; s != "" && s != supervisor.Stdout && s != supervisor.Stderr {
		return usageErrorf("logs", "-stream %q is neither stdout nor stderr", s)
	}
	if text := c.String("since"); text != "" {
		if params.Since, err = supervisor.ParseSince(text, p.now()); err != nil {
			return usageErrorf("logs", "-since %q: want a time such as 2026-01-02T15:04:05Z, or how long ago, such as 10m", text)
		}
	}
	switch {
	case c.Bool("follow"):
		return p.follow(ctx, c, list, params)
	case len(list) > 1:
		return p.mergedLogs(ctx, c, selected, params)
	}
	var lines []supervisor.LogLine
	return p.one(ctx, c, "process.logs", params, &lines, func() error {
		return p.write(supervisor.JoinLog(lines))
	})
}

func (p *program) history(ctx context.Context, c *cli.Command) error {
	list, err := p.asked(ctx, c)
	if err != nil {
		return err
	}
	var all []supervisor.LifeRecord
	err = p.ask(ctx, c, question{method: "process.history"}, list, func(_ int, _ string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		var lives []supervisor.LifeRecord
		if err := read(answer, &lives); err != nil {
			return err
		}
		all = append(all, lives...)
		return nil
	})
	if wantsJSON(c) || err != nil && len(all) == 0 {
		return err
	}
	if bad := p.rows(lifeRows(all)); bad != nil {
		return bad
	}
	if c.Bool("log") {
		if bad := p.write(lifeLines(all)); bad != nil {
			return bad
		}
	}
	return err
}

func (p *program) tree(ctx context.Context, c *cli.Command) error {
	list, err := p.asked(ctx, c)
	if err != nil {
		return err
	}
	var all []supervisor.TreeProcess
	err = p.ask(ctx, c, question{method: "process.tree"}, list, func(_ int, _ string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		var tree []supervisor.TreeProcess
		if err := read(answer, &tree); err != nil {
			return err
		}
		all = append(all, tree...)
		return nil
	})
	if wantsJSON(c) || err != nil && len(all) == 0 {
		return err
	}
	if bad := p.rows(treeRows(all, p.now())); bad != nil {
		return bad
	}
	return err
}

// alternatives are the words of a flag, for people.
func alternatives[T ~string](words []T) string {
	var list []string
	for _, word := range words {
		list = append(list, string(word))
	}
	return strings.Join(list, ", ")
}

// wait waits for many names at once; the timeout is that of the whole.
func (p *program) wait(ctx context.Context, c *cli.Command) error {
	list, err := p.asked(ctx, c)
	if err != nil {
		return err
	}
	condition, timeout := supervisor.WaitCondition(c.String("for")), c.Duration("timeout")
	if !slices.Contains(supervisor.WaitConditions(), condition) {
		return usageErrorf("wait", "-for %q is none of %s", condition, alternatives(supervisor.WaitConditions()))
	}
	if timeout < 0 {
		return usageErrorf("wait", "-timeout %s is negative", timeout)
	}
	begin := time.Now()
	q := question{method: "process.wait", atOnce: waitAtOnce, params: func(name string) any {
		return client.WaitParams{Name: name, Condition: condition, Timeout: supervisor.Duration(restOf(timeout, time.Since(begin)))}
	}}
	return p.ask(ctx, c, q, list, func(_ int, name string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		return p.line(fmt.Sprintf("Process '%s' %s", name, conditionWords[condition]))
	})
}

// restOf is what is left of a timeout (0: none), in whole seconds rounded up, as people read
// it. Whose turn comes when the time is up still has a moment to be asked.
func restOf(timeout, gone time.Duration) time.Duration {
	rest := (timeout - gone + time.Second - 1).Truncate(time.Second)
	return min(timeout, max(rest, 100*time.Millisecond))
}

// conditionWords say that a condition is true.
var conditionWords = map[supervisor.WaitCondition]string{
	supervisor.WaitRunning:   "is running",
	supervisor.WaitReady:     "is ready",
	supervisor.WaitCompleted: "has completed",
	supervisor.WaitEnded:     "has ended",
	supervisor.WaitDeleted:   "is deleted",
}
