package manager

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// askedProbe is one attempt that a caller wants now.
type askedProbe struct {
	task *task
	spec *supervisor.Probe
	ctx  context.Context // ends with the life, or with the wish that it ends
	gen  uint64
	kind supervisor.ProbeKind
}

// Probe implements supervisor.Control. It is made beside the prober's own attempts, and
// what it finds is told to the caller alone: the machine does not hear of it.
func (m *Manager) Probe(ctx context.Context, who supervisor.Caller, req supervisor.ProbeRequest) ([]supervisor.ProbeResult, error) {
	const verb = "probe"
	if err := m.mayChange(who, verb, req.Name); err != nil {
		return nil, refused(verb, req.Name, err)
	}
	if req.Probe != "" && !slices.Contains(supervisor.ProbeKinds(), req.Probe) {
		return nil, invalid(req.Name, "probe %q (want one of %v)", req.Probe, supervisor.ProbeKinds())
	}
	var (
		list []askedProbe
		err  error
	)
	asked := m.ask(ctx, func(l *loop) {
		if l.ending != nil {
			err = closed(verb, req.Name)
			return
		}
		list, err = l.askedProbes(verb, req)
	})
	if asked != nil {
		return nil, refused(verb, req.Name, asked)
	}
	m.audit(who, verb, req.Name, err)
	if err != nil {
		return nil, err
	}
	results := make([]supervisor.ProbeResult, len(list))
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for i, p := range list {
			all.Go(func() { results[i] = p.attempt(m.wall) })
		}
		all.Wait()
	}()
	select {
	case <-done:
		return results, nil
	case <-ctx.Done(): // the attempts end by themselves: they have their timeouts
		return nil, refused(verb, req.Name, ctx.Err())
	}
}

// askedProbes are the attempts that a request means: of each process of the name that
// lives, the probe of this kind or all that it has.
func (l *loop) askedProbes(verb string, req supervisor.ProbeRequest) ([]askedProbe, error) {
	known := l.family(req.Name)
	if len(known) == 0 {
		return nil, l.notFound(verb, req.Name)
	}
	var list []askedProbe
	lives := false
	for _, e := range known {
		if e.life == nil || !living(e.proc.State) {
			continue
		}
		lives = true
		for _, k := range machine.Probes() {
			kind, spec := supervisor.ProbeKind(k.String()), probeOf(e.ran, k)
			if spec == nil || req.Probe != "" && req.Probe != kind {
				continue
			}
			list = append(list, askedProbe{
				task: &task{m: l.m, spec: e.ran, life: e.life, what: k.String()}, spec: spec, ctx: e.life.asking(), gen: e.life.gen, kind: kind,
			})
		}
	}
	switch {
	case !lives:
		return nil, fmt.Errorf("cannot %s %q: %w (%s)", verb, req.Name, supervisor.ErrNotRunning, known[0].proc.Status())
	case len(list) == 0 && req.Probe != "":
		return nil, fmt.Errorf("cannot %s %q: %w: it has no %sProbe", verb, req.Name, supervisor.ErrInvalid, req.Probe)
	case len(list) == 0:
		return nil, fmt.Errorf("cannot %s %q: %w: it has no probe", verb, req.Name, supervisor.ErrInvalid)
	}
	return list, nil
}

// asking is the context of the attempts that callers want in this life.
func (f *life) asking() context.Context {
	if f.asked == nil {
		f.asked, f.unask = context.WithCancel(f.ctx)
	}
	return f.asked
}

// attempt makes it, within the probe's own timeout.
func (p *askedProbe) attempt(wall func() time.Time) supervisor.ProbeResult {
	began := time.Now()
	err := p.task.attempt(p.ctx, p.spec)
	r := supervisor.ProbeResult{
		Process: p.task.spec.Name, Run: p.gen, Probe: p.kind, Success: err == nil,
		Seconds: time.Since(began).Seconds(), Time: wall().Round(0),
	}
	switch {
	case p.ctx.Err() != nil:
		r.Success, r.Message = false, "the process was ended meanwhile"
	case err != nil:
		r.Message = err.Error()
	}
	return r
}
