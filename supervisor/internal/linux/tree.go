package linux

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// drainSweep is how often draining trees are looked at although nothing was
	// reaped: a member can die as the child of somebody else.
	drainSweep = 2 * time.Second
	// execSoon is when a process in the middle of exec is asked again.
	execSoon = 5 * time.Millisecond
	// doubtMax is how many checks in a row a dying stray may put off.
	doubtMax = 10
)

// tree is what the tree goroutine owns.
type tree struct {
	scan     scanner
	draining []*life // leader reaped, tree not known to be empty
}

// watchTrees is the tree goroutine: the only one that finds out that a life is over, and
// the only one that walks trees to signal them. What happens while it works is one round later,
// together: a thousand deaths are not a thousand walks.
func (s *System) watchTrees() {
	defer s.done.Done()
	sweep := time.NewTimer(drainSweep)
	defer sweep.Stop()
	for {
		var late <-chan time.Time
		if len(s.tree.draining) > 0 {
			sweep.Reset(drainSweep)
			late = sweep.C
		}
		swept := false
		select {
		case <-s.treeKick:
		case <-late:
			swept = true
		case <-s.quit:
			return
		}
		s.round(swept)
	}
}

func (s *System) round(swept bool) {
	s.mu.Lock()
	fresh := false
	s.exits = slices.DeleteFunc(s.exits, func(l *life) bool {
		if l.announced { // else its birth is still to be reported
			s.tree.draining = append(s.tree.draining, l)
			fresh = true
		}
		return l.announced
	})
	requests := s.requests
	s.requests = nil
	look := fresh || swept || s.recheck
	s.recheck = false
	s.mu.Unlock()

	if fresh {
		for _, l := range s.tree.draining {
			s.judge(l)
		}
	}
	if len(requests) > 0 {
		s.walk(requests)
	}
	if look && len(s.tree.draining) > 0 {
		s.checkDraining()
	}

	s.mu.Lock()
	s.drains = len(s.tree.draining) > 0
	missed := s.drains && s.recheck // nobody was woken for a stray of the meantime
	s.mu.Unlock()
	if missed {
		poke(s.treeKick)
	}
}

// checkDraining finds out, for all lives whose leader is reaped, what is left of
// their trees, and reports it.
func (s *System) checkDraining() {
	members, doubt := s.countMembers(s.tree.draining)
	waits := s.tree.draining
	s.tree.draining = nil
	var again []*request
	for i, l := range waits {
		lives, known := s.cgroups.populated(l.leaf)
		doubt := doubt
		switch {
		case members[i] > 0 || !known:
		case !lives && l.leaf.born && !s.tree.scan.unsure: // what was missed would be there
			doubt = certain
		case lives && l.undecided < doubtMax: // its last one is ending, as a rule
			doubt = dying
			time.AfterFunc(execSoon, s.lookAgain)
		case lives: // somebody was put into it from outside
			members[i] = 1
		}
		if members[i] > 0 && l.doomed != nil {
			again = append(again, l.doomed)
		}
		switch {
		case members[i] == 0 && (doubt == certain || doubt == dying && l.undecided >= doubtMax):
			s.finish(l)
			continue
		case members[i] == 0 && doubt == dying: // the reaper will take the one that dies, and wake us
			l.undecided++
		case members[i] == 0: // the sweep will look again
		case !l.reported:
			l.reported = true
			l.reports.Exited(l.Life, l.exit, members[i])
			fallthrough
		default:
			l.undecided = 0
		}
		s.tree.draining = append(s.tree.draining, l)
	}
	if len(again) > 0 {
		s.walk(again)
	}
}

// finish ends a life: output first, so that its last line is kept before anybody
// hears of the exit. Output that has not ended is delivered by a goroutine of its own:
// sinks may be slow, and nobody else's exit or signal is to wait for them.
func (s *System) finish(l *life) {
	if l.out.ended() && l.silent() {
		s.conclude(l)
		return
	}
	s.done.Go(func() {
		if l.out != nil {
			l.out.finish()
		}
		l.finishEars()
		s.conclude(l)
	})
}

// conclude forgets a life and reports its end.
func (s *System) conclude(l *life) {
	s.mu.Lock()
	l.over = true
	delete(s.lives, l.Life)
	if s.groups[l.pid] == l {
		delete(s.groups, l.pid)
	}
	s.mu.Unlock()
	s.cgroups.discard(s, l.leaf)
	if l.reported {
		l.reports.TreeEmpty(l.Life)
	} else {
		l.reports.Exited(l.Life, l.exit, 0)
	}
}

// doubt says what a count of zero is worth.
type doubt uint8

const (
	certain doubt = iota
	// A stray died during the look, so that its children may have been missed on their
	// way to us; or one is in the middle of exec and cannot be asked.
	dying
	// Something was there and could not be read, for want of descriptors or memory.
	blind
)

// countMembers counts the living members of each life. All of them descend from our
// direct children by now, so as a rule the list of those is all that is read.
func (s *System) countMembers(lives []*life) (counts []int, zero doubt) {
	sc := &s.tree.scan
	s.mu.Lock()
	before := s.strays
	s.mu.Unlock()
	counts = make([]int, len(lives))

	whole, err := s.readStrays(sc)
	if err == nil {
		s.settle(sc, whole)
		if !whole && (anyOwned(sc) || s.anyGroupAlive(lives)) {
			// Somebody is left: see all of them.
			if err = s.readOthers(sc); err == nil {
				s.settle(sc, true)
			}
		}
	}
	switch {
	case err == unix.ENOENT: // no /proc at all: the group is all there is to ask
		for i, l := range lives {
			if groupAlive(l) {
				counts[i] = 1
			}
		}
		return counts, certain
	case err != nil || sc.torn:
		zero = blind
	}

	place := make(map[*life]int, len(lives))
	for i, l := range lives {
		place[l] = i
	}
	for i := range sc.list {
		p := &sc.list[i]
		if n, ok := place[p.owner]; ok && !p.dead() {
			counts[n]++
		}
		if p.dead() && p.ppid == s.self {
			zero = max(zero, dying)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.strays != before {
		zero = max(zero, dying)
	}
	if sc.unsure {
		zero = max(zero, dying)
		time.AfterFunc(execSoon, s.lookAgain)
	}
	return counts, zero
}

func (s *System) lookAgain() {
	s.mu.Lock()
	s.recheck = true
	s.mu.Unlock()
	poke(s.treeKick)
}

func anyOwned(sc *scanner) bool {
	return slices.ContainsFunc(sc.list, func(p procStat) bool { return p.owner != nil })
}

func (s *System) anyGroupAlive(lives []*life) bool {
	return slices.ContainsFunc(lives, groupAlive)
}

// groupAlive reports whether the life's process group has members, zombies included.
// Once it had none, its number can be anybody's.
func groupAlive(l *life) bool {
	if !l.groupGone {
		l.groupGone = unix.Kill(-l.pid, 0) == unix.ESRCH
	}
	return !l.groupGone
}
