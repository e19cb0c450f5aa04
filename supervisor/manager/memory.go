package manager

import (
	"fmt"
	"slices"
	"strings"
	"sync"
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
func (m *Manager) memoryInfo(spec *supervisor.Spec) *supervisor.MemoryInfo {
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

// noteLimits says which of a process's limits nobody enforces, once until that changes,
// and has memory watched where it is to be. It is asked again for each life: a controller
// can be refused when the first limit needs it.
func (l *loop) noteLimits(e *entry) {
	limits := limitsOf(e.spec)
	if limits == (linux.Limits{}) {
		return
	}
	if limits.Memory > 0 && !l.m.byGroup("memory") {
		if !l.m.watchMemory.Swap(true) {
			l.m.watchKick <- struct{}{} // has room: it is done once
		}
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
	known := e.loose
	e.loose = strings.Join(loose, " ")
	if len(loose) > 0 && e.loose != known {
		l.m.log.Warn("limits are not enforced", "name", e.spec.Name, "limits", loose, "why", l.m.os.Containment().LimitsWhy)
	}
}

// limitSetter changes limits of the kernel one after the other; of several for one
// process the last one wins.
type limitSetter struct {
	turn sync.Mutex
	mu   sync.Mutex
	want map[string]linux.Limits
}

// setLimits has the limits of a running process changed.
func (m *Manager) setLimits(name string, limits linux.Limits) {
	s := &m.limits
	s.mu.Lock()
	if s.want == nil {
		s.want = map[string]linux.Limits{}
	}
	s.want[name] = limits
	s.mu.Unlock()
	go func() { // files of the kernel, but files
		s.turn.Lock()
		defer s.turn.Unlock()
		s.mu.Lock()
		limits, changed := s.want[name]
		delete(s.want, name)
		s.mu.Unlock()
		if !changed {
			return // somebody has done it for us
		}
		if err := m.os.SetLimits(name, limits); err != nil {
			m.log.Error("limits cannot be changed", "name", name, "error", err)
		}
	}()
}

// checkMemory ends the lives that are over their limit, where nobody else does.
func (l *loop) checkMemory() {
	if l.m.byGroup("memory") {
		return
	}
	for _, name := range l.sortedNames() {
		e := l.entries[name]
		limit := limitsOf(e.spec).Memory
		if limit == 0 || !living(e.proc.State) || time.Since(e.proc.Born) < watchEvery { // the sample may be of the life before
			continue
		}
		if used := l.m.os.UsageOf(name).ResidentBytes; used > uint64(limit) {
			l.m.log.Warn("is over its memory limit", "name", name, "run", e.proc.Gen, "bytes", used, "limit", limit)
			e.blame(fmt.Sprintf("it used %.0f MiB of memory, the limit is %.0f MiB", float64(used)/(1<<20), float64(limit)/(1<<20)))
			l.step(e, machine.Condemned{Gen: e.proc.Gen, Cause: machine.OverMemory})
		}
	}
}
