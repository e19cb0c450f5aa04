package linux

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every
// architecture that Go knows.
const tick = 10 * time.Millisecond

// passPatience is how long a reader waits for a pass over /proc. A pass takes
// milliseconds; when one hangs, readers get what the last one saw.
const passPatience = time.Second

// TreeUsage is what a process uses with its whole tree.
type TreeUsage struct {
	// CPU of all lives of the name and of all members of their trees, reaped ones
	// included. It never goes back.
	CPUUser   time.Duration
	CPUSystem time.Duration
	// CPUPercent of one core, between the last two samples; 0 at the first.
	CPUPercent float64
	// ResidentBytes is the sum of the members' resident sets: shared pages count once
	// for each.
	ResidentBytes uint64
	TreeSize      int // living processes
	Threads       int
}

// account sums the CPU of one name.
type account struct {
	// Guarded by System.mu: what reaped leaders and reaped adopted members used.
	user, system time.Duration

	// The sampler's own.
	baseUser, baseSystem time.Duration // user and system when the pass began
	live                 TreeUsage
	shown                TreeUsage
}

// add books what a reaped process used, with the children it waited for. Called with
// System.mu held.
func (a *account) add(used *unix.Rusage) {
	a.user += span(used.Utime)
	a.system += span(used.Stime)
}

// usage is the sampler.
type usage struct {
	mu      sync.Mutex
	running chan struct{} // closed when the pass in progress is over; nil: none
	last    time.Time     // when the last pass ended
	began   time.Time     // and began
	result  map[string]TreeUsage
	closed  bool

	// Of the pass in progress. Between passes, of who holds mu: scan.list is what the last
	// pass saw, before what the one before it did, ordered by pid both.
	scan   scanner
	before []procStat
	apart  time.Duration // of the last two passes; 0: there was one
}

// Usage tells what each process uses, by name, from the last sample if that is not
// older than maxAge. Callers share one pass over /proc. The map is shared too: it is
// not to be changed.
func (s *System) Usage(maxAge time.Duration) map[string]TreeUsage {
	s.sampled(maxAge)
	u := &s.usage
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.result
}

// sampled returns when the last pass is not older than maxAge, or has begun after the
// call. false: the pass did not end in time, or the System is closed.
func (s *System) sampled(maxAge time.Duration) bool {
	u := &s.usage
	called := time.Now()
	var late *time.Timer
	for {
		u.mu.Lock()
		if u.closed || u.result != nil && (time.Since(u.last) <= maxAge || u.began.After(called)) {
			defer u.mu.Unlock()
			return !u.closed
		}
		if u.running == nil {
			u.running = make(chan struct{})
			go s.pass()
		}
		running := u.running
		u.mu.Unlock()
		if late == nil {
			late = time.NewTimer(passPatience)
			defer late.Stop()
		}
		select {
		case <-running:
		case <-late.C:
			s.failures.Add(1)
			return false
		}
	}
}

// pass takes one sample. u.running is ours.
func (s *System) pass() {
	u := &s.usage
	now := time.Now()
	u.before, u.scan.list = u.scan.list, u.before
	result := s.sample(now)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.result != nil {
		u.apart = now.Sub(u.began)
	}
	u.result, u.began, u.last = result, now, time.Now()
	close(u.running)
	u.running = nil
	if u.closed {
		u.scan.close()
	}
}

func (u *usage) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	if u.running == nil {
		u.scan.close()
	}
}

// Forget drops the sums of a deleted process.
func (s *System) Forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.accounts, name)
	s.cgroups.forget(name)
}

// ScanFailures counts what /proc should have told and did not: entries that were there
// and could not be read, and passes that were given up.
func (s *System) ScanFailures() uint64 { return s.failures.Load() }

// sample makes one pass over /proc and adds up who uses what.
//
// What a process used is counted by the process while it lives, and by the account
// when it was reaped. The accounts are read before the pass: who is reaped during it
// may be missing from this sample, but is never counted twice, and shown numbers do
// not go back.
func (s *System) sample(now time.Time) map[string]TreeUsage {
	sc := &s.usage.scan
	s.mu.Lock()
	for _, a := range s.accounts {
		a.baseUser, a.baseSystem, a.live = a.user, a.system, TreeUsage{}
	}
	s.mu.Unlock()

	failed := sc.failures
	if err := sc.listProcesses(); err != nil {
		s.failures.Add(1)
		sc.pids = sc.pids[:0]
	}
	sc.readStats()
	s.dropTwice(sc)
	s.settle(sc, true)
	s.failures.Add(sc.failures - failed)

	for i := range sc.list {
		p := &sc.list[i]
		if p.owner == nil {
			continue
		}
		live := &p.owner.account.live
		live.CPUUser += time.Duration(p.user) * tick
		live.CPUSystem += time.Duration(p.system) * tick
		if !p.dead() {
			live.ResidentBytes += p.rss * pageSize
			live.TreeSize++
			live.Threads += p.threads
		}
	}
	return s.show(now)
}

// dropTwice leaves out who was read before its parent (its number is the higher one
// as a rule, but numbers wrap) and is gone by now: the parent may have been read with
// what it used.
func (s *System) dropTwice(sc *scanner) {
	for i := range sc.list {
		p := &sc.list[i]
		if at, ok := sc.index[p.ppid]; ok && at > i && p.ppid != s.self {
			var now procStat
			if !sc.stat(p.pid, &now) || now.start != p.start {
				p.user, p.system = 0, 0
			}
		}
	}
}

// show turns the live sums into the result. Numbers never go back.
func (s *System) show(now time.Time) map[string]TreeUsage {
	passed := now.Sub(s.usage.began)
	first := s.usage.result == nil
	s.mu.Lock()
	defer s.mu.Unlock()
	result := make(map[string]TreeUsage, len(s.accounts))
	for name, a := range s.accounts {
		before := a.shown.CPUUser + a.shown.CPUSystem
		a.live.CPUUser = max(a.shown.CPUUser, a.baseUser+a.live.CPUUser)
		a.live.CPUSystem = max(a.shown.CPUSystem, a.baseSystem+a.live.CPUSystem)
		if !first && passed > 0 {
			a.live.CPUPercent = 100 * float64(a.live.CPUUser+a.live.CPUSystem-before) / float64(passed)
		}
		a.shown = a.live
		result[name] = a.live
	}
	return result
}

// percent is the CPU use of one process between the last two passes, in percent of one
// core. What was not there at the pass before has used all of it since. Called with u.mu
// held, between passes.
func (u *usage) percent(p *procStat) float64 {
	if u.apart <= 0 {
		return 0
	}
	used := p.user + p.system
	at, found := slices.BinarySearchFunc(u.before, p.pid, func(b procStat, pid int) int { return b.pid - pid })
	if found && u.before[at].start == p.start {
		used -= min(used, u.before[at].user+u.before[at].system)
	}
	return 100 * float64(time.Duration(used)*tick) / float64(u.apart)
}
