package linux

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"time"
)

// Member is one living process of a tree, in the picture of the last sample.
type Member struct {
	PID, PPID int
	// Depth is how many ancestors it has in the tree.
	Depth int
	Task  string // it belongs to an exec probe or a hook of this name; empty: to the process itself
	// State is the letter of proc_pid_stat(5): R, S, D, T, t, Z, I and so on.
	State      byte
	CPU        time.Duration // with the children that it waited for
	CPUPercent float64       // of one core, between the last two samples
	Resident   uint64        // bytes
	Threads    int
	Start      time.Time

	// What is read of the process itself; nil, empty or -1 where that is not permitted.
	Name       string
	Argv       []string // empty also of a zombie
	UID        int
	OpenFDs    int
	ReadBytes  *uint64 // from storage, with the children that it waited for
	WriteBytes *uint64
}

// Members lists the living members of a name's trees: the leader with its descendants
// under it, each before its children, then those that were adopted; no more than a
// second old, and with every leader that lives. What ended meanwhile is left out.
func (s *System) Members(name string) []Member {
	seen := s.sampled(time.Second)
	list, found := s.usage.members(s, name)
	if seen && s.lacks(list, name) && s.sampled(0) {
		list, found = s.usage.members(s, name)
	}
	kept := list[:0]
	for i, m := range list {
		if told := s.tell(&m, found[i]); told {
			kept = append(kept, m)
		}
	}
	return kept
}

// lacks reports whether a leader of the name is not in its picture: it began later.
func (s *System) lacks(list []Member, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accounts[name]
	for pid, l := range s.leaders {
		if l.account == account && account != nil && !slices.ContainsFunc(list, func(m Member) bool { return m.PID == pid }) {
			return true
		}
	}
	return false
}

// members takes a tree out of the last sample; none when a pass hangs.
func (u *usage) members(s *System, name string) ([]Member, []stamp) {
	if !u.still() {
		s.failures.Add(1)
		return nil, nil
	}
	defer u.mu.Unlock()
	if u.closed {
		return nil, nil
	}
	s.mu.Lock()
	account := s.accounts[name]
	s.mu.Unlock()
	if account == nil {
		return nil, nil
	}
	var ours []*procStat
	for i := range u.scan.list {
		if p := &u.scan.list[i]; p.owner != nil && p.owner.account == account && !p.gone() {
			ours = append(ours, p)
		}
	}
	booted := time.Now().Add(-time.Duration(ticksNow()) * tick)
	list, found := make([]Member, 0, len(ours)), make([]stamp, 0, len(ours))
	for _, at := range branches(ours) {
		p := at.p
		_, task, _ := strings.Cut(p.owner.Name, "/")
		list = append(list, Member{
			PID: p.pid, PPID: p.ppid, Depth: at.depth, Task: task, State: p.state,
			CPU: time.Duration(p.user+p.system) * tick, CPUPercent: p.percent, Resident: p.rss * pageSize, Threads: p.threads,
			Start: booted.Add(time.Duration(p.start) * tick), UID: -1, OpenFDs: -1,
		})
		found = append(found, stamp{p.pid, p.start})
	}
	return list, found
}

// branch is a process and how deep it stands in its tree.
type branch struct {
	p     *procStat
	depth int
}

// branches orders the members of a tree: each before its children, leaders first, then by
// number.
func branches(members []*procStat) []branch {
	slices.SortFunc(members, func(a, b *procStat) int {
		return cmp.Or(-compareBool(a.leads(), b.leads()), cmp.Compare(a.pid, b.pid))
	})
	known := make(map[int]bool, len(members)) // true: not shown yet
	for _, p := range members {
		known[p.pid] = true
	}
	var roots []*procStat
	below := map[int][]*procStat{}
	for _, p := range members {
		if known[p.ppid] {
			below[p.ppid] = append(below[p.ppid], p)
		} else {
			roots = append(roots, p)
		}
	}
	out := make([]branch, 0, len(members))
	var walk func(p *procStat, depth int)
	walk = func(p *procStat, depth int) {
		if !known[p.pid] {
			return
		}
		known[p.pid] = false
		out = append(out, branch{p, depth})
		for _, child := range below[p.pid] {
			walk(child, depth+1)
		}
	}
	for _, p := range roots {
		walk(p, 0)
	}
	for _, p := range members { // a circle, which a torn picture could show, has no root
		walk(p, 0)
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// leads reports whether it is what was spawned, not a descendant.
func (p *procStat) leads() bool { return p.owner != nil && p.owner.pid == p.pid }

// gone reports whether it was waited for while it was looked at.
func (p *procStat) gone() bool { return p.state == 'X' || p.state == 'x' }

// tell reads what only the process itself can tell. It reports false when the process is
// not there any more.
func (s *System) tell(m *Member, of stamp) bool {
	told := *m // its own while the read may hang
	there := true
	if s.asides.do(of, func() { there = told.read(of) }) {
		*m = told
		return there
	}
	s.failures.Add(1)
	return true
}

var pageSize = uint64(os.Getpagesize())
