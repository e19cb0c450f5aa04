package linux

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ticking gives the invented processes clocks.
func (v *invented) ticking() map[int]int64 {
	clocks := map[int]int64{}
	v.s.usage.scan.clock = func(pid int) int64 { return clocks[pid] }
	return clocks
}

// leading is a system in which a leader 50 of the life web, which has run, is alone with us.
func leading(t *testing.T, user int) (v *invented, clocks map[int]int64) {
	v = invent(t)
	clocks = v.ticking()
	v.lead("web", 50)
	v.show(1, 0, 1, 0)
	v.show(50, 1, 400, user)
	clocks[1], clocks[50] = 7, 8
	return v, clocks
}

// row is what the last pass knows of a process.
func (v *invented) row(pid int) procStat {
	sc := &v.s.usage.scan
	at, ok := sc.index[pid]
	if !ok {
		return procStat{}
	}
	return sc.list[at]
}

// notItsTurn passes until it is not the turn of a process in the next pass.
func (v *invented) notItsTurn(pid int) {
	for mine(pid, v.s.usage.passes, fullTurns) {
		v.pass(1, true)
	}
}

// What a pass reads again, and what it takes over: a leader 50 with a child 51, of which
// /proc says something new. Both have run before, and only who is named by a story has now.
func TestPassReadsWhoHasRun(t *testing.T) {
	for _, c := range []struct {
		story  string
		happen func(v *invented, clocks map[int]int64)
		read   bool
	}{
		{"nothing", func(*invented, map[int]int64) {}, false},
		{"it ran", func(_ *invented, clocks map[int]int64) { clocks[51]++ }, true},
		{"its parent ran", func(_ *invented, clocks map[int]int64) { clocks[50]++ }, false},
		{"its clock cannot be read", func(_ *invented, clocks map[int]int64) { delete(clocks, 51) }, true},
		{"its parent has ended", func(v *invented, _ map[int]int64) { v.remove(v.path(50, "")) }, true},
		{"its parent is a zombie", func(v *invented, clocks map[int]int64) {
			clocks[50]++
			put(v.t, v.dir, map[string]string{"50/stat": strings.Replace(statOf(50, 1, 400, 0), " S ", " Z ", 1)})
		}, true},
		{"its parent's number is another's", func(v *invented, clocks map[int]int64) {
			clocks[50]++
			v.show(50, 1, 600, 0)
		}, true},
	} {
		t.Run(c.story, func(t *testing.T) {
			v := invent(t)
			clocks := v.ticking()
			v.lead("web", 50)
			v.show(1, 0, 1, 0)
			v.show(50, 1, 400, 0)
			v.show(51, 50, 401, 100)
			clocks[1], clocks[50], clocks[51] = 7, 8, 9
			v.pass(1, false)
			v.notItsTurn(51)
			v.show(51, 50, 401, 300)
			c.happen(v, clocks)
			v.pass(1, false)
			want := uint64(100)
			if c.read {
				want = 300
			}
			if got := v.row(51); got.user != want || got.pid != 51 || got.ppid != 50 {
				t.Errorf("%+v, want %d ticks", got, want)
			}
		})
	}
}

// Who never ran has a clock of zero, and so may another one of that number: both are read.
func TestClockOfZeroProvesNothing(t *testing.T) {
	v := invent(t)
	v.ticking()
	v.lead("web", 50)
	v.show(1, 0, 1, 0)
	v.show(50, 1, 400, 0)
	v.pass(1, false)
	v.notItsTurn(50)
	v.show(50, 1, 500, 5)
	v.pass(1, false)
	if got := v.row(50); got.start != 500 {
		t.Errorf("%+v", got)
	}
}

// The clock of who is on a CPU lags by a tick of the kernel: passes that follow each other
// at once take nothing over.
func TestPassesAtOnceReadAll(t *testing.T) {
	v, _ := leading(t, 100)
	v.pass(1, false)
	v.notItsTurn(50)
	v.show(50, 1, 400, 300)
	v.s.sample(v.s.usage.based.Add(clockLag/2), false)
	if got := v.row(50).user; got != 300 {
		t.Errorf("%d ticks, want 300", got)
	}
}

// A pass can be slow: what it has read last is younger than its beginning says.
func TestSlowPassIsYoung(t *testing.T) {
	v, _ := leading(t, 100)
	v.pass(1, false)
	v.notItsTurn(50)
	quick := v.s.usage.scan.clock
	v.s.usage.scan.clock = func(pid int) int64 {
		<-time.After(percentWindow / 2) // of each of two
		return quick(pid)
	}
	v.pass(1, false)
	v.s.usage.scan.clock = quick
	for _, c := range []struct {
		after time.Duration
		want  uint64
	}{
		{percentWindow + clockLag/2, 300}, // since it began, and less than clockLag since it ended
		{time.Hour, 300},
	} {
		v.show(50, 1, 400, int(c.want))
		v.s.sample(v.s.usage.based.Add(c.after), false)
		v.show(50, 1, 400, 500)
		if got := v.row(50).user; got != c.want {
			t.Errorf("%v after it began: %d ticks, want %d", c.after, got, c.want)
		}
	}
}

// Who was running when it was read may have no clock that moves before long.
func TestWhoWasRunningIsReadAgain(t *testing.T) {
	v := invent(t)
	clocks := v.ticking()
	v.lead("web", 50)
	v.show(1, 0, 1, 0)
	put(t, v.dir, map[string]string{"50/stat": strings.Replace(statOf(50, 1, 400, 100), " S ", " R ", 1)})
	clocks[1], clocks[50] = 7, 8
	v.pass(1, false)
	v.notItsTurn(50)
	v.show(50, 1, 400, 300)
	v.pass(1, false)
	if got := v.row(50); got.user != 300 || got.kept {
		t.Errorf("%+v, want 300 ticks", got)
	}
	v.notItsTurn(50)
	v.show(50, 1, 400, 500)
	v.pass(1, false)
	if got := v.row(50); got.user != 300 || !got.kept {
		t.Errorf("%+v, want 300 ticks, because it sleeps by now", got)
	}
}

// A sleeper whose memory was taken away, which it does not notice, is seen within fullTurns
// passes.
func TestSleeperHasItsTurn(t *testing.T) {
	v, _ := leading(t, 100)
	v.pass(1, false)
	v.notItsTurn(50)
	v.show(50, 1, 400, 300)
	passes := 0
	for v.row(50).user != 300 && passes <= fullTurns {
		v.pass(1, false)
		passes++
	}
	if passes < 2 || passes > fullTurns {
		t.Errorf("read after %d passes, want 2 to %d", passes, fullTurns)
	}
}

// A sleeper whose parent has ended, and which is gone itself before it is read again, may be
// in what its new parent has waited for.
func TestSleeperThatVanishesCountsNothing(t *testing.T) {
	v := invent(t)
	clocks := v.ticking()
	a := v.lead("web", 50)
	v.show(1, 0, 1, 0)
	v.show(50, 1, 400, 0)
	v.show(51, 50, 401, 0)
	v.show(52, 51, 402, 300)
	clocks[1], clocks[50], clocks[51], clocks[52] = 7, 8, 9, 10
	v.pass(1, false)
	v.notItsTurn(52)
	if a.shown.CPUUser != 300*tick || a.shown.TreeSize != 3 {
		t.Fatalf("%+v", a.shown)
	}
	v.remove(v.path(51, ""))
	v.remove(v.path(52, "stat")) // it was listed, and its clock stood, when the pass came by
	v.show(50, 1, 400, 300)
	clocks[50]++
	v.pass(1, false)
	if got := a.shown; got.CPUUser != 300*tick || got.TreeSize != 1 || got.ResidentBytes != pageSize {
		t.Errorf("%+v", got)
	}
}

// Descriptors and storage are asked of who has run since they were asked, in its turn; of
// a sleeper when all of it is read.
func TestDetailsOfWhoHasRun(t *testing.T) {
	v, clocks := leading(t, 0)
	v.holds(50, 1, 0)
	v.pass(1, true)
	asked := func(fds int) (passes int) {
		for v.row(50).fds != fds && passes <= fullTurns {
			v.pass(1, true)
			passes++
		}
		return passes
	}
	v.notItsTurn(50)
	for !mine(50, v.s.usage.passes, detailTurns) { // it runs in a pass that is not its turn
		v.pass(1, true)
	}
	v.pass(1, true)
	clocks[50]++
	v.holds(50, 2, 0)
	v.pass(1, true)
	if got := v.row(50).fds; got != 1 {
		t.Errorf("%d descriptors, asked out of turn", got)
	}
	if n := asked(2); n < 1 || n > detailTurns {
		t.Errorf("asked %d passes later, want 1 to %d", n, detailTurns)
	}
	for !mine(50, v.s.usage.passes-1, fullTurns) {
		v.pass(1, true)
	}
	v.holds(50, 3, 0)
	if n := asked(3); n != fullTurns {
		t.Errorf("a sleeper was asked %d passes later, want %d", n, fullTurns)
	}
}

// Details that nobody wanted for a while are asked for at once, of sleepers too.
func TestDetailsWantedAgain(t *testing.T) {
	v, _ := leading(t, 0)
	v.holds(50, 1, 0)
	v.pass(1, true)
	v.pass(1, false)
	v.notItsTurn(50)
	v.pass(1, false)
	v.holds(50, 2, 0)
	v.pass(1, true)
	if got := v.row(50).fds; got != 2 {
		t.Errorf("%d descriptors, want 2", got)
	}
}

// The clock of a process: it stands while the process sleeps, goes on when it runs, is still
// there when it is a zombie, and not when it has been waited for.
func TestCPUClock(t *testing.T) {
	s, r := newSystem(t)
	gate := fifo(t)
	l, out := Life{"subject", 1}, newText()
	s.Spawn(l, shell(l, out, `echo up; read x < `+gate+`; echo again; exec sleep 1000`))
	out.await(t, "up")
	r.await(t, l, "spawned")
	s.mu.Lock()
	pid := s.lives[l].pid
	s.mu.Unlock()
	still := func() int64 {
		before := cpuClock(pid)
		eventually(t, "it sleeps", func() bool {
			then := before
			before = cpuClock(pid)
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return before == then && strings.Contains(string(text), ") S ")
		})
		return before
	}
	first := still()
	open(t, gate)
	out.await(t, "again")
	second := still()
	if first <= 0 || second <= first {
		t.Errorf("%d, then %d", first, second)
	}
	if own := cpuClock(os.Getpid()); own <= 0 {
		t.Errorf("our own is %d", own)
	}
	_ = unix.Kill(pid, unix.SIGKILL)
	r.over(t, l)
	if got := cpuClock(pid); got != 0 {
		t.Errorf("%d after the end", got)
	}
}

// Whatever happens in a tree, what a pass has taken over is what /proc says.
func TestWhatIsTakenOverIsTrue(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"busy", 1}, newText()
	// Sleepers, children that end, orphans, a group and a session of their own, one that stops.
	s.Spawn(l, shell(l, out, spin+`
		for n in 1 2 3 4 5 6 7 8; do sleep 1000 & done
		for n in 1 2 3 4; do (sleep 0.2$n; sleep 1000 & exit 0) & done
		for n in 1 2 3 4; do (sleep 0.3$n & sleep 0.1$n) & done
		setsid sh -c 'sleep 0.4; sleep 1000 & sleep 0.1; kill -STOP $$' &
		echo up
		i=0; while [ $i -lt 60 ]; do sleep 0.01; (spin); i=$((i+1)); done
		echo quiet; sleep 1000`))
	out.await(t, "up")
	r.await(t, l, "spawned")
	sc := &scanner{self: s.self}
	defer sc.close()
	kept, runs := 0, 0
	for !strings.Contains(out.String(), "quiet") || kept == 0 {
		s.Sample(0, true)
		s.usage.mu.Lock()
		list := slices.Clone(s.usage.scan.list)
		s.usage.mu.Unlock()
		runs++
		if err := sc.listProcesses(); err != nil {
			t.Fatal(err)
		}
		sc.readStats()
		now := map[int]procStat{}
		for _, p := range sc.list {
			now[p.pid] = p
		}
		// Who ran while it was read here shows it by then, and the next pass may take over.
		<-time.After(percentWindow + 20*time.Millisecond)
		for _, p := range list {
			is, there := now[p.pid]
			if !p.kept || p.owner == nil || !there || is.state == 'R' || cpuClock(p.pid) != p.clock { // it has run since
				continue
			}
			kept++
			if p.ppid != is.ppid { // its parent has ended since: only then does it get another
				var parent procStat
				if sc.stat(p.ppid, &parent) && !parent.dead() {
					t.Errorf("%d: the parent is %d, taken over as %d", p.pid, is.ppid, p.ppid)
				}
				is.ppid = p.ppid
			}
			if p.rss > is.rss+64 || is.rss > p.rss+64 { // who shares its memory, as after vfork, may change it
				t.Errorf("%d: %d pages, taken over as %d", p.pid, is.rss, p.rss)
			}
			if p.ppid != is.ppid || p.pgrp != is.pgrp || p.sid != is.sid || p.start != is.start || p.user != is.user ||
				p.system != is.system || p.threads != is.threads || p.state != is.state {
				t.Errorf("taken over:\n%+v\nit is:\n%+v", p, is)
			}
		}
	}
	t.Logf("%d passes, %d taken over", runs, kept)
	s.mu.Lock()
	pid := s.lives[l].pid
	s.mu.Unlock()
	_ = unix.Kill(pid, unix.SIGKILL)
}
