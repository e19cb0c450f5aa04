package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

// T98: the name holds blanks and parentheses.
func TestT98ParseStat(t *testing.T) {
	line := "4711 (a) R 1 (b) S 12 13 14 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 7 0 98765 1000000 250 18446744073709551615 1 1\n"
	want := procStat{pid: 4711, ppid: 12, pgrp: 13, sid: 14, state: 'S', user: 103, system: 24, threads: 7, start: 98765, rss: 250}
	var got procStat
	if !parseStat([]byte(line), &got) {
		t.Fatal("refused")
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(procStat{}, details{}), cmpopts.IgnoreFields(procStat{}, "owner")); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "1", "1 (x", "1 (x)", "1 (x) S", "x (y) S 1 2 3", line[:40], ") 1 (x"} {
		if parseStat([]byte(bad), &got) {
			t.Errorf("accepted %q", bad)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("4711 (a) R 1 (b) S 12 13 14 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 7 0 98765 1000000 250 1\n"))
	f.Add([]byte("1 () Z 0 -1 -1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p procStat
		if len(text) < 1<<12 && parseStat(text, &p) && (p.pid < 0 || p.ppid < 0 && len(text) < 100) {
			t.Errorf("%q gave %+v", text, p)
		}
	})
}

func TestParseOwner(t *testing.T) {
	for env, want := range map[string]Life{
		"PATH=/bin\x00PM_PROCESS_NAME=web\x00PM_PROCESS_RUN=7\x00": {"web", 7},
		"PM_PROCESS_RUN=7\x00PM_PROCESS_NAME=web":                  {"web", 7},
		"PM_PROCESS_NAME=web\x00PM_PROCESS_RUN=x\x00":              {},
		"PM_PROCESS_NAME=web\x00":                                  {},
		"XPM_PROCESS_NAME=web\x00PM_PROCESS_RUN=7\x00":             {},
		"": {},
	} {
		got, ok := parseOwner([]byte(env))
		if ok != (want != Life{}) || ok && got != want {
			t.Errorf("%q: %v %v, want %v", env, got, ok, want)
		}
	}
}

func FuzzParseOwner(f *testing.F) {
	f.Add([]byte("PATH=/bin\x00PM_PROCESS_NAME=web\x00PM_PROCESS_RUN=7\x00"))
	f.Fuzz(func(t *testing.T, env []byte) {
		if id, ok := parseOwner(env); ok && (len(env) > 1<<16 || id.Name == "") {
			t.Errorf("%q gave %v", env, id)
		}
	})
}

// T98, with a real program of that name.
func TestT98RealName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a) R 1 (b")
	if err := copyFile("/bin/sleep", path); err != nil {
		t.Fatal(err)
	}
	s, r := newSystem(t)
	l := Life{"odd", 1}
	s.Spawn(l, command(l, newText(), path, "1000"))
	r.await(t, l, "spawned")
	got := usageOf(s, l.Name)
	if got.TreeSize != 1 || got.Threads != 1 {
		t.Errorf("usage %+v", got)
	}
}

// spin burns CPU time for about a tenth of a second; a shell cannot ask for its time.
const spin = `spin() { i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; }; `

// T92: what children used that were waited for, and what orphans used, counts, once.
func TestT92ReapedChildrenCount(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"burner", 1}
	s.Spawn(l, shell(l, newText(), spin+`for n in 1 2 3 4 5 6 7 8; do (spin); done; exit 0`))
	exit := r.over(t, l)
	used := exit.CPUUser + exit.CPUSystem
	got := usageOf(s, l.Name)
	total := got.CPUUser + got.CPUSystem
	if used < 50*time.Millisecond || total != used {
		t.Errorf("the kernel says %v, the usage %v", used, total)
	}

	// An orphan that was seen as a member is booked when it is reaped.
	o := Life{"orphans", 1}
	gate, out := fifo(t), newText()
	s.Spawn(o, shell(o, out, spin+`(spin; spin; echo spun; read x < `+gate+`) & exit 0`))
	r.await(t, o, "exited")
	out.await(t, "spun")
	living := usageOf(s, o.Name)
	open(t, gate)
	r.await(t, o, "empty")
	reaped := usageOf(s, o.Name)
	was, is := living.CPUUser+living.CPUSystem, reaped.CPUUser+reaped.CPUSystem
	if was < 20*time.Millisecond || is < was || is > was+50*time.Millisecond {
		t.Errorf("CPU %v while it lived, %v when it was reaped", was, is)
	}
	next := Life{"orphans", 2} // what is used from now on comes on top
	s.Spawn(next, shell(next, newText(), spin+"(spin); exit 0"))
	exit = r.over(t, next)
	more := usageOf(s, o.Name)
	if used := exit.CPUUser + exit.CPUSystem; more.CPUUser+more.CPUSystem < was+used {
		t.Errorf("CPU %v, want at least %v and %v", more.CPUUser+more.CPUSystem, was, used)
	}
	if living.TreeSize != 1 || reaped.TreeSize != 0 {
		t.Errorf("tree size %d, then %d", living.TreeSize, reaped.TreeSize)
	}
}

// T92: orphans that came and went while nobody looked: no pass has seen them as members.
// What the kernel says of all children that we have waited for is the oracle.
func TestT92UnseenOrphansCount(t *testing.T) {
	s, r := newSystem(t)
	waited := func() time.Duration {
		var used unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &used); err != nil {
			t.Fatal(err)
		}
		return span(used.Utime) + span(used.Stime)
	}
	const orphans = 20
	before := waited()
	gate, l := fifo(t), Life{"parent", 1}
	s.Spawn(l, shell(l, newText(), spin+`i=0; while [ $i -lt `+fmt.Sprint(orphans)+` ]; do (spin & ); i=$((i+1)); done; read x < `+gate+`; exit 0`))
	eventually(t, "all orphans are reaped", func() bool { return s.Orphans() == orphans })
	open(t, gate)
	exit := r.over(t, l)
	want, got := waited()-before, s.UsageOf(l.Name)
	if got != (TreeUsage{}) {
		t.Fatalf("%+v before the first pass", got)
	}
	got = usageOf(s, l.Name)
	used := got.CPUUser + got.CPUSystem
	if apart := (used - want).Abs(); apart > time.Millisecond || used < 2*(exit.CPUUser+exit.CPUSystem) {
		t.Errorf("the kernel has %v, %v of it the leader's; the usage %v", want, exit.CPUUser+exit.CPUSystem, used)
	}
}

// T93: never back, over restarts, while others ask at the same time.
func TestT93NeverGoesBack(t *testing.T) {
	s, r := newSystem(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			var last TreeUsage
			for {
				select {
				case <-stop:
					return
				default:
				}
				now := usageOf(s, "phoenix")
				if now.CPUUser < last.CPUUser || now.CPUSystem < last.CPUSystem {
					t.Errorf("from %+v back to %+v", last, now)
				}
				last = now
			}
		})
	}
	var used time.Duration
	for i := range 10 {
		l := Life{"phoenix", uint64(i + 1)}
		s.Spawn(l, shell(l, newText(), spin+`(spin); spin & wait`))
		exit := r.over(t, l)
		used += exit.CPUUser + exit.CPUSystem
	}
	close(stop)
	wg.Wait()
	got := usageOf(s, "phoenix")
	total := got.CPUUser + got.CPUSystem
	if total < used || total > used+used/5 {
		t.Errorf("the kernel says %v, the usage %v", used, total)
	}
	s.Forget("phoenix")
	if got := usageOf(s, "phoenix"); got != (TreeUsage{}) {
		t.Error("still counted after Forget")
	}
}

func TestUsageOfATree(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"tree", 1}, newText()
	s.Spawn(l, shell(l, out, spin+`sleep 1000 & setsid sleep 1000 & echo up; while :; do spin; done`))
	out.await(t, "up")
	r.await(t, l, "spawned")
	var got TreeUsage
	eventually(t, "it uses CPU", func() bool { got = usageOf(s, l.Name); return got.CPUPercent > 0 && got.ResidentBytes > 0 })
	if got.TreeSize != 3 || got.Threads != 3 {
		t.Errorf("usage %+v", got)
	}
	if got.CPUPercent > 400 {
		t.Errorf("%v percent of one core", got.CPUPercent)
	}
	passes := s.usage.passes
	for range 3 {
		s.Sample(time.Hour, false)
	}
	if s.usage.passes != passes {
		t.Error("a fresh sample was not shared")
	}
}

// Lists of children that are longer than a buffer, and numbers cut in two by it.
func TestListsOfChildren(t *testing.T) {
	dir := t.TempDir()
	var text strings.Builder
	var want []int
	for pid := 2; pid < 2500; pid += 3 {
		fmt.Fprintf(&text, "%d ", pid)
		want = append(want, pid)
	}
	if err := os.WriteFile(filepath.Join(dir, "children"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	sc := &scanner{proc: fd, opened: true, text: make([]byte, 64)}
	defer sc.close()
	if err := sc.appendChildren([]byte("children\x00")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, sc.pids); diff != "" {
		t.Error(diff)
	}
}
