package manager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// The bounds of what is kept of lives that have ended.
const (
	keptLives    = 10      // of a process without a schedule
	keptLines    = 10      // of each life
	keptLogBytes = 4 << 10 // of these lines
)

// noteEnd writes down a life that has ended, when nothing of it is left.
func (l *loop) noteEnd(e *entry, old, now machine.Proc) {
	if now.Last.Gen != old.Last.Gen {
		e.record = newRecord(e.spec.Name, now)
		e.lastFault = ""
		if e.life != nil && faulted(now.Last.Reason) {
			e.lastFault = e.life.fault
			e.record.Error = e.life.fault
		}
	}
	over := now.Gen > now.Last.Gen || !now.Alive() || now.State == machine.PostStop
	if e.record == nil || !over {
		return
	}
	r := e.record
	e.record = nil
	r.EndTime = l.m.wall().Round(0)
	if r.StartTime != nil {
		r.Log = lastWords(e.log.TailRun(r.Run, keptLines))
	}
	e.history = append(e.history, *r)
	e.forgetLives()
}

func newRecord(name string, p machine.Proc) *supervisor.LifeRecord {
	r := &supervisor.LifeRecord{Name: name, Run: p.Last.Gen, Reason: p.Last.Reason, Error: p.Last.Exit.Err, Log: []supervisor.LogLine{}}
	switch exit := p.Last.Exit; {
	case exit.Err != "":
		return r
	case exit.Signal != 0:
		text := exit.Signal.String()
		r.Signal = &text
	default:
		code := exit.Code
		r.ExitCode = &code
	}
	born := p.Born.Round(0)
	r.StartTime = &born
	return r
}

// lastWords bounds the lines that are kept, the newest first to stay.
func lastWords(lines []supervisor.LogLine) []supervisor.LogLine {
	room := keptLogBytes
	for i, line := range slices.Backward(lines) {
		if room -= len(line.Msg); room < 0 {
			lines = lines[i+1:]
			break
		}
	}
	return append([]supervisor.LogLine{}, lines...)
}

// forgetLives keeps as many as the limits say: of a scheduled process so many
// successful and so many others.
func (e *entry) forgetLives() {
	if e.spec.Schedule == "" {
		if extra := len(e.history) - keptLives; extra > 0 {
			e.history = slices.Delete(e.history, 0, extra)
		}
		return
	}
	room := map[bool]int{true: value(e.spec.SuccessfulJobsHistoryLimit), false: value(e.spec.FailedJobsHistoryLimit)}
	kept := e.history[:0]
	for _, r := range slices.Backward(slices.Clone(e.history)) {
		good := r.Reason == supervisor.ReasonCompleted
		if room[good]--; room[good] >= 0 {
			kept = append(kept, r)
		}
	}
	slices.Reverse(kept)
	clear(e.history[len(kept):])
	e.history = kept
}

// History implements supervisor.Control.
func (m *Manager) History(ctx context.Context, who supervisor.Caller, name string) ([]supervisor.LifeRecord, error) {
	const verb = "show the history of"
	if err := who.MayLook(); err != nil {
		return nil, refused(verb, name, err)
	}
	list := []supervisor.LifeRecord{}
	known := false
	if err := m.ask(ctx, func(l *loop) {
		for _, e := range l.family(name) {
			known = true
			list = append(list, e.history...)
		}
	}); err != nil {
		return nil, refused(verb, name, err)
	}
	if !known {
		return nil, fmt.Errorf("cannot %s %q: %w", verb, name, supervisor.ErrNotFound)
	}
	slices.SortStableFunc(list, func(a, b supervisor.LifeRecord) int {
		return cmp.Or(b.EndTime.Compare(a.EndTime), cmp.Compare(b.Name, a.Name), cmp.Compare(b.Run, a.Run))
	})
	return list, nil
}

// lastFailure is what the life that has ended last wrote last, if it has failed; nil if it
// has not. It is not to be changed.
func (e *entry) lastFailure() []supervisor.LogLine {
	if len(e.history) == 0 {
		return nil
	}
	if r := e.history[len(e.history)-1]; slices.Contains(failures, r.Reason) {
		return r.Log
	}
	return nil
}

// failures are the reasons for which a life that was there has ended badly: others have
// completed, were asked to end, or never lived.
var failures = []supervisor.Reason{
	supervisor.ReasonError, supervisor.ReasonSignaled, supervisor.ReasonOOMKilled, supervisor.ReasonMemoryLimit,
	supervisor.ReasonDeadlineExceeded, supervisor.ReasonStartTimeout, supervisor.ReasonUnhealthy, supervisor.ReasonPostStartHookError,
}

// endTime is when the last life that has ended did; nil: none has.
func endTime(p machine.Proc) *time.Time {
	if p.Last.Gen == 0 {
		return nil
	}
	at := p.Last.At.Round(0)
	return &at
}
