package main

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// cell is one field of a table.
type cell struct {
	text string
	look style
}

// cells makes a row of plain cells.
func cells(texts ...string) []cell {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].text = text
	}
	return row
}

// titles makes the first row.
func titles(texts ...string) []cell {
	row := cells(texts...)
	for i := range row {
		row[i].look = strong
	}
	return row
}

const (
	columnGap   = 2
	columnFloor = 6 // a column is not made narrower than this, or than its title
	dots        = "…"
)

// aligned writes rows as columns, without blanks at the end of a line. Where they
// would be wider than the screen the widest columns are cut, so that no line wraps.
func (s screen) aligned(rows [][]cell) string {
	shown, widths := measure(rows)
	limit := s.width()
	if limit > 0 {
		narrow(widths, rows, limit)
	}
	return s.lines(shown, widths, limit)
}

// measure makes the texts fit to be shown, and finds how wide the columns are.
func measure(rows [][]cell) (shown [][]cell, widths []int) {
	shown = make([][]cell, len(rows))
	for i, row := range rows {
		shown[i] = make([]cell, len(row))
		for j, c := range row {
			c.text = visible(c.text)
			shown[i][j] = c
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], columnsOf(c.text))
		}
	}
	return shown, widths
}

// narrow takes from the widest column, again and again, until the limit is kept or
// nothing is left to be taken.
func narrow(widths []int, rows [][]cell, limit int) {
	floor := make([]int, len(widths))
	for j := range floor {
		floor[j] = columnFloor
		if len(rows) > 0 && j < len(rows[0]) && rows[0][j].look == strong {
			floor[j] = max(floor[j], columnsOf(rows[0][j].text))
		}
	}
	over := columnGap*(len(widths)-1) - limit
	for _, w := range widths {
		over += w
	}
	for over > 0 {
		widest := -1
		for j, w := range widths {
			if w > floor[j] && (widest < 0 || w > widths[widest]) {
				widest = j
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
		over--
	}
}

func (s screen) lines(rows [][]cell, widths []int, limit int) string {
	var b strings.Builder
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
			text := cut(row[j].text, room)
			b.WriteString(s.in(row[j].look, text))
			pad := widths[j] - columnsOf(text) + columnGap
			left -= widths[j] + columnGap
			if j == last || limit > 0 && left <= 0 {
				break
			}
			b.WriteString(strings.Repeat(" ", pad))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// cut shortens a text to so many columns; its end shows that it was cut.
func cut(text string, room int) string {
	if columnsOf(text) <= room {
		return text
	}
	used := 0
	for i, r := range text {
		w := columnsOfRune(r)
		if used+w > room-1 {
			if room < 1 {
				return ""
			}
			return text[:i] + dots
		}
		used += w
	}
	return text
}

// columnsOf is how many columns of a terminal a text takes.
func columnsOf(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOfRune(r)
	}
	return n
}

// columnsOfRune follows UAX 11: wide characters take two columns, marks none.
func columnsOfRune(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// visible keeps what a process has put into its command or error from steering
// the terminal or breaking the table.
func visible(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	quoted := strconv.QuoteToGraphic(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
