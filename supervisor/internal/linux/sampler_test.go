package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// invented is a /proc that a test writes, so that what a pass meets is certain.
type invented struct {
	t   *testing.T
	dir string
	s   *System
}

// invent makes a System whose sampler reads it. We are process 1 there.
func invent(t *testing.T) *invented {
	t.Helper()
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := table()
	s.self = 1
	s.usage.based = time.Now()
	sc := &s.usage.scan
	sc.clock = func(int) int64 { return 0 }
	if err := sc.open(); err != nil { // for its buffers
		t.Fatal(err)
	}
	sc.close()
	sc.self, sc.proc, sc.opened, sc.noSizes = 1, fd, true, true
	t.Cleanup(sc.close)
	return &invented{t, dir, s}
}

// lead makes a process the leader of a life.
func (v *invented) lead(name string, pid int) *account {
	a := &account{}
	l := &life{Life: Life{name, 1}, pid: pid, account: a}
	v.s.accounts[name], v.s.leaders[pid], v.s.lives[l.Life] = a, l, l
	return a
}

// statOf is a line of /proc/PID/stat; used is in ticks.
func statOf(pid, ppid, start, used int) string {
	return fmt.Sprintf("%d (x) S %d %d %d 0 -1 0 0 0 0 0 %d 0 0 0 20 0 1 0 %d 0 1 0\n", pid, ppid, pid, pid, used, start)
}

func (v *invented) path(pid int, file string) string {
	return filepath.Join(v.dir, strconv.Itoa(pid), file)
}

// show puts a process there, or what it has become.
func (v *invented) show(pid, ppid, start, used int) {
	put(v.t, v.dir, map[string]string{fmt.Sprintf("%d/stat", pid): statOf(pid, ppid, start, used)})
}

// holds gives a process descriptors and what it has read of storage.
func (v *invented) holds(pid, fds, read int) {
	files := map[string]string{fmt.Sprintf("%d/io", pid): fmt.Sprintf("read_bytes: %d\nwrite_bytes: 0\n", read)}
	for n := range fds {
		files[fmt.Sprintf("%d/fd/%d", pid, n)] = ""
	}
	put(v.t, v.dir, files)
}

func (v *invented) remove(path string) {
	if err := os.RemoveAll(path); err != nil {
		v.t.Fatal(err)
	}
}

// pass samples as if so many seconds had gone by since the last pass.
func (v *invented) pass(seconds int, details bool) {
	u := &v.s.usage
	v.s.sample(u.based.Add(time.Duration(seconds)*time.Second), details)
	u.passes++
}

// A number that was given to another process between two passes brings nothing of the old
// one along: not its CPU, of which the percentage would lack it, and not its details.
func TestReusedNumberHasNoPast(t *testing.T) {
	for _, c := range []struct {
		story   string
		start   int
		percent float64
		fds     int
	}{
		{"the same process", 500, 200, 2},
		{"another one", 501, 300, 1},
	} {
		t.Run(c.story, func(t *testing.T) {
			v := invent(t)
			v.lead("web", 78)
			v.show(78, 1, 500, 100)
			v.holds(78, 2, 4096)
			v.pass(1, true)
			v.remove(v.path(78, "fd"))
			v.show(78, 1, c.start, 300)
			v.holds(78, 1, 4096)
			v.pass(1, true) // not the turn of 78: what is known of it is told again
			p := v.s.usage.scan.list[0]
			if p.percent != c.percent || p.fds != c.fds {
				t.Errorf("%v percent and %d descriptors, want %v and %d", p.percent, p.fds, c.percent, c.fds)
			}
		})
	}
}

// order lists which of two numbers a pass reads first: that is up to the file system.
func (v *invented) order(a, b int) (first, second int) {
	v.show(a, 1, 1, 0)
	v.show(b, 1, 1, 0)
	sc := &v.s.usage.scan
	if err := sc.listProcesses(); err != nil || len(sc.pids) != 2 {
		v.t.Fatalf("%v, %v", sc.pids, err)
	}
	return sc.pids[0], sc.pids[1]
}

// during runs something while a pass waits to read a process, and then lets it see this.
func (v *invented) during(pid int, stat string, something func()) {
	path := v.path(pid, "stat")
	v.remove(path)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		v.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		v.pass(1, false)
	}()
	w, err := os.OpenFile(path, os.O_WRONLY, 0) // returns when the pass has opened it
	if err != nil {
		v.t.Fatal(err)
	}
	something()
	_, err = w.WriteString(stat)
	w.Close()
	if err != nil {
		v.t.Fatal(err)
	}
	<-ended
}

// A child that is waited for after a pass has read it, and before the pass reads its
// parent, would be in both: as itself, and in what the parent has waited for.
func TestChildReapedByItsParentCountsOnce(t *testing.T) {
	for _, c := range []struct {
		story  string
		happen func(v *invented, child, parent int)
		want   time.Duration
	}{
		{"it is reaped", func(v *invented, child, _ int) { v.remove(v.path(child, "")) }, 700 * tick},
		{"and its number given away", func(v *invented, child, parent int) { v.show(child, parent, 501, 0) }, 700 * tick},
		{"it lives on", func(*invented, int, int) {}, 1000 * tick},
	} {
		t.Run(c.story, func(t *testing.T) {
			v := invent(t)
			child, parent := v.order(50, 90)
			a := v.lead("web", parent)
			v.show(child, parent, 500, 300)
			v.during(parent, statOf(parent, 1, 400, 700), func() { c.happen(v, child, parent) })
			if a.shown.CPUUser != c.want {
				t.Errorf("%v, want %v", a.shown.CPUUser, c.want)
			}
		})
	}
}

// A child that came to us and is reaped by us during a pass that has read it already is
// booked in its account: it counts as itself in this pass, and from the account in the next.
func TestAdoptedChildReapedDuringAPassCountsOnce(t *testing.T) {
	v := invent(t)
	child, leader := v.order(50, 90)
	a := v.lead("web", leader)
	v.s.adopted[child] = adoption{start: 500, owner: v.s.leaders[leader]}
	v.show(child, 1, 500, 300)
	used := unix.Rusage{Utime: unix.NsecToTimeval(int64(300 * tick))}
	v.during(leader, statOf(leader, 1, 400, 700), func() {
		v.remove(v.path(child, ""))
		v.s.mu.Lock()
		a.add(&used)
		v.s.mu.Unlock()
	})
	if want := 1000 * tick; a.shown.CPUUser != want {
		t.Errorf("%v in the pass, want %v", a.shown.CPUUser, want)
	}
	v.remove(v.path(leader, "stat"))
	v.show(leader, 1, 400, 750)
	v.pass(1, false)
	if want := 1050 * tick; a.shown.CPUUser != want {
		t.Errorf("%v in the next, want %v", a.shown.CPUUser, want)
	}
}

// Details of one member that has ended meanwhile are none, and those of the others stand;
// of one that may not be looked into they are unknown, and so is the sum.
func TestDetailsOfMembers(t *testing.T) {
	for _, c := range []struct {
		story  string
		happen func(v *invented)
		told   bool
		fds    int
	}{
		{"both tell", func(v *invented) { v.holds(51, 3, 0) }, true, 5},
		{"one has ended", func(*invented) {}, true, 2},
		{"one has ended after its descriptors were counted", func(v *invented) { v.holds(51, 3, 0); v.remove(v.path(51, "io")) }, true, 2},
		{"one may not be asked", func(v *invented) { // a directory cannot be read: that is not "it has ended"
			v.holds(51, 3, 0)
			v.remove(v.path(51, "io"))
			put(v.t, v.dir, map[string]string{"51/io/x": ""})
		}, false, 5},
		{"one tells what we do not understand", func(v *invented) {
			v.holds(51, 3, 0)
			put(v.t, v.dir, map[string]string{"51/io": "read_bytes: much\n"})
		}, false, 2},
	} {
		t.Run(c.story, func(t *testing.T) {
			v := invent(t)
			a := v.lead("web", 50)
			v.show(50, 1, 400, 0)
			v.show(51, 50, 401, 0)
			v.holds(50, 2, 0)
			c.happen(v)
			v.pass(1, true)
			if a.shown.HasDetails != c.told || c.told && a.shown.OpenFDs != c.fds {
				t.Errorf("told %v with %d descriptors, want %v with %d", a.shown.HasDetails, a.shown.OpenFDs, c.told, c.fds)
			}
		})
	}
}
