package linux

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every
	// architecture that Go knows.
	tick = 10 * time.Millisecond

	// blockSize is the unit of what rusage says of storage.
	blockSize = 512

	// passPatience is how long a reader waits for a pass over /proc. A pass takes
	// milliseconds; when one hangs, readers get what the last one saw.
	passPatience = time.Second

	// percentWindow is the shortest time over which a percentage is computed: in a
	// shorter one the clock tick of 10 ms is too coarse.
	percentWindow = 250 * time.Millisecond
)

// TreeUsage is what a process uses with its whole tree.
type TreeUsage struct {
	// CPU of all lives of the name and of all members of their trees, reaped ones
	// included. It never goes back.
	CPUUser   time.Duration
	CPUSystem time.Duration
	// CPUPercent of one core, between two samples that are at least percentWindow apart;
	// before the second one, since the System began.
	CPUPercent float64
	// ResidentBytes is the sum of the members' resident sets: shared pages count once
	// for each. What the kernel takes from a member that sleeps is seen up to fullTurns
	// passes later.
	ResidentBytes uint64
	// TreeSize is the number of living processes. 0 although the leader lives: the sample
	// is older than the life, or /proc does not show it (hidepid, another user's). Then
	// what it uses is known of its ended members only.
	TreeSize int
	Threads  int

	// Read while somebody wants details; see Sample.
	OpenFDs    int    // of all members
	ReadBytes  uint64 // from storage, counted like CPU
	WriteBytes uint64
	// HasDetails is false when nobody wanted them, or one member may not be asked.
	HasDetails bool

	// Measured for those that ask for it; 0: not, or not permitted. See Measures.
	ProportionalBytes uint64
	WorkingSetBytes   uint64
}

// account sums what one name uses.
type account struct {
	// Guarded by System.mu: what reaped leaders and reaped adopted members used.
	user, system time.Duration
	blocksRead   int64
	blocksWrote  int64
	measures     Measures
	shown        TreeUsage
	percentBase  time.Duration // CPU when the window of CPUPercent began

	// The sampler's own.
	base   TreeUsage // what had been booked when the pass began
	live   TreeUsage
	blind  bool // of one member the details are not known
	member []int

	measured measured
}

// add books what a reaped process used, with the children it waited for. Called with
// System.mu held.
func (a *account) add(used *unix.Rusage) {
	a.user += span(used.Utime)
	a.system += span(used.Stime)
	a.blocksRead += used.Inblock
	a.blocksWrote += used.Oublock
}

// usage is the sampler.
type usage struct {
	mu      sync.Mutex
	running chan struct{} // closed when the pass in progress is over; nil: none
	passes  int
	last    time.Time // when the last pass ended
	began   time.Time // and began
	closed  bool
	wanted  time.Time // when somebody wanted details

	// Of the pass in progress; between passes, of who holds mu.
	scan scanner    // its list: what the last pass saw
	base []procStat // what the pass saw at which the window of percentages began, by pid
	// based is when that was; at first, when the System began, and nobody had used anything.
	based   time.Time
	reading time.Duration // how long that pass took to read all
	fresh   bool          // the last pass was that one: its list is yet to become base
}

// detailsFor is how long details are kept up to date for nobody.
const detailsFor = 5 * time.Minute

// Sample sees to it that the last pass over /proc is not older than maxAge. Callers share
// one pass; none waits longer than a second for it. details wants the number of descriptors
// and the storage counters too, from now on for some minutes: those of a process that runs
// are up to three passes older than the rest.
func (s *System) Sample(maxAge time.Duration, details bool) {
	if details {
		u := &s.usage
		u.mu.Lock()
		if first := time.Since(u.wanted) > detailsFor; first {
			maxAge = 0
		}
		u.wanted = time.Now()
		u.mu.Unlock()
	}
	s.sampled(maxAge)
}

// Freshen is Sample for the one who keeps samples fresh for all others: unless somebody
// else makes a pass, it makes one itself, however long that takes. That wakes nobody, and
// leaves no timer behind that would.
func (s *System) Freshen(maxAge time.Duration) {
	u := &s.usage
	u.mu.Lock()
	other := u.running != nil
	due := !other && !u.closed && (u.passes == 0 || time.Since(u.last) > maxAge)
	if due {
		u.running = make(chan struct{})
	}
	u.mu.Unlock()
	switch {
	case due:
		s.pass()
	case other:
		s.sampled(maxAge)
	}
}

// UsageOf tells what a process uses, as the last sample has it.
func (s *System) UsageOf(name string) TreeUsage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[name]; a != nil {
		return a.shown
	}
	return TreeUsage{}
}

// sampled returns when the last pass is not older than maxAge, or has begun after the
// call. false: the pass did not end in time, or the System is closed.
func (s *System) sampled(maxAge time.Duration) bool {
	u := &s.usage
	called := time.Now()
	var late *time.Timer
	for {
		u.mu.Lock()
		if u.closed || u.passes > 0 && (time.Since(u.last) <= maxAge || u.began.After(called)) {
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

// still waits until no pass goes on, and returns with mu held; false, without mu: one did
// not end in time.
func (u *usage) still() bool {
	late := time.NewTimer(passPatience)
	defer late.Stop()
	for {
		u.mu.Lock()
		running := u.running
		if running == nil {
			return true
		}
		u.mu.Unlock()
		select {
		case <-running:
		case <-late.C:
			return false
		}
	}
}

// pass takes one sample. u.running is ours.
func (s *System) pass() {
	u := &s.usage
	began := time.Now()
	u.mu.Lock()
	details := began.Sub(u.wanted) < detailsFor
	u.mu.Unlock()
	s.sample(began, details)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.began, u.last = began, time.Now()
	u.passes++
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
// and could not be read, leaders that it does not show, and passes that were given up.
func (s *System) ScanFailures() uint64 { return s.failures.Load() }

// sample makes one pass over /proc and adds up who uses what.
//
// What a process used is counted by the process while it lives, and by the account
// when it was reaped. The accounts are read before the pass: who is reaped during it
// may be missing from this sample, but is never counted twice, and shown numbers do
// not go back.
func (s *System) sample(began time.Time, details bool) {
	u := &s.usage
	sc := &u.scan
	if u.fresh {
		u.base, sc.list, u.fresh = sc.list, u.base, false
	}
	window := began.Sub(u.based)
	s.mu.Lock()
	for _, a := range s.accounts {
		a.begin()
	}
	s.mu.Unlock()

	failed, started := sc.failures, time.Now()
	if err := sc.listBegun(u.passes, began); err != nil {
		s.failures.Add(1)
		sc.pids = sc.pids[:0]
	}
	sc.readRan(u.base, window-u.reading, u.passes)
	reading := time.Since(started)
	s.dropTwice(sc)
	s.settle(sc, true)
	for i := range sc.list {
		p := &sc.list[i]
		if p.owner == nil {
			continue
		}
		then := u.then(p)
		p.percent = percent(p, then, window)
		if details && !p.dead() {
			sc.detail(p, then, u.passes)
		}
		p.owner.account.count(p)
	}
	s.failures.Add(sc.failures - failed + s.unseen(sc))
	s.measure()
	s.show(window)
	if window >= percentWindow {
		u.based, u.reading, u.fresh = began, reading, true
	}
}

// begin makes an account ready for a pass. Called with System.mu held.
func (a *account) begin() {
	a.base = TreeUsage{
		CPUUser: a.user, CPUSystem: a.system,
		ReadBytes: uint64(a.blocksRead) * blockSize, WriteBytes: uint64(a.blocksWrote) * blockSize,
	}
	a.live, a.blind, a.member = TreeUsage{}, false, a.member[:0]
}

// count adds a member.
func (a *account) count(p *procStat) {
	a.live.CPUUser += time.Duration(p.user) * tick
	a.live.CPUSystem += time.Duration(p.system) * tick
	if p.dead() {
		return
	}
	a.live.ResidentBytes += p.rss * pageSize
	a.live.TreeSize++
	a.live.Threads += p.threads
	a.live.OpenFDs += p.fds
	a.live.ReadBytes += p.readBytes
	a.live.WriteBytes += p.writeBytes
	a.blind = a.blind || p.told != allowed
	a.member = append(a.member, p.pid)
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

// unseen counts the leaders that /proc does not show. One that was born or has ended
// during the pass is missed once at most.
func (s *System) unseen(sc *scanner) (n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid, l := range s.leaders {
		if _, shown := sc.index[pid]; shown {
			l.missed = 0
			continue
		}
		if l.missed++; l.missed > 1 {
			n++
		}
	}
	return n
}

// show makes the live sums what is shown. Numbers never go back.
func (s *System) show(window time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		now := a.live
		now.CPUUser = max(a.shown.CPUUser, a.base.CPUUser+now.CPUUser)
		now.CPUSystem = max(a.shown.CPUSystem, a.base.CPUSystem+now.CPUSystem)
		now.ReadBytes = max(a.shown.ReadBytes, a.base.ReadBytes+now.ReadBytes)
		now.WriteBytes = max(a.shown.WriteBytes, a.base.WriteBytes+now.WriteBytes)
		now.HasDetails = !a.blind
		now.CPUPercent = a.shown.CPUPercent
		if window >= percentWindow {
			used := now.CPUUser + now.CPUSystem
			now.CPUPercent = 100 * float64(used-a.percentBase) / float64(window)
			a.percentBase = used
		}
		now.ProportionalBytes, now.WorkingSetBytes = a.measured.values()
		a.shown = now
	}
}

// then is the process at the pass where the window of percentages began; nil: it was not
// there.
func (u *usage) then(p *procStat) *procStat {
	at, found := slices.BinarySearchFunc(u.base, p.pid, func(b procStat, pid int) int { return b.pid - pid })
	if !found || u.base[at].start != p.start {
		return nil
	}
	return &u.base[at]
}

// percent is the CPU use of one process in the window, in percent of one core. What was not
// there at its beginning has used all of it since.
func percent(p, then *procStat, window time.Duration) float64 {
	used := p.user + p.system
	if then != nil {
		if window < percentWindow {
			return then.percent
		}
		used -= min(used, then.user+then.system)
	}
	if window < percentWindow {
		return 0
	}
	return 100 * float64(time.Duration(used)*tick) / float64(window)
}
