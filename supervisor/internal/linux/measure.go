package linux

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Measures says what is measured of a process beside what a pass over /proc tells. Both
// cost time that grows with the process, so they are for those that ask.
type Measures struct {
	// ProportionalMemory is the sum of the members' proportional set sizes: a page that
	// is shared by ten counts as a tenth in each. The kernel walks the page tables for it.
	ProportionalMemory bool
	// WorkingSet is the memory of the process's cgroup without the page cache that has not
	// been used lately, as the kubelet counts it.
	WorkingSet bool
}

const (
	// measureEvery is how long a measurement is good for the next pass.
	measureEvery = 4 * time.Second
	// measureStale is when a value that could not be renewed is not shown any more.
	measureStale = time.Minute
)

// measured is the newest measurement of an account. It is made by a goroutine of its own,
// one at a time: the kernel's answer can take long, or never come.
type measured struct {
	mu           sync.Mutex
	busy         bool
	at           time.Time
	proportional uint64
	workingSet   uint64
}

// values are the newest ones that are not stale.
func (m *measured) values() (proportional, workingSet uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.at) > measureStale {
		return 0, 0
	}
	return m.proportional, m.workingSet
}

// Measure sets what is measured of a process from now on.
func (s *System) Measure(name string, what Measures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[name]; a != nil {
		a.measures = what
	}
}

// measure has what was asked for measured, and waits a moment for it: what takes longer
// is shown by a later pass.
func (s *System) measure() {
	var ended []chan struct{}
	s.mu.Lock()
	for name, a := range s.accounts {
		if a.measures == (Measures{}) {
			a.measured.drop()
			continue
		}
		if done := a.measured.begin(s, name, a.measures, a.member); done != nil {
			ended = append(ended, done)
		}
	}
	s.mu.Unlock()
	if len(ended) == 0 {
		return
	}
	late := time.NewTimer(asidePatience)
	defer late.Stop()
	for _, done := range ended {
		select {
		case <-done:
		case <-late.C:
			return
		}
	}
}

// begin starts a measurement; nil: the last one is fresh, or has not ended.
func (m *measured) begin(s *System, name string, what Measures, members []int) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy || time.Since(m.at) < measureEvery {
		return nil
	}
	m.busy = true
	done := make(chan struct{})
	pids := slices.Clone(members)
	go func() {
		defer close(done)
		var proportional, workingSet uint64
		if what.ProportionalMemory {
			proportional = proportionalBytes(pids)
		}
		if what.WorkingSet {
			workingSet = s.cgroups.workingSet(name)
		}
		m.set(proportional, workingSet)
	}()
	return done
}

func (m *measured) set(proportional, workingSet uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy, m.at, m.proportional, m.workingSet = false, time.Now(), proportional, workingSet
}

// drop forgets what was measured.
func (m *measured) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = time.Time{}
}

// proportionalBytes sums the PSS of processes; 0 when one of them may not be asked: a part
// of a sum misleads. Who has ended meanwhile uses nothing.
func proportionalBytes(pids []int) (sum uint64) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			if _, gone := os.Stat(fmt.Sprintf("/proc/%d", pid)); os.IsNotExist(gone) {
				continue
			}
			return 0
		}
		sum += pssOf(text) // nothing of a zombie: it has no memory
	}
	return sum
}

// pssOf reads the proportional set size out of a smaps_rollup.
func pssOf(text []byte) uint64 {
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
			kilobytes, _ := number(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(value), []byte("kB"))))
			return kilobytes << 10
		}
	}
	return 0
}

// workingSet is the memory that a process's cgroup uses and cannot give back at once; 0:
// it has no group, or one without the memory controller.
func (c *cgroups) workingSet(name string) uint64 {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	g := c.names[name]
	c.mu.Unlock()
	if g == nil {
		return 0
	}
	var buf [8 << 10]byte
	text, err := c.readFile(g.dir+"/memory.current", buf[:])
	if err != nil {
		return 0
	}
	used, ok := number(bytes.TrimSpace(text))
	if !ok {
		return 0
	}
	if text, err = c.readFile(g.dir+"/memory.stat", buf[:]); err != nil {
		return 0
	}
	cache, _ := keyed(text, "inactive_file")
	return used - min(cache, used)
}
