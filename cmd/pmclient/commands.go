package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// commands are the commands, in the order of the help.
func (p *program) commands() []*cli.Command {
	return []*cli.Command{
		p.sub("start", "NAME… or -name NAME -command TEXT", "make and start a process, or start idle ones again", p.start,
			nameFlag(),
			&cli.StringFlag{Name: "command", Usage: "shell `TEXT` to run"},
			&cli.BoolFlag{Name: "log", Usage: "also write a log file"},
			&cli.IntFlag{Name: "deadline", Usage: "`SECONDS` that a run may last"},
			&cli.StringFlag{Name: "cron", Usage: "`SCHEDULE`, for example \"30 2 * * *\""},
			&cli.StringFlag{Name: "jobid", Usage: "free `TEXT`, given back as job_id"},
			formatFlag()),
		p.sub("stop", "NAME…", "stop processes", p.each("process.stop", "stopped"), nameFlag(), formatFlag()),
		p.sub("restart", "NAME…", "restart processes", p.each("process.restart", "restarted"), nameFlag(), formatFlag()),
		p.sub("delete", "NAME…", "stop processes and forget them", p.each("process.delete", "deleted"), nameFlag(), formatFlag()),
		p.sub("status", "NAME…", "show everything about processes", p.status, nameFlag(), formatFlag()),
		p.sub("list", "", "list processes", p.list, formatFlag()),
		p.sub("logs", "NAME", "show captured output", p.logs,
			nameFlag(),
			&cli.IntFlag{Name: "lines", Usage: "`NUMBER` of the newest lines", DefaultText: fmt.Sprint(supervisor.DefaultLogLines)},
			&cli.StringFlag{Name: "stream", Usage: "only `STREAM`: stdout or stderr", DefaultText: "both"},
			formatFlag()),
		p.sub("version", "", "show the version of pmclient", p.version),
	}
}

func nameFlag() cli.Flag { return &cli.StringFlag{Name: "name", Usage: "`NAME` of the process"} }

func formatFlag() cli.Flag {
	return &cli.StringFlag{Name: "format", Usage: "`FORMAT`: text, or json: one line for each answer of the API", DefaultText: "text"}
}

func (p *program) sub(name, args, usage string, do func(context.Context, *cli.Command) error, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, ArgsUsage: args, Usage: usage, Flags: flags, HideHelpCommand: true,
		OnUsageError: onUsageError,
		Action: func(ctx context.Context, c *cli.Command) error {
			if f := c.String("format"); f != "" && f != "text" && f != "json" {
				return usageErrorf(name, "-format %q is neither text nor json", f)
			}
			return do(ctx, c)
		},
	}
}

func usageErrorf(command, format string, args ...any) error {
	return usage("wrong usage of "+command+": "+format, args...)
}

func wantsJSON(c *cli.Command) bool { return c.String("format") == "json" }

// names are the processes asked for: -name, and every word behind the command.
func names(c *cli.Command) ([]string, error) {
	list := c.Args().Slice()
	if name := c.String("name"); name != "" {
		list = append([]string{name}, list...)
	}
	if len(list) == 0 {
		return nil, usageErrorf(c.Name, "want a name")
	}
	return list, nil
}

func oneName(c *cli.Command) (string, error) {
	list, err := names(c)
	if err != nil {
		return "", err
	}
	if len(list) > 1 {
		return "", usageErrorf(c.Name, "want one name, got %d: %q", len(list), list)
	}
	return list[0], nil
}

// ask calls a method for each name, several at once, and hands the answers to
// show in the order of the names. All are tried; the errors are joined.
func (p *program) ask(ctx context.Context, c *cli.Command, method string, names []string, show func(i int, name string, answer json.RawMessage) error) error {
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers, errs := make([]json.RawMessage, len(names)), make([]error, len(names))
	turns := make(chan struct{}, 8)
	var all sync.WaitGroup
	for i, name := range names {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			errs[i] = conn.Call(ctx, method, map[string]string{"name": name}, &answers[i])
		})
	}
	all.Wait()
	for i, name := range names {
		if errs[i] == nil {
			errs[i] = show(i, name, answers[i])
		}
	}
	return join(errs)
}

// each is a command that does one thing to every name.
func (p *program) each(method, done string) func(context.Context, *cli.Command) error {
	return func(ctx context.Context, c *cli.Command) error {
		list, err := names(c)
		if err != nil {
			return err
		}
		return p.ask(ctx, c, method, list, func(_ int, name string, answer json.RawMessage) error {
			if wantsJSON(c) {
				return p.line(string(answer))
			}
			return p.line(fmt.Sprintf("Process '%s' %s", name, done))
		})
	}
}

func (p *program) start(ctx context.Context, c *cli.Command) error {
	list, err := names(c)
	if err != nil {
		return err
	}
	made := c.String("command") != ""
	if !made {
		for _, flag := range []string{"log", "deadline", "cron", "jobid"} {
			if c.IsSet(flag) {
				return usageErrorf("start", "-%s is for a new process, and that needs -command", flag)
			}
		}
		return p.ask(ctx, c, "process.start", list, func(_ int, _ string, answer json.RawMessage) error {
			return p.started(c, answer)
		})
	}
	if len(list) > 1 {
		return usageErrorf("start", "want one name for one command, got %d: %q", len(list), list)
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	var answer json.RawMessage
	err = conn.Call(ctx, "process.start", client.StartParams{
		Name: list[0], Command: c.String("command"), Log: c.Bool("log"), Deadline: c.Int("deadline"),
		Cron: c.String("cron"), JobID: c.String("jobid"),
	}, &answer)
	if err != nil {
		return err
	}
	return p.started(c, answer)
}

func (p *program) started(c *cli.Command, answer json.RawMessage) error {
	if wantsJSON(c) {
		return p.line(string(answer))
	}
	var info supervisor.ProcessInfo
	if err := json.Unmarshal(answer, &info); err != nil {
		return fmt.Errorf("cannot read the answer: %w", err)
	}
	return p.line(fmt.Sprintf("Process '%s' %s", info.Name, startedWord(info)))
}

func (p *program) status(ctx context.Context, c *cli.Command) error {
	list, err := names(c)
	if err != nil {
		return err
	}
	return p.ask(ctx, c, "process.status", list, func(i int, _ string, answer json.RawMessage) error {
		if wantsJSON(c) {
			return p.line(string(answer))
		}
		var info supervisor.ProcessInfo
		if err := json.Unmarshal(answer, &info); err != nil {
			return fmt.Errorf("cannot read the answer: %w", err)
		}
		text := details(info)
		if i > 0 {
			text = "\n" + text
		}
		return p.write(text)
	})
}

func (p *program) list(ctx context.Context, c *cli.Command) error {
	if c.Args().Len() > 0 {
		return usageErrorf("list", "it takes no names, got %q (status shows single ones)", c.Args().Slice())
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	if wantsJSON(c) {
		var answer json.RawMessage
		if err := conn.Call(ctx, "process.list", nil, &answer); err != nil {
			return err
		}
		return p.line(string(answer))
	}
	list, err := conn.List(ctx, client.ListParams{})
	if err != nil {
		return err
	}
	return p.write(table(list, p.now()))
}

func (p *program) logs(ctx context.Context, c *cli.Command) error {
	name, err := oneName(c)
	if err != nil {
		return err
	}
	if s := supervisor.Stream(c.String("stream")); s != "" && s != supervisor.Stdout && s != supervisor.Stderr {
		return usageErrorf("logs", "-stream %q is neither stdout nor stderr", s)
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	params := client.LogsParams{Name: name, Lines: c.Int("lines"), Stream: supervisor.Stream(c.String("stream"))}
	if wantsJSON(c) {
		var answer json.RawMessage
		if err := conn.Call(ctx, "process.logs", params, &answer); err != nil {
			return err
		}
		return p.line(string(answer))
	}
	lines, err := conn.Logs(ctx, params)
	if err != nil {
		return err
	}
	return p.write(supervisor.JoinLog(lines))
}

func (p *program) version(_ context.Context, _ *cli.Command) error {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "dev" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	return p.line("pmclient " + v)
}

func (p *program) line(text string) error { return p.write(text + "\n") }

func (p *program) write(text string) error {
	if _, err := p.out.Write([]byte(text)); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}
