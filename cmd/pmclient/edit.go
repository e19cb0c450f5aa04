package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// What stands in front of what is typed.
const (
	prompt     = "pm> "
	promptMore = "... " // a statement goes on
)

// interactive reads lines with an editor, until the person has had enough. The
// terminal is raw only while a line is typed, so that Ctrl-C reaches a command.
func (s *shell) interactive(ctx context.Context, in *os.File) error {
	keys := &keyboard{in: in}
	line := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{keys, s.p.out}, prompt)
	line.AutoCompleteCallback = func(text string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		return s.tab(line, text, pos)
	}
	for !s.quit {
		text, pasted, err := s.edit(in, line)
		if keys.interrupted {
			keys.interrupted = false
			s.split.Reset()
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		interruptible(ctx, func(ctx context.Context) {
			s.take(ctx, text)
			if !pasted && s.split.Complete() {
				s.statements(ctx, s.split.Flush())
			}
		})
	}
	return nil
}

// edit reads one line; pasted says that it was not typed, and that more may follow.
func (s *shell) edit(in *os.File, line *term.Terminal) (text string, pasted bool, err error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", false, fmt.Errorf("cannot edit lines on this terminal: %w", err)
	}
	defer func() {
		line.SetBracketedPasteMode(false)
		err = errors.Join(err, term.Restore(int(in.Fd()), before))
	}()
	if width, height := s.p.screen.size(); width > 0 {
		_ = line.SetSize(width, height) // only drawing can fail
	}
	line.SetBracketedPasteMode(true)
	line.SetPrompt(s.p.screen.in(strong, prompt))
	if s.split.Pending() {
		line.SetPrompt(s.p.screen.in(faint, promptMore))
	}
	text, err = line.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		return text, true, nil
	}
	return text, false, err
}

// keyboard takes Ctrl-C for "forget this line", where the editor would end.
type keyboard struct {
	in          io.Reader
	held        []byte
	interrupted bool
}

const ctrlC = 3

// Read implements io.Reader.
func (k *keyboard) Read(b []byte) (int, error) {
	if len(k.held) == 0 {
		typed := make([]byte, 256)
		n, err := k.in.Read(typed)
		if n == 0 {
			return 0, err
		}
		text := strings.ReplaceAll(string(typed[:n]), string(rune(ctrlC)), "\x05\x15\r") // end of line, kill, enter
		k.interrupted = k.interrupted || len(text) > n
		k.held = []byte(text)
	}
	n := copy(b, k.held)
	k.held = k.held[n:]
	return n, nil
}

// tab completes the word at the cursor as far as all that fits agrees, or shows what
// fits.
func (s *shell) tab(out io.Writer, text string, pos int) (string, int, bool) {
	before, behind := text[:pos], text[pos:]
	current, list := s.fitting(before)
	if len(list) == 0 || !strings.HasSuffix(before, current) {
		return "", 0, false
	}
	common := list[0].value
	for _, c := range list[1:] {
		for !strings.HasPrefix(c.value, common) {
			common = common[:len(common)-1]
		}
	}
	switch {
	case len(list) == 1 && !strings.HasSuffix(common, ":"):
		common += " "
	case common == current:
		var names []string
		for _, c := range list {
			names = append(names, c.value)
		}
		fmt.Fprintln(out, strings.Join(names, "  "))
	}
	before = strings.TrimSuffix(before, current) + common
	return before + behind, len(before), true
}

// fitting are the words that fit at the end of a line, and the word that is there.
func (s *shell) fitting(before string) (current string, list []candidate) {
	if statement := strings.TrimLeft(before, " \t"); strings.HasPrefix(statement, "!!") || s.split.Pending() {
		return s.p.completeStatement(s.common, strings.TrimPrefix(statement, "!!"))
	}
	words, _ := shellWords(before)
	list, _ = s.p.complete(append(append([]string{}, s.common...), words...))
	return words[len(words)-1], list
}

// completeStatement finds the words that fit at the end of a statement.
func (p *program) completeStatement(common []string, text string) (current string, list []candidate) {
	root := p.command()
	verb, rest, args := strings.Cut(text, " ")
	var all []candidate
	if !args {
		current = verb
		for _, name := range verbs {
			all = append(all, candidate{value: verbPrefix + name})
		}
		all = append(all, candidate{value: "help"}, candidate{value: "quit"})
		return current, fitting(all, current)
	}
	command := root.Command(strings.TrimPrefix(verb, verbPrefix))
	if command == nil || !strings.HasPrefix(verb, verbPrefix) {
		return "", nil
	}
	current = rest[strings.LastIndexAny(rest, " \t")+1:]
	key, value, given := strings.Cut(current, ":")
	if !given {
		for _, name := range append(paramsOf(command), "jobid", "format") {
			if !strings.Contains(" "+rest, " "+name+":") {
				all = append(all, candidate{value: name + ":"})
			}
		}
		return current, fitting(all, current)
	}
	for flag, word := range paramNames {
		if word == key {
			key = flag
		}
	}
	line := readLine(root, common)
	line.command = command
	for _, c := range p.flagValues(line, key, value) {
		all = append(all, candidate{value: current[:len(current)-len(value)] + c.value})
	}
	return current, fitting(all, current)
}

func fitting(list []candidate, current string) []candidate {
	var fit []candidate
	for _, c := range list {
		if strings.HasPrefix(c.value, current) {
			fit = append(fit, c)
		}
	}
	return fit
}
