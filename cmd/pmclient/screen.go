package main

import (
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
)

// screen is where the answers go.
type screen struct {
	terminal bool
	colour   bool
	term     string                     // its type, as $TERM says
	size     func() (width, height int) // of the terminal; 0: without limit
}

// screenOf looks at what is written to.
func screenOf(w io.Writer) screen {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return screen{}
	}
	return screen{terminal: true, size: func() (width, height int) {
		width, height, err := term.GetSize(int(file.Fd()))
		if err != nil {
			return 0, 0
		}
		return width, height
	}}
}

// width is how many columns there are; 0: as many as one likes.
func (s screen) width() int {
	if !s.terminal || s.size == nil {
		return 0
	}
	width, _ := s.size()
	return width
}

// decideColour reads -color, or $PM_COLOR. By itself colour is shown on a terminal
// only, and not there either under $NO_COLOR (no-color.org) or on a dumb one.
func (p *program) decideColour(c *cli.Command) error {
	word := c.String("color")
	if word == "" {
		word = p.variable("color")
	}
	p.screen.term = p.getenv("TERM")
	switch word {
	case "", "auto":
		p.screen.colour = p.screen.terminal && p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb"
	case "always":
		p.screen.colour = true
	case "never":
		p.screen.colour = false
	default:
		return usage("-color %q is none of auto, always, never", word)
	}
	return nil
}

// A style is what is sent in front of a text to colour it: SGR of ECMA-48, one of the
// colours that every terminal has; [tell.Shade] chooses how it is shown.
type style string

const (
	plain  style = ""
	strong style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// nameStyle tells processes apart.
func nameStyle(i int) style { return style(tell.NameColour(i)) }

// in writes a text in a style, where colours are shown at all. The text has to be
// harmless already.
func (s screen) in(look style, text string) string {
	if !s.colour || look == plain || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + tell.Shade(string(look), s.term) + "m" + text + "\x1b[0m"
}
