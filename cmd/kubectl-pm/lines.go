package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

// line is a line of a process's output, with where it comes from.
type line struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Name      string `json:"name"`
	supervisor.LogLine
	label string // of the Pod
}

// lineWriter writes lines: as JSON, or with Pod and name in front. Several may write at once.
type lineWriter struct {
	out        io.Writer
	json       bool
	timestamps bool
	bare       bool // without Pod and name
	colour     bool
	term       string

	mu   sync.Mutex
	pods map[string]int // their numbers, by which they have their colours
}

// lineWriter reads the flags of logs.
func (p *program) lineWriter(c *cli.Command) (*lineWriter, error) {
	w := &lineWriter{out: p.out, json: c.String("format") == "json", timestamps: c.Bool("timestamps"), bare: !c.Bool("prefix"), term: p.getenv("TERM"), pods: map[string]int{}}
	switch when := c.String("color"); when {
	case "auto":
		file, ok := p.out.(*os.File)
		w.colour = ok && term.IsTerminal(int(file.Fd())) && p.getenv("NO_COLOR") == "" && w.term != "dumb"
	case "always", "never":
		w.colour = when == "always"
	default:
		return nil, usagef("-color %q: want auto, always or never", when)
	}
	return w, nil
}

func (w *lineWriter) write(l line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.json {
		if data, err := json.Marshal(l); err == nil {
			fmt.Fprintf(w.out, "%s\n", data)
		}
		return
	}
	if w.timestamps {
		fmt.Fprint(w.out, l.Time.UTC().Format(timeFormat), " ")
	}
	if w.bare {
		fmt.Fprintln(w.out, supervisor.Harmless(l.Msg))
		return
	}
	from := supervisor.Harmless(l.label + " " + l.Name + " |")
	if w.colour {
		number, known := w.pods[l.label]
		if !known {
			number = len(w.pods)
			w.pods[l.label] = number
		}
		from = "\x1b[" + tell.Shade(tell.NameColour(number), w.term) + "m" + from + "\x1b[0m"
	}
	fmt.Fprintf(w.out, "%s %s\n", from, supervisor.Harmless(l.Msg))
}

// timeFormat is RFC 3339 with a fixed number of digits, so that what follows stands in one column.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"
