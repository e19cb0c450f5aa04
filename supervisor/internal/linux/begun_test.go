package linux

import (
	"strconv"
	"testing"
	"time"
)

// given says which number the kernel gave away last; 0: it does not tell.
func (v *invented) given(last int) {
	if last == 0 {
		v.remove(v.dir + "/sys")
		return
	}
	put(v.t, v.dir, map[string]string{"sys/kernel/ns_last_pid": strconv.Itoa(last) + "\n"})
}

// Whether a pass lists the processes: 60 is there, and the pass can only know from a list.
func TestPassListsWhenSomebodyHasBegun(t *testing.T) {
	for _, c := range []struct {
		story  string
		happen func(v *invented) // when two passes have seen the same number, a second apart
		turns  int               // passes after that
		listed bool
	}{
		{"nobody has begun", func(*invented) {}, 1, false},
		{"somebody has", func(v *invented) { v.given(60) }, 1, true},
		{"the numbers began anew", func(v *invented) { v.given(2) }, 1, true},
		{"it is not told any more", func(v *invented) { v.given(0) }, 1, true},
		{"what is told is no number", func(v *invented) {
			put(v.t, v.dir, map[string]string{"sys/kernel/ns_last_pid": "x"})
		}, 1, true},
		{"the number says nothing of it", func(*invented) {}, fullTurns, true},
	} {
		t.Run(c.story, func(t *testing.T) {
			v, clocks := leading(t, 100)
			v.given(50)
			v.pass(1, false)
			v.pass(1, false)
			v.show(60, 50, 500, 0)
			clocks[60] = 9
			c.happen(v)
			for range c.turns {
				v.pass(1, false)
			}
			if got := v.row(60).pid == 60; got != c.listed {
				t.Errorf("listed: %v, want %v", got, c.listed)
			}
		})
	}
}

// A number is given away before its process can be seen: what was listed right then is not
// kept.
func TestPassListsAgainWhoWasNotSeen(t *testing.T) {
	for _, c := range []struct {
		after  time.Duration // from the first pass that saw the number to the second
		listed bool          // by the third
	}{
		{clockLag / 2, true},
		{clockLag, false},
	} {
		v, clocks := leading(t, 100)
		v.given(50)
		v.pass(1, false)
		v.given(60)
		first := v.s.usage.based.Add(time.Second)
		for _, at := range []time.Duration{0, c.after} {
			v.s.sample(first.Add(at), false)
			v.s.usage.passes++
		}
		v.show(60, 50, 500, 0)
		clocks[60] = 9
		v.pass(1, false)
		if got := v.row(60).pid == 60; got != c.listed {
			t.Errorf("looked at again after %v: listed %v, want %v", c.after, got, c.listed)
		}
	}
}

// Who has ended is missed in a list that is kept, and is no failure.
func TestPassMissesWhoHasEnded(t *testing.T) {
	v, clocks := leading(t, 100)
	v.given(51)
	v.show(51, 50, 500, 0)
	clocks[51] = 9
	v.pass(1, false)
	v.pass(1, false)
	if size := v.s.accounts["web"].shown.TreeSize; size != 2 {
		t.Fatalf("%d members, want 2", size)
	}
	v.remove(v.path(51, ""))
	delete(clocks, 51)
	v.pass(1, false)
	if size, failed := v.s.accounts["web"].shown.TreeSize, v.s.failures.Load(); size != 1 || failed != 0 {
		t.Errorf("%d members and %d failures, want 1 and none", size, failed)
	}
}

// The kernel tells the number, and a process that begins changes it.
func TestLastPID(t *testing.T) {
	sc := &scanner{}
	defer sc.close()
	before := sc.lastPID()
	if before == 0 {
		t.Skip("this kernel does not tell the number given away last")
	}
	s, r := newSystem(t)
	l := Life{"new", 1}
	s.Spawn(l, command(l, newText(), "/bin/true"))
	r.over(t, l)
	if after := sc.lastPID(); after == before {
		t.Errorf("%d before and after a process", after)
	}
}

// Who keeps samples fresh makes a pass when the last one is too old, and joins one that goes on.
func TestFreshen(t *testing.T) {
	s, _ := newSystem(t)
	passes := func() int {
		s.usage.mu.Lock()
		defer s.usage.mu.Unlock()
		return s.usage.passes
	}
	s.Freshen(time.Hour)
	if got := passes(); got != 1 {
		t.Errorf("%d passes by the first call, want 1", got)
	}
	s.Freshen(time.Hour)
	if got := passes(); got != 1 {
		t.Errorf("%d passes, want 1: the last one is young", got)
	}
	s.Freshen(0)
	if got := passes(); got != 2 {
		t.Errorf("%d passes, want 2: any is too old", got)
	}
	s.usage.mu.Lock()
	s.usage.running = make(chan struct{}) // of a pass that hangs
	s.usage.mu.Unlock()
	s.Freshen(0)
	if got, failed := passes(), s.failures.Load(); got != 2 || failed != 1 {
		t.Errorf("%d passes and %d failures, want 2 and 1: it has waited for the one that hangs", got, failed)
	}
	s.usage.mu.Lock()
	s.usage.running = nil
	s.usage.mu.Unlock()
	s.usage.close()
	s.Freshen(0)
	if got := passes(); got != 2 {
		t.Errorf("%d passes, want 2: it is closed", got)
	}
}
