package telnet

import (
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor/display"
)

// always is the rank of a column that is never left out.
const always = 100

// column is one column of a table.
type column[T any] struct {
	title string
	rank  int                  // the lowest is left out first when there is no room
	cell  func(T, bool) string // true: the short form
}

// What the last column is cut to: at most, where any width is right; and at least,
// before other columns are left out for it.
const (
	lastMost  = 60
	lastLeast = 20
	tableGap  = 2
)

// table writes rows as aligned columns, titles first. With a width no line is longer:
// columns that say nothing are left out, then times are shortened, then columns are left
// out by rank; the last column has what is left.
func table[T any](columns []column[T], list []T, width int) string {
	columns = slices.Clone(columns)
	rows := cells(columns, list, false)
	if width == 0 {
		return render(rows, lastMost, 0)
	}
	if room(rows, width) < lastLeast {
		columns = slices.DeleteFunc(columns, func(c column[T]) bool { return c.rank < always && empty(c, list) })
		rows = cells(columns, list, false)
	}
	for room(rows, width) < lastLeast {
		short := cells(columns, list, true)
		if room(short, width) >= lastLeast {
			rows = short
			break
		}
		least := slices.MinFunc(columns, func(a, b column[T]) int { return a.rank - b.rank })
		if least.rank == always {
			rows = short
			break
		}
		columns = slices.DeleteFunc(columns, func(c column[T]) bool { return c.title == least.title })
		rows = cells(columns, list, false)
	}
	return render(rows, max(room(rows, width), 1), width)
}

// empty reports whether a column says nothing in any row.
func empty[T any](c column[T], list []T) bool {
	return !slices.ContainsFunc(list, func(row T) bool { return c.cell(row, false) != none })
}

func cells[T any](columns []column[T], list []T, short bool) [][]string {
	rows := make([][]string, 1, len(list)+1)
	for _, c := range columns {
		rows[0] = append(rows[0], c.title)
	}
	for _, one := range list {
		row := make([]string, 0, len(columns))
		for _, c := range columns {
			row = append(row, c.cell(one, short))
		}
		rows = append(rows, row)
	}
	return rows
}

// widths returns how wide each column is.
func widths(rows [][]string) []int {
	out := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			out[i] = max(out[i], display.Width(text))
		}
	}
	return out
}

// room is what a width leaves for the last column; more than it needs is as good as
// what it needs.
func room(rows [][]string, width int) int {
	all := widths(rows)
	last := len(all) - 1
	for _, n := range all[:last] {
		width -= n + tableGap
	}
	if width >= all[last] {
		return max(width, lastLeast)
	}
	return width
}

// render writes the rows, with the last column cut to a number of columns, and every
// line to a width; 0 is any.
func render(rows [][]string, last, width int) string {
	var b strings.Builder
	all := widths(rows)
	for _, row := range rows {
		var line strings.Builder
		for i, text := range row {
			if i == len(row)-1 {
				line.WriteString(display.Cut(text, last))
				continue
			}
			line.WriteString(text)
			line.WriteString(strings.Repeat(" ", all[i]-display.Width(text)+tableGap))
		}
		if width > 0 {
			b.WriteString(display.Cut(line.String(), width))
		} else {
			b.WriteString(line.String())
		}
		b.WriteByte('\n')
	}
	return b.String()
}
