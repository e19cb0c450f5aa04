package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/telnet/heroscript"
)

// verbs are the commands that are verbs of heroscript too: process.NAME, with the
// flags as parameters.
var verbs = []string{"start", "stop", "restart", "delete", "signal", "trigger", "probe", "exec", "status", "list", "logs", "history", "tree", "wait"}

// verbPrefix is the actor of all of them.
const verbPrefix = "process."

// notParams are flags that would not end, or that heroscript has in another way.
var notParams = []string{"follow", "watch", untilEOF, "help", "jobid", "format", "selector"}

// paramNames are parameters that are called otherwise in the API.
var paramNames = map[string]string{"for": "condition"}

// statement performs one statement of heroscript and answers in telnet's frame.
func (s *shell) statement(ctx context.Context, chunk heroscript.Chunk) {
	st, err := chunk.Parse()
	job, _ := st.Get("jobid")
	if strings.ContainsFunc(job, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		job, err = "", errors.New("a jobid must be one line without control characters")
	}
	body := ""
	if err == nil {
		body, err = s.answer(ctx, st)
	}
	if err != nil {
		s.failed = true
		text := "not waited for any longer; what was begun goes on"
		if ctx.Err() == nil {
			text = strings.Join(s.p.messages(err), "\n")
		}
		if body != "" && !strings.HasSuffix(body, "\n") {
			body += "\n"
		}
		body += "Error: " + supervisor.Harmless(text)
	}
	_ = s.p.paint(frameOf(job, body)) // nobody to tell
}

// answer is what a statement's verb says.
func (s *shell) answer(ctx context.Context, st heroscript.Statement) (string, error) {
	switch st.Name {
	case "help":
		return helpFor(s.p.command(), st)
	case "quit":
		s.quit = true
		return "Bye", nil
	}
	args, err := statementArgs(s.p.command(), st)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	inner := *s.p
	inner.ctx, inner.in, inner.out = ctx, strings.NewReader(""), &out
	inner.errs, inner.errScreen = &out, s.p.screen
	err = inner.execute(slices.Concat([]string{"pmclient"}, s.common, args))
	return out.String(), err
}

// statementArgs writes a statement as a command line.
func statementArgs(root *cli.Command, st heroscript.Statement) ([]string, error) {
	name, ok := strings.CutPrefix(st.Name, verbPrefix)
	if !ok || !slices.Contains(verbs, name) {
		return nil, fmt.Errorf("%s: unknown verb !!%s (!!help lists all)", st.Pos, st.Name)
	}
	command := root.Command(name)
	known := paramsOf(command)
	args := []string{name}
	for _, p := range st.Params {
		flag := p.Key
		for f, word := range paramNames {
			if word == p.Key {
				flag = f
			}
		}
		value := p.Value
		switch {
		case p.Key == "jobid":
			if _, makes := st.Get("command"); name == "start" && makes {
				args = append(args, "-jobid="+value)
			}
			continue
		case p.Key != "format" && !slices.Contains(known, p.Key):
			return nil, fmt.Errorf("%s: unknown parameter %q of !!%s (it takes %s)", p.Pos, p.Key, st.Name, strings.Join(known, ", "))
		case slices.Contains(boolFlags, flag):
			yes, err := heroscript.Bool(value)
			if err != nil {
				return nil, fmt.Errorf("%s: parameter %s: %w", p.Pos, p.Key, err)
			}
			value = fmt.Sprint(yes)
		}
		args = append(args, "-"+flag+"="+value)
	}
	return args, nil
}

// paramsOf are the parameters of a command as a verb, but for jobid and format, which
// all take.
func paramsOf(c *cli.Command) []string {
	var list []string
	for _, f := range c.Flags {
		name := f.Names()[0]
		if slices.Contains(notParams, name) {
			continue
		}
		if word, ok := paramNames[name]; ok {
			name = word
		}
		list = append(list, name)
	}
	return list
}

// helpFor is the help of the verb that a statement asks about, or of all.
func helpFor(root *cli.Command, st heroscript.Statement) (string, error) {
	asked, one := st.Get("verb")
	if !one {
		return verbHelp(root, verbs) + "!!help [verb:]\n    show this list, or what stands in it about one verb\n!!quit\n    end the session\n" +
			"Every verb also takes jobid: and format:text|json.\n", nil
	}
	name := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(asked), "!!"), verbPrefix)
	if !slices.Contains(verbs, name) {
		return "", fmt.Errorf("there is no verb %s (!!help lists all)", strconv.Quote(supervisor.Shorten(asked, supervisor.MaxName)))
	}
	return verbHelp(root, []string{name}), nil
}

// verbHelp lists verbs.
func verbHelp(root *cli.Command, names []string) string {
	var b strings.Builder
	for _, name := range names {
		c := root.Command(name)
		fmt.Fprintf(&b, "!!%s%s", verbPrefix, name)
		for _, key := range paramsOf(c) {
			b.WriteString(" " + key + ":")
		}
		b.WriteString("\n    " + c.Usage + "\n")
	}
	return b.String()
}

// frameOf puts a body into telnet's frame, of which no line of the body can be taken
// for a part.
func frameOf(job, body string) string {
	var b strings.Builder
	b.WriteString(strings.TrimRight("\n**RESULT** "+job, " ") + "\n")
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "**") {
			b.WriteByte('*')
		}
		b.WriteString(line)
	}
	if body != "" && !strings.HasSuffix(body, "\n") {
		b.WriteByte('\n')
	}
	return b.String() + "**ENDRESULT**\n"
}
