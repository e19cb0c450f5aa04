package linux

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// cgroups is the part of the cgroup v2 file system below our own group, as far as it
// is ours. A nil *cgroups is a place without one: everything asks the other questions
// then, and nothing is limited. See the package comment for the layout.
type cgroups struct {
	fd      int    // of our own group's directory; locked, so that it has one manager
	place   string // where that is, for messages
	prefix  string // our own group, as /proc/PID/cgroup shows it; "" when that is "/"
	crowded bool   // others were in our own group when we began
	top     bool   // the root of the hierarchy: processes beside groups are allowed there

	noClone atomic.Bool // clone3 cannot spawn into a group here
	noKill  atomic.Bool // the kernel has no cgroup.kill

	state atomic.Pointer[Containment]

	// using is held, shared, by spawns: Close does not wait for those.
	using  sync.RWMutex
	closed bool

	// enabling is held while controllers are switched on, which can take a while.
	enabling sync.Mutex
	moved    bool // we are in managerGroup; guarded by enabling

	// mu guards what follows and the fields of processGroup that say so. It is never
	// held over work on files. It may be taken with System.mu held, never the other way.
	mu      sync.Mutex
	names   map[string]*processGroup
	leaves  map[string]*life // by path below our own group
	enabled map[string]bool  // controllers that our groups have
	refused map[string]error // controllers that could not be switched on
	failed  error            // why a life has no group although lives have; the last one
	trash   []*leaf
	sweeper bool // a goroutine empties the trash
	ending  bool // see [System.Ending]
	linger  time.Duration
	// sweepNow wakes the sweeper before its time.
	sweepNow chan struct{}
}

// processGroup is the group of one process, in which its lives and tasks have theirs.
type processGroup struct {
	dir string // "pm.NAME"

	want Limits // guarded by cgroups.mu

	// mu is held over work on the files of this group, and only on its own goroutine's
	// behalf: spawn workers, the sweeper and callers of SetLimits.
	mu      sync.Mutex
	made    bool
	leaves  int               // in it, that are not removed yet
	written map[string]string // what its files hold, where that is not the kernel's default
}

// leaf is the group of one life or task.
type leaf struct {
	group *processGroup
	path  string // "pm.NAME/RUN", below our own group
	tries int    // to remove it
	// removed says that it is not there any more, although its life is not over yet. The
	// tree goroutine's own until the life is.
	removed bool
	// born says that the leader was spawned into it, so that its whole tree is in it,
	// but for who left it on purpose. Otherwise it was moved there when it ran already.
	born bool
	// oomKills is what the kernel had counted for the process when the life began.
	oomKills uint64
}

// Option changes how New makes a System.
type Option func(*System)

// WithoutCgroups leaves the cgroup file system alone: trees are found and ended by the
// other ways, and limits are not enforced.
func WithoutCgroups(s *System) {
	s.containment = Containment{GroupsWhy: "cgroups were not asked for", LimitsWhy: "cgroups were not asked for"}
	s.plain = true
}

// Containment tells how trees are found and limits enforced. Whether there are groups
// does not change while the System lives. A controller is in the list when limits can be
// enforced with it as far as is known; whether they can is known for good when the first
// one was asked for: then it may go from the list, or come, if others left our group.
func (s *System) Containment() Containment {
	if s.cgroups == nil {
		return s.containment
	}
	return *s.cgroups.state.Load()
}

// openCgroups looks for our place in the cgroup file system.
func (s *System) openCgroups() {
	if s.plain {
		return
	}
	c, err := findCgroups()
	if err != nil {
		s.containment = Containment{GroupsWhy: err.Error(), LimitsWhy: "without cgroups nothing can be limited"}
		return
	}
	s.cgroups = c
	s.done.Go(func() { c.sweepLeftovers(s.quit) })
}

// closeCgroups removes what can be removed and gives our own group free.
func (s *System) closeCgroups() {
	if s.cgroups != nil {
		s.cgroups.close()
	}
}

// group returns the record of a process, which is made when there is none.
// Called with c.mu held.
func (c *cgroups) group(name string) *processGroup {
	g := c.names[name]
	if g == nil {
		g = &processGroup{dir: groupPrefix + name, written: map[string]string{}}
		c.names[name] = g
	}
	return g
}

// asked notes the limits that a spawn comes with. A task has those of its process.
// Called with System.mu held, in the order of the spawns.
func (c *cgroups) asked(id Life, l Limits) {
	if c == nil {
		return
	}
	if name, _, isTask := id.splitTask(); !isTask && validGroup(name) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.group(name).want = l
	}
}

// forget drops the record of a deleted process. Its group goes with its last life.
func (c *cgroups) forget(name string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.names, name)
}

// owner tells whose life a group belongs to, by its path as /proc/PID/cgroup shows it:
// the life's own group or one below, which a member has made.
func (c *cgroups) owner(path string) *life {
	below, ok := belowPrefix(path, c.prefix)
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaves[leafOf(below)]
}

// complain remembers why a life has no group.
func (c *cgroups) complain(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = err
	c.publish()
}

// readFile returns the beginning of a small file below our own group, in buf.
func (c *cgroups) readFile(path string, buf []byte) ([]byte, error) {
	fd, err := unix.Openat(c.fd, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		return buf[:max(n, 0)], err
	}
}

// writeFile writes a small file below our own group, in one call as the kernel wants it.
func (c *cgroups) writeFile(path, text string) error {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Openat(c.fd, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return retry(func() error {
		_, err := unix.Write(fd, []byte(text))
		return err
	})
}

// validGroup reports whether a name can be that of a process, so that its group cannot
// be anybody else's.
func validGroup(name string) bool { return supervisor.CheckName(name) == nil }
