package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/processmanager/processmanager/telnet/heroscript"
)

// The limits of a session, as in telnet.
const (
	maxStatement = 1 << 20 // bytes
	silence      = 100 * time.Millisecond
)

// errFailed ends a script of which something has failed; it was said already.
var errFailed = errors.New("not everything succeeded")

// shell is a session. What begins with "!!" is heroscript and answered in telnet's
// frames; every other line is a command of pmclient.
type shell struct {
	p      *program
	common []string // the flags of pmclient shell itself
	split  *heroscript.Splitter
	failed bool
	quit   bool
}

func (p *program) shell(ctx context.Context, c *cli.Command) error {
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	info, err := conn.SystemInfo(ctx) // is it there, and is the secret right
	if err != nil {
		return err
	}
	s := &shell{p: p, split: heroscript.NewSplitter(maxStatement)}
	for _, f := range commonFlags() {
		if name := f.Names()[0]; c.String(name) != "" {
			s.common = append(s.common, "-"+name+"="+c.String(name))
		}
	}
	in, ok := p.in.(*os.File)
	if ok && p.screen.terminal && term.IsTerminal(int(in.Fd())) {
		if err := p.line(fmt.Sprintf("Process Manager %s, %d processes. !!help and help list what can be asked for; quit or Ctrl-D ends.", info.Version, info.Processes)); err != nil {
			return err
		}
		return s.interactive(ctx, in)
	}
	if err := s.script(ctx, p.in); err != nil {
		return err
	}
	if s.failed {
		return errFailed
	}
	return nil
}

// script performs what comes from a file or a pipe. A statement ends as in telnet.
func (s *shell) script(ctx context.Context, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines, problem := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		scan := bufio.NewScanner(in)
		scan.Buffer(nil, maxStatement)
		for scan.Scan() {
			select {
			case lines <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
		problem <- scan.Err()
	}()
	for !s.quit {
		var quiet <-chan time.Time
		if s.split.Complete() {
			quiet = time.After(silence)
		}
		select {
		case line, ok := <-lines:
			if !ok {
				s.statements(ctx, s.split.Flush())
				if err := <-problem; err != nil {
					return fmt.Errorf("cannot read the script: %w", err)
				}
				return nil
			}
			s.take(ctx, line)
		case <-quiet:
			s.statements(ctx, s.split.Flush())
		}
	}
	return nil
}

// take performs what a line ends.
func (s *shell) take(ctx context.Context, line string) {
	line = strings.TrimSuffix(line, "\r")
	switch text := strings.TrimSpace(line); {
	case s.split.Pending(), strings.HasPrefix(text, "!!"), text != "" && text[0] != '#' && text != strings.TrimRight(line, " \t"):
		s.statements(ctx, s.split.Feed([]byte(line+"\n")))
	case text == "", text[0] == '#', strings.HasPrefix(text, "//"):
	default:
		s.command(ctx, text)
	}
}

func (s *shell) statements(ctx context.Context, list []heroscript.Chunk) {
	for _, chunk := range list {
		if !s.quit {
			s.statement(ctx, chunk)
		}
	}
}

// command performs a line as pmclient would.
func (s *shell) command(ctx context.Context, line string) {
	args, open := shellWords(line + " ")
	if open != 0 {
		s.say(ctx, usage("the quote %c is not closed", open))
		return
	}
	args = args[:len(args)-1] // what is behind the last blank
	switch args[0] {
	case "quit", "exit":
		s.quit = true
		return
	case "shell":
		s.say(ctx, usage("this is the shell already"))
		return
	}
	inner := *s.p
	inner.ctx, inner.in = ctx, strings.NewReader("") // the rest of the script is not its input
	err := inner.execute(slices.Concat([]string{"pmclient"}, s.common, args))
	if err != nil && !errors.Is(err, errDiffers) {
		s.say(ctx, err)
	}
}

// say tells what went wrong with a line.
func (s *shell) say(ctx context.Context, err error) {
	s.failed = true
	if ctx.Err() != nil {
		s.p.remark("not waited for any longer; what was begun goes on")
		return
	}
	for _, text := range s.p.messages(err) {
		s.p.remark(text)
	}
}

// interruptible runs do so that Ctrl-C ends its waiting, and not the session.
func interruptible(ctx context.Context, do func(context.Context)) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	do(ctx)
}
