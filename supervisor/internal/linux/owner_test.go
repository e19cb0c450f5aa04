package linux

import (
	"os"
	"strings"
	"testing"
)

// Each row leaves one member behind when the leader exits, and only one of the
// questions of the package comment finds out whose it is.
func TestWhoOwnsAnAdoptedProcess(t *testing.T) {
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
		{"none", false, `env -i setsid sh -c 'echo up; exec sleep 1000' & read x < GATE; exit 0`, 0},
	} {
		t.Run(c.question, func(t *testing.T) {
			s, r := newSystem(t)
			gate := fifo(t)
			l, out := Life{"host", 1}, newText()
			s.Spawn(l, shell(l, out, strings.ReplaceAll(c.member, "GATE", gate)))
			out.await(t, "up")
			r.await(t, l, "spawned")
			if c.scan {
				if got := s.Usage(0)[l.Name].TreeSize; got != 2 {
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
