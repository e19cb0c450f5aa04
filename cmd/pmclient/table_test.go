package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor/display"
)

// Whatever the rows and the width: no line is wider than the screen, none steers the
// terminal, and what has room is not cut.
func TestTableFitsTheScreen(t *testing.T) {
	texts := rapid.OneOf(rapid.StringMatching(`[a-z0-9.]{0,30}`), rapid.SampledFrom([]string{"", "漢字かな交じり文の長い説明", "e\u0301e\u0301e\u0301", "\x1b[31mred", "a\nb", "日本"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 6).Draw(t, "columns")
		rows := [][]cell{titles([]string{"~NAME", "STATUS", "?SPARE", "X", "?CPU%", "~NOTE"}[:columns]...)}
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			row := make([]cell, columns)
			for j := range row {
				row[j] = cell{text: texts.Draw(t, "text"), look: rapid.SampledFrom([]style{plain, red, strong}).Draw(t, "look")}
			}
			rows = append(rows, row)
		}
		width := rapid.IntRange(1, 120).Draw(t, "width")
		on := screen{terminal: true, colour: rapid.Bool().Draw(t, "colour"), size: func() (int, int) { return width, 24 }}
		text := on.aligned(copied(rows))
		bare := text
		for _, look := range []style{red, strong} {
			bare = strings.ReplaceAll(bare, "\x1b["+tell.Shade(string(look), on.term)+"m", "")
		}
		bare = strings.ReplaceAll(bare, "\x1b[0m", "")
		if strings.Contains(bare, "\x1b") {
			t.Fatalf("it steers the terminal: %q", text)
		}
		lines := strings.Split(strings.TrimSuffix(bare, "\n"), "\n")
		if len(lines) != len(rows) {
			t.Fatalf("%d lines for %d rows:\n%s", len(lines), len(rows), bare)
		}
		for _, line := range lines {
			if n := display.Width(line); n > width {
				t.Fatalf("%d columns on a screen of %d: %q", n, width, line)
			}
		}
		whole := screen{}.aligned(copied(rows))
		widest := 0
		for line := range strings.Lines(whole) {
			widest = max(widest, display.Width(strings.TrimSuffix(line, "\n")))
		}
		widths := measure(rows)
		if over(widths, rows[0], width, 1<<30) <= 0 && bare != whole {
			t.Fatalf("%d columns fit on a screen of %d, and yet\n%s\nbecame\n%s", widest, width, whole, bare)
		}
	})
}

// copied keeps rows from aligned, which changes them.
func copied(rows [][]cell) [][]cell {
	list := make([][]cell, len(rows))
	for i, row := range rows {
		list[i] = slices.Clone(row)
	}
	return list
}

// The wider of two long columns is cut first, and no more than must be.
func TestTableCutsFairly(t *testing.T) {
	rows := [][]cell{titles("~NAME", "STATUS", "~NOTE"), cells(strings.Repeat("n", 30), "running", strings.Repeat("m", 60)), cells("b", "failed", "short")}
	on := screen{terminal: true, size: func() (int, int) { return 60, 24 }}
	same(t, on.aligned(rows), ""+
		"NAME                      STATUS   NOTE\n"+
		"nnnnnnnnnnnnnnnnnnnnnnn…  running  mmmmmmmmmmmmmmmmmmmmmmmm…\n"+
		"b                         failed   short\n")
}

// Colour is for people: on a terminal that can show it, unless they say otherwise.
func TestWhenThereAreColours(t *testing.T) {
	for _, c := range []struct {
		terminal bool
		env      string
		args     string
		want     bool
	}{
		{true, "TERM=xterm", "", true},
		{false, "TERM=xterm", "", false},
		{true, "TERM=dumb", "", false},
		{true, "TERM=xterm NO_COLOR=1", "", false},
		{true, "TERM=xterm NO_COLOR=1", "-color=always", true},
		{true, "TERM=xterm NO_COLOR=1 PM_COLOR=always", "", true},
		{true, "TERM=xterm PM_COLOR=never", "", false},
		{true, "TERM=xterm PM_COLOR=never", "-color=auto", true},
		{false, "", "-color=always", true},
		{true, "TERM=xterm", "-color=never", false},
	} {
		t.Run(fmt.Sprintf("%v %s %s", c.terminal, c.env, c.args), func(t *testing.T) {
			var out strings.Builder
			p := &program{env: strings.Fields(c.env), out: &out, now: later, screen: screen{terminal: c.terminal}}
			if code := p.run(append([]string{"pmclient", "version"}, strings.Fields(c.args)...), &out); code != 0 {
				t.Fatal(code, out.String())
			}
			if p.screen.colour != c.want {
				t.Errorf("colours: %v, want %v", p.screen.colour, c.want)
			}
		})
	}
}
