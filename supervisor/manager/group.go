package manager

import (
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// A name of the manifest can mean several processes: replicas NAME-0, NAME-1 and so
// on, and the runs NAME.RUN of a schedule under concurrencyPolicy Allow.

// expand makes entries' specs of a manifest's: one for each replica.
func expand(set *supervisor.Set) []member {
	list := make([]member, 0, len(set.Processes))
	for i := range set.Processes {
		spec := &set.Processes[i]
		if spec.Replicas == nil {
			list = append(list, member{spec: spec, index: -1})
			continue
		}
		for i, one := range manifest.Replicas(*spec) {
			list = append(list, member{spec: &one, group: spec.Name, index: i})
		}
	}
	return list
}

// member is one process of a manifest.
type member struct {
	spec  *supervisor.Spec
	group string // empty: it stands for itself
	index int    // of a replica; -1: it is none
}

// replicated reports whether a name is that of replicas in the manifest in force, also
// when there are none of them now.
func (l *loop) replicated(name string) bool {
	if l.set == nil {
		return false
	}
	for i := range l.set.Processes {
		if s := &l.set.Processes[i]; s.Replicas != nil && s.Name == name {
			return true
		}
	}
	return false
}

// resolve is the processes that a dependency on a name means.
func (l *loop) resolve(name string) []*entry {
	if e := l.entries[name]; e != nil {
		return []*entry{e}
	}
	return l.replicas[name]
}

// family is the process of a name, then its runs under Allow; or its replicas.
func (l *loop) family(name string) []*entry {
	e := l.entries[name]
	if e == nil {
		return l.replicas[name]
	}
	list := []*entry{e}
	if e.proc.Asides > 0 {
		for _, n := range l.sortedNames() {
			if run := l.entries[n]; run.parent == name {
				list = append(list, run)
			}
		}
	}
	return list
}

// wireGraph finds out anew who depends on whom, and which replicas there are, after
// graphStale was set.
func (l *loop) wireGraph() {
	l.graphStale = false
	l.replicas, l.wanted = map[string][]*entry{}, map[string]bool{}
	var called []*entry
	for _, e := range l.entries {
		e.needed = nil
		if e.origin == fromAPI && len(e.spec.DependsOn) > 0 {
			called = append(called, e)
		}
	}
	for _, e := range l.order {
		if e.group != "" && !e.gone {
			l.replicas[e.group] = append(l.replicas[e.group], e)
		}
	}
	for _, e := range l.order {
		l.wireNeeds(e)
	}
	slices.SortFunc(called, func(a, b *entry) int { return strings.Compare(a.spec.Name, b.spec.Name) })
	for _, e := range called {
		l.wireNeeds(e)
	}
}

func (l *loop) wireNeeds(e *entry) {
	for _, d := range e.spec.DependsOn {
		l.wanted[d.Name] = true
		for _, on := range l.resolve(d.Name) {
			on.needed = append(on.needed, e)
		}
	}
}

// closesCycle reports whether a new process would depend on itself by way of others.
func (l *loop) closesCycle(name string, needs []supervisor.Dependency) bool {
	seen := map[string]bool{}
	var reaches func(string) bool
	reaches = func(on string) bool {
		if on == name {
			return true
		}
		if seen[on] {
			return false
		}
		seen[on] = true
		for _, e := range l.resolve(on) {
			for _, d := range e.spec.DependsOn {
				if reaches(d.Name) {
					return true
				}
			}
		}
		return false
	}
	return slices.ContainsFunc(needs, func(d supervisor.Dependency) bool { return reaches(d.Name) })
}
