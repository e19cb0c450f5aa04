package manager

import (
	"context"
	"hash/fnv"
	"reflect"
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// prober makes the attempts of one probe of one life, one after the other, in a
// goroutine of its own: a probe that hangs holds up nobody, and never overlaps itself.
type prober struct {
	spec  *supervisor.Probe
	ports []supervisor.Port
	end   context.CancelFunc
}

// finding is what a probe's last attempt has found.
type finding struct {
	at  time.Time // zero: none was made in this life
	why string    // empty: it succeeded
}

// wireProbes begins and ends probers, as the machine wants them.
func (l *loop) wireProbes(e *entry) {
	if e.life == nil {
		return
	}
	if e.life.unask != nil && (e.proc.Gen != e.life.gen || !living(e.proc.State)) {
		e.life.unask()
	}
	for _, k := range machine.Probes() {
		p, spec := e.life.probes[k], probeOf(e.ran, k)
		wanted := e.proc.Gen == e.life.gen && e.proc.Wants(k) && spec != nil
		if p != nil && (!wanted || !reflect.DeepEqual(p.spec, spec) || !slices.Equal(p.ports, e.ran.Ports)) {
			p.end()
			p, e.life.probes[k] = nil, nil
		}
		if wanted && p == nil {
			e.life.probes[k] = l.beginProbe(e, k, spec)
		}
	}
}

func (l *loop) beginProbe(e *entry, k machine.Probe, spec *supervisor.Probe) *prober {
	ctx, end := context.WithCancel(e.life.ctx)
	t := &task{m: l.m, spec: e.ran, life: e.life, what: k.String()}
	first := e.proc.Born.Add(time.Duration(spec.InitialDelaySeconds) * time.Second)
	name, gen, m := e.spec.Name, e.proc.Gen, l.m
	go func() {
		defer end()
		t.probeLoop(ctx, spec, first, func(err error) bool {
			return m.post(func(l *loop) {
				if ctx.Err() == nil { // else somebody has ended it meanwhile
					l.probed(name, gen, k, err)
				}
			})
		})
	}()
	return &prober{spec: spec, ports: e.ran.Ports, end: end}
}

// spread is the greatest part by which a first attempt is put off, so that those of
// many processes do not come at once: a tenth of the period, at most half a second.
func spread(period time.Duration) time.Duration { return min(period/10, 500*time.Millisecond) }

// probeLoop makes an attempt in each period, the first one at first. As with the kubelet's
// ticker, a period that has passed during an attempt is made up for at once, and only one.
func (t *task) probeLoop(ctx context.Context, spec *supervisor.Probe, first time.Time, report func(error) bool) {
	period := time.Duration(max(1, value(spec.PeriodSeconds))) * time.Second
	due := later(time.Now(), first).Add(part(spread(period), t.spec.Name, t.what))
	wait := time.NewTimer(time.Until(due))
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
		err := t.attempt(ctx, spec)
		if ctx.Err() != nil || !report(err) {
			return
		}
		due = due.Add(period)
		if late := time.Since(due); late > 0 {
			due = due.Add(late.Truncate(period))
		}
		wait.Reset(max(0, time.Until(due)))
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// part is a fraction of a span that is always the same for the same words.
func part(span time.Duration, words ...string) time.Duration {
	h := fnv.New64a()
	for _, w := range words {
		_, _ = h.Write([]byte(w))
		_, _ = h.Write([]byte{0})
	}
	return time.Duration(float64(span) * float64(h.Sum64()>>11) / (1 << 53))
}

// probed takes one result.
func (l *loop) probed(name string, gen uint64, k machine.Probe, err error) {
	e := l.entries[name]
	if e == nil || e.life == nil || e.life.gen != gen || !e.proc.Wants(k) {
		return
	}
	bump(&e.stats.probes, supervisor.ProbeCount{Probe: k.String(), OK: err == nil}, 1)
	found := finding{at: l.m.wall()}
	if err != nil {
		found.why = err.Error()
		if e.proc.Checks[k].Bad == 0 { // the first of a row; the verdict has a line of its own
			l.m.log.Warn("probe failed", "name", name, "run", gen, "probe", k.String(), "error", err)
		}
	}
	e.life.found[k] = found
	if found.why != "" {
		e.blame(k.String() + " probe: " + found.why)
	}
	l.step(e, machine.Probed{Gen: gen, Probe: k, OK: err == nil})
}

// probeInfos is what is told of a life's probes and readiness signal.
func probeInfos(e *entry) []supervisor.ProbeInfo {
	if e.life == nil || !e.proc.Alive() {
		return nil
	}
	var list []supervisor.ProbeInfo
	for _, k := range machine.Probes() {
		if probeOf(e.ran, k) == nil {
			continue
		}
		c, found := e.proc.Checks[k], e.life.found[k]
		info := supervisor.ProbeInfo{Probe: k.String(), OK: c.OK, Successes: c.Good, Failures: c.Bad, Message: found.why}
		if !found.at.IsZero() {
			at := found.at.Round(0)
			info.Time = &at
		}
		list = append(list, info)
	}
	if e.ran.Readiness != nil {
		list = append(list, supervisor.ProbeInfo{Probe: "signal", OK: e.proc.Said})
	}
	return list
}
