package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// An entry is one process and the place where it stands.
type entry struct {
	doc  *parsedDocument
	path string          // spec.processes[2]
	spec supervisor.Spec // when it cannot be read, only its name and dependencies
}

// checkNames reports names given twice, and processes whose name is that of a
// run of another one.
func checkNames(entries []*entry) map[string]*entry {
	byName := make(map[string]*entry, len(entries))
	for _, e := range entries {
		name := e.spec.Name
		if name == "" {
			continue
		}
		if first, twice := byName[name]; twice {
			e.doc.report.addf(join(e.path, "name"), "the name %q is taken by %s", shorten(name), first.where(e))
			continue
		}
		byName[name] = e
	}
	checkReplicaNames(entries, byName)
	for _, e := range entries {
		i := strings.LastIndexByte(e.spec.Name, '.')
		if i < 0 {
			continue
		}
		if _, err := strconv.ParseUint(e.spec.Name[i+1:], 10, 64); err != nil {
			continue
		}
		owner := byName[e.spec.Name[:i]]
		if owner != nil && owner.spec.Schedule != "" && owner.spec.ConcurrencyPolicy == supervisor.ConcurrencyAllow {
			e.doc.report.addf(join(e.path, "name"), "%q is the name of a run of %q, whose concurrencyPolicy is Allow: want another name", e.spec.Name, owner.spec.Name)
		}
	}
	return byName
}

// checkReplicaNames reports replicas that are called as another process is, and too
// many of them.
func checkReplicaNames(entries []*entry, byName map[string]*entry) {
	owner := map[string]*entry{}
	total := 0
	for _, e := range entries {
		names := replicaNames(e.spec)
		for _, name := range names {
			other := byName[name]
			if other == nil {
				other = owner[name]
			}
			if other != nil {
				e.doc.report.addf(join(e.path, "replicas"), "a replica would be called %q, as is %s: want another name", name, other.where(e))
				break
			}
			owner[name] = e
		}
		before := total
		if total += len(names); e.spec.Replicas == nil {
			total++
		}
		if before <= maxProcesses && total > maxProcesses {
			e.doc.report.addf(join(e.path, "replicas"), "with its replicas there are more than %d processes", maxProcesses)
		}
	}
}

// checkStdin reports a second process that wants the one stdin.
func checkStdin(entries []*entry) {
	var first *entry
	for _, e := range entries {
		switch {
		case !e.spec.Stdin:
		case first == nil:
			first = e
		default:
			e.doc.report.addf(join(e.path, "stdin"), "the one stdin is given to %s: one process of a manifest may have it", first.where(e))
		}
	}
}

// where names an entry for an error of another one.
func (e *entry) where(from *entry) string {
	var b strings.Builder
	if e.doc.file != from.doc.file {
		b.WriteString(e.doc.file + ": ")
	}
	b.WriteString(e.path)
	if line := e.doc.report.text.line(e.path); line > 0 {
		b.WriteString(" on line " + strconv.Itoa(line))
	}
	return b.String()
}

// checkGraph reports dependencies on what is not there or can never come, and
// cycles.
func checkGraph(entries []*entry, byName map[string]*entry) {
	var names []string
	for _, e := range entries {
		if e.spec.Name != "" {
			names = append(names, e.spec.Name)
		}
	}
	s := speller{known: names}
	for _, e := range entries {
		for i, d := range e.spec.DependsOn {
			at := index(join(e.path, "dependsOn"), i)
			target := byName[d.Name]
			switch {
			case d.Name == "":
			case target == nil:
				why := s.suggest(d.Name)
				if of := ownerOf(d.Name, byName); of != "" {
					why = fmt.Sprintf(" of its own: want %q, which means all of its replicas", of)
				}
				e.doc.report.addf(join(at, "name"), "there is no process %q%s", shorten(d.Name), why)
			case d.Condition == supervisor.ConditionCompleted && neverCompletes(target.spec):
				e.doc.report.addf(at, "%s can never be Completed, because its restartPolicy is Always: give it OnFailure or Never, or wait for Started", d.Name)
			}
		}
	}
	checkCycles(entries, byName)
	checkStdin(entries)
}

// ownerOf returns the process that a name is a replica of, or nothing.
func ownerOf(name string, byName map[string]*entry) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 || byName[name[:i]] == nil || !slices.Contains(replicaNames(byName[name[:i]].spec), name) {
		return ""
	}
	return name[:i]
}

// neverCompletes looks at a spec with its defaults; one that could not be read
// has no restartPolicy.
func neverCompletes(spec supervisor.Spec) bool {
	return spec.RestartPolicy == supervisor.RestartAlways && spec.MaxRestarts == nil && spec.Schedule == ""
}

// checkCycles reports one whole cycle for each dependency that closes one, in
// manifest order.
func checkCycles(entries []*entry, byName map[string]*entry) {
	const (
		open = 1 + iota
		done
	)
	state := map[*entry]int{}
	var way []*entry
	var visit func(e *entry)
	visit = func(e *entry) {
		state[e] = open
		way = append(way, e)
		for i, d := range e.spec.DependsOn {
			target := byName[d.Name]
			switch {
			case target == nil || target == e: // reported already
			case state[target] == open:
				e.doc.report.addf(index(join(e.path, "dependsOn"), i), "the dependencies form a cycle: %s", cycle(way, target))
			case state[target] == 0:
				visit(target)
			}
		}
		way = way[:len(way)-1]
		state[e] = done
	}
	for _, e := range entries {
		if state[e] == 0 {
			visit(e)
		}
	}
}

// shownOfCycle is how many processes of a long cycle are named at its beginning and at
// its end.
const shownOfCycle = 5

// cycle writes a → b → a, for the part of the way from the entry on.
func cycle(way []*entry, from *entry) string {
	var names []string
	for _, e := range way[slices.Index(way, from):] {
		names = append(names, e.spec.Name)
	}
	if between := len(names) - 2*shownOfCycle; between > 1 {
		names = slices.Replace(names, shownOfCycle, len(names)-shownOfCycle, fmt.Sprintf("(%d more)", between))
	}
	return strings.Join(append(names, from.spec.Name), " → ")
}
