package convert

import (
	"slices"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// cronEnv are the variables of a crontab: each holds for the jobs below it. Jobs between
// which none is set share one slice, which nobody changes.
type cronEnv struct {
	list    []supervisor.EnvVar // in the order in which they were set last; older ones are skipped
	last    map[string]int      // by name: where in list
	given   []supervisor.EnvVar // to the job before
	changed bool                // a variable was set since then
	size    int                 // bytes that given takes in a manifest, at least
	total   int                 // the same of all jobs
	jobs    int
	differ  bool // not all jobs have the same: each has its own in the manifest
}

func (e *cronEnv) set(name, value string) {
	if e.last == nil {
		e.last = map[string]int{}
	}
	e.last[name], e.changed = len(e.list), true
	e.list = append(e.list, supervisor.EnvVar{Name: name, Value: value})
}

// next returns the variables of the next job; false: the manifest would be too large with
// them.
func (e *cronEnv) next() ([]supervisor.EnvVar, bool) {
	if e.changed {
		e.compact()
	}
	same := !e.changed || slices.Equal(e.list, e.given)
	e.differ = e.differ || !same && e.jobs > 0
	if !same {
		e.size = 0
		for _, v := range e.list {
			e.size += len("name: ") + len(v.Name) + len(v.Value)
		}
	}
	e.jobs, e.total, e.changed = e.jobs+1, e.total+e.size, false
	if e.differ && e.total > manifest.MaxFile {
		return nil, false
	}
	if !same {
		e.given = slices.Clone(e.list)
	}
	return e.given, true
}

// compact lets go of values in whose place others have come.
func (e *cronEnv) compact() {
	kept := e.list[:0]
	for i, v := range e.list {
		if e.last[v.Name] == i {
			e.last[v.Name] = len(kept)
			kept = append(kept, v)
		}
	}
	e.list = kept
}

// giveEnv gives a job the variables that stand above it.
func (r *cronReader) giveEnv(p *process, number int) error {
	env, ok := r.env.next()
	if !ok {
		r.full = true
		return r.d.failf(r.d.file, number, "with the %d variables that stand above this job, repeated for each of %d jobs because they are not the same for all, the manifest would be too large: at most %d MiB (%d bytes) is allowed; set variables once, above all jobs, or make several crontabs of it",
			len(r.env.list), r.env.jobs, manifest.MaxFile>>20, manifest.MaxFile)
	}
	p.spec.Env = env
	return nil
}
