package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// commandEnd is the end of a command that has not succeeded: its exit code becomes ours.
type commandEnd struct{ result *supervisor.ExecResult }

func (e commandEnd) Error() string { return e.result.Ending() }

// speaks reports whether there is more to say about it than the exit code says.
func (e commandEnd) speaks() bool { return e.result.ExitCode == nil }

// exec runs a command in the context of a process, and ends as it does.
func (p *program) exec(ctx context.Context, c *cli.Command) error {
	name, words := c.String("name"), c.Args().Slice()
	if name == "" {
		if len(words) == 0 {
			return usageErrorf("exec", "want the name of a process")
		}
		name, words = words[0], words[1:]
	}
	command := supervisor.Command{Argv: words, Shell: c.String("command")}
	switch {
	case command.IsZero():
		return usageErrorf("exec", "want a command: exec %s -- COMMAND…", name)
	case command.Shell != "" && len(words) > 0:
		return usageErrorf("exec", "want -command or the words %q, not both", words)
	case c.Duration("timeout") <= 0:
		return usageErrorf("exec", "-timeout %s is no time", c.Duration("timeout"))
	}
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	var answer json.RawMessage
	params := client.ExecParams{Name: name, Command: command, Timeout: supervisor.Duration(c.Duration("timeout"))}
	if err := conn.Call(ctx, "process.exec", params, &answer); err != nil {
		return err
	}
	var result supervisor.ExecResult
	if err := read(answer, &result); err != nil {
		return err
	}
	if wantsJSON(c) {
		err = p.line(string(answer))
	} else {
		err = p.written(&result)
	}
	if err == nil && result.ShellCode() != 0 {
		err = commandEnd{&result}
	}
	return err
}

// written writes what a command wrote, each stream to our own.
func (p *program) written(r *supervisor.ExecResult) error {
	text := string(r.Stderr)
	if p.errScreen.terminal {
		text = supervisor.Harmless(text)
	}
	out := p.write(string(r.Stdout))
	_, err := fmt.Fprint(p.errs, text)
	cut := func(stream supervisor.Stream, more bool) {
		if more {
			p.remark(fmt.Sprintf("the command wrote more to %s: only the first %d bytes were kept", stream, supervisor.MaxExecOutput))
		}
	}
	cut(supervisor.Stdout, r.StdoutTruncated)
	cut(supervisor.Stderr, r.StderrTruncated)
	return errors.Join(out, err)
}
