package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/display"
)

// How often a list is looked at again.
const (
	watchRest   = 100 * time.Millisecond // what happens together is shown together
	watchRedraw = 2 * time.Second        // on a terminal, for ages, CPU and memory
)

// viewer shows one list after the other.
type viewer interface {
	show(answer json.RawMessage, list []*supervisor.ProcessInfo) error
}

// watch lists again whenever something has happened, until the manager ends. On a
// terminal the list is drawn anew; else there is a line for each process that has
// changed, or with JSON the whole list in one.
func (p *program) watch(ctx context.Context, c *cli.Command, params client.ListParams) error {
	conn, err := p.connect(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	feed, err := conn.EventsSubscribe(ctx, client.EventsSubscribeParams{}) // labels may change, and then it is in the list
	if err != nil {
		return err
	}
	defer feed.Close()
	var out viewer = &changes{p: p}
	redraw := time.Duration(0)
	switch {
	case wantsJSON(c):
		out = &snapshots{p: p}
	case p.screen.terminal:
		out, redraw = &picture{p: p}, watchRedraw
	}
	for {
		var answer json.RawMessage
		var list []*supervisor.ProcessInfo
		if err := conn.Call(ctx, "process.list", params, &answer); err != nil {
			return p.farewell(err)
		}
		if err := read(answer, &list); err != nil {
			return err
		}
		if err := out.show(answer, list); err != nil {
			return err
		}
		if err := p.untilNews(ctx, feed, redraw); err != nil {
			return p.farewell(err)
		}
	}
}

// untilNews waits for an event, at most for so long (0: for ever), and for what comes
// right behind it.
func (p *program) untilNews(ctx context.Context, feed *client.Subscription[client.EventNotice], atMost time.Duration) error {
	arrived, err := p.within(ctx, feed, atMost)
	for end := time.Now().Add(watchRest); arrived && err == nil; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		arrived, err = p.within(ctx, feed, left)
	}
	return err
}

// within takes one event; false when none came in time. While the connection is lost
// nobody could be asked, so that is waited for.
func (p *program) within(ctx context.Context, feed *client.Subscription[client.EventNotice], atMost time.Duration) (bool, error) {
	wait := ctx
	if atMost > 0 {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, atMost)
		defer cancel()
	}
	for {
		notice, err := feed.Next(wait)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			return false, nil
		case err != nil:
			return false, err
		case notice.Gap == nil:
			return true, nil
		}
		if err := p.gap(notice.Gap, ""); err != nil {
			return false, err
		}
		if notice.Gap.Over {
			return true, nil
		}
		wait = ctx
	}
}

// picture is the list on a terminal.
type picture struct {
	p     *program
	drawn bool
}

func (v *picture) show(_ json.RawMessage, list []*supervisor.ProcessInfo) error {
	rows := listRows(list, v.p.now())
	_, height := v.p.screen.size()
	hidden := 0
	if height > 2 && len(rows) > height-1 {
		hidden = len(rows) - (height - 2)
		rows = rows[:height-2]
	}
	text := v.p.screen.aligned(rows)
	if hidden > 0 {
		text += fmt.Sprintf("%s %d more\n", display.Dots, hidden)
	}
	begin := "\x1b[H" // home
	if !v.drawn {
		begin, v.drawn = "\x1b[2J\x1b[H", true
	}
	// Each line erases what was behind it, the last one what was below.
	return v.p.paint(begin + strings.ReplaceAll(text, "\n", "\x1b[K\n") + "\x1b[J")
}

// changes are lines: first all, then those that are different.
type changes struct {
	p      *program
	widths []int
	last   map[string]string // what was shown of each
}

func (v *changes) show(_ json.RawMessage, list []*supervisor.ProcessInfo) error {
	var rows [][]cell
	if v.last == nil {
		v.last = map[string]string{}
		rows = listRows(nil, v.p.now())
	}
	gone := map[string]bool{}
	for name := range v.last {
		gone[name] = true
	}
	for _, info := range list {
		delete(gone, info.Name)
		if key := v.key(info); v.last[info.Name] != key {
			v.last[info.Name] = key
			rows = append(rows, listRow(info, v.p.now()))
		}
	}
	for name := range gone {
		delete(v.last, name)
		rows = append(rows, cells(name, "deleted"))
	}
	widths := measure(rows)
	for j, w := range widths {
		if j == len(v.widths) {
			v.widths = append(v.widths, 0)
		}
		v.widths[j] = max(v.widths[j], w)
	}
	return v.p.paint(v.p.screen.lines(rows, v.widths, 0))
}

// key is all of a row that does not change by itself.
func (v *changes) key(info *supervisor.ProcessInfo) string {
	row := listRow(info, v.p.now())
	row[5].text, row[6].text, row[7].text = "", "", ""
	var b strings.Builder
	for _, c := range row {
		b.WriteString(c.text + "\x00")
	}
	return b.String()
}

// snapshots are lists as the API gives them, one line each.
type snapshots struct {
	p    *program
	last []string
}

func (v *snapshots) show(answer json.RawMessage, list []*supervisor.ProcessInfo) error {
	now := make([]string, len(list))
	for i, info := range list {
		still := *info
		still.CPUPercent, still.MemoryMB = 0, 0
		text, err := json.Marshal(still)
		if err != nil {
			return fmt.Errorf("cannot compare: %w", err)
		}
		now[i] = string(text)
	}
	if v.last != nil && slices.Equal(now, v.last) {
		return nil
	}
	v.last = now
	return v.p.line(string(answer))
}
