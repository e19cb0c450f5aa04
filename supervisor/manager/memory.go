package manager

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// watchEvery is the pace of samples while memory limits are watched: a tree that grows
// fast is to be caught before it takes the container with it.
const watchEvery = time.Second

// byGroup reports whether the kernel enforces this limit.
func (m *Manager) byGroup(controller string) bool {
	return slices.Contains(m.os.Containment().Controllers, controller)
}

// memoryInfo tells of a memory limit; nil: there is none.
func (m *Manager) memoryInfo(spec supervisor.Spec) *supervisor.MemoryInfo {
	limit := limitsOf(spec).Memory
	if limit == 0 {
		return nil
	}
	info := &supervisor.MemoryInfo{LimitMB: round(float64(limit)/(1<<20), 100), By: "watch"}
	if m.byGroup("memory") {
		info.By = "cgroup"
	}
	return info
}

// noteLimits says once for each process which of its limits nobody enforces, and has
// memory watched where it is to be.
func (l *loop) noteLimits(e *entry) {
	limits := limitsOf(e.spec)
	if limits == (linux.Limits{}) {
		return
	}
	if limits.Memory > 0 && !l.m.byGroup("memory") {
		l.m.watchMemory.Store(true)
	}
	var loose []string
	for _, x := range []struct {
		name  string
		limit int64
	}{{"cpu", limits.CPU}, {"pids", limits.PIDs}} {
		if x.limit > 0 && !l.m.byGroup(x.name) {
			loose = append(loose, x.name)
		}
	}
	if len(loose) > 0 {
		l.m.log.Warn("limits are not enforced", "name", e.spec.Name, "limits", loose, "why", l.m.os.Containment().LimitsWhy)
	}
}

// checkMemory ends the lives that are over their limit, where nobody else does.
func (l *loop) checkMemory(usage map[string]linux.TreeUsage) {
	if l.m.byGroup("memory") {
		return
	}
	for _, name := range l.sortedNames() {
		e := l.entries[name]
		limit := limitsOf(e.spec).Memory
		if limit == 0 || e.proc.PID == 0 {
			continue
		}
		if used := usage[name].ResidentBytes; used > uint64(limit) {
			l.m.log.Warn("is over its memory limit", "name", name, "run", e.proc.Gen, "bytes", used, "limit", limit)
			l.step(e, machine.Condemned{Gen: e.proc.Gen, Cause: machine.OverMemory})
		}
	}
}
