package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/processmanager/processmanager/supervisor/display"
)

// cell is one field of a table.
type cell struct {
	text string
	look style
	fit  fit // of its column; that of the first row counts
}

// fit is what may be done with a column that has no room.
type fit uint8

const (
	rigid fit = iota // nothing
	soft             // it may be cut
	spare            // it may be left out
)

// cells makes a row of plain cells.
func cells(texts ...string) []cell {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].text = text
	}
	return row
}

// titles makes the first row. "~" in front of a title makes its column soft, "?" spare.
func titles(texts ...string) []cell {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].look = strong
		switch text[0] {
		case '~':
			row[i].fit, text = soft, text[1:]
		case '?':
			row[i].fit, text = spare, text[1:]
		}
		row[i].text = text
	}
	return row
}

const (
	columnGap     = 2
	columnFloor   = 6  // a column is not cut to less than this, or than its title
	columnComfort = 24 // what a soft column shall have before others are left out
)

// aligned writes rows as columns, without blanks at the end of a line. On a screen
// that is too narrow no line wraps: columns are left out from the right and cut, and
// at last the lines are. The rows are its own to change.
func (s screen) aligned(rows [][]cell) string {
	widths := measure(rows)
	limit := s.width()
	if limit > 0 && len(rows) > 0 {
		for over(widths, rows[0], limit, columnComfort) > 0 {
			j := lastSpare(rows[0])
			if j < 0 {
				break
			}
			for i, row := range rows {
				if j < len(row) {
					rows[i] = slices.Delete(row, j, j+1)
				}
			}
			widths = slices.Delete(widths, j, j+1)
		}
		narrow(widths, rows[0], limit)
	}
	return s.lines(rows, widths, limit)
}

// over is by how much the columns are too wide, when no soft one is wider than atMost.
func over(widths []int, first []cell, limit, atMost int) int {
	n := columnGap*(len(widths)-1) - limit
	for j, w := range widths {
		if j < len(first) && first[j].fit == soft {
			w = min(w, atMost)
		}
		n += w
	}
	return n
}

func lastSpare(first []cell) int {
	for j := len(first) - 1; j >= 0; j-- {
		if first[j].fit == spare {
			return j
		}
	}
	return -1
}

// measure makes the texts fit to be shown, and finds how wide the columns are.
func measure(rows [][]cell) (widths []int) {
	for _, row := range rows {
		for j := range row {
			row[j].text = visible(row[j].text)
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], display.Width(row[j].text))
		}
	}
	return widths
}

// narrow takes from the widest soft column, again and again, until the limit is kept
// or nothing is left to be taken.
func narrow(widths []int, first []cell, limit int) {
	for left := over(widths, first, limit, math.MaxInt); left > 0; left-- {
		widest := -1
		for j, w := range widths {
			if j >= len(first) || first[j].fit != soft || w <= floorOf(first[j]) {
				continue
			}
			if widest < 0 || w > widths[widest] {
				widest = j
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

func floorOf(first cell) int {
	if first.look == strong { // a title
		return max(columnFloor, display.Width(first.text))
	}
	return columnFloor
}

const blanks = "                                "

func (s screen) lines(rows [][]cell, widths []int, limit int) string {
	var b strings.Builder
	whole := 0
	for _, w := range widths {
		whole += w + columnGap
	}
	b.Grow(len(rows) * whole)
	for _, row := range rows {
		last := len(row) - 1
		for last >= 0 && row[last].text == "" {
			last--
		}
		left := limit
		for j := 0; j <= last; j++ {
			room := widths[j]
			if limit > 0 {
				room = min(room, left)
			}
			text := display.Cut(row[j].text, room)
			b.WriteString(s.in(row[j].look, text))
			pad := widths[j] - display.Width(text) + columnGap
			left -= widths[j] + columnGap
			if j == last || limit > 0 && left <= 0 {
				break
			}
			for ; pad > len(blanks); pad -= len(blanks) {
				b.WriteString(blanks)
			}
			b.WriteString(blanks[:pad])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// visible keeps what a process has put into its command or error from steering
// the terminal or breaking the table.
func visible(s string) string {
	if isPlain(s) {
		return s
	}
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	quoted := strconv.QuoteToGraphic(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// isPlain tells whether a text is printable ASCII, as most are.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
