package linux

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	// limitsPatience is how long SetLimits waits for the kernel, which takes memory away
	// from a process before it has set a limit below what is used.
	limitsPatience = 100 * time.Millisecond
	// enablePatience is how long processes that are not ours may be in our way: what
	// kubectl exec and exec probes of a kubelet start is gone in a moment, as a rule.
	enablePatience = 300 * time.Millisecond
	enableStep     = 20 * time.Millisecond

	// cpuPeriod is the period of cpu.max in microseconds, Kubernetes' default.
	cpuPeriod = 100_000
	// cpuQuotaMin is the smallest quota that the kernel takes, in microseconds.
	cpuQuotaMin = 1000

	unknownValue = "?" // of a file that we did not make
)

// limitFile is a file of a process's group.
type limitFile struct {
	controller, name string
	none             string // what it holds in a new group
	value            func(Limits) string
}

// limitFiles are written in this order: cgroup v2, Documentation/admin-guide/cgroup-v2.rst.
var limitFiles = []limitFile{
	{"memory", "memory.low", "0", func(l Limits) string { return strconv.FormatInt(max(0, l.MemoryAsked), 10) }},
	{"memory", "memory.max", "max", func(l Limits) string { return orMax(l.Memory) }},
	{"cpu", "cpu.weight", "100", func(l Limits) string { return strconv.FormatInt(cpuWeight(l), 10) }},
	{"cpu", "cpu.max", "max 100000", cpuMax},
	{"pids", "pids.max", "max", func(l Limits) string { return orMax(l.PIDs) }},
}

func orMax(n int64) string {
	if n <= 0 {
		return "max"
	}
	return strconv.FormatInt(n, 10)
}

// cpuMax is the quota in each period.
func cpuMax(l Limits) string {
	if l.CPU <= 0 {
		return "max " + strconv.Itoa(cpuPeriod)
	}
	const most = 1 << 50 // far over any machine, and no overflow
	quota := max(cpuQuotaMin, min(l.CPU, most)*(cpuPeriod/1000))
	return fmt.Sprintf("%d %d", quota, cpuPeriod)
}

// cpuWeight is what Kubernetes makes of requests.cpu: shares of 1024 a processor, from
// 2, which is also that of who asks for nothing, to 262144; then the weights 1 to 10000
// (KEP 2254). A limit without a request is the request, as in Kubernetes.
func cpuWeight(l Limits) int64 {
	asked := l.CPUAsked
	if asked <= 0 {
		asked = l.CPU
	}
	const least, most = 2, 262144
	shares := min(max(min(asked, most)*1024/1000, least), most)
	return 1 + (shares-least)*9999/(most-least)
}

// controllers tells what is needed for limits.
func (l Limits) controllers() []string {
	var need []string
	if l.CPU > 0 || l.CPUAsked > 0 {
		need = append(need, "cpu")
	}
	if l.Memory > 0 || l.MemoryAsked > 0 {
		need = append(need, "memory")
	}
	if l.PIDs > 0 {
		need = append(need, "pids")
	}
	return need
}

// SetLimits changes the limits of a process, also while it runs; lives that are spawned
// later have them too. It waits a tenth of a second at most: the kernel may go on
// taking memory away. Where limits are not enforced, see [System.Containment], it does
// nothing.
func (s *System) SetLimits(name string, l Limits) error {
	c := s.cgroups
	if c == nil || !validGroup(name) {
		return nil
	}
	done := make(chan error, 1)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return fmt.Errorf("cannot limit what %q uses: %w", name, supervisor.ErrClosed)
	}
	c.mu.Lock()
	g := c.group(name)
	g.want = l
	c.mu.Unlock()
	s.done.Go(func() { done <- c.apply(s, g, l) })
	s.mu.Unlock()

	late := time.NewTimer(limitsPatience)
	defer late.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("cannot limit what %q uses: %w", name, err)
		}
	case <-late.C:
	}
	return nil
}

func (c *cgroups) apply(s *System, g *processGroup, l Limits) error {
	c.enable(s, l)
	return c.write(g)
}

// limited reports whether any of the limits is enforced here.
func (c *cgroups) limited(l Limits) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(l.controllers(), func(name string) bool { return c.enabled[name] })
}

// has reports whether our groups have a controller.
func (c *cgroups) has(controller string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.enabled[controller]
}

// write brings the files of a process's group up to date, if the group is there.
func (c *cgroups) write(g *processGroup) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.made {
		return nil // they are written when it is made
	}
	c.mu.Lock()
	limits, enabled := g.want, maps.Clone(c.enabled)
	c.mu.Unlock()
	for _, f := range limitFiles {
		value := f.value(limits)
		was, ok := g.written[f.name]
		if !ok {
			was = f.none
		}
		if !enabled[f.controller] || value == was {
			continue
		}
		if err := c.writeFile(g.dir+"/"+f.name, value); err != nil {
			return fmt.Errorf("cannot write %q to %s/%s/%s: %w", value, c.place, g.dir, f.name, err)
		}
		g.written[f.name] = value
	}
	return nil
}

// enable switches on the controllers that limits need, and writes what all groups are
// to hold with them. What cannot be switched on is refused for good, with a reason in
// [System.Containment]. The first time can take some milliseconds,
// and longer while somebody is in our way.
func (c *cgroups) enable(s *System, l Limits) {
	need := slices.DeleteFunc(l.controllers(), c.decided)
	if len(need) == 0 {
		return
	}
	c.enabling.Lock()
	defer c.enabling.Unlock()
	for _, name := range slices.DeleteFunc(need, c.decided) { // somebody else was first, perhaps
		err := c.switchOn(s, name)
		c.mu.Lock()
		if err == nil {
			c.enabled[name] = true
		} else {
			c.refused[name] = err
		}
		c.publish()
		c.mu.Unlock()
	}
	c.mu.Lock()
	groups := slices.Collect(maps.Values(c.names))
	c.mu.Unlock()
	for _, g := range groups {
		_ = c.write(g) // told to whom it concerns: its next spawn tries again
	}
}

// decided reports whether a controller needs nothing to be done any more.
func (c *cgroups) decided(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.enabled[name] || c.refused[name] != nil
}

// switchOn gives our groups a controller. Unless we are at the top of the hierarchy, no
// process may be beside groups with controllers ("no internal processes"), so we go to
// a group of our own first. Called with c.enabling held.
func (c *cgroups) switchOn(s *System, name string) error {
	deadline := time.Now().Add(enablePatience)
	for {
		on, err := c.lists("cgroup.subtree_control", name)
		if on || err != nil {
			return err
		}
		if err = c.makeRoom(s); err == nil {
			err = c.writeFile("cgroup.subtree_control", "+"+name)
			if err == nil {
				return nil
			}
			if err == unix.EBUSY {
				err = fmt.Errorf("processes are beside the groups in %s: %w", c.place, err)
			} else {
				return fmt.Errorf("cannot switch on the controller in %s: %w", c.place, err)
			}
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(enableStep):
		case <-s.quit:
			return supervisor.ErrClosed
		}
	}
}

// makeRoom moves us, and what we have spawned beside our groups, out of our own group.
// Somebody else there is none of our business, and an error. Called with c.enabling
// held.
func (c *cgroups) makeRoom(s *System) error {
	if c.top {
		return nil
	}
	pids, err := c.members(".")
	if err != nil {
		return fmt.Errorf("cannot read cgroup.procs in %s: %w", c.place, err)
	}
	if len(pids) == 0 {
		return nil
	}
	if who, err := stranger(s.self, pids); err != nil {
		return fmt.Errorf("cannot tell whose processes are in our cgroup %s: %w", c.place, err)
	} else if who != "" {
		return fmt.Errorf("a process that is not ours is in our cgroup %s: %s", c.place, who)
	}
	for _, pid := range pids {
		err := c.writeFile(managerGroup+"/cgroup.procs", strconv.Itoa(pid))
		if err != nil && err != unix.ESRCH {
			return fmt.Errorf("cannot move process %d into %s/%s: %w", pid, c.place, managerGroup, err)
		}
		c.moved = c.moved || pid == s.self
	}
	return nil
}

// stranger finds among pids one that is not this program and does not descend from it.
// One that has ended meanwhile is nobody.
func stranger(self int, pids []int) (who string, err error) {
	sc := &scanner{self: self}
	defer sc.close()
	if err := sc.listProcesses(); err != nil {
		return "", err
	}
	sc.readStats()
	ours := map[int]bool{self: true}
	for _, pid := range pids {
		if sc.descends(pid, ours, len(sc.list)) {
			continue
		}
		if pid == 0 { // the kernel does not tell us the number
			return "one of another PID namespace", nil
		}
		if _, seen := sc.index[pid]; seen {
			return fmt.Sprintf("%s (pid %d)", sc.comm(pid), pid), nil
		}
	}
	return "", nil
}

// members lists the processes in a group.
func (c *cgroups) members(path string) ([]int, error) {
	fd, err := unix.Openat(c.fd, path+"/cgroup.procs", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	text, err := readToEnd(fd)
	var pids []int
	for word := range bytes.FieldsSeq(text) {
		if n, ok := natural(word); ok {
			pids = append(pids, int(n))
		}
	}
	return pids, err
}

// lists reports whether a word is in a file of our own group.
func (c *cgroups) lists(file, word string) (bool, error) {
	var buf [1024]byte
	text, err := c.readFile(file, buf[:])
	if err != nil {
		return false, fmt.Errorf("cannot read %s in %s: %w", file, c.place, err)
	}
	return slices.Contains(strings.Fields(string(text)), word), nil
}

// publishFirst says what can be, before anything was tried.
func (c *cgroups) publishFirst() {
	var missing []string
	for _, name := range []string{"cpu", "memory", "pids"} {
		if ok, err := c.lists("cgroup.controllers", name); err != nil || !ok {
			c.refused[name] = errors.New("not delegated to " + c.place)
			missing = append(missing, name)
		}
	}
	if len(missing) < 3 {
		if err := unix.Faccessat(c.fd, "cgroup.subtree_control", unix.W_OK, unix.AT_EACCESS); err != nil {
			for _, name := range []string{"cpu", "memory", "pids"} {
				c.refused[name] = fmt.Errorf("cannot write cgroup.subtree_control in %s: %w", c.place, err)
			}
		}
	}
	c.crowded = !c.top && !c.alone()
	c.publish()
}

// alone reports whether nobody but us is in our own group. It reads no more than it has
// to: there may be thousands.
func (c *cgroups) alone() bool {
	var buf [64]byte // more than one pid
	text, err := c.readFile("cgroup.procs", buf[:])
	return err == nil && len(bytes.Fields(text)) == 1
}

// publish makes the answer of Containment. Called with c.mu held.
func (c *cgroups) publish() {
	now := Containment{Groups: true, GroupsWhy: "each life has a cgroup below " + c.place}
	if c.failed != nil {
		now.GroupsWhy += "; but one could not have it: " + c.failed.Error()
	}
	var on, can, not []string
	for _, name := range []string{"cpu", "memory", "pids"} {
		err := c.refused[name]
		switch {
		case err != nil:
			not = append(not, name+": "+err.Error())
			continue
		case c.enabled[name]:
			on = append(on, name)
		case c.crowded:
			not = append(not, name+": not before the processes that are not ours leave our cgroup "+c.place)
			continue
		default:
			can = append(can, name)
		}
		now.Controllers = append(now.Controllers, name)
	}
	var why []string
	if len(on) > 0 {
		why = append(why, strings.Join(on, ", ")+": limited by the kernel")
	}
	if len(can) > 0 {
		why = append(why, strings.Join(can, ", ")+": can be limited by the kernel, nobody asked yet")
	}
	now.LimitsWhy = strings.Join(append(why, not...), "; ")
	c.state.Store(&now)
}
