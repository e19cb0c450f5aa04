package linux

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// joinTries bounds how often a leaf's name is looked for: one is taken when something
// of a predecessor that crashed still lives in it.
const joinTries = 64

// join makes a group for a life and has its leader spawned into it. Without limits a
// life that can have no group goes without: its tree is found by the other questions.
// With limits that are enforced here, it is an error, because they would not be.
func (s *System) join(l *life, p *spawning) error {
	c := s.cgroups
	process, word, isTask := l.splitTask()
	if c == nil || !validGroup(process) {
		return nil
	}
	name := strconv.FormatUint(l.Gen, 10)
	if isTask {
		name = word + "." + name
	}
	c.using.RLock()
	defer c.using.RUnlock()
	if c.closed {
		return nil
	}
	c.mu.Lock()
	g := c.group(process)
	limits := g.want
	c.mu.Unlock()

	c.enable(s, limits)
	leaf, err := c.enter(g, name)
	if err == nil {
		err = c.write(g)
	}
	fd := -1
	if err == nil {
		fd, err = unix.Openat(c.fd, leaf.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		c.discard(s, leaf)
		if c.limited(limits) {
			return fmt.Errorf("cannot limit what %q uses: %w", process, err)
		}
		c.complain(err)
		return nil
	}
	p.whenOver(func() { _ = unix.Close(fd) })
	if c.has("memory") { // else the counter begins at 0 when it is switched on
		leaf.oomKills, _ = c.countOOM(g)
	}
	l.leaf = leaf
	c.mu.Lock()
	c.leaves[leaf.path] = l
	c.mu.Unlock()
	shim := p.shim != nil
	switch refused := c.noClone.Load(); {
	case refused && (shim || c.limited(limits)), shim && c.tight(limits):
		return c.joinThroughShim(l, p)
	case !refused:
		leaf.born = true
		p.attr.Sys.UseCgroupFD, p.attr.Sys.CgroupFD = true, fd
	}
	return nil
}

// tight reports whether limits are too small for the shim to live under until it has
// executed the program: it is a Go program, with some threads.
func (c *cgroups) tight(l Limits) bool {
	const threads, memory = 16, 16 << 20
	return c.has("pids") && l.PIDs > 0 && l.PIDs < threads || c.has("memory") && l.Memory > 0 && l.Memory < memory
}

// joinThroughShim has the shim of a life go to its group, before it does anything else.
// It is slower than to be born there, but like this nothing of the life is ever outside.
func (c *cgroups) joinThroughShim(l *life, p *spawning) error {
	procs, err := unix.Openat(c.fd, l.leaf.path+"/cgroup.procs", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot open cgroup.procs in %s/%s: %w", c.place, l.leaf.path, err)
	}
	p.whenOver(func() { _ = unix.Close(procs) })
	if p.shim == nil {
		var steps []step
		if p.who == nil {
			p.who = &who{}
		}
		if p.attr.Sys.Credential != nil { // the shim still has to be who we are
			p.attr.Sys.Credential, steps = nil, p.who.steps()
		}
		if err := p.throughShim(&l.cmd, steps); err != nil {
			return err
		}
	}
	steps := append([]step{newStep(opJoin, int64(len(p.attr.Files)))}, p.shim.steps...)
	p.attr.Files = append(p.attr.Files, uintptr(procs))
	p.shim.steps, p.argv[2] = steps, formatSteps(steps)
	l.leaf.born = true
	return nil
}

// enter makes the group of a life, and that of its process when there is none.
func (c *cgroups) enter(g *processGroup, name string) (*leaf, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	suffix := ""
	for try := range joinTries {
		if err := c.makeProcessGroup(g); err != nil {
			return nil, err
		}
		path := g.dir + "/" + name + suffix
		switch err := unix.Mkdirat(c.fd, path, 0o755); err {
		case nil:
			g.leaves++
			return &leaf{group: g, path: path}, nil
		case unix.ENOENT: // a sweeper of a record that was forgotten removed it
			g.made = false
		case unix.EEXIST: // left behind; what lives in it belongs to nobody any more
			if c.removeTree(path, removeDepth) != nil {
				suffix = "~" + strconv.Itoa(try+2)
			}
		case unix.EINTR:
		default:
			return nil, fmt.Errorf("cannot make the cgroup %s/%s: %w", c.place, path, err)
		}
	}
	return nil, fmt.Errorf("cannot make a cgroup in %s/%s: all names are taken", c.place, g.dir)
}

// makeProcessGroup makes the group of a process. Called with g.mu held.
func (c *cgroups) makeProcessGroup(g *processGroup) error {
	if g.made {
		return nil
	}
	err := retry(func() error { return unix.Mkdirat(c.fd, g.dir, 0o755) })
	switch err {
	case nil:
		clear(g.written)
	case unix.EEXIST: // whatever it holds is written anew
		for _, f := range limitFiles {
			g.written[f.name] = unknownValue
		}
	default:
		return fmt.Errorf("cannot make the cgroup %s/%s: %w", c.place, g.dir, err)
	}
	g.made = true
	return nil
}

// withoutClone reports whether a spawn that failed is to be tried again without being
// born in its group: kernels from 5.3 to 5.6 know clone3, but not what is asked, and the
// group may refuse. Some of the errors can also be those of exec; then the second try
// fails like the first.
func (p *spawning) withoutClone(l *life, err error) bool {
	if !p.attr.Sys.UseCgroupFD {
		return false
	}
	for _, e := range []unix.Errno{
		unix.EINVAL, unix.E2BIG, unix.EACCES, unix.EBUSY, unix.ENODEV, unix.EOPNOTSUPP,
	} {
		if errors.Is(err, e) {
			p.attr.Sys.UseCgroupFD, l.leaf.born = false, false
			return true
		}
	}
	return false
}

// joinLate puts a leader into its group that was not born there. What it has forked
// before stays where it is, and is found by the other questions. cloneErr is why it was
// not born there, if that was tried.
func (s *System) joinLate(l *life, pid, pidfd int, cloneErr error) {
	c := s.cgroups
	if c == nil || l.leaf == nil || l.leaf.born {
		return
	}
	c.using.RLock()
	defer c.using.RUnlock()
	if c.closed {
		return
	}
	for _, e := range []unix.Errno{unix.EINVAL, unix.E2BIG} {
		if errors.Is(cloneErr, e) { // and the second try went well
			c.noClone.Store(true)
		}
	}
	err := c.writeFile(l.leaf.path+"/cgroup.procs", strconv.Itoa(pid))
	if err != nil && err != unix.ESRCH { // it has ended
		c.complain(fmt.Errorf("cannot move %q into its cgroup: %w", l.Name, err))
	}
	if err == nil && isReaped(pid, pidfd) {
		// It ended meanwhile and its number was free to be given away: who is in the
		// group now can be a stranger, and goes back where he was.
		c.evict(l.leaf)
	}
}

// evict moves everybody out of a leaf, to where new processes of ours begin.
func (c *cgroups) evict(f *leaf) {
	c.enabling.Lock()
	home := "cgroup.procs"
	if c.moved {
		home = managerGroup + "/cgroup.procs"
	}
	c.enabling.Unlock()
	for range joinTries {
		pids, err := c.members(f.path)
		if err != nil || len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			_ = c.writeFile(home, strconv.Itoa(pid))
		}
	}
}

// populated reports whether somebody lives in the life's group or below. A zombie does
// not count.
func (c *cgroups) populated(f *leaf) (yes, known bool) {
	if c == nil || f == nil {
		return false, false
	}
	if c.removedNow(f) {
		return false, true
	}
	var buf [256]byte
	text, err := c.readFile(f.path+"/cgroup.events", buf[:])
	if err != nil {
		return false, false
	}
	n, known := keyed(text, "populated")
	return n > 0, known
}

// kill ends everybody in the life's group and below with SIGKILL, also who is being
// forked. It reports false when that cannot be done.
func (c *cgroups) kill(f *leaf) bool {
	if c == nil || f == nil || c.noKill.Load() {
		return false
	}
	return c.writeFile(f.path+"/cgroup.kill", "1") == nil
}

// killByGroup does what can be done by the groups of lives, and returns the requests
// that need a walk through /proc. Who left his group on purpose is found when the life
// is looked at the next time.
func (s *System) killByGroup(requests []*request) []*request {
	if s.cgroups == nil {
		return requests
	}
	var rest []*request
	for _, r := range requests {
		if !s.wholeTreeDies(r) || !s.cgroups.kill(r.life.leaf) {
			rest = append(rest, r)
			continue
		}
		s.hitGroup(r)
		if !r.life.leaf.born {
			rest = append(rest, r)
		}
	}
	return rest
}

// wholeTreeDies reports whether a request is to end everybody who is left of a life,
// and was not tried by its group before.
func (s *System) wholeTreeDies(r *request) bool {
	if r.sig != supervisor.SIGKILL || !r.again || r.byGroup || r.life.leaf == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.scope == ScopeTree || r.scope == ScopeRest && r.life.reaped {
		r.byGroup = true
		// Before the write: the leader can be reaped before it returns, see [System.judge].
		r.life.killed = r.life.killed || !r.life.reaped
		return true
	}
	return false
}
