package linux

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// The tree of a process: who is whose child, and what each says of itself.
func TestMembers(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, shell(l, out, spin+`sleep 1000 & sh -c 'sleep 1001 & echo up; wait' & setsid sh -c 'sleep 1002 & exit 0'; spin; spin; wait`))
	out.await(t, "up")
	r.await(t, l, "spawned")
	// The leader first, its children in the order of their numbers; then who lost its parent.
	want := []string{"/bin/sh -c", " sleep 1000", " sh -c", "  sleep 1001", "sleep 1002"}
	var got []string
	var list []Member
	eventually(t, "everybody is there, and has executed its program", func() bool {
		s.Sample(0, false)
		list, got = s.Members("web"), nil
		for _, m := range list {
			got = append(got, fmt.Sprint(strings.Repeat(" ", m.Depth), strings.Join(m.Argv[:min(2, len(m.Argv))], " ")))
		}
		return slices.Equal(got, want) && list[0].CPU > 0
	})
	for _, m := range list {
		if m.UID != os.Getuid() || m.OpenFDs < 3 || m.ReadBytes == nil || m.Threads != 1 || m.Resident == 0 || time.Since(m.Start) > time.Minute || time.Since(m.Start) < -time.Second {
			t.Errorf("%+v", m)
		}
	}
	if m := list[1]; m.State != 'S' || m.Name != "sleep" || m.PPID != list[0].PID {
		t.Errorf("%+v", m)
	}
	if list := s.Members("nobody"); len(list) != 0 {
		t.Errorf("nobody has %+v", list)
	}
}

// Who began after the last sample is seen, too: the tree of a process that was just
// started is not empty.
func TestMembersOfANewLife(t *testing.T) {
	s, r := newSystem(t)
	s.Sample(0, false)
	out := newText()
	l := Life{"web", 1}
	s.Spawn(l, shell(l, out, "echo up; exec sleep 1000"))
	r.await(t, l, "spawned")
	if list := s.Members("web"); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

// A picture that contradicts itself is drawn all the same.
func TestBranchesOfATornPicture(t *testing.T) {
	leader := &life{pid: 10}
	p := func(pid, ppid int) *procStat { return &procStat{pid: pid, ppid: ppid, owner: leader} }
	var got []string
	for _, at := range branches([]*procStat{p(3, 4), p(4, 3), p(12, 10), p(10, 1), p(11, 10), p(5, 5), p(13, 12)}) {
		got = append(got, fmt.Sprint(at.p.pid, "/", at.depth))
	}
	want := []string{"10/0", "11/1", "12/1", "13/2", "3/0", "4/1", "5/0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What hangs is left behind, once, until it comes back.
func TestAsides(t *testing.T) {
	var a asides
	of := stamp{7, 1}
	if !a.do(of, func() {}) {
		t.Error("a read that returns did not")
	}
	release, ended := make(chan struct{}), make(chan struct{})
	began := time.Now()
	if a.do(of, func() { <-release; close(ended) }) {
		t.Error("a read that hangs has ended")
	}
	if took := time.Since(began); took < asidePatience || took > time.Second {
		t.Errorf("it was waited for %v", took)
	}
	if a.do(of, func() { t.Error("it was asked again") }) {
		t.Error("one that hangs was asked again")
	}
	if !a.do(stamp{7, 2}, func() {}) {
		t.Error("another process of that number was not asked")
	}
	close(release)
	<-ended
	eventually(t, "it is asked again", func() bool { return a.do(of, func() {}) })

	// No more than so many are left behind.
	for i := range maxHung {
		a.mu.Lock() // as if their time were up at once
		if a.hung == nil {
			a.hung = map[stamp]struct{}{}
		}
		a.hung[stamp{100 + i, 1}] = struct{}{}
		a.mu.Unlock()
	}
	if a.do(stamp{99, 1}, func() {}) {
		t.Error("one more than allowed")
	}
}

// A member whose details cannot be read is listed without them, and counted.
func TestMembersThatHang(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"stuck", 1}
	s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	r.await(t, l, "spawned")
	s.Sample(0, false)
	s.mu.Lock()
	pid := s.lives[l].pid
	s.mu.Unlock()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var p procStat
	if !parseStat(text, &p) {
		t.Fatal(string(text))
	}
	s.asides.mu.Lock()
	s.asides.hung = map[stamp]struct{}{{pid, p.start}: {}}
	s.asides.mu.Unlock()
	before := s.ScanFailures()
	list := s.Members("stuck")
	if len(list) != 1 || list[0].PID != pid || len(list[0].Argv) != 0 || list[0].OpenFDs != -1 || list[0].ReadBytes != nil {
		t.Errorf("%+v", list)
	}
	if s.ScanFailures() == before {
		t.Error("it was not counted")
	}
	_ = unix.Kill(pid, unix.SIGKILL)
}

// A pass that somebody else has just begun is waited for: a tree that lives is never empty.
func TestMembersDuringAPass(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"busy", 1}
	s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	r.await(t, l, "spawned")
	s.Sample(0, false)
	running := make(chan struct{})
	s.usage.mu.Lock()
	s.usage.running = running // as a pass does that begins now
	s.usage.mu.Unlock()
	listed := make(chan []Member)
	go func() { listed <- s.Members("busy") }()
	select {
	case list := <-listed:
		t.Errorf("%d members while the pass goes on", len(list))
	case <-time.After(50 * time.Millisecond):
		s.usage.mu.Lock()
		s.usage.running = nil
		close(running)
		s.usage.mu.Unlock()
		if list := <-listed; len(list) != 1 {
			t.Errorf("%d members after the pass", len(list))
		}
	}
}
