package top

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Once writes the table to what is no screen: one line for each process, all columns,
// nothing cut.
func Once(ctx context.Context, o Options, out io.Writer) error {
	m, err := newModel(ctx, o)
	if err != nil {
		return err
	}
	picture, err := o.Source.Look(ctx, o.Labels)
	if err != nil {
		return err
	}
	m.managers = picture.Managers
	m.table.set(picture.Rows, m.now)
	return m.writeOnce(out)
}

func (m *model) writeOnce(out io.Writer) error {
	var list []column
	pods := slices.ContainsFunc(m.table.all, func(r Row) bool { return r.Pod != "" })
	for c := range columns {
		if c := column(c); c != byCPUPast && c != byMemoryPast && (c != byPod || pods) {
			list = append(list, c)
		}
	}
	rows := make([][]string, 1+len(m.table.shown))
	for _, c := range list {
		rows[0] = append(rows[0], columns[c].title)
	}
	for i, r := range m.table.shown {
		for _, c := range list {
			rows[i+1] = append(rows[i+1], columns[c].cell(m, r, 0).text)
		}
	}
	widths := make([]int, len(list))
	for _, row := range rows {
		for j, text := range row {
			widths[j] = max(widths[j], textWidth(text))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var l strings.Builder
		for j, text := range row {
			pad := strings.Repeat(" ", widths[j]-textWidth(text))
			if columns[list[j]].right {
				text, pad = pad+text, ""
			}
			l.WriteString(text + pad + strings.Repeat(" ", columnGap))
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return nil
}
