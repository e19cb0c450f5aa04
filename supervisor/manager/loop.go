package manager

import (
	"context"
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// cronNap bounds the sleep while a schedule is armed: a wall clock that was set is
// noticed after this time.
const cronNap = time.Minute

// loop is the state of a manager. Only the goroutine of Run touches it.
type loop struct {
	m          *Manager
	set        *supervisor.Set // the manifest in force; nil: none
	source     source
	rollout    *rollout // nil: none is going on
	fresh      []*entry // have become other processes: who failed because of them may try again
	graphStale bool     // needed and replicas are to be found out anew
	entries    map[string]*entry
	order      []*entry            // manifest order
	names      []string            // sorted; nil: to be made anew
	replicas   map[string][]*entry // by their name in the manifest
	wanted     map[string]bool     // names that somebody depends on
	places     map[string]int      // of the names in the manifest in force
	removed    map[string]bool     // of these, the ones that were deleted by hand

	due, cron moments
	dirty     []*entry
	stopping  []linux.Stopping // who is to be asked to end, see sendStops

	lastGen      map[string]uint64 // of deleted names: numbers of lives are not used twice
	ended        []*entry          // API-made processes that have ended, oldest first
	owned        int               // API-made processes with metric series of their own
	other        stats             // sums of deleted processes without
	otherCPU     cpuFloor          // what was shown of them
	manifestStat supervisor.ManifestStat
	toldNoLogDir bool

	clock  struct{ wall, steady time.Time } // when tick was last here, by both clocks
	booted bool
	ending *ending   // the shutdown; nil: none
	asked  time.Time // when the first signal to end came
	over   bool
	code   int
	// lastWord is the line for the termination log.
	lastWord string
}

func newLoop(m *Manager) *loop {
	return &loop{
		m:       m,
		entries: map[string]*entry{}, lastGen: map[string]uint64{},
	}
}

// boot makes the entries and starts them, in manifest order; those that wait for
// others are started by the consequences.
func (l *loop) boot() {
	if len(l.m.cfg.Command) > 0 {
		l.add(l.newEntry(commandSpec(l.m.cfg.Command), fromCommand))
	}
	l.source.kind = sourceNone
	if set := l.m.cfg.Set; set != nil {
		l.takeSet(set)
		l.source = source{kind: sourceFile, revision: l.m.cfg.Manifest.revision, file: l.m.cfg.Manifest.revision}
		l.manifestStat = supervisor.ManifestStat{Loaded: true, Successful: true, LastSuccess: l.m.wall()}
		if len(set.Processes) == 0 {
			l.tellEmpty()
		}
		for _, one := range expand(set) {
			e := l.newEntry(one.spec, fromManifest)
			e.group, e.index = one.group, one.index
			l.add(e)
		}
	}
	l.wireGraph()
	for _, e := range l.order {
		l.begin(e)
	}
	l.settle()
	l.sendStops()
	l.noteBooted()
}

// tellEmpty says that the manifest has no process, for who has mounted something else than he meant.
func (l *loop) tellEmpty() {
	attrs := []any{"path", l.m.cfg.Manifest.Path}
	if why := l.m.cfg.Manifest.none; why != "" {
		attrs = append(attrs, "why", why)
	}
	l.m.log.Warn("the manifest has no process: nothing is run", attrs...)
}

// add makes an entry known.
func (l *loop) add(e *entry) {
	l.entries[e.spec.Name] = e
	l.names = nil
	switch e.origin {
	case fromManifest, fromCommand:
		l.order = append(l.order, e)
		l.noteLimits(e)
	case fromAPI: // in the place of a deleted one it is what others depend on
		l.graphStale = l.graphStale || l.wanted[e.spec.Name] || len(e.spec.DependsOn) > 0
	case fromSchedule:
	}
}

// run is the loop: it ends when everything has.
func (l *loop) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	asked := ctx.Done()
	for !l.over {
		timer.Reset(l.nap())
		select {
		case f := <-l.m.inbox:
			f(l)
		case <-timer.C:
			l.tick()
		case <-asked:
			asked = nil
			l.shutdown(0, "asked to end")
		}
		l.settle()
		l.sendStops()
	}
}

// sendStops asks those to end who were found in this turn, all at once: the deaths of the
// first would delay the signals to the last.
func (l *loop) sendStops() {
	if len(l.stopping) > 0 {
		l.m.os.Stop(l.stopping...)
		l.stopping = l.stopping[:0]
	}
}

// nap is how long there is nothing to do.
func (l *loop) nap() time.Duration {
	nap := time.Hour
	if s := l.due.first(); s != nil {
		nap = time.Until(s.at)
	}
	if s := l.cron.first(); s != nil && l.ending == nil {
		nap = min(nap, cronNap, s.at.Sub(l.m.wall()))
	}
	if l.ending != nil {
		nap = min(nap, time.Until(l.ending.giveUp), time.Until(l.ending.word))
	}
	return max(nap, 0)
}

// tick gives each entry whose moment has come its event.
func (l *loop) tick() {
	for s := l.due.first(); s != nil && !time.Now().Before(s.at); s = l.due.first() {
		l.blameHunger(s.entry, time.Now())
		l.step(s.entry, machine.Tick{})
	}
	wall := l.m.wall()
	l.noticeClock(wall)
	for s := l.cron.first(); s != nil && !wall.Before(s.at) && l.ending == nil; s = l.cron.first() {
		l.cronDue(s.entry, wall)
	}
	if l.ending != nil {
		l.tickEnding(time.Now())
	}
}

// event is a report about a life; one of a process that is gone is dropped.
func (l *loop) event(name string, ev machine.Event) {
	if e := l.entries[name]; e != nil {
		l.step(e, ev)
	}
}

// step is the only place where a process changes.
func (l *loop) step(e *entry, ev machine.Event) {
	old := e.proc
	now := time.Now()
	next, actions := machine.Step(old, ev, now)
	if next.State == machine.Waiting && old.State != machine.Waiting {
		var more []machine.Action
		next, more = l.metAlready(next, now)
		actions = append(actions, more...)
	}
	e.proc = next
	e.endHook()
	l.due.set(&e.due, next.Next())
	l.cron.set(&e.cron, next.CronAt)
	l.account(e, old, next)
	if l.m.watch != nil {
		l.m.watch(old, next)
	}
	for _, a := range actions {
		l.perform(e, a)
	}
	l.wireProbes(e)
	l.touch(e)
}

// perform carries out one action.
func (l *loop) perform(e *entry, a machine.Action) {
	switch a := a.(type) {
	case machine.Spawn:
		l.beginLife(e)
	case machine.RunHook:
		l.runHook(e, a)
	case machine.Signal:
		l.stopping = append(l.stopping, linux.Stopping{Life: linux.Life{Name: e.spec.Name, Gen: a.Gen}, Signal: a.Signal, Scope: scopeOf(a.Scope)})
	case machine.Kill:
		l.sendStops()
		l.m.os.Kill(linux.Life{Name: e.spec.Name, Gen: a.Gen}, scopeOf(a.Scope))
	case machine.Arm:
		l.step(e, machine.Armed{At: e.nextTime(l.m.wall())})
	case machine.Aside:
		if l.ending == nil {
			l.runAside(e, a.N)
		}
	case machine.Forget:
		l.forget(e)
	}
}

func scopeOf(s machine.Scope) linux.Scope {
	switch s {
	case machine.ToLeader:
		return linux.ScopeLeader
	case machine.ToGroup:
		return linux.ScopeGroup
	case machine.ToTree:
		return linux.ScopeTree
	case machine.ToRest:
		return linux.ScopeRest
	}
	return linux.ScopeLeader
}

// touch marks an entry: its consequences are to be settled.
func (l *loop) touch(e *entry) {
	if !e.dirty {
		e.dirty = true
		l.dirty = append(l.dirty, e)
	}
}

// settle works off the consequences of what has changed, which may change more.
func (l *loop) settle() {
	for {
		if len(l.dirty) == 0 && l.graphStale {
			l.wireGraph()
			l.revive()
			for _, e := range l.entries {
				if e.proc.State == machine.Waiting {
					l.touch(e)
				}
			}
		}
		if len(l.dirty) == 0 {
			return
		}
		e := l.dirty[0]
		l.dirty = l.dirty[1:]
		e.dirty = false
		l.answer(e)
		if !e.gone {
			l.lookAtNeeds(e)
		}
		for _, d := range e.needed {
			l.lookAtNeeds(d)
		}
		l.follow(e)
		l.roll(e)
		l.noteLeft(e)
		l.concludeAside(e)
		l.retire(e)
		l.decideEnd(e)
		l.continueShutdown(e)
	}
}

// noteLeft notes that a process has left pending and starting for the first time.
func (l *loop) noteLeft(e *entry) {
	if e.left || l.booted {
		return
	}
	if s := e.proc.Status(); s == supervisor.StatusPending || s == supervisor.StatusStarting {
		return
	}
	e.left = true
	l.noteBooted()
}

func (l *loop) noteBooted() {
	if l.booted || slices.ContainsFunc(l.order, func(e *entry) bool { return !e.left }) {
		return
	}
	l.booted = true
}

// forget removes an entry of which nothing is left.
func (l *loop) forget(e *entry) {
	name := e.spec.Name
	e.gone = true
	delete(l.entries, name)
	l.names = nil
	l.order = slices.DeleteFunc(l.order, func(o *entry) bool { return o == e })
	l.due.set(&e.due, time.Time{})
	l.cron.set(&e.cron, time.Time{})
	if len(l.lastGen) >= maxLastGen {
		clear(l.lastGen)
	}
	l.lastGen[name] = e.proc.Gen
	if !e.own {
		e.stats.log, e.stats.runs = e.log.Counters(), e.proc.Runs
		l.other.add(e.stats)
	} else if e.origin == fromAPI {
		l.owned--
	}
	if _, ours := l.places[name]; ours && e.origin == fromManifest && e.heir == nil {
		l.removed[name] = true
	}
	e.endLife()
	e.endStandby()
	if e.heir != nil && l.ending == nil {
		l.inherit(e)
	} else {
		l.emit(e, supervisor.EventDeleted, nil)
		e.log.Close()
		l.m.os.Forget(name)
	}
	l.graphStale = l.graphStale || e.origin == fromManifest || l.wanted[name] || len(e.spec.DependsOn) > 0
	l.touch(e)
}

// maxLastGen bounds the memory for deleted names. Forgetting all of them at once
// is harmless: a number that is used again is only met by reports that are long
// past.
const maxLastGen = 10_000

// used adds what a reaped leader used.
func (l *loop) used(life linux.Life, exit linux.Exit) {
	if e := l.entries[life.Name]; e != nil {
		e.stats.cpuUser += exit.CPUUser
		e.stats.cpuSys += exit.CPUSystem
	}
}

// sortedEntries lists all entries by name.
func (l *loop) sortedEntries() []*entry {
	list := make([]*entry, 0, len(l.entries))
	for _, name := range l.sortedNames() {
		list = append(list, l.entries[name])
	}
	return list
}

// sortedNames lists the names of all entries.
func (l *loop) sortedNames() []string {
	if l.names == nil {
		l.names = sortedKeys(l.entries)
	}
	return l.names
}
