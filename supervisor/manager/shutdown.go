package manager

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// beyond is how long after the budget the manager waits for what SIGKILL has not
// ended; then it leaves it to the end of the container.
const beyond = 2 * time.Second

// tierTime is what each tier that is still to come is left of the budget, as far as
// there is so much: the kubelet leaves sidecars as much.
const tierTime = 2 * time.Second

// ending is a shutdown. It is one-way.
type ending struct {
	by     time.Time      // the budget's end: no grace period lasts longer
	tier   time.Duration  // what is kept for each tier to come
	below  map[*entry]int // tiers that come after an entry's
	giveUp time.Time
	word   time.Time // when to say next who is waited for
	told   map[*entry]bool
	busy   int                // told, and open
	open   map[*entry]bool    // have not ended
	rest   context.CancelFunc // ends the grace of what belongs to nobody; nil: not that far yet
}

// shutdown begins the end: dependents first, then what they depend on, all inside
// one budget. A second call does nothing.
func (l *loop) shutdown(code int, why string) {
	if l.ending != nil {
		return
	}
	grace := supervisor.DefaultShutdownGrace
	if set := l.set; set != nil {
		grace = set.GracePeriod
	} else if len(l.m.cfg.Command) > 0 {
		grace = commandGrace * time.Second
	}
	now := time.Now()
	by := now.Add(grace)
	l.code = code
	l.lastWord = why
	l.ending = &ending{
		by: by, giveUp: by.Add(beyond), word: now.Add(wordEvery),
		told: map[*entry]bool{}, open: map[*entry]bool{}, below: map[*entry]int{},
	}
	l.emit(nil, supervisor.EventShutdown, func(ev *supervisor.Event) { ev.Message = why })
	if l.graphStale {
		l.wireGraph()
	}
	deepest := 0
	for _, e := range l.entries {
		l.ending.open[e] = true
		e.endStandby()
		deepest = max(deepest, l.tiersBelow(e))
	}
	l.ending.tier = min(tierTime, grace/time.Duration(deepest+1))
	if len(l.m.cfg.Command) == 0 {
		l.m.log.Info("shutting down", "why", why, "code", code, "within", grace, "alive", len(l.alive()))
	}
	for _, e := range l.sortedEntries() {
		if !living(e.proc.State) {
			l.tell(e) // nobody is served by it, and it is not to begin anew
		} else {
			l.tryStop(e)
		}
	}
	l.unlock()
	l.m.os.Ending()
	if len(l.ending.open) == 0 {
		l.leave()
	}
}

// unlock tells the first one when nobody can be told: in the middle of a change
// processes may depend on each other.
func (l *loop) unlock() {
	if l.ending.busy > 0 {
		return
	}
	for _, e := range l.sortedEntries() {
		if l.ending.open[e] {
			l.tell(e)
			return
		}
	}
}

// tryStop stops an entry once those that depend on it have ended.
func (l *loop) tryStop(e *entry) {
	if e == nil || l.ending.told[e] {
		return
	}
	for _, d := range e.needed {
		if l.ending.open[d] && !(l.ending.told[d] && ended(d)) {
			return
		}
	}
	l.tell(e)
}

// tell asks an entry to end. One that has ended already stays what it is, completed
// or failed: that is the truth about it.
func (l *loop) tell(e *entry) {
	if l.ending.open[e] && !l.ending.told[e] {
		l.ending.busy++
	}
	l.ending.told[e] = true
	if e.idle() {
		l.touch(e)
		return
	}
	by := l.ending.by.Add(-l.ending.tier * time.Duration(l.ending.below[e]))
	l.step(e, machine.Stop{Cause: machine.Ending, By: by})
}

// tiersBelow counts the tiers that an entry depends on: they are stopped after it.
func (l *loop) tiersBelow(e *entry) int {
	if n, known := l.ending.below[e]; known {
		return n
	}
	l.ending.below[e] = 0 // in the middle of a change they may depend on each other
	n := 0
	for _, d := range e.spec.DependsOn {
		for _, on := range l.resolve(d.Name) {
			n = max(n, 1+l.tiersBelow(on))
		}
	}
	l.ending.below[e] = n
	return n
}

// ended reports whether there is nothing more to wait for: a process that is stuck
// is not waited for.
func ended(e *entry) bool {
	return e.proc.State == machine.Idle || e.proc.Status() == supervisor.StatusStuck
}

// continueShutdown goes on to the next tier when an entry has ended.
func (l *loop) continueShutdown(e *entry) {
	if l.ending == nil || !l.ending.open[e] || !ended(e) || !l.ending.told[e] && !e.gone {
		return
	}
	delete(l.ending.open, e)
	if l.ending.told[e] {
		l.ending.busy--
	}
	for _, d := range e.spec.DependsOn {
		for _, on := range l.resolve(d.Name) {
			l.tryStop(on)
		}
	}
	if len(l.ending.open) == 0 {
		l.leave()
	} else {
		l.unlock()
	}
}

// force ends all grace periods now.
func (l *loop) force() {
	l.m.log.Warn("asked to end a second time: SIGKILL to all", "alive", strings.Join(l.alive(), ", "))
	l.ending.by, l.ending.tier = time.Now(), 0
	if l.ending.rest != nil {
		l.ending.rest()
		return // all have ended but what belongs to nobody
	}
	l.ending.giveUp = l.ending.by.Add(beyond)
	for _, name := range l.sortedNames() {
		l.tell(l.entries[name])
	}
}

// tickEnding does what is due in a shutdown.
func (l *loop) tickEnding(now time.Time) {
	if !now.Before(l.ending.word) {
		l.sayWhoHoldsUp(now)
	}
	if !now.Before(l.ending.giveUp) {
		l.leave()
	}
}

// leave ends what belongs to nobody, then the loop.
func (l *loop) leave() {
	if l.ending.rest != nil {
		return
	}
	by := l.ending.by
	if alive := l.alive(); len(alive) > 0 {
		if soon := time.Now().Add(beyond); soon.Before(by) {
			by = soon // who does not die of SIGKILL does not hold the container
		}
		l.m.log.Error("ends although some are still alive", "names", strings.Join(alive, ", "))
	}
	ctx, cancel := context.WithDeadline(context.Background(), by)
	l.ending.rest = cancel
	l.ending.giveUp = time.Now().Add(time.Hour) // from here on EndRest has the bound
	go func() {
		defer cancel()
		left := l.m.os.EndRest(ctx, l.m.tellOfRest)
		l.m.post(func(l *loop) {
			for _, r := range left {
				l.m.log.Error("a process is left behind", "pid", r.PID, "command", r.Command)
			}
			l.over = true
		})
	}()
}

// tellOfRest says whom the end waits for that belongs to no process.
func (m *Manager) tellOfRest(rest []linux.Remnant, killed bool) {
	var names []string
	for _, r := range rest[:min(len(rest), maxNamed)] {
		names = append(names, fmt.Sprintf("%s[%d]", r.Command, r.PID))
	}
	if killed {
		m.log.Warn("did not end in time: SIGKILL to what belongs to no process", "number", len(rest), "who", strings.Join(names, " "))
		return
	}
	m.log.Info("waits for what belongs to no process", "number", len(rest), "who", strings.Join(names, " "))
}

// alive names what has not ended.
func (l *loop) alive() []string {
	var list []string
	for _, name := range l.sortedNames() {
		if l.entries[name].proc.Alive() {
			list = append(list, name)
		}
	}
	return list
}

// decideEnd ends the manager when an essential process, or everything, has ended
// for good by itself.
func (l *loop) decideEnd(e *entry) {
	if l.ending != nil || e.proc.State != machine.Idle {
		return
	}
	if e.origin == fromCommand && e.proc.Goal == machine.Down {
		l.shutdown(e.proc.Last.Exit.ShellCode(), e.spec.Name+" was stopped")
		return
	}
	if exit, over := e.proc.Over(); over && !e.gone && e.spec.Essential {
		l.shutdown(exit.ShellCode(), l.wordOf(e))
		return
	}
	if code, done := l.done(); done {
		l.shutdown(code, l.everyoneEnded())
	}
}

// done applies exitPolicy WhenDone: the code is the first one in manifest order
// that is not 0. A process stopped by hand keeps the container up, and so does one
// that was deleted by hand.
func (l *loop) done() (code int, done bool) {
	set := l.set
	if set == nil || set.ExitPolicy != supervisor.ExitWhenDone || l.rollout != nil || len(l.removed) > 0 {
		return 0, false
	}
	counted := 0
	for _, e := range l.order {
		if e.idle() && e.proc.Goal == machine.Down && e.proc.Why == supervisor.ReasonSuspended {
			continue
		}
		exit, over := e.proc.Over()
		if !over || e.spec.Schedule != "" {
			return 0, false
		}
		if counted++; code == 0 {
			code = exit.ShellCode()
		}
	}
	for _, e := range l.entries {
		if e.origin == fromAPI && !e.idle() {
			return 0, false
		}
	}
	return code, counted > 0
}
