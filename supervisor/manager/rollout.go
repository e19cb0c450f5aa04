package manager

import (
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// next is what an entry is to become when its turn comes: another apply overwrites it.
type next struct {
	to *member // nil: it is to go
	do turn
}

// turn is how an entry gets from what it is to what the manifest says.
type turn uint8

const (
	toGo      turn = iota // it is stopped and forgotten
	toRenew               // its life ends, and another begins under the new definition
	toReplace             // it is stopped and forgotten, and another takes its place
	toAmend               // it goes on under the new definition, or suspends
)

// rollout is a manifest that is being applied. What must end does so in the order of
// the graph as it is, dependents first; what begins waits for its dependencies as at
// the start. What changes without an end has changed already.
type rollout struct {
	waits   map[*entry]int      // for so many of its dependents, by entries that have a next
	frees   map[*entry][]*entry // who waits for an entry
	leaving map[*entry]bool     // their turn has come, and the old life is not over yet
}

// plan orders what is to be done, from the graph as it is now. It is made anew by each
// apply, for what is left of the one before too.
func (l *loop) plan() {
	r := &rollout{waits: map[*entry]int{}, frees: map[*entry][]*entry{}, leaving: map[*entry]bool{}}
	moves := func(e *entry) bool { return e.next != nil || !settled(e) }
	var ready []*entry
	for _, e := range l.sortedEntries() {
		if !moves(e) {
			continue
		}
		if e.next == nil {
			r.leaving[e] = true
			continue
		}
		r.waits[e] = 0
		for _, d := range e.needed {
			if moves(d) {
				r.waits[e]++
				r.frees[d] = append(r.frees[d], e)
			}
		}
		if r.waits[e] == 0 {
			ready = append(ready, e)
		}
	}
	l.rollout = r
	l.take(ready)
}

// take gives entries their turn, and those that wait for nobody else then.
func (l *loop) take(ready []*entry) {
	r := l.rollout
	for {
		for len(ready) > 0 {
			e := ready[0]
			ready = ready[1:]
			delete(r.waits, e)
			l.turn(e)
			if settled(e) {
				ready = append(ready, r.free(e)...)
			} else {
				r.leaving[e] = true
			}
		}
		if len(r.leaving) > 0 {
			return
		}
		if len(r.waits) == 0 {
			l.rollout = nil
			return
		}
		ready = []*entry{l.firstOf(r.waits)} // they wait for each other: the order has changed meanwhile
	}
}

// firstOf is the first of some entries, by name.
func (l *loop) firstOf(some map[*entry]int) *entry {
	for _, e := range l.sortedEntries() {
		if _, ok := some[e]; ok {
			return e
		}
	}
	for e := range some { // forgotten meanwhile
		return e
	}
	return nil
}

// free returns those whose turn it is because an entry has settled.
func (r *rollout) free(e *entry) (ready []*entry) {
	for _, x := range r.frees[e] {
		n, waiting := r.waits[x]
		if !waiting {
			continue
		}
		if r.waits[x] = n - 1; n == 1 {
			ready = append(ready, x)
		}
	}
	delete(r.frees, e)
	return ready
}

// roll goes on when an entry has settled.
func (l *loop) roll(e *entry) {
	r := l.rollout
	if r == nil || l.ending != nil || !r.leaving[e] || !settled(e) {
		return
	}
	if e.proc.Status() == supervisor.StatusStuck {
		l.m.log.Error("is stuck: the new manifest goes on without its end", "name", e.spec.Name)
	}
	delete(r.leaving, e)
	l.take(r.free(e))
}

// settled reports whether the old life of a changed process is over, is let finish, or
// will not be over.
func settled(e *entry) bool {
	switch {
	case e.gone, e.proc.Status() == supervisor.StatusStuck:
		return true
	case e.proc.Goal == machine.Gone:
		return false
	case e.proc.Cause == machine.Paused:
		return !e.proc.Alive()
	}
	return e.proc.Coming == nil || e.spec.Schedule != ""
}

// turn does to an entry what is its next.
func (l *loop) turn(e *entry) {
	n := e.next
	e.next = nil
	if n == nil || e.gone {
		return
	}
	switch n.do {
	case toGo, toReplace:
		e.heir = n.to
		for _, one := range l.family(e.spec.Name) { // with its runs
			l.step(one, machine.Delete{Cause: machine.Changed})
		}
	case toRenew, toAmend:
		l.amend(e, *n.to, n.do == toRenew)
	}
}

// amend gives an entry its new definition. What it runs now goes on under it, or ends
// for it.
func (l *loop) amend(e *entry, to member, renew bool) {
	spec := to.spec
	rearm := spec.Schedule != e.spec.Schedule || spec.TimeZone != e.spec.TimeZone || value(spec.Jitter) != value(e.spec.Jitter)
	e.group, e.index = to.group, to.index
	e.spec, e.text = spec, commandText(spec)
	l.graphStale = true
	if rearm {
		l.setSchedule(e)
	}
	e.log.Update(l.logOptions(spec))
	if limits := limitsOf(spec); limits != limitsOf(e.ran) {
		l.m.setLimits(spec.Name, limits)
		l.noteLimits(e)
	}
	if spec.Metrics != e.ran.Metrics {
		l.m.os.Measure(spec.Name, linux.Measures(spec.Metrics))
	}
	if !renew && e.proc.Coming == nil {
		e.ran = spec
		l.noteBasis(e)
	}
	l.step(e, machine.Change{Rules: rulesOf(spec), Renew: renew, Rearm: rearm})
	if renew {
		l.fresh = append(l.fresh, e)
	}
	if e.life != nil && !renew && e.proc.Alive() && !e.proc.Said {
		l.awaitLine(e)
	}
}

// inherit makes the heir of an entry that is gone, with what is known of it: its log,
// its history, its counters, and that it was stopped by hand.
func (l *loop) inherit(e *entry) {
	heir := l.newEntry(e.heir.spec, fromManifest)
	heir.group, heir.index = e.heir.group, e.heir.index
	heir.history, heir.stats = e.history, e.stats
	heir.log.Close()
	heir.log = e.log
	heir.log.Update(l.logOptions(heir.spec))
	heir.down = e.down
	l.add(heir)
	l.sortOrder()
	l.begin(heir)
	l.fresh = append(l.fresh, heir)
}

// begin starts an entry of the manifest, unless it is suspended or was stopped by hand.
func (l *loop) begin(e *entry) {
	switch {
	case e.down:
		l.step(e, machine.Stop{Cause: machine.Asked})
	case !e.spec.Suspend:
		l.step(e, machine.Start{})
	}
	l.touch(e)
}

// revive starts those that have failed because of a process that is another one now.
func (l *loop) revive() {
	list := l.fresh
	l.fresh = nil
	for _, on := range list {
		for _, e := range on.needed {
			p := e.proc
			if p.State == machine.Idle && p.Goal == machine.Up && p.Why == supervisor.ReasonDependencyFailed && l.ending == nil {
				l.step(e, machine.Start{})
			}
		}
	}
}
