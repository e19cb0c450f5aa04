package linux

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// deadOwner tells whose an orphan was that is dead and not waited for yet; nil: nobody's, or
// pid is a leader. Until then its number is not given away, nor those of its session and its
// group. Called with s.mu held.
func (s *System) deadOwner(pid int) *life {
	if s.leaders[pid] != nil {
		return nil
	}
	if a, known := s.adopted[pid]; known {
		return a.owner
	}
	if was, ok := s.seen[pid]; ok && startOf(pid) == was.start {
		return was.owner
	}
	if len(s.groups)+len(s.sessions) == 0 {
		return nil
	}
	sid, err := unix.Getsid(pid)
	if err != nil || sid == pid {
		return nil // of one that began a session, nobody knows any more where it came from
	}
	if l := s.sessionOwner(sid); l != nil {
		return l
	}
	if pgrp, err := unix.Getpgid(pid); err == nil && pgrp != pid {
		return s.groups[pgrp]
	}
	return nil
}

// startOf reads when a process began, in clock ticks after boot; 0: it cannot be told. It is
// for those that are dead and not waited for: their files are small and ready.
func startOf(pid int) uint64 {
	var (
		name [32]byte
		text [1 << 10]byte
		p    procStat
	)
	path := strconv.AppendUint(append(name[:0], "/proc/"...), uint64(pid), 10)
	sc := scanner{}
	stat, err := sc.readAt(append(path, "/stat\x00"...), text[:])
	if err != nil || !parseStat(stat, &p) {
		return 0
	}
	return p.start
}
