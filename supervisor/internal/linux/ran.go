package linux

import (
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What /proc tells of a process holds until the process runs again: its memory, its threads,
// its state, its descriptors and what it has read change by what it does itself. So a pass
// asks each for its CPU clock, which is thirty times cheaper than a file of /proc, and reads
// only those whose clock has moved since an earlier pass. As a rule most processes sleep.
//
// The clock of a process that is on a CPU is brought up to date when it leaves it, and with
// each tick of the kernel, 10 ms or less; on a CPU without ticks (nohz_full) once a second. So
// it proves nothing about what was read less than clockLag ago, nor about who was running then.
//
// What can change without its doing is looked after here: its parent, when that ends; its
// number, when that is another process's by now; and its memory, which the kernel may take
// away from a sleeper, by asking it all the same in one of fullTurns passes.

const (
	// fullTurns is in how many passes every process is read once, whether it has run or not.
	// A multiple of detailTurns, so that the turns of both meet.
	fullTurns = 3 * detailTurns

	// clockLag is how long ago a process must have been read to be taken over: many ticks of
	// the kernel, because a virtual CPU may have to wait for a real one.
	clockLag = 100 * time.Millisecond

	// cpuClockSched in a clock number that is made of a process's number means what the
	// scheduler gave to all of its threads, in nanoseconds; see clock_getcpuclockid(3).
	cpuClockSched = 2
)

// cpuClock is how long a process has run, in nanoseconds; 0: there is no such process, or
// no such clock here.
func cpuClock(pid int) int64 {
	var ts unix.Timespec
	// Raw: it takes no lock that sleeps and no memory, so it needs no thread to stand in, and
	// the runtime's watchdog is not woken for it.
	clock := int32(^pid<<3 | cpuClockSched)
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		return 0
	}
	return ts.Nano()
}

// mine reports whether it is the turn of a process among so many.
func mine(pid, pass, turns int) bool { return (pid+pass)%turns == 0 }

// readRan fills list from pids as readStats does, but takes over what has not run since an
// earlier pass. then is what that saw, in order of number, and age how long ago it had read all.
func (sc *scanner) readRan(then []procStat, age time.Duration, pass int) {
	if age < clockLag {
		then = nil
	}
	sc.list, sc.torn = slices.Grow(sc.list[:0], len(sc.pids)), false
	clear(sc.index)
	for _, pid := range sc.pids {
		for len(then) > 0 && then[0].pid < pid {
			then = then[1:]
		}
		var was *procStat
		if len(then) > 0 && then[0].pid == pid {
			was = &then[0]
		}
		var p procStat
		clock := sc.clock(pid) // before the file: what runs in between is read again next time
		if was != nil && was.rests(clock) && !mine(pid, pass, fullTurns) {
			p = was.asleep()
		} else if !sc.stat(pid, &p) {
			continue
		}
		p.clock, p.same = clock, was != nil && was.start == p.start
		sc.index[pid] = len(sc.list)
		sc.list = append(sc.list, p)
	}
	sc.readOrphaned()
}

// rests reports whether a process has not run since it was read, now that its clock is this.
func (p *procStat) rests(clock int64) bool {
	return clock == p.clock && clock != 0 && p.state != 'R'
}

// asleep is what is known of a process that has not run since.
func (p *procStat) asleep() procStat {
	out := *p
	out.kept = true
	out.owner, out.settled, out.percent, out.details = nil, false, 0, details{}
	return out
}

// readOrphaned reads those that were taken over and whose parent is not the one of then, or
// is ending: they have another one by now.
func (sc *scanner) readOrphaned() {
	for i := range sc.list {
		p := &sc.list[i]
		if !p.kept {
			continue
		}
		if at, ok := sc.index[p.ppid]; ok && sc.list[at].same && !sc.list[at].dead() {
			continue
		}
		now := procStat{}
		if sc.stat(p.pid, &now) {
			now.clock, now.same = p.clock, now.start == p.start
			*p = now
			continue
		}
		// It has ended meanwhile, and its new parent may have been read with what it used; or
		// it could not be read, and is to be read again.
		p.state, p.threads, p.user, p.system, p.clock, p.kept = 'X', 0, 0, 0, 0, false
	}
}
