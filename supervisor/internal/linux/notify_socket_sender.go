package linux

import "sync"

// parentsMax bounds how far up the parents of a sender are followed.
const parentsMax = 64

// senders finds out who sent a message.
type senders struct {
	mu   sync.Mutex
	scan scanner
}

// buried remembers the last members that were reaped here: a short-lived one, for
// example systemd-notify(1), can be gone when its message is read.
type buried struct {
	list [64]struct {
		pid   int
		owner Life
	}
	next int
}

func (b *buried) add(pid int, owner Life) {
	b.list[b.next].pid, b.list[b.next].owner = pid, owner
	b.next = (b.next + 1) % len(b.list)
}

func (b *buried) has(pid int, owner Life) bool {
	for i := range b.list {
		if b.list[i].pid == pid && b.list[i].owner == owner {
			return true
		}
	}
	return false
}

// sentByMember reports whether pid is, or was until now, of the life's tree.
func (s *System) sentByMember(l *life, pid int) bool {
	if pid <= 0 {
		return false
	}
	s.mu.Lock()
	leader := s.leaders[pid]
	s.mu.Unlock()
	if leader != nil {
		return leader == l
	}
	s.senders.mu.Lock()
	defer s.senders.mu.Unlock()
	sc := &s.senders.scan
	var p procStat
	if sc.open() == nil && sc.stat(pid, &p) {
		return s.ownerOf(sc, p) == l
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return pid == l.pid || s.seen[pid].owner == l || s.buried.has(pid, l.Life)
}

// ownerOf finds the owner of one process, as settle does for all.
func (s *System) ownerOf(sc *scanner, p procStat) *life {
	if s.cgroups != nil {
		if owner := s.groupOwner(sc, p.pid); owner != nil {
			return owner
		}
	}
	first := p
	for range parentsMax {
		s.mu.Lock()
		leader := s.leaders[p.pid]
		adopted := leader == nil && p.ppid == s.self
		var known bool
		if adopted {
			leader, known = s.knownOwner(&p)
		}
		s.mu.Unlock()
		if leader != nil || known {
			return leader
		}
		if adopted {
			if id, answer := s.environOwner(sc, &p); answer == told {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.lives[id]
			}
			return nil
		}
		if p.ppid <= 1 || !sc.stat(p.ppid, &p) {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	owner, _ := s.knownOwner(&first)
	return owner
}
