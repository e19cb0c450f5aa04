package linux

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// byThread has every fork of the suite made by the fork thread; see TestAsPID1.
const byThread = "PM_TEST_FORK_THREAD"

// withForkThread has this test's forks made by the thread.
func withForkThread(t testing.TB) { withManyLives(t, 0) }

// withManyLives has this test's forks made by the thread from n lives on.
func withManyLives(t testing.TB, n int) {
	before := manyLives
	manyLives = n
	t.Cleanup(func() { manyLives = before })
}

// tables lists for each thread of this program what its descriptors are.
func tables(t *testing.T) map[int][]string {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	found := map[int][]string{}
	for _, thread := range threads {
		dir := "/proc/self/task/" + thread.Name() + "/fd"
		list, err := os.ReadDir(dir)
		if err != nil {
			continue // it ended
		}
		tid, _ := strconv.Atoi(thread.Name())
		for _, e := range list {
			what, _ := os.Readlink(dir + "/" + e.Name())
			found[tid] = append(found[tid], what)
		}
	}
	return found
}

// What the other threads hold the fork thread does not, nor does it gather anything: not
// of lives that run, have ended, or could not be started.
func TestForkThreadHoldsNearlyNothing(t *testing.T) {
	withForkThread(t)
	s, r := newSystem(t)
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer closeAll(pipe[:])
	ours, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", pipe[0]))
	if err != nil {
		t.Fatal(err)
	}
	// own are the tables of threads that do not have what all others have.
	own := func() map[int][]string {
		t.Helper()
		found := tables(t)
		maps.DeleteFunc(found, func(_ int, table []string) bool {
			return len(table) == 0 || slices.Contains(table, ours)
		})
		return found
	}

	out := newText()
	first := Life{"first", 1}
	s.Spawn(first, shell(first, out, "echo $(ls -l /proc/self/fd | grep -c -- '->'); exec sleep 1000"))
	out.await(t, "\n")
	if got := strings.TrimSpace(out.String()); got != "4" { // with the directory that ls reads
		t.Errorf("ls has %s descriptors in a child, want 4", got)
	}
	if found := own(); len(found) != 1 || found[os.Getpid()] != nil {
		t.Fatalf("tables that are not ours: %v", found)
	}

	for i := range 20 {
		runs, ends, fails := Life{fmt.Sprint("runs", i), 1}, Life{fmt.Sprint("ends", i), 1}, Life{fmt.Sprint("fails", i), 1}
		s.Spawn(runs, command(runs, newText(), "/bin/sleep", "1000"))
		s.Spawn(ends, command(ends, newText(), "/bin/true"))
		s.Spawn(fails, command(fails, newText(), "/etc/passwd"))
		r.await(t, runs, "spawned")
		r.over(t, ends)
		r.await(t, fails, "failed")
	}
	found := own()
	if len(found) > maxWorkers {
		t.Errorf("%d fork threads: %v", len(found), found)
	}
	for _, table := range found {
		sockets := 0
		for _, what := range table {
			switch {
			case strings.HasPrefix(what, "socket:"):
				sockets++
			case !strings.HasPrefix(what, "anon_inode:[event") && !slices.Contains(std(t), what):
				t.Errorf("a fork thread holds %s", what)
			}
		}
		if sockets > 1+3 { // 0, 1 and 2 may be sockets
			t.Errorf("a fork thread holds %q", table)
		}
	}
}

func std(t *testing.T) (links []string) {
	t.Helper()
	for fd := range 3 {
		if link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil {
			links = append(links, link)
		}
	}
	return links
}

// The Go runtime stops the world and looks for descriptors that are ready on any thread,
// also on one with a table of its own: it crashes when its own are not there.
func TestForkThreadAndCollector(t *testing.T) {
	ended := make(chan error)
	var collect func(ended chan<- error)
	collect = func(ended chan<- error) {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() { // whose table is everybody's
			elsewhere := make(chan error)
			go collect(elsewhere)
			ended <- <-elsewhere
			runtime.UnlockOSThread()
			return
		}
		err := takeOwnTable(-1, -1)
		for range 3 {
			runtime.GC() // which ends with such a look
		}
		ended <- err
	}
	go collect(ended)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What may be the runtime's is kept, also where it cannot be told: it would crash.
func TestForkThreadKeepsWhatMayBeTheRuntimes(t *testing.T) {
	for _, tt := range []struct {
		link string
		err  error
		want bool
	}{
		{"anon_inode:[eventpoll]", nil, true},
		{"anon_inode:[eventfd]", nil, true},
		{"anon_inode:[eventpoll:7]", nil, true}, // as a later kernel may call it
		{"", unix.EACCES, true},
		{"pipe:[7]", nil, false},
		{"anon_inode:[pidfd]", nil, false},
		{"/run/[eventpoll]", nil, false},
	} {
		if got := mayBeTheRuntimes(tt.link, tt.err); got != tt.want {
			t.Errorf("%q, %v: %v, want %v", tt.link, tt.err, got, tt.want)
		}
	}
}

// Many at once, while it collects all the time.
func TestForkThreadKeepsUp(t *testing.T) {
	withForkThread(t)
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	s, r := newSystem(t)
	const many = 200
	for i := range many {
		l := Life{"many", uint64(i)}
		s.Spawn(l, shell(l, newText(), "exit "+strconv.Itoa(i%100)))
	}
	for i := range many {
		if exit := r.over(t, Life{"many", uint64(i)}); exit.Code != i%100 {
			t.Errorf("life %d ended with %d, want %d", i, exit.Code, i%100)
		}
	}
}

// Only when there are many lives is the thread started; and when it is gone, or cannot take
// what a child is to have, spawns go on without it.
func TestForkThreadIsNotNeeded(t *testing.T) {
	withManyLives(t, 2)
	s, r := newSystem(t)
	works := func(gen uint64) {
		t.Helper()
		l := Life{"life", gen}
		s.Spawn(l, shell(l, newText(), "exit 7"))
		if exit := r.over(t, l); exit.Code != 7 {
			t.Errorf("ended with %+v", exit)
		}
	}
	works(1)
	if len(s.forks.idle) > 0 {
		t.Error("a thread was started for one life")
	}
	withForkThread(t)
	works(2)
	if len(s.forks.idle) == 0 {
		t.Fatal("no thread was started")
	}

	p := newSpawning(&Command{})
	for range 300 { // more than a message may carry
		p.attr.Files = append(p.attr.Files, 0)
	}
	thread := s.forks.take()
	if _, err := thread.fork("/bin/true", []string{"true"}, &p.attr); err != errNotTried {
		t.Errorf("300 descriptors: %v", err)
	}
	works(3) // by another: this one hangs, say
	s.forks.close()
	s.forks.give(thread) // late
	if n := len(s.forks.idle); n > 0 {
		t.Errorf("%d threads are kept after the end", n)
	}
	works(4)
}

// That there was no descriptor for a thread's socket once is no reason to do without for good.
func TestForkThreadAfterAShortage(t *testing.T) {
	var f forks
	defer f.close()
	withFullTable(t, func() {
		if thread := f.take(); thread != nil {
			t.Error("a thread was started with a full table")
			f.give(thread)
		}
	})
	thread := f.take()
	if thread == nil {
		t.Fatal("no thread is started after the shortage")
	}
	f.give(thread)
}

// What has no place in a table is not handed on in part.
func TestForkThreadTakesAllOrNothing(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(pair[:])
	if err := sendFDs(pair[0], []int{0, 1}); err != nil {
		t.Fatal(err)
	}
	before := len(tables(t)[os.Getpid()])
	if got, err := receiveFDs(pair[1], 3); err != unix.EMFILE {
		t.Errorf("two of three: %v, %v", got, err)
	}
	if after := len(tables(t)[os.Getpid()]); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	// The table is full: the kernel drops what has no place.
	if err := sendFDs(pair[0], []int{0, 1}); err != nil {
		t.Fatal(err)
	}
	withFullTable(t, func() {
		if _, err := receiveFDs(pair[1], 2); err != unix.EMFILE {
			t.Errorf("with a full table: %v", err)
		}
	})
}

// withFullTable calls f while this program gets no descriptor more.
func withFullTable(t *testing.T, f func()) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}, nil); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
			t.Error(err)
		}
	}()
	f()
}

func TestForkThreadNumbers(t *testing.T) {
	attr := &syscall.ProcAttr{
		Dir:   "/d",
		Files: []uintptr{7, 8, 8, notGiven, 9},
		Sys:   &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: 10, Setsid: true},
	}
	if got := fmt.Sprint(handedDown(attr)); got != "[7 8 8 9 10]" {
		t.Errorf("handed down: %s", got)
	}
	pidfd := -1
	got := withNumbers(attr, []int{3, 4, 5, 6, 11}, &pidfd)
	want := []uintptr{3, 4, 5, notGiven, 6}
	if !slices.Equal(got.Files, want) || got.Sys.CgroupFD != 11 || got.Sys.PidFD != &pidfd || got.Dir != "/d" || !got.Sys.Setsid {
		t.Errorf("with other numbers: %+v %+v", got, got.Sys)
	}
	if attr.Files[0] != 7 || attr.Sys.CgroupFD != 10 || attr.Sys.PidFD != nil {
		t.Errorf("the caller's own have changed: %+v %+v", attr, attr.Sys)
	}
}
