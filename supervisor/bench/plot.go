package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// curve is one metric over all sizes.
type curve struct {
	metric string
	rows   []row // by rising size
}

// curves are the metrics that were measured at several sizes.
func (b *bench) curves() []curve {
	var all []curve
	for _, r := range b.rows() {
		i := slices.IndexFunc(all, func(c curve) bool { return c.metric == r.metric })
		if i < 0 {
			i = len(all)
			all = append(all, curve{metric: r.metric})
		}
		all[i].rows = append(all[i].rows, r)
	}
	all = slices.DeleteFunc(all, func(c curve) bool { return len(c.rows) < 2 })
	for _, c := range all {
		slices.SortFunc(c.rows, func(a, b row) int { return a.n - b.n })
	}
	return all
}

// growth prints how each peer's numbers grow from the smallest size to the largest: the
// exponent k of n^k.
func (b *bench) growth(w io.Writer) {
	curves := b.curves()
	if len(curves) == 0 {
		return
	}
	head := []string{"exponent of growth", "N"}
	for _, p := range b.peers {
		head = append(head, p.name)
	}
	fmt.Fprintf(w, "\n| %s |\n", strings.Join(head, " | "))
	fmt.Fprintf(w, "| --- |%s\n", strings.Repeat(" ---: |", len(head)-1))
	for _, c := range curves {
		cells := []string{c.metric, fmt.Sprintf("%d–%d", c.rows[0].n, c.rows[len(c.rows)-1].n)}
		for _, p := range b.peers {
			cells = append(cells, c.exponent(p.name))
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
}

func (c curve) exponent(peer string) string {
	first, last := c.rows[0], c.rows[len(c.rows)-1]
	from, to := first.median(peer), last.median(peer)
	if math.IsNaN(from) || math.IsNaN(to) || from <= 0 || to <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", math.Log(to/from)/math.Log(float64(last.n)/float64(first.n)))
}

// draw has gnuplot draw a panel for each metric, both axes logarithmic: a straight line
// that rises as steeply as the grey one is linear growth.
func (b *bench) draw(ctx context.Context, file string) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("cannot draw %s: %w", file, err)
	}
	cmd := exec.CommandContext(ctx, "gnuplot", "-")
	cmd.Stdin = strings.NewReader(b.plotScript(abs))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cannot draw %s: %w: %s", file, err, tail(said.Bytes(), 500))
	}
	return nil
}

// The panels of a plot.
const (
	plotColumns = 3
	panelWidth  = 420
	panelHeight = 300
)

// plotScript is what gnuplot is told. Numbers of zero have no place on a logarithmic axis
// and are left out.
func (b *bench) plotScript(file string) string {
	curves := b.curves()
	lines := max(1, (len(curves)+plotColumns-1)/plotColumns)
	var s strings.Builder
	fmt.Fprintf(&s, "set terminal svg size %d,%d background 'white' noenhanced font 'sans,11'\n", plotColumns*panelWidth, lines*panelHeight)
	fmt.Fprintf(&s, "set output %s\nset multiplot layout %d,%d\n", quoted(file), lines, plotColumns)
	s.WriteString("set logscale xy\nset grid\nset key top left\nset xlabel 'processes'\nset format y '%g'\n")
	for i, c := range curves {
		var plots []string
		for j, p := range b.peers {
			name := fmt.Sprintf("$c%d_%s", i, identifier(p.name))
			data := c.data(p.name)
			if data == "" {
				continue
			}
			fmt.Fprintf(&s, "%s << EOD\n%sEOD\n", name, data)
			plots = append(plots, fmt.Sprintf("%s with linespoints linetype %d title %s", name, j+1, quoted(p.name)))
		}
		if len(plots) == 0 {
			continue
		}
		if n, y, ok := c.least(b.peers); ok {
			plots = append(plots, fmt.Sprintf("%g*x/%d with lines dashtype 2 linecolor 'grey' title 'linear'", y, n))
		}
		fmt.Fprintf(&s, "set title %s\nset ylabel %s\nplot %s\n", quoted(c.metric), quoted(metricOf(c.metric).unit), strings.Join(plots, ", "))
	}
	s.WriteString("unset multiplot\n")
	return s.String()
}

func (c curve) data(peer string) string {
	var s strings.Builder
	for _, r := range c.rows {
		if v := r.median(peer); v > 0 {
			fmt.Fprintf(&s, "%d %g\n", r.n, v)
		}
	}
	return s.String()
}

// least is the lowest point at the smallest size: where the grey line begins.
func (c curve) least(peers []peer) (n int, y float64, ok bool) {
	for _, p := range peers {
		if v := c.rows[0].median(p.name); v > 0 && (!ok || v < y) {
			y, ok = v, true
		}
	}
	return c.rows[0].n, y, ok
}

// quoted is a string of gnuplot, in which only the quote needs another.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// identifier keeps what may stand in a name of gnuplot.
func identifier(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, s)
}
