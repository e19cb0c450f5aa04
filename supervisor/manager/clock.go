package manager

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// clockStep is how far the wall clock may be set back while schedules wait for it to
// catch up: no scheduled time is run twice for a small correction. Beyond it the old
// time was wrong, and schedules are armed anew.
const clockStep = 3 * time.Hour

// noticeClock arms all schedules anew when the wall clock was set far back.
func (l *loop) noticeClock(wall time.Time) {
	steady := time.Now()
	old := l.clock
	wall = wall.Round(0) // without the monotonic reading, so that Sub is about the wall clock
	l.clock.wall, l.clock.steady = wall, steady
	if old.steady.IsZero() {
		return
	}
	back := steady.Sub(old.steady) - wall.Sub(old.wall)
	if back <= clockStep {
		return
	}
	l.m.log.Warn("the clock was set back; schedules are armed anew", "by", back.Round(time.Second))
	for _, name := range l.sortedNames() {
		if e := l.entries[name]; !e.proc.CronAt.IsZero() {
			l.step(e, machine.Armed{At: e.nextTime(wall)})
		}
	}
}

// nextTime is the first time after wall at which the process is to run: its schedule's,
// put off by its jitter.
func (e *entry) nextTime(wall time.Time) time.Time {
	if e.spec.Schedule == "" {
		return time.Time{}
	}
	at := e.schedule.Next(wall.Add(-e.shift))
	if at.IsZero() {
		return at
	}
	return at.Add(e.shift)
}

// maxMissed bounds the count of times that passed while the machine was paused.
const maxMissed = 100

// cronDue is one event for however many times have passed: at most one late run, not a
// storm, and the others are counted as missed; see the CronJob controller.
func (l *loop) cronDue(e *entry, wall time.Time) {
	last, missed := e.proc.CronAt, uint64(0)
	next := e.nextTime(last)
	for ; !next.IsZero() && !wall.Before(next); next = e.nextTime(next) {
		last = next
		if missed++; missed == maxMissed {
			last, next = e.latest(last, wall), e.nextTime(wall)
			break
		}
	}
	if missed > 0 {
		l.m.log.Warn("scheduled times have passed without a run", "name", e.spec.Name, "missed", missed, "at_most_counted", maxMissed)
	}
	busy := false
	if e.proc.Asides > 0 {
		busy = slices.ContainsFunc(l.family(e.spec.Name)[1:], func(run *entry) bool { return !run.idle() })
	}
	ev := machine.CronDue{Busy: busy, Next: next, Late: wall.Sub(last), Missed: missed}
	runs := e.proc.Runs
	l.step(e, ev)
	l.tellSkipped(e, runs, ev)
}

// tellSkipped logs why a scheduled time was let pass: of several in a row once.
func (l *loop) tellSkipped(e *entry, before machine.Runs, ev machine.CronDue) {
	skipped, told := e.proc.Runs.Skipped > before.Skipped, e.toldSkipped
	e.toldSkipped = skipped
	switch {
	case e.proc.Runs.Missed > before.Missed+ev.Missed:
		l.m.log.Warn("skips a scheduled time, because it is later than startingDeadlineSeconds", "name", e.spec.Name, "late", ev.Late.Round(time.Millisecond))
	case !skipped || told:
	case len(e.proc.Unmet) > 0:
		l.m.log.Info("skips scheduled times, because it waits", "name", e.spec.Name, "for", waitsFor(e.proc))
	default:
		l.m.log.Info("skips scheduled times, because a run goes on", "name", e.spec.Name, "run", e.proc.Gen)
	}
}

// latest is the last of the scheduled times that are not after wall, of which one is
// known. It looks back from wall, twice as far each time: what was missed may be years.
func (e *entry) latest(known, wall time.Time) time.Time {
	for back := time.Minute; wall.Add(-back).After(known); back *= 2 {
		if at := e.nextTime(wall.Add(-back)); !at.IsZero() && !at.After(wall) {
			known = at
			break
		}
	}
	for at := e.nextTime(known); !at.IsZero() && !at.After(wall); at = e.nextTime(at) {
		known = at
	}
	return known
}
