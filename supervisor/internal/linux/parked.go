package linux

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A spawn learns the pid of its child only after exec, and the child can be dead and
// reaped by then. So while a spawn is in flight, the exits of unknown pids are
// parked; the spawn that returns claims its own.

// parkedExit is an exit that may belong to a spawn in flight.
type parkedExit struct {
	pid    int
	seq    uint64
	owner  *life // nil: none is known
	status unix.WaitStatus
	used   unix.Rusage
}

// parkedMax bounds what a spawn that hangs can cost. The oldest give way.
const parkedMax = 1 << 16

// failedExec is the status with which the child of a failed exec ends, in package
// syscall.
const failedExec = 253

// park keeps an exit for a spawn in flight. Called with s.mu held.
func (s *System) park(pid int, owner *life, status unix.WaitStatus, used *unix.Rusage) {
	if len(s.parked) == parkedMax {
		s.unparkAll(parkedMax / 2)
	}
	s.seq++
	s.parked = append(s.parked, parkedExit{pid: pid, seq: s.seq, owner: owner, status: status, used: *used})
}

// takeOff begins a spawn and returns the number that is older than every exit its
// child can have. Called with s.mu held.
func (s *System) takeOff() uint64 {
	s.flying++
	s.seq++
	return s.seq
}

// land ends a spawn. Called with s.mu held.
func (s *System) land() {
	s.flying--
	if s.flying == 0 {
		s.unparkAll(len(s.parked))
		poke(s.treeKick)
	}
}

// unparkAll books the n oldest parked exits as orphans. Called with s.mu held.
func (s *System) unparkAll(n int) {
	for i := range s.parked[:n] {
		s.strayReaped(s.parked[i].owner, &s.parked[i].used)
	}
	s.recheck = s.recheck || n > 0
	s.parked = slices.Delete(s.parked, 0, n)
}

// claim takes the exit of the spawn's own child out of the parked ones. It is asked
// only when the child is known to be reaped: then its exit is the newest of that
// number, because the number can have been an orphan's before. Called with s.mu held.
func (s *System) claim(pid int, since uint64) (parkedExit, bool) {
	for i, p := range slices.Backward(s.parked) {
		if p.pid == pid && p.seq > since {
			s.parked = slices.Delete(s.parked, i, i+1)
			return p, true
		}
	}
	return parkedExit{}, false
}

// discardFailed forgets the child of a failed exec, if it was reaped here and not by
// package syscall: it was no orphan. Called with s.mu held.
func (s *System) discardFailed(since uint64) {
	for i, p := range s.parked {
		if p.seq > since && p.status.Exited() && p.status.ExitStatus() == failedExec {
			s.parked = slices.Delete(s.parked, i, i+1)
			return
		}
	}
}
