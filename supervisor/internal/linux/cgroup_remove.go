package linux

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// groupLinger is how long the group of a life that is over stays: removing it holds
	// up the kernel's other work on groups, and a restart wants one just then.
	groupLinger = time.Second
	// removeTries bounds how often the group of a life is tried to be removed, once
	// each groupLinger: somebody may have been put into it from outside.
	removeTries = 60
	// removeDepth bounds how deep groups are that a member made below its life's.
	removeDepth = 32
)

// discard has the group of a life removed that is over, or was never spawned.
func (c *cgroups) discard(s *System, f *leaf) {
	if c == nil || f == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.leaves, f.path)
	if s.closed {
		return // close removes it
	}
	c.trash = append(c.trash, f)
	if c.ending {
		poke(c.sweepNow)
	}
	if !c.sweeper {
		c.sweeper = true
		s.done.Go(func() { c.sweep(s) })
	}
}

// Ending says that few more lives are to come: from now on the group of one that is over
// is removed at once, while others still end, and not when all have.
func (s *System) Ending() {
	c := s.cgroups
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	poke(c.sweepNow)
}

// sweep removes groups until there is nothing to remove.
func (c *cgroups) sweep(s *System) {
	wait := time.NewTicker(c.linger)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-c.sweepNow:
		case <-s.quit:
			return
		}
		c.mu.Lock()
		trash := c.trash
		c.trash = nil
		c.mu.Unlock()
		var again []*leaf
		for _, f := range trash {
			if f.tries++; c.removeLeaf(f) != nil && f.tries < removeTries {
				again = append(again, f)
			}
		}
		c.mu.Lock()
		c.trash = append(c.trash, again...)
		if len(c.trash) == 0 {
			c.sweeper = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
}

// removedNow removes the group of a life if nobody lives there, when no other is to come:
// that asks the kernel once for what it is asked anyway.
func (c *cgroups) removedNow(f *leaf) bool {
	c.mu.Lock()
	ending := c.ending
	c.mu.Unlock()
	if ending && !f.removed {
		f.removed = unix.Unlinkat(c.fd, f.path, unix.AT_REMOVEDIR) == nil
	}
	return f.removed
}

// removeLeaf removes the group of a life, and with the last one that of the process.
func (c *cgroups) removeLeaf(f *leaf) error {
	g := f.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if !f.removed {
		if err := c.removeTree(f.path, removeDepth); err != nil {
			return err
		}
	}
	g.leaves--
	if g.leaves == 0 && c.removeTree(g.dir, 0) == nil {
		g.made = false
	}
	return nil
}

// removeTree removes a group and those below it, if nobody lives there. One that is
// gone is no error.
func (c *cgroups) removeTree(path string, depth int) error {
	err := retry(func() error { return unix.Unlinkat(c.fd, path, unix.AT_REMOVEDIR) })
	if err == unix.ENOENT {
		return nil
	}
	if err != unix.EBUSY || depth == 0 {
		return err
	}
	// It has members, or groups below it.
	var buf [256]byte
	text, readErr := c.readFile(path+"/cgroup.events", buf[:])
	if n, ok := keyed(text, "populated"); readErr != nil || !ok || n > 0 {
		return err
	}
	below, readErr := c.groupsIn(path)
	if readErr != nil {
		return err
	}
	for _, name := range below {
		if err := c.removeTree(path+"/"+name, depth-1); err != nil {
			return err
		}
	}
	return retry(func() error { return unix.Unlinkat(c.fd, path, unix.AT_REMOVEDIR) })
}

// groupsIn lists the names of the groups in a group.
func (c *cgroups) groupsIn(path string) ([]string, error) {
	fd, err := unix.Openat(c.fd, path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	var names []string
	dents := make([]byte, 8<<10)
	for {
		n, err := unix.Getdents(fd, dents)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return names, err
		}
		for name, kind, rest, more := nextDirent(dents[:n]); more; name, kind, rest, more = nextDirent(rest) {
			// The file system of cgroups tells the type of each entry.
			if kind == unix.DT_DIR && string(name) != "." && string(name) != ".." {
				names = append(names, string(name))
			}
		}
	}
}

// sweepLeftovers removes what a predecessor left behind that did not end well, as far as
// nobody lives there, when the first lives have begun. Groups that are in use again are
// left alone.
func (c *cgroups) sweepLeftovers(quit <-chan struct{}) {
	wait := time.NewTimer(groupLinger)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-quit:
		return
	}
	names, _ := c.groupsIn(".") // what cannot be read cannot be removed
	for _, dir := range names {
		select {
		case <-quit:
			return
		default:
		}
		if name, ours := strings.CutPrefix(dir, groupPrefix); ours {
			c.mu.Lock()
			g := c.group(name)
			c.mu.Unlock()
			g.mu.Lock()
			if !g.made {
				c.sweepProcess(dir)
			}
			g.mu.Unlock()
		}
	}
}

// sweepProcess removes what is empty of one process: a life of it may still have
// members.
func (c *cgroups) sweepProcess(dir string) {
	if c.removeTree(dir, removeDepth) == nil {
		return
	}
	lives, _ := c.groupsIn(dir)
	for _, name := range lives {
		_ = c.removeTree(dir+"/"+name, removeDepth)
	}
}

// close removes our groups, as far as nobody lives in them, goes back to where we were
// started, and gives the place free. Nothing but spawns in flight runs any more. PID 1
// does it too: not every namespace is a container whose runtime would.
func (c *cgroups) close() {
	c.using.Lock()
	defer c.using.Unlock()
	c.closed = true
	c.tidy()
	_ = unix.Close(c.fd)
}

// tidy leaves our own group as we have found it.
func (c *cgroups) tidy() {
	c.mu.Lock()
	trash := c.trash
	c.trash = nil
	c.mu.Unlock()
	for _, f := range trash { // mostly all there is: then a process's group is empty too
		_ = unix.Unlinkat(c.fd, f.path, unix.AT_REMOVEDIR)
	}
	names, _ := c.groupsIn(".")
	for _, name := range names {
		if strings.HasPrefix(name, groupPrefix) {
			c.sweepProcess(name)
		}
	}
	if c.moved {
		// Groups that live on keep their limits, and then there is no way back.
		if left, err := c.groupsIn("."); err == nil && !anyOurs(left) {
			for _, name := range []string{"cpu", "memory", "pids"} {
				if c.enabled[name] {
					_ = c.writeFile("cgroup.subtree_control", "-"+name)
				}
			}
			_ = c.writeFile("cgroup.procs", "0")
		}
	}
	_ = unix.Unlinkat(c.fd, managerGroup, unix.AT_REMOVEDIR)
}

func anyOurs(names []string) bool {
	for _, name := range names {
		if strings.HasPrefix(name, groupPrefix) {
			return true
		}
	}
	return false
}
