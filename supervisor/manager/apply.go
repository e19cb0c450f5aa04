package manager

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// apply puts a set in force: it compares by name with what is, changes live what can be,
// restarts only what must, adds and removes. On an error nothing has changed.
func (l *loop) apply(set *supervisor.Set) ([]supervisor.Change, error) {
	steps, err := l.compare(set)
	if err != nil {
		return nil, err
	}
	if l.graphStale {
		l.wireGraph()
	}
	for _, e := range l.order {
		e.next = nil // what an earlier manifest wanted of it
	}
	l.takeSet(set)
	for i := range steps {
		l.carryOut(&steps[i])
	}
	l.plan() // by the graph as it was
	for _, s := range steps {
		if s.to != nil && s.entry == nil {
			e := l.newEntry(s.to.spec, fromManifest)
			e.group, e.index = s.to.group, s.to.index
			delete(l.removed, s.to.spec.Name)
			l.add(e)
			l.fresh = append(l.fresh, e)
			l.begin(e)
		}
	}
	l.sortOrder()
	l.graphStale = true
	for _, e := range l.order {
		l.touch(e)
	}
	return changesOf(steps), nil
}

// carryOut does one step, or gives it a turn in the rollout.
func (l *loop) carryOut(s *change) {
	e := s.entry
	switch {
	case e == nil: // made when everything else has its turn; or a setting of the whole
	case e.proc.Goal == machine.Gone:
		e.heir = s.to
	case s.to == nil:
		e.next = &next{do: toGo}
	case s.replace:
		e.next = &next{to: s.to, do: toReplace}
		e.down = e.proc.Goal == machine.Down && e.proc.Why != supervisor.ReasonSuspended
	case s.renew:
		e.next = &next{to: s.to, do: toRenew}
	case s.to.spec.Suspend && !e.spec.Suspend && e.proc.Alive():
		e.next = &next{to: s.to, do: toAmend}
	default:
		l.amend(e, *s.to, false)
	}
}

// change is one difference with what is to be done about it.
type change struct {
	supervisor.Change
	entry   *entry  // nil: there is none
	to      *member // nil: it is to go, or this is a setting of the whole set
	renew   bool    // what is executed has changed
	replace bool    // it is another process now
}

func changesOf(steps []change) []supervisor.Change {
	list := make([]supervisor.Change, 0, len(steps))
	for _, s := range steps {
		list = append(list, s.Change)
	}
	return list
}

// compare says what applying a set would do to what is now. The error says why it
// cannot be applied.
func (l *loop) compare(set *supervisor.Set) ([]change, error) {
	old := l.set
	if old == nil {
		old = &supervisor.Set{GracePeriod: supervisor.DefaultShutdownGrace, ExitPolicy: supervisor.ExitNever}
	}
	var steps []change
	if d := manifest.CompareSettings(old, set); len(d) > 0 {
		steps = append(steps, change{Change: supervisor.Change{Action: supervisor.ChangeUpdated, Fields: d}})
	}
	was, members := membersOf(old), expand(set)
	is := make(map[string]bool, len(members))
	for _, one := range members {
		is[one.spec.Name] = true
	}
	for _, e := range l.order {
		leaving := e.proc.Goal == machine.Gone && e.heir == nil
		if name := e.spec.Name; e.origin == fromManifest && !is[name] && !leaving {
			steps = append(steps, change{Change: supervisor.Change{Name: name, Action: supervisor.ChangeRemoved}, entry: e})
		}
	}
	for i := range members {
		s, err := l.compareOne(&members[i], was)
		if err != nil {
			return nil, err
		}
		if s != nil {
			steps = append(steps, *s)
		}
	}
	return steps, nil
}

func membersOf(set *supervisor.Set) map[string]member {
	list := map[string]member{}
	for _, one := range expand(set) {
		list[one.spec.Name] = one
	}
	return list
}

// compareOne compares one process of the new manifest with what there is of it; nil:
// nothing is to be done.
func (l *loop) compareOne(to *member, was map[string]member) (*change, error) {
	name := to.spec.Name
	e := l.entries[name]
	s := &change{Change: supervisor.Change{Name: name}, entry: e, to: to}
	before, known := was[name]
	if known {
		s.Fields = manifest.CompareSpecs(*before.spec, *to.spec)
	}
	unchanged := known && len(s.Fields) == 0
	switch {
	case e == nil && unchanged && l.removed[name], e != nil && e.origin != fromManifest && unchanged:
		return nil, nil // deleted by hand: it stays away, also when a caller has taken its name
	case e != nil && e.origin != fromManifest:
		return nil, fmt.Errorf("%w: process %q is in the manifest, and a process of that name was made by a caller: delete that one, or choose another name", supervisor.ErrInvalid, name)
	case e == nil:
		s.Action = supervisor.ChangeAdded
		if l.removed[name] {
			s.Note = "it was deleted by hand, and comes back because its entry has changed"
		}
		return s, nil
	case e.proc.Goal == machine.Gone:
		if unchanged && (e.heir != nil || e.byHand) {
			return nil, nil
		}
		s.Action, s.Note = supervisor.ChangeAdded, "when the one that is ending is gone"
		return s, nil
	}
	now := e.spec // what it is, or is about to be
	if e.next != nil && e.next.to != nil {
		now = e.next.to.spec
	}
	fields := manifest.CompareSpecs(*e.spec, *to.spec)
	moved := e.group != to.group || e.index != to.index
	if moved {
		fields = append(fields, "replicas")
	}
	s.Fields = manifest.CompareSpecs(*now, *to.spec)
	if len(fields) == 0 && e.next == nil {
		return nil, nil
	}
	if len(fields) == 0 {
		s.Action, s.Note = supervisor.ChangeUpdated, "what was about to become of it is taken back"
		return s, nil
	}
	if len(s.Fields) == 0 {
		s.Fields = fields
	}
	s.judge(moved || manifest.NeedsRestart(fields))
	return s, nil
}

// judge finds out what a changed entry means for the process as it is now.
func (s *change) judge(renew bool) {
	p := s.entry.proc
	s.Action, s.renew = supervisor.ChangeUpdated, renew
	s.replace = (s.entry.spec.Schedule == "") != (s.to.spec.Schedule == "")
	switch {
	case s.replace && p.Alive(), s.renew && p.Alive() && p.Goal == machine.Up && s.to.spec.Schedule == "" && !s.to.spec.Suspend:
		s.Action = supervisor.ChangeRestarted
	case s.renew && p.Alive() && s.to.spec.Schedule != "":
		s.Note = "a run goes on: it ends as it began, the next one is as the manifest says now"
	case s.renew && p.Goal == machine.Up && p.State == machine.Idle && p.Outcome != machine.NoOutcome && s.to.spec.Schedule == "":
		s.Note = "it has ended, and is run again"
	case p.Goal == machine.Down && p.Why != supervisor.ReasonSuspended:
		s.Note = "it was stopped by hand, and stays stopped"
	}
}

// takeSet makes a set the one in force.
func (l *loop) takeSet(set *supervisor.Set) {
	l.set, l.places = set, map[string]int{}
	for i, one := range expand(set) {
		l.places[one.spec.Name] = i
	}
	if l.removed == nil {
		l.removed = map[string]bool{}
	}
	for name := range l.removed {
		if _, ours := l.places[name]; !ours {
			delete(l.removed, name)
		}
	}
}

// sortOrder puts the entries into the order of the manifest in force.
func (l *loop) sortOrder() {
	slices.SortStableFunc(l.order, func(a, b *entry) int { return cmp.Compare(l.places[a.spec.Name], l.places[b.spec.Name]) })
}

// Diff implements supervisor.Control.
func (m *Manager) Diff(ctx context.Context, who supervisor.Caller, text string) ([]supervisor.Change, error) {
	if err := who.MayLook(); err != nil {
		return nil, fmt.Errorf("cannot compare the manifest: %w", err)
	}
	set, _, err := m.readSet(text)
	if err != nil {
		return nil, fmt.Errorf("cannot compare the manifest: %w: %w", supervisor.ErrInvalid, err)
	}
	var (
		steps   []change
		refusal error
	)
	if err := m.ask(ctx, func(l *loop) { steps, refusal = l.compare(set) }); err != nil {
		return nil, fmt.Errorf("cannot compare the manifest: %w", err)
	}
	if refusal != nil {
		return nil, refusal
	}
	return changesOf(steps), nil
}

// Apply implements supervisor.Control.
func (m *Manager) Apply(ctx context.Context, who supervisor.Caller, text string) ([]supervisor.Change, error) {
	if err := m.mayChange(who, "apply", ""); err != nil {
		return nil, fmt.Errorf("cannot apply the manifest: %w", err)
	}
	if len(m.cfg.Command) > 0 {
		return nil, fmt.Errorf("cannot apply a manifest: %w: this program runs one command", supervisor.ErrInvalid)
	}
	return m.applyText(ctx, text, func(refusal error) { m.audit(who, "apply", "", refusal) })
}

// applyText applies a text, or, when it is empty, the file or directory. Reading that and
// applying it are one step: what was read first is never applied last. tell is told on the
// loop how it went, also when nobody waits any more.
func (m *Manager) applyText(ctx context.Context, text string, tell func(refusal error)) ([]supervisor.Change, error) {
	source := sourceAPI
	if text == "" {
		source = sourceFile
		m.reading.Lock()
		defer m.reading.Unlock()
	}
	set, revision, unread := m.readSet(text)
	var (
		list    []supervisor.Change
		refusal error
	)
	err := m.ask(ctx, func(l *loop) {
		switch {
		case l.ending != nil:
			refusal = supervisor.ErrClosed
		case unread == nil:
			list, refusal = l.apply(set)
		default:
			refusal = fmt.Errorf("%w: %w", supervisor.ErrInvalid, unread)
		}
		l.noteReload(source, revision, list, refusal)
		tell(refusal)
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return nil, fmt.Errorf("cannot apply the manifest: %w", err)
	}
	return list, nil
}

// readSet parses a text, or, when it is empty, reads the file or directory.
func (m *Manager) readSet(text string) (*supervisor.Set, string, error) {
	files := []manifest.File{{Name: "manifest", Data: []byte(text)}}
	if text == "" {
		if m.cfg.Manifest.Path == "" {
			return nil, "", fmt.Errorf("this manager has no manifest file (-manifest): give the text")
		}
		var err error
		if files, err = manifest.Read(m.cfg.Manifest.Path); err != nil {
			return nil, "", err
		}
	}
	if text == "" && len(files) == 0 {
		return nil, manifest.Revision(files), fmt.Errorf("%s: %s (to run nothing, write a ProcessManifest with processes: [])", m.cfg.Manifest.Path, noFile(" any more", m.cfg.Manifest.Path))
	}
	set, err := manifest.Parse(files)
	return set, manifest.Revision(files), err
}
