package manager

import (
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
			l.step(e, machine.Armed{At: e.schedule.Next(wall)})
		}
	}
}
