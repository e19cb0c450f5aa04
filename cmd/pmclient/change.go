package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// each is a command that does one thing to every name; moot is the error that means it is
// done already.
func (p *program) each(method, done string, moot error) func(context.Context, *cli.Command) error {
	return func(ctx context.Context, c *cli.Command) error {
		list, err := p.selection(ctx, c)
		if err != nil {
			return err
		}
		done := done
		if !c.Bool("wait") {
			done = "is being " + done
		}
		return p.ask(ctx, c, question{method: method, atOnce: changeAtOnce, params: changeParams(c), chosen: list.chosen, moot: moot}, list.names, func(_ int, name string, answer json.RawMessage) error {
			if wantsJSON(c) {
				return p.line(string(answer))
			}
			return p.line(fmt.Sprintf("Process '%s' %s", name, done))
		})
	}
}

// changeParams are the parameters of a method that may take its time.
func changeParams(c *cli.Command) func(name string) any {
	return func(name string) any {
		if c.Bool("wait") {
			return map[string]any{"name": name}
		}
		return map[string]any{"name": name, "wait": false}
	}
}

// trigger names the run, which under concurrencyPolicy Allow is a process of its own.
func (p *program) trigger(ctx context.Context, c *cli.Command) error {
	list, err := p.asked(ctx, c)
	if err != nil {
		return err
	}
	return p.ask(ctx, c, question{method: "process.trigger", atOnce: changeAtOnce, params: changeParams(c)}, list, func(_ int, name string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		var info supervisor.ProcessInfo
		if err := read(answer, &info); err != nil {
			return err
		}
		return p.line(fmt.Sprintf("Process '%s' triggered", info.Called(name)))
	})
}

// probe has failed when a probe has: a script may ask.
func (p *program) probe(ctx context.Context, c *cli.Command) error {
	list, err := p.asked(ctx, c)
	if err != nil {
		return err
	}
	kind := supervisor.ProbeKind(c.String("probe"))
	if kind != "" && !slices.Contains(supervisor.ProbeKinds(), kind) {
		return usageErrorf("probe", "-probe %q is none: want %s", kind, alternatives(supervisor.ProbeKinds()))
	}
	var all []supervisor.ProbeResult
	params := func(name string) any { return client.ProbeParams{Name: name, Probe: kind} }
	err = p.ask(ctx, c, question{method: "process.probe", atOnce: changeAtOnce, params: params}, list, func(_ int, _ string, answer json.RawMessage) error {
		var results []supervisor.ProbeResult
		if err := read(answer, &results); err != nil {
			return err
		}
		all = append(all, results...)
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		return nil
	})
	if len(all) > 0 && !wantsJSON(c) {
		if bad := p.rows(probeRows(all)); bad != nil {
			return bad
		}
	}
	if failed := slices.IndexFunc(all, func(r supervisor.ProbeResult) bool { return !r.Success }); err == nil && failed >= 0 {
		return fmt.Errorf("the %s probe of %q has failed", all[failed].Probe, all[failed].Process)
	}
	return err
}

func (p *program) start(ctx context.Context, c *cli.Command) error {
	made := c.String("command") != ""
	selected, err := p.selection(ctx, c)
	if err != nil {
		return err
	}
	list := selected.names
	if !made {
		for _, flag := range []string{"log", "deadline", "cron", "jobid"} {
			if c.IsSet(flag) {
				return usageErrorf("start", "-%s is for a new process, and that needs -command", flag)
			}
		}
		return p.ask(ctx, c, question{method: "process.start", atOnce: changeAtOnce, params: changeParams(c), chosen: selected.chosen, moot: supervisor.ErrExists}, list, func(_ int, name string, answer json.RawMessage) error {
			return p.started(c, name, answer)
		})
	}
	if len(list) > 1 || len(selected.chosen) > 0 {
		return usageErrorf("start", "want one name for one command, got %d: %q", len(list), list)
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	params := struct {
		client.StartParams
		Wait bool `json:"wait"`
	}{client.StartParams{
		Name: list[0], Command: c.String("command"), Log: c.Bool("log"), Deadline: c.Int("deadline"),
		Cron: c.String("cron"), JobID: c.String("jobid"),
	}, c.Bool("wait")}
	var answer json.RawMessage
	if err := conn.Call(ctx, "process.start", params, &answer); err != nil {
		return err
	}
	return p.started(c, list[0], answer)
}

// started tells of a start by the name that was asked for: of replicas, the answer shows the
// first one.
func (p *program) started(c *cli.Command, name string, answer json.RawMessage) error {
	if wantsJSON(c) {
		return p.line(string(answer))
	}
	var info supervisor.ProcessInfo
	if err := read(answer, &info); err != nil {
		return err
	}
	word := startedWord(info)
	if !c.Bool("wait") && info.PID == nil && word == "started" {
		word = "is being started"
	}
	return p.line(fmt.Sprintf("Process '%s' %s", name, word))
}

// signal takes the signal from -signal, else from the first word.
func (p *program) signal(ctx context.Context, c *cli.Command) error {
	list, word := c.Args().Slice(), c.String("signal")
	if word == "" {
		if len(list) == 0 {
			return usageErrorf("signal", "want a signal and a name")
		}
		word, list = list[0], list[1:]
	}
	var named []string
	if name := c.String("name"); name != "" {
		named = []string{name}
	}
	sig, err := supervisor.ParseSignal(word)
	if err != nil {
		return usageErrorf("signal", "%q is no signal: want a name such as HUP, or a number from 1 to 64", word)
	}
	if len(list)+len(named) == 0 {
		return usageErrorf("signal", "want a name behind the signal")
	}
	selected, err := p.choose(ctx, c, named, list)
	if err != nil {
		return err
	}
	params := func(name string) any { return client.SignalParams{Name: name, Signal: sig.String()} }
	return p.ask(ctx, c, question{method: "process.signal", params: params, chosen: selected.chosen, moot: supervisor.ErrNotRunning}, selected.names, func(_ int, name string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		return p.line(fmt.Sprintf("Process '%s' was sent %s", name, sig))
	})
}
