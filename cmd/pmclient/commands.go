package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// commands are the commands, in the order of the help.
func (p *program) commands() []*cli.Command {
	return slices.Concat(p.changeCommands(), p.lookCommands(), p.managerCommands())
}

// changeCommands change processes.
func (p *program) changeCommands() []*cli.Command {
	return []*cli.Command{
		p.sub("start", "NAME… or -name NAME -command TEXT", "make and start a process, or start idle ones again", p.start,
			nameFlag(),
			&cli.StringFlag{Name: "command", Usage: "shell `TEXT` to run"},
			&cli.BoolFlag{Name: "log", Usage: "also write a log file"},
			&cli.IntFlag{Name: "deadline", Usage: "`SECONDS` that a run may last"},
			&cli.StringFlag{Name: "cron", Usage: "`SCHEDULE`, for example \"30 2 * * *\""},
			&cli.StringFlag{Name: "jobid", Usage: "free `TEXT`, given back as job_id"},
			selectorFlag(),
			waitFlag(),
			formatFlag()),
		p.sub("stop", "NAME…", "stop processes", p.each("process.stop", "stopped", supervisor.ErrNotRunning), nameFlag(), selectorFlag(), waitFlag(), formatFlag()),
		p.sub("restart", "NAME…", "restart processes", p.each("process.restart", "restarted", nil), nameFlag(), selectorFlag(), waitFlag(), formatFlag()),
		p.sub("delete", "NAME…", "stop processes and forget them", p.each("process.delete", "deleted", supervisor.ErrNotFound), nameFlag(), selectorFlag(), waitFlag(), formatFlag()),
		p.sub("signal", "SIGNAL NAME…", "send a signal to the leaders of processes", p.signal,
			nameFlag(),
			&cli.StringFlag{Name: "signal", Usage: "`SIGNAL` by name or number, instead of the first word"},
			formatFlag()),
		p.sub("trigger", "NAME…", "run processes now, beside their schedules", p.trigger, nameFlag(), selectorFlag(), waitFlag(), formatFlag()),
		p.sub("probe", "NAME…", "make one attempt of the processes' probes now; exit code 1 when one fails", p.probe,
			nameFlag(),
			&cli.StringFlag{Name: "probe", Usage: "`PROBE`: " + alternatives(supervisor.ProbeKinds()), DefaultText: "each that there is"},
			formatFlag()),
		p.sub("exec", "NAME -- COMMAND…", "run a command once with the environment, directory, rights and limits of a process; exit code: the command's. It has no stdin and no terminal: kubectl exec and docker exec give those", p.exec,
			nameFlag(),
			&cli.StringFlag{Name: "command", Usage: "shell `TEXT` to run, instead of the words behind --"},
			&cli.DurationFlag{Name: "timeout", Usage: "kill it after this `TIME`, with all that it started", Value: supervisor.DefaultExecTimeout},
			formatFlag()),
	}
}

// lookCommands show processes.
func (p *program) lookCommands() []*cli.Command {
	return []*cli.Command{
		p.sub("status", "NAME…", "show everything about processes", p.status, nameFlag(), formatFlag()),
		p.sub("list", "", "list processes", p.list,
			&cli.StringFlag{Name: "labels", Aliases: []string{"selector"}, Usage: "only processes with all of these labels: `KEY=VALUE,…`"},
			&cli.StringFlag{Name: "status", Usage: "only processes in one of these states: `STATUS,…`"},
			&cli.BoolFlag{Name: "watch", Usage: "list again whenever something has happened: drawn anew on a terminal, else what has changed"},
			untilEOFFlag(), formatFlag()),
		p.topCommand(),
		p.sub("logs", "NAME…", "show captured output; that of several in the order of time, with the name in front", p.logs,
			nameFlag(),
			&cli.BoolFlag{Name: "follow", Usage: "go on with what is written from now on, until the process is deleted"},
			&cli.IntFlag{Name: "lines", Usage: "`NUMBER` of the newest lines", DefaultText: fmt.Sprint(supervisor.DefaultLogLines)},
			&cli.StringFlag{Name: "stream", Usage: "only `STREAM`: stdout or stderr", DefaultText: "both"},
			&cli.StringFlag{Name: "since", Usage: "only lines since `TIME`: RFC 3339, or how long ago, such as 10m"},
			&cli.BoolFlag{Name: "previous", Usage: "only lines of the life before the current or last one; with -follow from there on"},
			untilEOFFlag(), formatFlag()),
		p.sub("history", "NAME…", "show how the last lives ended, newest first", p.history,
			nameFlag(),
			&cli.BoolFlag{Name: "log", Usage: "also show the last lines of each"},
			formatFlag()),
		p.sub("tree", "NAME…", "show the living processes of processes' trees", p.tree, nameFlag(), formatFlag()),
		p.sub("events", "", "show what happens to processes, until the manager ends", p.events,
			&cli.StringFlag{Name: "name", Usage: "only of the process `NAME`, or of its replicas or runs"},
			&cli.StringFlag{Name: "labels", Aliases: []string{"selector"}, Usage: "only of processes with all of these labels: `KEY=VALUE,…`"},
			untilEOFFlag(), formatFlag()),
		p.sub("wait", "NAME…", "wait until something is true of processes", p.wait,
			nameFlag(),
			&cli.StringFlag{Name: "for", Usage: "`CONDITION`: " + alternatives(supervisor.WaitConditions()), Value: string(supervisor.WaitReady)},
			&cli.DurationFlag{Name: "timeout", Usage: "give up after this `TIME`; 0s: never", Value: 30 * time.Second},
			formatFlag()),
	}
}

// managerCommands are about the manifest, the manager and the client.
func (p *program) managerCommands() []*cli.Command {
	return []*cli.Command{
		p.sub("apply", "", "apply a manifest, or read the manager's own again", p.apply,
			manifestFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "only tell what would be changed"},
			formatFlag()),
		p.sub("diff", "", "compare a manifest, or the manager's own, with what is in force (exit code: 0 same, 1 different, 2 anything else)", p.diff,
			manifestFlag(), formatFlag()),
		p.sub("manifest", "", "show the manifest in force", p.manifest, formatFlag()),
		p.sub("info", "", "show the manager itself", p.info, formatFlag()),
		p.sub("shutdown", "", "end all processes in order, and the manager", p.shutdown, formatFlag()),
		p.sub("shell", "", "a session of heroscript statements and of commands", p.shell),
		p.sub("completion", "SHELL", "print the script that completes pmclient's words in bash, zsh or fish", p.completion),
		p.sub("version", "", "show the version of pmclient", p.version, formatFlag()),
	}
}

func nameFlag() cli.Flag { return &cli.StringFlag{Name: "name", Usage: "`NAME` of the process"} }

func waitFlag() cli.Flag {
	return &cli.BoolFlag{Name: "wait", Value: true, Usage: "-wait=false: end as soon as the work has begun", DefaultText: "true"}
}

func manifestFlag() cli.Flag {
	return &cli.StringFlag{Name: "f", Usage: "`FILE` with the manifest, a folder of *.yaml and *.yml, or - for stdin", DefaultText: "the manager's own"}
}

func formatFlag() cli.Flag {
	return &cli.StringFlag{Name: "format", Usage: "`FORMAT`: text, or json: one line for each answer of the API", DefaultText: "text"}
}

func (p *program) sub(name, args, usage string, do func(context.Context, *cli.Command) error, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, ArgsUsage: args, Usage: usage, Flags: flags, HideHelpCommand: true,
		OnUsageError: onUsageError,
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := p.decideColour(c); err != nil {
				return err
			}
			if f := c.String("format"); f != "" && f != "text" && f != "json" {
				return usageErrorf(name, "-format %q is neither text nor json", f)
			}
			if args == "" && c.Args().Len() > 0 {
				return usageErrorf(name, "it takes flags only, got %q", c.Args().Slice())
			}
			if c.Bool(untilEOF) {
				return p.whileThereIsInput(ctx, c, do)
			}
			return do(ctx, c)
		},
	}
}

func usageErrorf(command, format string, args ...any) error {
	return usage("wrong usage of "+command+": "+format, args...)
}

func wantsJSON(c *cli.Command) bool { return c.String("format") == "json" }
