package linux

import (
	"os"
	"strings"
	"testing"
)

// Each row leaves one member behind when the leader exits, and only one of the
// questions of the package comment finds out whose it is.
func TestWhoOwnsAnAdoptedProcess(t *testing.T) {
	onlyInGroup := 0
	if os.Getenv(inGroup) != "" {
		onlyInGroup = 1
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		question string
		scan     bool   // a sample is taken while the leader lives
		member   string // prints "up" when it is as it will be
		owned    int
	}{
		{"group", false, `env -i sh -c 'echo up; exec sleep 1000' & read x < GATE; exit 0`, 1},
		{"session", false, `env -i PM_TEST_CHILD=owngroup ` + exe + ` & read x < GATE; exit 0`, 1},
		{"environment", false, `setsid sh -c 'echo up; exec sleep 1000' & read x < GATE; exit 0`, 1},
		{"last pass", true, `env -i setsid sh -c 'echo up; exec sleep 1000' & read x < GATE; exit 0`, 1},
		{"session that a member began", true, `env -i setsid sh -c 'echo up; read x < GATE; sleep 1000 & exit 0' & wait; exit 0`, 1},
		{"cgroup", false, `env -i setsid sh -c 'echo up; exec sleep 1000' & read x < GATE; exit 0`, onlyInGroup},
	} {
		t.Run(c.question, func(t *testing.T) {
			s, r := newSystem(t)
			gate := fifo(t)
			l, out := Life{"host", 1}, newText()
			s.Spawn(l, shell(l, out, strings.ReplaceAll(c.member, "GATE", gate)))
			out.await(t, "up")
			r.await(t, l, "spawned")
			if c.scan {
				if got := usageOf(s, l.Name).TreeSize; got != 2 {
					t.Errorf("tree size %d, want 2", got)
				}
			}
			open(t, gate)
			r.await(t, l, "exited")
			if r.left[l] != c.owned {
				t.Errorf("left %d, want %d", r.left[l], c.owned)
			}
			if c.owned > 0 {
				s.Kill(l, ScopeRest)
				r.await(t, l, "empty")
			}
		})
	}
}

// What was seen is believed only of the same process, not of the same number.
func TestLastPassNamesProcessesNotNumbers(t *testing.T) {
	s := table()
	s.self = 1
	l := &life{Life: Life{"a", 1}, account: &account{}}
	s.seen[nobody] = sighting{start: 7, owner: l}
	if got, _ := s.knownOwner(&procStat{pid: nobody, start: 7}); got != l {
		t.Error("the same process is not known")
	}
	if got, known := s.knownOwner(&procStat{pid: nobody, start: 8}); known {
		t.Errorf("another process with its number is owned by %v", got)
	}
	sc := &scanner{self: 1, list: []procStat{{pid: nobody, ppid: 1, start: 7, owner: l, settled: true}}}
	clear(s.seen)
	s.remember(sc)
	if s.seen[nobody] != (sighting{start: 7, owner: l}) {
		t.Errorf("a member is not remembered: %v", s.seen)
	}
}

// A process that has the number of a leader that was reaped before it began proves
// that nothing of the leader's session and group is left.
func TestReusedLeaderNumber(t *testing.T) {
	for _, c := range []struct {
		start uint64
		kept  bool
	}{{99, true}, {100, true}, {101, false}} {
		s := table()
		l := &life{pid: nobody, session: true, reaped: true, ended: 100}
		s.groups[nobody] = l
		sc := &scanner{self: 1, list: []procStat{{pid: nobody, start: c.start}}, index: map[int]int{nobody: 0}}
		s.dropStale(sc)
		if got := s.groups[nobody] != nil; got != c.kept {
			t.Errorf("start %d: kept %v, want %v", c.start, got, c.kept)
		}
	}
}
