package top

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

const (
	detailLines = 100 // of the log, in the detail
	batch       = 512 // lines that are handed on at once
)

// OneManager is the source that asks one manager.
func OneManager(c *client.Client) Source { return &manager{client: c} }

type manager struct {
	client *client.Client

	mu     sync.Mutex
	specOf string // the life that spec was looked up for
	spec   *supervisor.Spec
}

// Look implements Source.
func (m *manager) Look(ctx context.Context, labels map[string]string) (Picture, error) {
	list, err := m.client.List(ctx, client.ListParams{Labels: labels})
	if err != nil {
		return Picture{}, err
	}
	info, err := m.client.SystemInfo(ctx)
	if err != nil {
		return Picture{}, err
	}
	out := Picture{Managers: []Manager{{Info: info}}, Rows: make([]Row, len(list))}
	for i, p := range list {
		out.Rows[i].ProcessInfo = p
	}
	return out, nil
}

// Detail implements Source.
func (m *manager) Detail(ctx context.Context, id ID) (Detail, error) {
	var d Detail
	var err error
	if d.Info, err = m.client.Status(ctx, id.Name); err != nil {
		return d, err
	}
	if d.Lives, err = m.client.History(ctx, id.Name); err != nil {
		return d, err
	}
	if d.Lines, err = m.client.Logs(ctx, client.LogsParams{Name: id.Name, Lines: detailLines}); err != nil {
		return d, err
	}
	if d.Info.PID != nil {
		d.Tree, err = m.client.Tree(ctx, id.Name)
		if err != nil && !errors.Is(err, supervisor.ErrNotRunning) { // it has just ended
			return d, err
		}
	}
	d.Spec, err = m.specFor(ctx, d.Info)
	return d, err
}

// specFor looks into the manifest, which may be large: once for each life, and again
// when the status changes. Of what a caller has made there is none.
func (m *manager) specFor(ctx context.Context, info *supervisor.ProcessInfo) (*supervisor.Spec, error) {
	name := info.Name
	if info.Group != "" {
		name = info.Group
	}
	of := fmt.Sprintf("%s %d %s", name, info.Run, info.Status)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.specOf == of {
		return m.spec, nil
	}
	manifest, err := m.client.ManifestGet(ctx)
	if err != nil {
		return nil, err
	}
	m.specOf, m.spec = of, nil
	if i := slices.IndexFunc(manifest.Processes, func(s supervisor.Spec) bool { return s.Name == name }); i >= 0 {
		m.spec = &manifest.Processes[i]
	}
	return m.spec, nil
}

// Act implements Source.
func (m *manager) Act(ctx context.Context, a Action) error {
	var err error
	switch a.Verb {
	case Start:
		_, err = m.client.Start(ctx, client.StartParams{Name: a.ID.Name})
	case Stop:
		_, err = m.client.Stop(ctx, a.ID.Name)
	case Restart:
		_, err = m.client.Restart(ctx, a.ID.Name)
	case Trigger:
		_, err = m.client.Trigger(ctx, a.ID.Name)
	case Signal:
		_, err = m.client.Signal(ctx, client.SignalParams{Name: a.ID.Name, Signal: a.Signal})
	case Probe:
		var results []supervisor.ProbeResult
		results, err = m.client.Probe(ctx, client.ProbeParams{Name: a.ID.Name})
		if err == nil {
			err = failed(results)
		}
	case Delete:
		err = m.client.Delete(ctx, a.ID.Name)
	}
	return err
}

// failed tells which probes did not succeed, and why.
func failed(results []supervisor.ProbeResult) error {
	var why []string
	for _, r := range results {
		if !r.Success {
			why = append(why, fmt.Sprintf("%s probe of %q: %s", r.Probe, r.Process, cmp.Or(r.Message, r.Word())))
		}
	}
	if len(why) == 0 {
		return nil
	}
	return errors.New(strings.Join(why, "; "))
}

// News implements Source.
func (m *manager) News(ctx context.Context) (News, error) {
	feed, err := m.client.EventsSubscribe(ctx, client.EventsSubscribeParams{})
	if err != nil {
		return nil, err
	}
	return news{feed}, nil
}

type news struct {
	feed *client.Subscription[client.EventNotice]
}

// Next implements News. A gap is news: nobody knows what happened meanwhile.
func (n news) Next(ctx context.Context) error {
	_, err := n.feed.Next(ctx)
	return err
}

// Close implements News.
func (n news) Close() { n.feed.Close() }

// Logs implements Source.
func (m *manager) Logs(ctx context.Context, id ID, lines int) (Logs, error) {
	feed, err := m.client.LogsSubscribe(ctx, client.LogsSubscribeParams{Name: id.Name, Lines: lines})
	if err != nil {
		return nil, err
	}
	return logs{feed}, nil
}

type logs struct {
	feed *client.Subscription[client.LineNotice]
}

// Next implements Logs.
func (l logs) Next(ctx context.Context) ([]Entry, error) {
	n, err := l.feed.Next(ctx)
	if err != nil {
		return nil, err
	}
	out := entriesOf(nil, n)
	over, cancel := context.WithCancel(ctx)
	cancel() // what comes from here on has arrived already
	for len(out) < batch {
		n, err := l.feed.Next(over)
		if err != nil {
			break // a real one comes again
		}
		out = entriesOf(out, n)
	}
	return out, nil
}

// Close implements Logs.
func (l logs) Close() { l.feed.Close() }

// entriesOf says what a notice tells.
func entriesOf(out []Entry, n client.LineNotice) []Entry {
	switch {
	case n.Gap == nil:
		if n.Lost > 0 {
			out = append(out, Entry{Remark: fmt.Sprintf("%d bytes are lost: they were overwritten before they could be sent", n.Lost)})
		}
		return append(out, Entry{LogLine: n.Line})
	case n.Gap.Over:
		return append(out, Entry{Remark: "connected again"})
	case errors.Is(n.Gap.Why, supervisor.ErrSlow):
		return out
	case errors.Is(n.Gap.Why, supervisor.ErrClosed):
		return append(out, Entry{Remark: "the manager has ended"})
	}
	return append(out, Entry{Remark: n.Gap.Why.Error()})
}
