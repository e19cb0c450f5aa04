package manager

import (
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// rollout is a manifest that is being applied. What must end does so in the order of
// the old manifest, dependents first; what begins waits for its dependencies as at the
// start. What changes without an end has changed already.
type rollout struct {
	todo map[*entry]func() // what is to be done to it, once nobody of after stands
	wait map[*entry]bool   // it was done, and the old life is not over yet
	// after lists, for each of them, those of the old manifest that depend on it and
	// have to end too.
	after map[*entry][]*entry
}

// plan begins a rollout, or adds to the one that is going on.
func (l *loop) plan(todo map[*entry]func()) {
	if l.rollout == nil {
		l.rollout = &rollout{todo: map[*entry]func(){}, wait: map[*entry]bool{}, after: map[*entry][]*entry{}}
	}
	r := l.rollout
	for e, do := range todo {
		r.todo[e] = do
	}
	for e := range todo {
		r.after[e] = nil
		for _, d := range e.needed {
			if r.todo[d] != nil || r.wait[d] {
				r.after[e] = append(r.after[e], d)
			}
		}
	}
}

// roll does what can be done now.
func (l *loop) roll() {
	r := l.rollout
	if r == nil || l.ending != nil {
		return
	}
	for again := true; again; {
		again = false
		for e := range r.wait {
			if settled(e) {
				delete(r.wait, e)
				l.touch(e) // who depends on it may go on
				again = true
			}
		}
		for e, do := range r.todo {
			if r.blocked(e) {
				continue
			}
			delete(r.todo, e)
			if !e.gone {
				r.wait[e] = true
				do()
			}
			again = true
		}
	}
	if len(r.todo)+len(r.wait) == 0 {
		l.rollout = nil
		for _, e := range l.order {
			l.touch(e)
		}
	}
}

// settled reports whether the old life of a changed process is over, or is let finish.
func settled(e *entry) bool {
	if e.proc.Goal == machine.Gone {
		return e.gone
	}
	return e.proc.Coming == nil || e.spec.Schedule != ""
}

func (r *rollout) blocked(e *entry) bool {
	for _, d := range r.after[e] {
		if r.todo[d] != nil || r.wait[d] {
			return true
		}
	}
	return false
}

// rolling reports whether a process is still to be what the new manifest says: nobody
// is to depend on what it was.
func (l *loop) rolling(e *entry) bool {
	return l.rollout != nil && l.rollout.todo[e] != nil
}

// amend gives an entry its new definition. What it runs now goes on under it, or ends
// for it.
func (l *loop) amend(e *entry, spec supervisor.Spec, renew bool) {
	rearm := spec.Schedule != e.spec.Schedule || spec.TimeZone != e.spec.TimeZone || value(spec.Jitter) != value(e.spec.Jitter)
	e.spec, e.text = spec, commandText(spec)
	if rearm {
		l.setSchedule(e)
	}
	e.log.Update(l.logOptions(spec))
	if limits := limitsOf(spec); limits != limitsOf(e.ran) {
		l.m.setLimits(spec.Name, limits)
		l.noteLimits(e)
	}
	if !renew && e.proc.Coming == nil {
		e.ran = spec
	}
	l.step(e, machine.Change{Rules: rulesOf(spec), Renew: renew, Rearm: rearm})
	if e.life != nil && !renew && e.proc.Alive() && !e.proc.Said {
		l.awaitLine(e)
	}
}

// replaceEntry puts another process in the place of an entry, when nothing of that one
// is left: a process that gets a schedule, or loses it, is another one.
func (l *loop) replaceEntry(e *entry, next member) {
	e.heir = &next
	l.step(e, machine.Delete{Cause: machine.Changed})
}

// inherit makes the heir of an entry that is gone.
func (l *loop) inherit(e *entry) {
	if e.heir == nil || l.ending != nil {
		return
	}
	l.begin(l.addMember(*e.heir))
	l.sortOrder()
	l.wireGraph()
}

// begin starts an entry of the manifest.
func (l *loop) begin(e *entry) {
	if !e.spec.Suspend {
		l.step(e, machine.Start{})
	}
	l.touch(e)
}
