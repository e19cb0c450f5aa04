package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/supervisor"
)

// completeWithin is how long somebody who pressed tab is kept waiting for the manager.
const completeWithin = time.Second

// candidate is a word that fits, and what it means.
type candidate struct{ value, help string }

// typed is what a line says so far.
type typed struct {
	command *cli.Command
	flags   map[string]string // as given, by name
	common  []string          // those that say where the manager is, as arguments
	args    []string          // behind the command
	waits   string            // the flag whose value comes next; "" when none does
}

// complete finds the words that fit in place of the last one; files says that a path
// is wanted.
func (p *program) complete(words []string) (list []candidate, files bool) {
	root := p.command()
	line := readLine(root, words[:len(words)-1])
	current := words[len(words)-1]
	flag, value, head := line.waits, current, ""
	if name, text, ok := strings.Cut(current, "="); flag == "" && ok && strings.HasPrefix(name, "-") {
		flag, value, head = strings.TrimLeft(name, "-"), text, name+"="
	}
	switch {
	case flag != "" && slices.Contains(pathFlags, flag):
		return nil, true
	case flag != "":
		list = p.flagValues(line, flag, value)
	case strings.HasPrefix(current, "-"):
		list = flagCandidates(root, line, current)
	case line.command == nil:
		list = commandCandidates(root)
	default:
		list = p.arguments(root, line)
	}
	for i := range list {
		list[i].value = head + list[i].value
	}
	return fitting(list, current), false
}

// readLine reads the words in front of the one that is to be completed.
func readLine(root *cli.Command, words []string) typed {
	line := typed{flags: map[string]string{}}
	onlyArgs := false
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" && !onlyArgs {
			onlyArgs = true
			continue
		}
		if onlyArgs || len(word) < 2 || word[0] != '-' {
			if line.command == nil && !onlyArgs {
				line.command = root.Command(word)
				if line.command == nil { // help, or an unknown one
					line.command = &cli.Command{Name: word}
				}
				continue
			}
			line.args = append(line.args, word)
			continue
		}
		name, value, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !joined && !slices.Contains(boolFlags, name) {
			if i++; i == len(words) {
				line.waits = name
				break
			}
			value = words[i]
		}
		line.flags[name] = value
		if isFlagOf(root, name) {
			line.common = append(line.common, "-"+name+"="+value)
		}
	}
	return line
}

func isFlagOf(c *cli.Command, name string) bool {
	return slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}

func commandCandidates(root *cli.Command) []candidate {
	var list []candidate
	for _, c := range root.Commands {
		if !c.Hidden {
			list = append(list, candidate{c.Name, firstClause(c.Usage)})
		}
	}
	return append(list, candidate{"help", "show how a command is used"})
}

// flagCandidates are written with as many dashes as the person began with.
func flagCandidates(root *cli.Command, line typed, current string) []candidate {
	dash := "-"
	if strings.HasPrefix(current, "--") {
		dash = "--"
	}
	var flags []cli.Flag
	if line.command != nil {
		flags = line.command.Flags
	}
	var list []candidate
	for _, f := range slices.Concat(flags, root.Flags) {
		name := f.Names()[0]
		if _, given := line.flags[name]; given || name == "help" || name == "version" {
			continue
		}
		usage := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			usage = strings.ReplaceAll(d.GetUsage(), "`", "")
		}
		list = append(list, candidate{dash + name, firstClause(usage)})
	}
	return list
}

// firstClause is short enough to stand beside a word.
func firstClause(text string) string {
	if i := strings.IndexAny(text, ":;[("); i > 0 {
		text = text[:i]
	}
	return strings.TrimSpace(text)
}

// pathFlags take the path of a file.
var pathFlags = []string{"f", "socket", "rpc-socket", "secret-file", "ca-file", "cert-file", "key-file"}

// flagValues are the words that a flag takes.
func (p *program) flagValues(line typed, flag, value string) []candidate {
	switch flag {
	case "name":
		return p.names(line)
	case "format":
		return choices("text", "json")
	case "color":
		return choices("auto", "always", "never")
	case "stream":
		return choices(string(supervisor.Stdout), string(supervisor.Stderr))
	case "probe":
		return choices(supervisor.ProbeKinds()...)
	case "for":
		return choices(supervisor.WaitConditions()...)
	case "signal":
		return signals()
	case "status":
		return oneMore(value, choices(supervisor.Statuses()...))
	case "labels", "selector":
		return oneMore(value, p.labels(line))
	}
	return nil
}

func choices[T ~string](list ...T) []candidate {
	var out []candidate
	for _, word := range list {
		out = append(out, candidate{value: string(word)})
	}
	return out
}

// oneMore adds a word to a list with commas, if it is not there yet.
func oneMore(value string, list []candidate) []candidate {
	before := value[:strings.LastIndex(value, ",")+1]
	have := strings.Split(before, ",")
	var out []candidate
	for _, c := range list {
		if !slices.Contains(have, c.value) {
			out = append(out, candidate{before + c.value, c.help})
		}
	}
	return out
}

func signals() []candidate {
	var out []candidate
	for n := supervisor.Signal(1); n <= 31; n++ {
		out = append(out, candidate{value: strings.TrimPrefix(n.String(), "SIG")})
	}
	return out
}

// arguments are the words that may stand behind the command.
func (p *program) arguments(root *cli.Command, line typed) []candidate {
	switch line.command.Name {
	case "help":
		return commandCandidates(root)
	case "completion":
		if len(line.args) == 0 {
			return choices(shells...)
		}
	case "signal":
		if len(line.args) == 0 && line.flags["signal"] == "" {
			return signals()
		}
		return p.names(line)
	case "exec": // the words behind the name are the command's
		if len(line.args) == 0 && line.flags["name"] == "" {
			return p.names(line)
		}
	default:
		if strings.HasPrefix(line.command.ArgsUsage, "NAME") {
			return p.names(line)
		}
	}
	return nil
}

// names are the processes with which the command can do something, but for those that
// it was told already.
func (p *program) names(line typed) []candidate {
	var out []candidate
	for _, info := range p.known(line) {
		idle := info.PID == nil && info.Status != supervisor.StatusPending
		switch {
		case line.command == nil, slices.Contains(line.args, info.Name):
			continue
		case line.command.Name == "start" && !(idle && info.Status != supervisor.StatusScheduled && info.Status != supervisor.StatusBackoff),
			line.command.Name == "stop" && idle && info.NextRun == nil && info.NextRetry == nil,
			line.command.Name == "signal" && info.PID == nil:
			continue
		}
		out = append(out, candidate{info.Name, string(info.Status)})
	}
	return out
}

func (p *program) labels(line typed) []candidate {
	seen := map[string]bool{}
	for _, info := range p.known(line) {
		for k, v := range info.Labels {
			seen[k+"="+v] = true
		}
	}
	return choices(slices.Sorted(maps.Keys(seen))...)
}

// known asks the manager for its processes, as the line says where it is. There are
// none when it does not answer.
func (p *program) known(line typed) []*supervisor.ProcessInfo {
	if line.flags["secret-file"] == "-" {
		return nil // stdin is the shell's
	}
	ctx, cancel := context.WithTimeout(p.context(), completeWithin)
	defer cancel()
	var out bytes.Buffer
	asker := &program{ctx: ctx, env: p.env, in: strings.NewReader(""), out: &out, now: p.now, typed: p.typed}
	if asker.run(append([]string{"pmclient", "list", "-format=json"}, line.common...), io.Discard) != exitDone {
		return nil
	}
	var list []*supervisor.ProcessInfo
	if json.Unmarshal(out.Bytes(), &list) != nil {
		return nil
	}
	return list
}
