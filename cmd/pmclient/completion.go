package main

import (
	"context"
	_ "embed" // the scripts
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"
)

// The scripts tell a shell to ask pmclient itself, by the hidden command below.
var (
	//go:embed scripts/pmclient.bash
	bashScript string
	//go:embed scripts/pmclient.zsh
	zshScript string
	//go:embed scripts/pmclient.fish
	fishScript string
)

var shells = []string{"bash", "zsh", "fish"}

func (p *program) completion(_ context.Context, c *cli.Command) error {
	if c.Args().Len() != 1 {
		return usageErrorf("completion", "want one shell: %s", strings.Join(shells, ", "))
	}
	switch shell := c.Args().First(); shell {
	case "bash":
		return p.paint(bashScript)
	case "zsh":
		return p.paint(zshScript)
	case "fish":
		return p.paint(fishScript)
	default:
		return usageErrorf("completion", "there is no script for %q: want one of %s", shell, strings.Join(shells, ", "))
	}
}

// askCommand is what the scripts call:
//
//	pmclient __complete bash LINE BREAKS       the line up to the cursor, $COMP_WORDBREAKS
//	pmclient __complete zsh|fish WORD… WORD    the words behind pmclient; the last is the one at the cursor
//
// It prints one candidate in each line, or ":files PREFIX" where a path is wanted, and
// never complains: a person who presses tab has not asked for an error.
const askCommand = "__complete"

func (p *program) askedBy(args []string) {
	if len(args) == 0 {
		return
	}
	shell, rest := args[0], args[1:]
	drop := ""
	if shell == "bash" {
		if len(rest) != 2 {
			return
		}
		words, _ := shellWords(rest[0])
		for len(words) > 0 && isAssignment(words[0]) {
			words = words[1:]
		}
		if len(words) < 2 {
			return
		}
		rest, drop = words[1:], rest[1]
	}
	if len(rest) == 0 {
		return
	}
	list, files := p.complete(rest)
	current := rest[len(rest)-1]
	if files {
		_ = p.paint(":files " + behindFlag(current) + "\n") // nobody to tell
		return
	}
	var b strings.Builder
	for _, c := range list {
		switch shell {
		case "bash":
			// bash replaces only what stands behind the last of its breaks.
			at := strings.LastIndexAny(current, drop) + 1
			b.WriteString(c.value[min(at, len(c.value)):])
		case "zsh":
			fmt.Fprintf(&b, "%s:%s", strings.ReplaceAll(c.value, ":", `\:`), c.help)
		default:
			fmt.Fprintf(&b, "%s\t%s", c.value, c.help)
		}
		b.WriteByte('\n')
	}
	_ = p.paint(b.String())
}

// behindFlag is what stands behind "-flag=".
func behindFlag(word string) string {
	if strings.HasPrefix(word, "-") {
		_, word, _ = strings.Cut(word, "=")
	}
	return word
}

// isAssignment is true of the NAME=VALUE in front of a command.
func isAssignment(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	odd := func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return ok && name != "" && !strings.ContainsFunc(name, odd)
}

// shellWords splits a line as a shell does, without expanding anything. There is
// always a last word, the one at the end of the line; it may be empty. open is the
// quote that is not closed in it, or 0.
func shellWords(line string) (words []string, open byte) {
	var word strings.Builder
	var quote byte
	begun := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			begun = true
		case quote != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, begun = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	return append(words, word.String()), quote
}
