package linux

import "github.com/processmanager/processmanager/supervisor"

// countOOM reads how many members of a process's group the kernel has killed because
// memory was short: the group's limit, or that of a group above it, our container's.
// Without the memory controller nobody counts.
func (c *cgroups) countOOM(g *processGroup) (kills uint64, known bool) {
	var buf [512]byte
	text, err := c.readFile(g.dir+"/memory.events", buf[:])
	if err != nil {
		return 0, false
	}
	return keyed(text, "oom_kill")
}

// judge finds out, before the exit of a leader is reported, whether it was killed for
// want of memory: by a SIGKILL that nobody here sent, while the kernel's count rose.
// Called by the tree goroutine.
func (s *System) judge(l *life) {
	if l.exit.Signal != supervisor.SIGKILL || l.leaf == nil {
		return
	}
	s.mu.Lock()
	ours := l.killed
	s.mu.Unlock()
	if ours {
		return
	}
	kills, known := s.cgroups.countOOM(l.leaf.group)
	l.exit.OOM = known && kills > l.leaf.oomKills
}
