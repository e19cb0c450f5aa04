package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v3/process"
	"golang.org/x/sys/unix"
)

// T92: a hundred short children that burn, counted by a shell that asks the kernel for
// its own and their times.
func TestT92HundredBurningChildren(t *testing.T) {
	s, r := newSystem(t)
	l, gate, out := Life{"wrapper", 1}, fifo(t), newText()
	s.Spawn(l, shell(l, out, `n=0; while [ $n -lt 100 ]; do (i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done); n=$((n+1)); done; times; echo done; read x < `+gate))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // while it goes on, others look
		for {
			select {
			case <-stop:
				return
			default:
				s.Sample(0, true)
			}
		}
	})
	out.await(t, "done")
	close(stop)
	wg.Wait()
	var truth time.Duration
	for _, m := range regexp.MustCompile(`(\d+)m([\d.]+)s`).FindAllStringSubmatch(out.String(), -1) {
		d, err := time.ParseDuration(m[1] + "m" + m[2] + "s")
		if err != nil {
			t.Fatal(err)
		}
		truth += d
	}
	use := usageOf(s, l.Name)
	got := use.CPUUser + use.CPUSystem
	if truth < 100*time.Millisecond || got < truth-truth/20-2*tick || got > truth+truth/20+2*tick {
		t.Errorf("the shell says %v, the usage %v", truth, got)
	}
	open(t, gate)
	exit := r.over(t, l)
	after := usageOf(s, l.Name)
	if used := exit.CPUUser + exit.CPUSystem; after.CPUUser+after.CPUSystem < used || after.CPUUser+after.CPUSystem > used+2*tick {
		t.Errorf("the kernel says %v, the usage %v", used, after)
	}
}

// T95: a percentage is of a window that is long enough, and stays until the next one; at
// first the window began with the System.
func TestT95PercentHasAWindow(t *testing.T) {
	s, r := newSystem(t)
	began := s.usage.based
	l, out := Life{"burner", 1}, newText()
	s.Spawn(l, shell(l, out, `echo up; while :; do :; done`))
	out.await(t, "up")
	r.await(t, l, "spawned")
	eventually(t, "a window has passed", func() bool { return time.Since(began) > 2*percentWindow })
	first := usageOf(s, l.Name)
	window := s.usage.based.Sub(began)
	if want := 100 * float64(first.CPUUser+first.CPUSystem) / float64(window); first.CPUPercent != want || want < 1 {
		t.Errorf("%v percent, want %v of %v", first.CPUPercent, want, window)
	}
	based := s.usage.based
	soon := usageOf(s, l.Name) // at once: the window is too short for a number of its own
	if time.Since(based) < percentWindow && soon.CPUPercent != first.CPUPercent {
		t.Errorf("%v percent, then %v", first.CPUPercent, soon.CPUPercent)
	}
	list := s.Members(l.Name)
	if len(list) != 1 || list[0].CPUPercent < 1 || list[0].CPUPercent > 150 {
		t.Errorf("%+v", list)
	}
}

// T96: ten forks that share their memory: the sum of what is resident counts it in each,
// the proportional one once.
func TestT96SharedMemory(t *testing.T) {
	s, r := newSystem(t)
	l, gate, out := Life{"workers", 1}, fifo(t), newText()
	c := shell(l, out, `x=$(head -c 20000000 /dev/zero | tr '\0' a); for n in 1 2 3 4 5 6 7 8 9 10; do (read y < `+gate+`) & done; echo up; read y < `+gate)
	c.Measures = Measures{ProportionalMemory: true, WorkingSet: true}
	s.Spawn(l, c)
	out.await(t, "up")
	r.await(t, l, "spawned")
	const shared = 20_000_000
	var use TreeUsage
	eventually(t, "it is measured", func() bool {
		use = usageOf(s, l.Name)
		return use.TreeSize == 11 && use.ProportionalBytes > 0
	})
	if use.ResidentBytes < 11*shared || use.ProportionalBytes < shared || use.ProportionalBytes > use.ResidentBytes/3 {
		t.Errorf("resident %d MB, proportional %d MB", use.ResidentBytes/1e6, use.ProportionalBytes/1e6)
	}
	if s.cgroups == nil && use.WorkingSetBytes != 0 {
		t.Error("a working set without a cgroup")
	}
	s.Measure(l.Name, Measures{}) // not wanted any more
	if use = usageOf(s, l.Name); use.ProportionalBytes != 0 {
		t.Errorf("%+v is still measured", use)
	}
}

// T97: however many ask at once, /proc is read once; and what is old enough is shared.
func TestT97OnePassForAll(t *testing.T) {
	const n = 1000
	s, _, _ := sleepers(t, n)
	s.Sample(0, true)
	passes := s.usage.passes
	var wg sync.WaitGroup
	began := time.Now()
	for range 10 {
		wg.Go(func() {
			s.Sample(0, true)
			for i := range n {
				if use := s.UsageOf(fmt.Sprint("sleeper", i)); use.TreeSize != 1 || !use.HasDetails || use.OpenFDs < 3 {
					t.Errorf("%d: %+v", i, use)
					return
				}
			}
		})
	}
	wg.Wait()
	if more := s.usage.passes - passes; more > 2 {
		t.Errorf("%d passes for ten who ask at once", more)
	}
	t.Logf("ten who ask at once about %d processes: %v", n, time.Since(began).Round(time.Millisecond))
}

// T97: a pass that hangs holds up its readers for a second, and they get the last sample.
func TestT97PassThatHangs(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"sleeper", 1}
	s.Spawn(l, command(l, newText(), "/bin/sleep", "1000"))
	r.await(t, l, "spawned")
	if use := usageOf(s, l.Name); use.TreeSize != 1 {
		t.Fatalf("%+v", use)
	}
	u := &s.usage
	u.mu.Lock()
	u.running = make(chan struct{}) // nobody will close it
	u.mu.Unlock()
	failures, began := s.ScanFailures(), time.Now()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { s.Sample(0, true) })
	}
	wg.Wait()
	if took := time.Since(began); took < passPatience || took > 5*passPatience {
		t.Errorf("it was waited for %v", took)
	}
	if use := s.UsageOf(l.Name); use.TreeSize != 1 || s.ScanFailures() == failures {
		t.Errorf("%+v, %d failures after %d", use, s.ScanFailures(), failures)
	}
	if list := s.Members(l.Name); len(list) != 0 {
		t.Errorf("%+v out of a sample that is being written", list)
	}
	u.mu.Lock()
	close(u.running)
	u.running = nil
	u.mu.Unlock()
}

// T97: an environment that cannot be read, because its process's memory is locked, is left
// behind, and not asked for again.
func TestT97EnvironmentThatHangs(t *testing.T) {
	s, _ := newSystem(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "77"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "77", "environ")
	if err := unix.Mkfifo(path, 0o600); err != nil { // to open it hangs until somebody writes
		t.Fatal(err)
	}
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	sc, p := &scanner{proc: fd, opened: true}, &procStat{pid: 77, start: 5}
	began := time.Now()
	for range 3 {
		if id, said := s.environOwner(sc, p); said != executing || id != (Life{}) {
			t.Errorf("%v %v", id, said)
		}
	}
	if took := time.Since(began); took > 10*asidePatience || sc.failures != 3 {
		t.Errorf("three looks took %v, %d failures", took, sc.failures)
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0) // it comes back
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, EnvName+"=web\x00"+EnvRun+"=7\x00")
	w.Close()
	eventually(t, "it may be asked again", func() bool {
		s.asides.mu.Lock()
		defer s.asides.mu.Unlock()
		return len(s.asides.hung) == 0
	})
}

// T99: who ends between the listing and the reading is no failure.
func TestT99ProcessesThatVanish(t *testing.T) {
	s, r := newSystem(t)
	s.asides.patience = patience // a busy machine is none either
	l := Life{"churn", 1}
	s.Spawn(l, shell(l, newText(), `i=0; while [ $i -lt 1500 ]; do : & i=$((i+1)); done; exit 0`))
	for {
		s.Sample(0, true)
		r.mu.Lock()
		exited := r.has(l, "exited")
		r.mu.Unlock()
		if exited {
			break
		}
	}
	r.over(t, l)
	if n := s.ScanFailures(); n != 0 {
		t.Errorf("%d failures", n)
	}
}

// What we read is what gopsutil reads of the same process.
func TestGopsutilAgrees(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"subject", 1}, newText()
	file := filepath.Join(t.TempDir(), "data")
	s.Spawn(l, shell(l, out, spin+`head -c 3000000 /dev/zero > `+file+`; sync `+file+`; (spin); spin; echo up; kill -STOP $$; exit 0`))
	out.await(t, "up")
	r.await(t, l, "spawned")
	s.mu.Lock()
	pid := s.lives[l].pid
	s.mu.Unlock()
	p := process.Process{Pid: int32(pid)}
	eventually(t, "it stands still", func() bool {
		s.Sample(0, true)
		list := s.Members(l.Name)
		return len(list) == 1 && list[0].State == 'T'
	})
	s.usage.wanted = time.Time{} // details as they are now, not of an earlier turn
	s.Sample(0, true)
	use, m := s.UsageOf(l.Name), s.Members(l.Name)[0]
	times, err := p.TimesWithContext(procOnly)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var now procStat
	if !parseStat(text, &now) {
		t.Fatal(string(text))
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')'):])
	waited := func(n int) float64 { v, _ := strconv.ParseFloat(fields[n], 64); return v / 100 } // cutime, cstime: gopsutil leaves them out
	if user := use.CPUUser.Seconds() - waited(14); user < times.User-0.001 || user > times.User+0.001 {
		t.Errorf("user %v, gopsutil %v", user, times.User)
	}
	if system := use.CPUSystem.Seconds() - waited(15); system < times.System-0.001 || system > times.System+0.001 {
		t.Errorf("system %v, gopsutil %v", system, times.System)
	}
	memory, err := p.MemoryInfoWithContext(procOnly)
	// The kernel counts pages on each CPU and joins them in batches: stat has the joined
	// ones, statm, which gopsutil and Members read, all.
	if err != nil || memory.RSS != m.Resident || max(memory.RSS, use.ResidentBytes)-min(memory.RSS, use.ResidentBytes) > 1<<20 {
		t.Errorf("resident %d, of the member %d, gopsutil %v, %v", use.ResidentBytes, m.Resident, memory, err)
	}
	threads, err := p.NumThreadsWithContext(procOnly)
	if err != nil || int(threads) != use.Threads {
		t.Errorf("threads %d, gopsutil %d, %v", use.Threads, threads, err)
	}
	fds, err := p.NumFDsWithContext(procOnly)
	if err != nil || int(fds) != use.OpenFDs {
		t.Errorf("descriptors %d, gopsutil %d, %v", use.OpenFDs, fds, err)
	}
	io, err := p.IOCountersWithContext(procOnly)
	if err != nil || io.ReadBytes != use.ReadBytes || io.WriteBytes != use.WriteBytes || use.WriteBytes < 3_000_000 {
		t.Errorf("storage %d and %d, gopsutil %v, %v", use.ReadBytes, use.WriteBytes, io, err)
	}
	name, err := p.NameWithContext(procOnly)
	if err != nil || m.Name != name {
		t.Errorf("name %q, gopsutil %q, %v", m.Name, name, err)
	}
	argv, err := p.CmdlineSliceWithContext(procOnly)
	if err != nil || !slices.Equal(m.Argv, argv) {
		t.Errorf("arguments %q, gopsutil %q, %v", m.Argv, argv, err)
	}
	uids, err := p.UidsWithContext(procOnly)
	if err != nil || m.UID != int(uids[1]) {
		t.Errorf("user %d, gopsutil %v, %v", m.UID, uids, err)
	}
	if m.OpenFDs != int(fds) || m.ReadBytes == nil || *m.ReadBytes != io.ReadBytes || *m.WriteBytes != io.WriteBytes {
		t.Errorf("of the member %d descriptors, storage %v and %v, gopsutil %d, %v", m.OpenFDs, m.ReadBytes, m.WriteBytes, fds, io)
	}
	created, err := p.CreateTimeWithContext(procOnly)
	if apart := m.Start.UnixMilli() - created; err != nil || apart < -1500 || apart > 1500 { // gopsutil knows the boot to the second
		t.Errorf("started %v, gopsutil %v, %v", m.Start, time.UnixMilli(created), err)
	}
	_ = unix.Kill(pid, unix.SIGCONT)
	r.over(t, l)
	if after := usageOf(s, l.Name); after.WriteBytes < use.WriteBytes || after.WriteBytes > use.WriteBytes+1<<20 {
		t.Errorf("written %d, %d after it has ended", use.WriteBytes, after.WriteBytes)
	}
}

// Without the size of the directory, descriptors are counted.
func TestDescriptorsOfOldKernels(t *testing.T) {
	sc := &scanner{self: os.Getpid()}
	if err := sc.open(); err != nil {
		t.Fatal(err)
	}
	defer sc.close()
	path := fmt.Appendf(nil, "%d/fd\x00", os.Getpid())
	size, err := sc.countFDs(path)
	if err != nil {
		t.Fatal(err)
	}
	sc.noSizes = true
	counted, err := sc.countFDs(path)
	if err != nil || counted != size+1 { // the directory itself is open while it is read
		t.Errorf("counted %d, the size says %d, %v", counted, size, err)
	}
}

func TestParseIO(t *testing.T) {
	var p procStat
	good := "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1\n"
	if !parseIO([]byte(good), &p) || p.readBytes != 4096 || p.writeBytes != 8192 {
		t.Errorf("%+v", p)
	}
	for _, bad := range []string{"", "read_bytes: 1\n", "read_bytes: x\nwrite_bytes: 1\n", "read_bytes:1\nwrite_bytes: 1\n"} {
		if parseIO([]byte(bad), &p) {
			t.Errorf("accepted %q", bad)
		}
	}
}

func FuzzParseIO(f *testing.F) {
	f.Add([]byte("read_bytes: 4096\nwrite_bytes: 8192\n"))
	f.Fuzz(func(_ *testing.T, text []byte) { parseIO(text, &procStat{}); pssOf(text) })
}
