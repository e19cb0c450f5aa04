package linux

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// TestInCgroup runs what looks at trees again in a cgroup of its own, and the tests
// that need one, with the fork thread and without.
func TestInCgroup(t *testing.T) {
	if os.Getenv(inGroup) != "" || os.Getenv(inside) != "" {
		t.Skip("this is it, or not its place")
	}
	againInCgroup(t, "Life|Owns|T0|T1[0-9][A-Z]|T2[125]|Orphan|Scopes|Kill|Stranger|EndRest|Usage|Task|^Test(T22)?Cgroup")
	t.Setenv(byThread, "1")
	againInCgroup(t, "Life|T2[125]|^Test(T22)?Cgroup")
}

// againInCgroup runs tests of this suite in a cgroup of its own.
func againInCgroup(t *testing.T, tests string, controllers ...string) {
	t.Helper()
	place := testPlace(t)
	for _, name := range controllers {
		if err := os.WriteFile(filepath.Join(place, "cgroup.subtree_control"), []byte("+"+name), 0); err != nil {
			t.Fatalf("cannot switch on %s: %v", name, err)
		}
	}
	dir, err := os.MkdirTemp(place, "pmtest-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // so that everybody may look
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = os.WriteFile(dir+"/cgroup.kill", []byte("1"), 0)
		eventually(t, "the test's cgroup is empty and removed", func() bool {
			return removeGroups(dir) == nil
		})
	})
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.timeout=3m", "-test.run="+tests, "-test.short="+strconv.FormatBool(testing.Short()))
	if testing.Verbose() {
		cmd.Args = append(cmd.Args, "-test.v")
	}
	cmd.Env = append(os.Environ(), inGroup+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("in a cgroup: %v\n%s", err, out)
	} else if testing.Verbose() {
		t.Logf("%s", out)
	}
}

// testPlace is where this test may make cgroups.
func testPlace(t testing.TB) string {
	t.Helper()
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip(err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Skip(err)
	}
	group, ok := parseOwnGroup(own)
	place, found := findPlace(mounts, group)
	if !ok || !found || unix.Access(place+"/cgroup.procs", unix.W_OK) != nil {
		t.Skip("no cgroup v2 in which groups can be made")
	}
	return place
}

// removeGroups removes a cgroup with everything below it.
func removeGroups(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if e.IsDir() {
			err = errors.Join(err, removeGroups(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(err, unix.Rmdir(dir))
}

// needCgroup returns the place of the test's cgroup.
func needCgroup(t *testing.T) string {
	t.Helper()
	dir := os.Getenv(inGroup)
	if dir == "" {
		t.Skip("needs a cgroup of its own")
	}
	return dir
}

// groupsBelow lists the cgroups of lives, as "pm.web/1".
func groupsBelow(t *testing.T, place string) []string {
	t.Helper()
	list, err := filepath.Glob(place + "/pm.*/*/cgroup.procs")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range list {
		name, err = filepath.Rel(place, filepath.Dir(name))
		if err != nil {
			t.Fatal(err)
		}
		list[i] = name
	}
	return list
}

// A life and a task have a group each, in that of the process; both are gone soon after
// their ends, and the manager leaves nothing.
func TestCgroupOfEachLife(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	web, probe, out := Life{"web", 7}, Life{"web/liveness", 3}, newText()
	s.Spawn(web, shell(web, out, `cat /proc/self/cgroup; exec sleep 1000`))
	s.Spawn(probe, command(web, newText(), "/bin/sleep", "1000"))
	r.await(t, web, "spawned")
	r.await(t, probe, "spawned")
	out.await(t, "/pm.web/7\n")
	if got, want := groupsBelow(t, place), []string{"pm.web/7", "pm.web/liveness.3"}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
	s.Kill(probe, ScopeTree)
	r.over(t, probe)
	if !alive(r.pid(web)) {
		t.Error("the end of a task took its process with it")
	}
	s.Kill(web, ScopeTree)
	r.over(t, web)
	eventually(t, "the groups are removed", func() bool {
		_, err := os.Stat(place + "/pm.web")
		return errors.Is(err, fs.ErrNotExist)
	})
}

func TestCgroupCloseRemovesAll(t *testing.T) {
	place := needCgroup(t)
	r := newRecorder()
	s := New(r)
	for i := range 5 {
		l := Life{fmt.Sprint("job", i), 1}
		s.Spawn(l, command(l, newText(), "/bin/true"))
		r.over(t, l)
	}
	if got := groupsBelow(t, place); len(got) == 0 {
		t.Error("there were no groups")
	}
	s.Close()
	left, err := filepath.Glob(place + "/pm*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// SIGKILL to a tree is one write, and who was put into the group from outside dies too.
// Until then he keeps the life from being over.
func TestCgroupNotEmptyIsNotOver(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	web, guest := Life{"web", 1}, Life{"guest", 1}
	gate := fifo(t)
	s.Spawn(web, shell(web, newText(), `read x < `+gate+`; exit 4`))
	s.Spawn(guest, command(guest, newText(), "/bin/sleep", "1000"))
	r.await(t, web, "spawned")
	r.await(t, guest, "spawned")
	if err := os.WriteFile(place+"/pm.web/1/cgroup.procs", []byte(strconv.Itoa(r.pid(guest))), 0); err != nil {
		t.Fatal(err)
	}
	open(t, gate)
	r.await(t, web, "exited")
	if r.left[web] != 1 || r.exits[web].Code != 4 {
		t.Errorf("left %d exit %+v, want 1 and code 4", r.left[web], r.exits[web])
	}
	s.Kill(web, ScopeRest)
	r.await(t, web, "empty")
	if exit := r.over(t, guest); exit.Signal != supervisor.SIGKILL {
		t.Errorf("guest: %+v", exit)
	}
}

// T22: a daemon with a session of its own and an emptied environment, whom nobody has
// seen as a member, is counted and asked to end like any other.
func TestT22CgroupDaemonIsAMember(t *testing.T) {
	needCgroup(t)
	s, r := newSystem(t)
	gate := fifo(t)
	l, out := Life{"host", 1}, newText()
	s.Spawn(l, shell(l, out, `(env -i setsid sh -c 'trap "echo asked; exit" TERM; echo up; while :; do sleep 0.01; done' &) ; read x < `+gate))
	out.await(t, "up")
	open(t, gate)
	r.await(t, l, "exited")
	if r.left[l] < 1 {
		t.Errorf("left %d", r.left[l])
	}
	if got := usageOf(s, l.Name).TreeSize; got < 1 {
		t.Errorf("tree size %d", got)
	}
	s.Stop(Stopping{l, supervisor.SIGTERM, ScopeRest})
	r.await(t, l, "empty")
	if !strings.Contains(out.String(), "asked") {
		t.Error("it was not asked")
	}
}

// Killing the rest while the leader lives spares it.
func TestCgroupKillRestSparesTheLeader(t *testing.T) {
	needCgroup(t)
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, shell(l, out, `env -i setsid sleep 1000 & echo $!; wait; echo rest is gone; exec sleep 1000`))
	out.await(t, "\n")
	r.await(t, l, "spawned")
	s.Kill(l, ScopeRest)
	out.await(t, "rest is gone")
	if !alive(r.pid(l)) {
		t.Error("the leader was hit")
	}
	s.Kill(l, ScopeTree)
	r.over(t, l)
}

// The leader can be reaped before the write to cgroup.kill has returned: that it is us
// who kill must be known before, or the exit is taken for one for want of memory.
func TestCgroupKillIsOurs(t *testing.T) {
	needCgroup(t)
	s, r := newSystem(t)
	id := Life{"web", 1}
	s.Spawn(id, command(id, newText(), "/bin/sleep", "1000"))
	r.await(t, id, "spawned")
	s.mu.Lock()
	l := s.lives[id]
	s.mu.Unlock()
	if !s.wholeTreeDies(&request{life: l, sig: supervisor.SIGKILL, scope: ScopeTree, again: true}) {
		t.Fatal("not killed as a group")
	}
	s.mu.Lock()
	known := l.killed
	s.mu.Unlock()
	if !known {
		t.Error("killed by whom?")
	}
	s.Kill(id, ScopeTree)
	r.over(t, id)
}

// While all end, the group of one that is over goes at once; before that it stays for
// the next life.
func TestCgroupEndingRemovesAtOnce(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	s.cgroups.linger = time.Hour
	lives := []Life{{"first", 1}, {"second", 1}, {"third", 1}}
	for _, l := range lives {
		s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
		r.await(t, l, "spawned")
	}
	end := func(l Life) {
		s.Kill(l, ScopeTree)
		r.over(t, l)
	}
	there := func(l Life) bool {
		_, err := os.Stat(place + "/pm." + l.Name)
		return err == nil
	}
	end(lives[0])
	if !there(lives[0]) {
		t.Error("the group is gone before the next life")
	}
	s.Ending()
	eventually(t, "the group of what was over before is gone", func() bool { return !there(lives[0]) })
	end(lives[1])
	if _, err := os.Stat(place + "/pm.second/1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("when the end of a life is told, its own group is still there (%v)", err)
	}
	eventually(t, "the group is gone while another lives", func() bool { return !there(lives[1]) })
	if !there(lives[2]) {
		t.Error("one that lives lost its group")
	}
	end(lives[2])
}

// A member that left the group is found all the same.
func TestCgroupDeserter(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, shell(l, out, `setsid sh -c 'echo $$ > `+place+`/cgroup.procs; echo up $$; exec sleep 1000' & sleep 1000`))
	out.await(t, "up ")
	r.await(t, l, "spawned")
	s.Kill(l, ScopeTree)
	r.over(t, l)
	for _, pid := range strings.Fields(out.String())[1:] {
		n, err := strconv.Atoi(pid)
		if err != nil || alive(n) {
			t.Errorf("%s lives on (%v)", pid, err)
		}
	}
}

// One that left the group and cannot be asked yet whose it is, as in the middle of exec, is
// asked again before its life is over.
func TestCgroupDeserterInExec(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, shell(l, out, `setsid sh -c 'echo $$ > `+place+`/cgroup.procs; echo up $$; exec sleep 1000' & read x < `+fifo))
	out.await(t, "\n")
	r.await(t, l, "spawned")
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(out.String(), "up")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Kill(pid, unix.SIGKILL) }()
	var deserter procStat
	sc := &scanner{}
	defer sc.close()
	if sc.open() != nil || !sc.stat(pid, &deserter) {
		t.Fatal("the deserter is gone")
	}
	s.asides.mu.Lock()
	s.asides.hung = map[stamp]struct{}{{pid, deserter.start}: {}} // it does not answer
	s.asides.mu.Unlock()
	s.mu.Lock()
	web := s.lives[l]
	s.mu.Unlock()

	if err := os.WriteFile(fifo, []byte("\n"), 0); err != nil {
		t.Fatal(err)
	}
	r.over(t, l)
	if web.undecided < doubtMax {
		t.Errorf("it was asked %d times again, want %d", web.undecided, doubtMax)
	}
}

// While all end, a life is not over with its group: who has left it is found, asked and
// killed as before.
func TestCgroupDeserterAtTheEnd(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, shell(l, out, `setsid sh -c 'echo $$ > `+place+`/cgroup.procs; trap "" TERM; echo up $$; while :; do sleep 1000; done' & exec sleep 1000`))
	out.await(t, "up ")
	r.await(t, l, "spawned")
	s.Ending()
	s.Stop(Stopping{l, supervisor.SIGTERM, ScopeLeader})
	r.await(t, l, "exited")
	if r.left[l] == 0 {
		t.Error("nobody is left, and one lives outside of the group")
	}
	if _, err := os.Stat(place + "/pm.web/1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nobody is in the group, and it is still there (%v)", err)
	}
	s.Kill(l, ScopeRest)
	r.await(t, l, "empty")
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(out.String(), "up ")))
	if err != nil || alive(pid) {
		t.Errorf("%d lives on (%v)", pid, err)
	}
	eventually(t, "the group of the process is removed", func() bool {
		_, err := os.Stat(place + "/pm.web")
		return errors.Is(err, fs.ErrNotExist)
	})
}

// A life may have groups below its own: their members are its members, and they go
// with it.
func TestCgroupWithGroupsBelow(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	gate := fifo(t)
	l, out := Life{"nest", 1}, newText()
	own := place + "/pm.nest/1"
	s.Spawn(l, shell(l, out, `mkdir -p `+own+`/a/b; env -i setsid sh -c 'echo $$ > `+own+`/a/b/cgroup.procs; echo up; exec sleep 1000' & read x < `+gate))
	out.await(t, "up")
	r.await(t, l, "spawned")
	open(t, gate)
	r.await(t, l, "exited")
	if r.left[l] != 1 {
		t.Errorf("left %d, want 1", r.left[l])
	}
	s.Kill(l, ScopeRest)
	r.await(t, l, "empty")
	eventually(t, "all groups are removed", func() bool {
		_, err := os.Stat(place + "/pm.nest")
		return errors.Is(err, fs.ErrNotExist)
	})
}

// What a predecessor left behind is removed when it is empty; what lives in it is left
// alone, and does not mix with new lives.
func TestCgroupLeftovers(t *testing.T) {
	place := needCgroup(t)
	for _, dir := range []string{"pm.old/3", "pm.old/4/below", "pm.busy/1", "pm.busy/2", "other/1"} {
		if err := os.MkdirAll(filepath.Join(place, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, dir := range []string{"/pm.busy", "/other"} {
			eventually(t, dir+" is removed", func() bool { return removeGroups(place+dir) == nil })
		}
	})
	owner, r := newSystem(t) // also of the one who lives on
	eventually(t, "they are removed at the start", func() bool { return len(groupsBelow(t, place)) == 0 })
	for _, dir := range []string{"pm.old/3", "pm.old/4/below", "pm.busy/1", "pm.busy/2"} {
		if err := os.MkdirAll(filepath.Join(place, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l := Life{"survivor", 1}
	owner.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	r.await(t, l, "spawned")
	if err := os.WriteFile(place+"/pm.busy/1/cgroup.procs", []byte(strconv.Itoa(r.pid(l))), 0); err != nil {
		t.Fatal(err)
	}
	owner.cgroups.sweepLeftovers(nil)
	for dir, want := range map[string]bool{"pm.old": false, "pm.busy/1": true, "pm.busy/2": false, "other/1": true} {
		if _, err := os.Stat(filepath.Join(place, dir)); (err == nil) != want {
			t.Errorf("%s: %v, want there %v", dir, err, want)
		}
	}
	busy, out := Life{"busy", 1}, newText()
	owner.Spawn(busy, shell(busy, out, "cat /proc/self/cgroup; exec sleep 1000"))
	out.await(t, "/pm.busy/1~2\n")
	r.await(t, busy, "spawned")
	owner.Kill(busy, ScopeTree)
	r.over(t, busy)
	if !alive(r.pid(l)) {
		t.Error("who lived in the old group was killed with a new life")
	}
}

// Two managers in one place: the second says so and does without.
func TestCgroupSecondManager(t *testing.T) {
	needCgroup(t)
	first, _ := newSystem(t)
	c, err := findCgroups()
	if err == nil || !strings.Contains(err.Error(), "another manager") || !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("%+v, %v", c, err)
	}
	if got := first.Containment(); !got.Groups || !strings.Contains(got.GroupsWhy, needCgroup(t)) {
		t.Errorf("%+v", got)
	}
}

// Where clone3 is refused, as by the default filters of container engines, a leader is
// moved when it runs.
func TestCgroupWithoutClone3(t *testing.T) {
	needCgroup(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "noclone3")
	cmd.Env = append(os.Environ(), childMode+"=containment")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.HasPrefix(out, []byte("groups true")) || !bytes.Contains(out, []byte("/pm.web/1\n")) || !bytes.Contains(out, []byte("/pm.web/3\n")) ||
		!bytes.Contains(out, []byte("refused true")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// T101: without a place for groups everything works, and it is said why.
func TestT101WithoutCgroups(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounts need root")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testPlace(t)
	for _, c := range []struct{ scene, why string }{
		{"user", "is not delegated: cannot write cgroup.procs: permission denied"},
		{"readonly", "is not delegated: cannot write cgroup.procs: read-only file system"},
		{"tmpfs", "no cgroup v2 file system is mounted that shows our group"},
		{"noproc", "cannot read /proc/self/cgroup: "},
	} {
		t.Run(c.scene, func(t *testing.T) {
			cmd := exec.Command(exe, c.scene)
			cmd.Env = append(os.Environ(), childMode+"=containment")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
			out, err := cmd.CombinedOutput()
			if err != nil || !bytes.HasPrefix(out, []byte("groups false")) || !bytes.Contains(out, []byte(c.why)) ||
				!bytes.Contains(out, []byte("exit 9")) {
				t.Errorf("%v, want the reason %q\n%s", err, c.why, out)
			}
		})
	}
}

// contained is a manager in a scene: it tells what it found, and runs one life.
func contained(args []string) int {
	fail := func(what string, err error) int {
		fmt.Println(what, err)
		return 1
	}
	script := "exit 9"
	if args[0] != "noclone3" {
		if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return fail("private mounts:", err)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fail("mountinfo:", err)
	}
	point, _ := findPlace(mounts, "/")
	if err := Prepare(); err != nil {
		return fail("prepare:", err)
	}
	switch args[0] {
	case "user":
		err = errors.Join(syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534))
	case "readonly":
		err = unix.Mount("none", point, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
	case "tmpfs":
		err = errors.Join(unix.Unmount(point, unix.MNT_DETACH), unix.Mount("none", point, "tmpfs", 0, ""))
	case "noproc":
		err = unix.Mount("none", "/proc", "tmpfs", 0, "")
	case "noclone3":
		err = forbidClone3()
		script = "until grep pm.web /proc/self/cgroup; do sleep 0.01; done; exit 9"
	}
	if err != nil {
		return fail(args[0], err)
	}
	r := newRecorder()
	s := New(r)
	defer s.Close()
	got := s.Containment()
	fmt.Println("groups", got.Groups, got.GroupsWhy, got.Controllers, got.LimitsWhy)
	out := newText()
	l := Life{"web", 1}
	for gen := range uint64(3) {
		l.Gen = gen + 1
		c := shell(l, out, script)
		if gen == 2 && args[0] == "noclone3" { // one with a shim, which goes to its group before the program begins
			c, c.Setup.Umask = shell(l, out, "cat /proc/self/cgroup; exit 9"), new(supervisor.Umask)
		}
		c.Limits = Limits{Memory: 1 << 30, PIDs: 100}
		s.Spawn(l, c)
		r.ended(l)
	}
	fmt.Print(out.String())
	if s.cgroups != nil {
		fmt.Println("refused", s.cgroups.noClone.Load())
	}
	fmt.Println("exit", r.exits[l].Code, r.errs[l], s.SetLimits("web", Limits{Memory: 1}))
	return 0
}

// forbidClone3 makes the kernel refuse clone3 as container engines do.
func forbidClone3() error { return forbid(unix.SYS_CLONE3, unix.ENOSYS) }

// forbid makes the kernel refuse a system call to us and our children.
func forbid(call uint32, why unix.Errno) error {
	const loadNumber, jumpIfEqual, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{
		{Code: loadNumber, K: 0},
		{Code: jumpIfEqual, K: call, Jt: 0, Jf: 1},
		{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(why)},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return setSeccomp(&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
}

// Groups come and go under load, and nothing is mixed up or left.
func TestCgroupChurn(t *testing.T) {
	place := needCgroup(t)
	s, r := newSystem(t)
	lives := uint64(15)
	if os.Getenv("PM_UML") != "" { // a slow kernel
		lives = 5
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for gen := range lives {
				l := Life{fmt.Sprint("churn", n%4, "-", n), gen + 1}
				s.Spawn(l, shell(l, newText(), `env -i setsid sleep 1000 & sleep 1000 & exit 3`))
				r.await(t, l, "exited")
				if gen%5 == 4 {
					s.Forget(l.Name)
				}
				s.Kill(l, ScopeRest)
				if exit := r.over(t, l); exit.Code != 3 {
					t.Errorf("%v: %+v", l, exit)
				}
			}
		})
	}
	wg.Wait()
	eventually(t, "all groups are removed", func() bool {
		list, err := filepath.Glob(place + "/pm.*")
		return err == nil && len(list) == 0
	})
}

// What looking for a place costs at the start: with one, and where there is a tmpfs in
// its place.
func BenchmarkFindCgroups(b *testing.B) {
	for b.Loop() {
		c, err := findCgroups()
		if err != nil {
			b.Skip(err)
		}
		c.close()
	}
}
