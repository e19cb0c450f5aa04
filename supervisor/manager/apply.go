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

// apply puts a set in force: it compares by name, changes live what can be, restarts
// only what must, adds and removes. On an error nothing has changed.
func (l *loop) apply(set *supervisor.Set) ([]supervisor.Change, error) {
	steps, err := l.compare(set)
	if err != nil {
		return nil, err
	}
	todo := map[*entry]func(){}
	var fresh []member
	for _, s := range steps {
		switch {
		case s.to == nil && s.entry != nil:
			todo[s.entry] = func() { l.step(s.entry, machine.Delete{Cause: machine.Changed}) }
		case s.to == nil: // deleted by hand before, or a setting of the whole
		case s.entry == nil:
			fresh = append(fresh, *s.to)
		case s.replace:
			todo[s.entry] = func() { l.replaceEntry(s.entry, *s.to) }
		case s.renew:
			todo[s.entry] = func() { l.amend(s.entry, s.to.spec, true) }
		default:
			l.amend(s.entry, s.to.spec, false)
		}
	}
	l.plan(todo) // by the old graph
	l.takeSet(set)
	var begun []*entry
	for _, one := range fresh {
		begun = append(begun, l.addMember(one))
	}
	l.sortOrder()
	l.wireGraph()
	for _, e := range begun {
		l.begin(e)
	}
	for _, e := range l.order {
		l.touch(e)
	}
	return changesOf(steps), nil
}

// change is one difference with what is to be done about it.
type change struct {
	supervisor.Change
	entry   *entry  // nil: there is none
	to      *member // nil: it is to go
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

// compare says what applying a set would do. The error says why it cannot be applied.
func (l *loop) compare(set *supervisor.Set) ([]change, error) {
	now := map[string]member{}
	for _, one := range expand(set) {
		now[one.spec.Name] = one
		if e := l.entries[one.spec.Name]; e != nil && e.origin != fromManifest {
			return nil, fmt.Errorf("%w: process %q is in the manifest, and a process of that name was made by a caller: delete that one, or choose another name", supervisor.ErrInvalid, one.spec.Name)
		}
	}
	old := l.set
	if old == nil {
		old = &supervisor.Set{GracePeriod: supervisor.DefaultShutdownGrace, ExitPolicy: supervisor.ExitNever}
	}
	var steps []change
	for _, d := range manifest.Compare(old, set) {
		s := change{Change: supervisor.Change{Name: d.Name, Fields: d.Fields}}
		if d.Name != "" {
			s.entry = l.entries[d.Name]
			if one, ok := now[d.Name]; ok {
				s.to = &one
			}
		}
		switch {
		case d.Name == "":
			s.Action = supervisor.ChangeUpdated
		case d.Kind == manifest.Removed:
			s.Action = supervisor.ChangeRemoved
		case s.entry == nil:
			s.Action = supervisor.ChangeAdded
			if d.Kind != manifest.Added {
				s.Note = "it was deleted by hand, and comes back because its entry has changed"
			}
		default:
			s.judge(d.Restart)
		}
		steps = append(steps, s)
	}
	return steps, nil
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

// addMember makes an entry of one process of the manifest.
func (l *loop) addMember(one member) *entry {
	e := l.newEntry(one.spec, fromManifest)
	e.group, e.index = one.group, one.index
	delete(l.removed, one.spec.Name)
	l.add(e)
	return e
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
	var steps []change
	if asked := m.ask(ctx, func(l *loop) { steps, err = l.compare(set) }); asked != nil {
		return nil, fmt.Errorf("cannot compare the manifest: %w", asked)
	}
	if err != nil {
		return nil, err
	}
	return changesOf(steps), nil
}

// Apply implements supervisor.Control.
func (m *Manager) Apply(ctx context.Context, who supervisor.Caller, text string) ([]supervisor.Change, error) {
	if err := who.MayChange(); err != nil {
		return nil, fmt.Errorf("cannot apply the manifest: %w", err)
	}
	if len(m.cfg.Command) > 0 {
		return nil, fmt.Errorf("cannot apply a manifest: %w: this program runs one command", supervisor.ErrInvalid)
	}
	list, err := m.applyText(ctx, text)
	m.audit(who, "apply", "", err)
	return list, err
}

// applyText applies a text, or, when it is empty, the file or directory.
func (m *Manager) applyText(ctx context.Context, text string) ([]supervisor.Change, error) {
	set, revision, err := m.readSet(text)
	source := sourceAPI
	if text == "" {
		source = sourceFile
	}
	var list []supervisor.Change
	asked := m.ask(ctx, func(l *loop) {
		switch {
		case l.ending != nil:
			err = supervisor.ErrClosed
		case err == nil:
			list, err = l.apply(set)
		default:
			err = fmt.Errorf("%w: %w", supervisor.ErrInvalid, err)
		}
		l.noteReload(source, revision, list, err)
	})
	if asked != nil {
		err = asked
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
	set, err := manifest.Parse(files)
	return set, manifest.Revision(files), err
}
