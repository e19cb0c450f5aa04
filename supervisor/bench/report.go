package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// row is one line of the table: a metric at a size.
type row struct {
	metric string
	n      int
	values map[string][]float64 // by peer
}

// report prints the table, what could not be measured, and what a reader must
// know about each peer.
func (b *bench) report(w io.Writer) {
	rows := b.rows()
	fmt.Fprintf(w, "Medians of %d runs, interleaved; %s.\n\n", b.cfg.runs, b.machine)
	if len(rows) > 0 {
		b.table(w, rows)
	}
	b.notes(w)
}

func (b *bench) rows() []row {
	var rows []row
	for _, s := range b.samples {
		i := slices.IndexFunc(rows, func(r row) bool { return r.metric == s.Metric && r.n == s.N })
		if i < 0 {
			i = len(rows)
			rows = append(rows, row{s.Metric, s.N, map[string][]float64{}})
		}
		rows[i].values[s.Peer] = append(rows[i].values[s.Peer], s.Value)
	}
	return rows
}

func (b *bench) table(w io.Writer, rows []row) {
	head := []string{"what", "N", "unit"}
	for _, p := range b.peers {
		head = append(head, p.name)
	}
	ours := slices.ContainsFunc(b.peers, func(p peer) bool { return p.name == nameOurs })
	if ours {
		head = append(head, "ours ÷ floor", "ours ÷ best peer", "budget")
	}
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	line(slices.Concat([]string{"---"}, slices.Repeat([]string{"---:"}, len(head)-1)))
	for _, r := range rows {
		cells := []string{r.metric, fmt.Sprint(r.n), metricOf(r.metric).unit}
		for _, p := range b.peers {
			cells = append(cells, b.cell(r, p.name))
		}
		if ours {
			cells = append(cells, r.againstFloor(), b.againstBest(r), r.againstBudget())
		}
		line(cells)
	}
	fmt.Fprintln(w)
}

func (b *bench) cell(r row, peer string) string {
	if v := r.values[peer]; len(v) > 0 {
		return number(quantile(v, 0.5))
	}
	for _, f := range b.failures {
		if f.peer == peer && f.n == r.n && b.scenarioOf(r) == f.scenario {
			return "failed"
		}
	}
	return "–"
}

// scenarioOf finds where a row came from.
func (b *bench) scenarioOf(r row) string {
	for _, s := range b.samples {
		if s.Metric == r.metric && s.N == r.n {
			return s.Scenario
		}
	}
	return ""
}

func (r row) median(peer string) float64 { return quantile(r.values[peer], 0.5) }

func (r row) againstFloor() string { return r.ratio(r.median(nameFloor)) }

// againstBest compares with the best of the real peers; neither the floor nor
// another build of ours is one.
func (b *bench) againstBest(r row) string {
	best, name := math.NaN(), ""
	for _, p := range b.peers {
		if p.name == nameFloor || isOurs(p) {
			continue
		}
		v := r.median(p.name)
		if math.IsNaN(v) {
			continue
		}
		if math.IsNaN(best) || (v > best) == metricOf(r.metric).more {
			best, name = v, p.name
		}
	}
	ratio := r.ratio(best)
	if name == "" || ratio == "–" {
		return "–"
	}
	return ratio + " (" + name + ")"
}

func (r row) ratio(to float64) string {
	mine := r.median(nameOurs)
	if math.IsNaN(mine) || math.IsNaN(to) || to <= 0 || metricOf(r.metric).plain {
		return "–"
	}
	return number(mine/to) + "×"
}

func (r row) againstBudget() string {
	b, ok := budgetOf(r.metric, r.n)
	mine, floor := r.median(nameOurs), r.median(nameFloor)
	if !ok || math.IsNaN(mine) {
		return "–"
	}
	limit := b.plus
	if b.times > 0 {
		if math.IsNaN(floor) {
			return "–" // nothing to compare with
		}
		limit += b.times * floor
	}
	sign, kept := "≤", mine <= limit
	if metricOf(r.metric).more {
		sign, kept = "≥", mine >= limit
	}
	verdict := "kept"
	if !kept {
		verdict = "**missed**"
	}
	return fmt.Sprintf("%s (%s %s)", verdict, sign, number(limit))
}

func (b *bench) notes(w io.Writer) {
	for _, p := range b.peers {
		fmt.Fprintf(w, "* %s: %s.\n", p.name, p.note)
	}
	for _, a := range b.absent {
		fmt.Fprintf(w, "* %s.\n", a)
	}
	for _, f := range b.failures {
		fmt.Fprintf(w, "* %s failed in %s, N = %d: %v.\n", f.peer, f.scenario, f.n, f.err)
	}
}

// machine tells where the numbers come from, and whether it was idle.
func machine() string {
	var u unix.Utsname
	kernel := "an unknown kernel"
	if unix.Uname(&u) == nil {
		kernel = "Linux " + unix.ByteSliceToString(u.Release[:])
	}
	model := "unknown CPU"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(b), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	text := fmt.Sprintf("%d cores of %s, %s", runtime.NumCPU(), model, kernel)
	if load := loadAverage(); load >= busy {
		text += fmt.Sprintf("; **not to be relied on: others were using the machine, load %s at the start**", number(load))
	}
	return text
}

// busy is the load average from which the numbers say more about others than
// about what is measured.
const busy = 0.7

// loadAverage is the machine's load of the last minute, 0 when it is unknown.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return load
}
