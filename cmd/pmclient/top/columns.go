package top

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

// A column is one of the table.
type column int

// The columns, from the left.
const (
	byName column = iota
	byPod
	byStatus
	byReady
	byCPU
	byCPUPast
	byMemory
	byMemoryPast
	byRestarts
	byTime
	byPID
	byNote
)

// columnKind is what there is to know about a column.
type columnKind struct {
	word          string // for -sort and the page of keys; "": it cannot be sorted by
	title         string
	width         int
	wide          int // how wide it may become
	right         bool
	rank          int // those of the highest rank go first when there is no room
	greatestFirst bool
	compare       func(a, b Row, now time.Time) int
	cell          func(m *model, r Row, width int) span
}

const columnGap = 2

// columns are all of them. "wide" of a column that is no wider than its width is 0.
var columns = [...]columnKind{
	byName: {
		word: "name", title: "NAME", width: 8, compare: func(a, b Row, _ time.Time) int { return compareNames(a.Name, b.Name) },
		cell: func(_ *model, r Row, _ int) span { return span{oneLine(r.Name), strong} },
	},
	byPod: {
		word: "pod", title: "POD", width: 8, rank: 1, compare: func(a, b Row, _ time.Time) int { return compareNames(a.Pod, b.Pod) },
		cell: func(_ *model, r Row, _ int) span { return span{oneLine(r.Pod), plain} },
	},
	byStatus: {
		word: "status", title: "STATUS", width: 9, compare: func(a, b Row, _ time.Time) int { return cmp.Compare(urgency(a.Status), urgency(b.Status)) },
		cell: func(_ *model, r Row, _ int) span {
			return span{oneLine(tell.State(r.ProcessInfo)), toneLook(tell.OfStatus(r.Status))}
		},
	},
	byReady: {
		word: "ready", title: "READY", width: 5, rank: 3, compare: func(a, b Row, _ time.Time) int { return cmp.Compare(readiness(a), readiness(b)) },
		cell: func(_ *model, r Row, _ int) span { return readyCells[readiness(r)] },
	},
	byCPU: {
		word: "cpu", title: "CPU%", width: 6, right: true, rank: 2, greatestFirst: true,
		compare: func(a, b Row, _ time.Time) int { return cmp.Compare(a.CPUPercent, b.CPUPercent) },
		cell:    func(_ *model, r Row, _ int) span { return whileAlive(r, percent(r.CPUPercent)) },
	},
	byCPUPast: {title: "CPU 2m", width: 6, wide: 16, rank: 6, cell: func(m *model, r Row, width int) span {
		return m.sparkOf(r.ID(), width, false)
	}},
	byMemory: {
		word: "memory", title: "MEMORY", width: 7, right: true, rank: 2, greatestFirst: true,
		compare: func(a, b Row, _ time.Time) int { return cmp.Compare(a.MemoryMB, b.MemoryMB) },
		cell:    func(_ *model, r Row, _ int) span { return whileAlive(r, mebibytes(r.MemoryMB)) },
	},
	byMemoryPast: {title: "MEM 2m", width: 6, wide: 12, rank: 9, cell: func(m *model, r Row, width int) span {
		return m.sparkOf(r.ID(), width, true)
	}},
	byRestarts: {
		word: "restarts", title: "RESTARTS", width: 8, right: true, rank: 5, greatestFirst: true,
		compare: func(a, b Row, _ time.Time) int { return cmp.Compare(a.Restarts, b.Restarts) },
		cell:    func(_ *model, r Row, _ int) span { return span{strconv.Itoa(r.Restarts), plain} },
	},
	byTime: {
		word: "uptime", title: "UPTIME", width: 7, right: true, rank: 4, greatestFirst: true,
		compare: func(a, b Row, now time.Time) int { return cmp.Compare(uptime(a, now), uptime(b, now)) },
		cell:    func(m *model, r Row, _ int) span { return sinceOrUntil(r, m.now) },
	},
	byPID: {
		word: "pid", title: "PID", width: 7, right: true, rank: 8, compare: func(a, b Row, _ time.Time) int { return cmp.Compare(pid(a), pid(b)) },
		cell: func(_ *model, r Row, _ int) span {
			if r.PID == nil {
				return span{"-", faint}
			}
			return span{strconv.Itoa(*r.PID), plain}
		},
	},
	byNote: {title: "NOTE", width: 16, wide: 1 << 10, rank: 7, cell: func(m *model, r Row, _ int) span { return m.noteOf(r) }},
}

const comfort = 16 // columns that a name gets before others are left out

// fitting are the columns that a screen has room for, with their widths. name and pod are
// the widths of the longest ones; a pod of 0 is none.
func fitting(room, name, pod int) (list []column, widths []int) {
	want := map[column]int{byName: name, byPod: pod}
	for c := range columns {
		if c := column(c); c != byPod || pod > 0 {
			list, widths = append(list, c), append(widths, max(columns[c].width, min(want[c], comfort)))
		}
	}
	used := func() int {
		n := columnGap * (len(widths) - 1)
		for _, w := range widths {
			n += w
		}
		return n
	}
	for used() > room && len(list) > 1 {
		last := 0
		for i, c := range list {
			if columns[c].rank >= columns[list[last]].rank {
				last = i
			}
		}
		list, widths = slices.Delete(list, last, last+1), slices.Delete(widths, last, last+1)
	}
	left := room - used()
	grow := func(i, to int) {
		more := max(0, min(left, to-widths[i]))
		widths[i] += more
		left -= more
	}
	for i, c := range list {
		grow(i, want[c])
	}
	for more := true; left > 0 && more; { // the same for each of the others
		more = false
		for i, c := range list {
			before := left
			grow(i, min(widths[i]+1, columns[c].wide))
			more = more || left < before
		}
	}
	if len(list) == 1 {
		widths[0] = max(room, 0)
	}
	return list, widths
}

// titleRow are the titles. The mark at the one that is sorted by is in the gap behind it.
func (m *model) titleRow(list []column, widths []int) line {
	row := of(faint|underlined, " ")
	for i, c := range list {
		look, mark := faint|underlined, " "
		if c == m.table.sort {
			look, mark = strong|underlined, m.glyphs.up
			if m.table.reverse {
				mark = m.glyphs.down
			}
		}
		title := line{{columns[c].title, look}}
		if columns[c].right {
			title = line{{strings.Repeat(" ", max(0, widths[i]-title.width())), look}, {columns[c].title, look}}
		}
		gap := columnGap
		if i == len(list)-1 {
			gap = 1 // for the mark
		}
		row = append(row, title.add(look, mark).fill(widths[i]+gap, m.glyphs)...)
	}
	for i := range row {
		row[i].look |= underlined
	}
	return row
}

// bodyRow is the row of one process.
func (m *model) bodyRow(r Row, list []column, widths []int) line {
	selected := r.ID() == m.table.selected
	row := of(strong, " ")
	if selected {
		row = of(strong, m.glyphs.mark)
	}
	for i, c := range list {
		cell := columns[c].cell(m, r, widths[i])
		if c == byName || c == byPod {
			cell.text = cutMiddle(cell.text, widths[i], m.glyphs)
		}
		if i > 0 {
			row = row.add(plain, strings.Repeat(" ", columnGap))
		}
		row = append(row, aligned(cell, columns[c].right, widths[i], m.glyphs)...)
	}
	if m.stale() {
		row = row.only(faint)
	}
	if selected {
		return row.fill(m.width, m.glyphs).only(reversed)
	}
	return row
}

// aligned makes a cell exactly so wide.
func aligned(cell span, right bool, width int, g *glyphs) line {
	text := line{cell}.fit(width, g)
	pad := span{strings.Repeat(" ", max(0, width-text.width())), plain}
	if right {
		return append(line{pad}, text...)
	}
	return append(text, pad)
}

// urgency puts first what somebody has to look at.
func urgency(s supervisor.Status) int { return slices.Index(statuses(), s) }

// statuses are all of them, the most urgent first.
func statuses() []supervisor.Status {
	return []supervisor.Status{
		supervisor.StatusStuck, supervisor.StatusFailed, supervisor.StatusBackoff, supervisor.StatusStopping, supervisor.StatusPending,
		supervisor.StatusStarting, supervisor.StatusRunning, supervisor.StatusScheduled, supervisor.StatusStopped, supervisor.StatusCompleted,
	}
}

// readyCells are what readiness is shown as.
var readyCells = [...]span{{"no", yellow}, {"-", faint}, {"yes", plain}}

func readiness(r Row) int {
	switch {
	case r.Ready:
		return 2
	case r.PID == nil:
		return 1
	}
	return 0
}

func pid(r Row) int {
	if r.PID == nil {
		return 0
	}
	return *r.PID
}

func whileAlive(r Row, text string) span {
	if r.PID == nil && r.CPUPercent == 0 && r.MemoryMB == 0 {
		return span{"-", faint}
	}
	return span{text, plain}
}

// percent is of one core.
func percent(p float64) string {
	if p >= 99.95 {
		return strconv.FormatFloat(p, 'f', 0, 64)
	}
	return strconv.FormatFloat(p, 'f', 1, 64)
}

// mebibytes are written in the units of Kubernetes.
func mebibytes(m float64) string {
	switch {
	case m >= 1000*1024:
		return fmt.Sprintf("%.1fTi", m/1024/1024)
	case m >= 1000:
		return fmt.Sprintf("%.1fGi", m/1024)
	case m >= 100:
		return fmt.Sprintf("%.0fMi", m)
	}
	return fmt.Sprintf("%.1fMi", m)
}

// uptime sorts what lives by its age, and behind that what is to come, the soonest first.
func uptime(r Row, now time.Time) time.Duration {
	switch {
	case r.PID != nil && r.StartTime != nil:
		return now.Sub(*r.StartTime)
	case r.NextRetry != nil:
		return min(now.Sub(*r.NextRetry), 0)
	case r.NextRun != nil:
		return min(now.Sub(*r.NextRun), 0)
	}
	return -1 << 62
}

// sinceOrUntil is how long it lives, or when it will.
func sinceOrUntil(r Row, now time.Time) span {
	switch {
	case r.PID != nil && r.StartTime != nil:
		return span{tell.Short(now.Sub(*r.StartTime)), plain}
	case r.NextRetry != nil:
		return span{"in " + coarse(r.NextRetry.Sub(now)), yellow}
	case r.NextRun != nil:
		return span{"in " + coarse(r.NextRun.Sub(now)), plain}
	}
	return span{"-", faint}
}

// coarse is a time in its greatest unit.
func coarse(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// SortWords are the columns that the table can be sorted by.
func SortWords() []string {
	var list []string
	for _, c := range columns {
		if c.word != "" {
			list = append(list, c.word)
		}
	}
	return list
}

// sortOf reads a word of [SortWords]. What is used and counted comes with the greatest
// first; "-" turns the order around.
func sortOf(text string) (by column, reverse bool, err error) {
	if text == "" {
		return byName, false, nil
	}
	word, around := strings.CutPrefix(text, "-")
	for c, kind := range columns {
		if kind.word == word && word != "" {
			return column(c), kind.greatestFirst != around, nil
		}
	}
	return 0, false, fmt.Errorf("cannot sort by %q: want one of %s", text, strings.Join(SortWords(), ", "))
}

// CheckSort tells whether it can be sorted by that.
func CheckSort(text string) error {
	_, _, err := sortOf(text)
	return err
}

// sortNext sorts by the next column that can be sorted by, to the left or to the right.
func (m *model) sortNext(direction int) {
	n := len(columns)
	for c := (int(m.table.sort) + direction + n) % n; ; c = (c + direction + n) % n {
		if columns[c].word != "" && (column(c) != byPod || len(m.managers) > 1) {
			m.table.sort, m.table.reverse = column(c), columns[c].greatestFirst
			m.table.order(m.now)
			return
		}
	}
}
