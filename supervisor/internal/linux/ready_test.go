package linux

import (
	"fmt"
	"strings"
	"testing"
)

// warmUp has the System open what it keeps open.
func warmUp(t testing.TB, s *System, r *recorder) {
	t.Helper()
	l := Life{"first", 1}
	s.Spawn(l, shell(l, newText(), "exit 0"))
	r.over(t, l)
}

// readyCommand is a shell script that may say on descriptor fd that it is ready; that is noted
// among the reports.
func readyCommand(l Life, r *recorder, out Output, fd int, script string) Command {
	c := shell(l, out, strings.ReplaceAll(script, "FD", fmt.Sprint("/proc/self/fd/", fd)))
	c.ReadyFD = fd
	c.OnReady = func() { r.note(l, "ready", nil) }
	return c
}

func TestReadyFD(t *testing.T) {
	for _, c := range []struct {
		script string
		want   string
	}{
		{"printf '\\n' >FD", "spawned ready exited"},
		{"exec >FD; printf half; echo; echo more; echo and more", "spawned ready exited"},
		{"printf 'no newline' >FD", "spawned exited"},
		{"exit 0", "spawned exited"},
		{"(echo >FD); exit 3", "spawned ready exited"},
	} {
		for _, fd := range []int{3, 4, 9, 255} {
			t.Run(fmt.Sprint(fd, c.script), func(t *testing.T) {
				s, r := newSystem(t)
				l := Life{"web", 1}
				warmUp(t, s, r)
				before := openFiles(t)
				s.Spawn(l, readyCommand(l, r, newText(), fd, c.script))
				r.over(t, l)
				if got := strings.TrimSuffix(r.story(l), " empty"); got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
				if now := openFiles(t); now > before {
					t.Errorf("%d descriptors, before %d", now, before)
				}
			})
		}
	}
}

// T17: the child has the one descriptor more, and none in between.
func TestT17ReadyFDIsTheOnlyOneMore(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, readyCommand(l, r, out, 200, `ls /proc/$$/fd; :`))
	r.over(t, l)
	if got, want := out.String(), "0\n1\n2\n200\n"; got != want {
		t.Errorf("descriptors %q, want %q", got, want)
	}
}

// Who holds the pipe longer than the life lasts says nothing any more.
func TestReadyAfterTheEndIsNotHeard(t *testing.T) {
	s, r := newSystem(t)
	if s.cgroups != nil {
		t.Skip("nobody can leave a cgroup like that")
	}
	l, gate, up := Life{"web", 1}, fifo(t), fifo(t)
	s.Spawn(l, readyCommand(l, r, newText(), 5,
		`env -i setsid sh -c 'echo >`+up+`; read x <`+gate+`; echo >FD' & read x <`+up+`; exit 0`))
	r.over(t, l)
	open(t, gate)
	eventually(t, "the stranger is gone", func() bool { return s.Orphans() == 1 })
	if got := r.story(l); strings.Contains(got, "ready") {
		t.Errorf("%q", got)
	}
}

func TestReadyFDOutOfRange(t *testing.T) {
	s, r := newSystem(t)
	for i, fd := range []int{-1, 1, 2, 256} {
		l := Life{"web", uint64(i + 1)}
		s.Spawn(l, readyCommand(l, r, newText(), fd, "exit 0"))
		r.await(t, l, "failed")
	}
}

// A program that cannot be executed leaves no pipe behind.
func TestEarsOfAFailedSpawnAreClosed(t *testing.T) {
	s, r := newSystem(t)
	warmUp(t, s, r)
	before := openFiles(t)
	for i, tty := range []bool{false, true} {
		l := Life{"web", uint64(i + 1)}
		c := command(l, newText(), "/does/not/exist")
		c.ReadyFD, c.OnReady, c.Notify = 3, func() {}, func(string) {}
		c.TTY, c.Stdin = tty, tty
		s.Spawn(l, c)
		r.await(t, l, "failed")
	}
	if now := openFiles(t); now > before+1 { // the runtime's poller stays
		t.Errorf("%d descriptors, before %d", now, before)
	}
}
