package linux

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

func TestOneLife(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"one", 1}, newText()
	s.Spawn(l, shell(l, out, "echo out; echo err >&2; printf 'no newline'; exit 3"))
	exit := r.over(t, l)
	if exit.Code != 3 || exit.Signal != 0 {
		t.Errorf("exit is %+v, want code 3", exit)
	}
	if got := r.story(l); got != "spawned exited" {
		t.Errorf("reported %q", got)
	}
	for _, want := range []string{"out\n", "err\n", "no newline"} { // T65
		if !strings.Contains(out.String(), want) {
			t.Errorf("output %q lacks %q", out, want)
		}
	}
	if out.ends[supervisor.Stdout] != 1 || out.ends[supervisor.Stderr] != 1 || out.late {
		t.Errorf("streams ended %v times, written after the end: %v", out.ends, out.late)
	}
	if n := s.Orphans(); n != 0 {
		t.Errorf("%d orphans, want none", n)
	}
}

// An image without a shell: what to write instead is told to who has written a string.
func TestNoShell(t *testing.T) {
	err := explain(&Command{Argv: []string{"/bin/sh", "-c", "app --flag"}}, filepath.Join(t.TempDir(), "sh"), unix.ENOENT)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "where there is no shell, write a list") {
		t.Error(err)
	}
}

func TestSpawnErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain", "#!/bin/sh\n", 0o644)
	garbage := file("garbage", "\x01\x02 not a program", 0o755)
	orphaned := file("orphaned", "#!/no/such/shell -e\n", 0o755)
	busy := file("busy", "#!/bin/sh\n", 0o755)
	writer, err := os.OpenFile(busy, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()

	for _, c := range []struct {
		name string
		cmd  Command
		is   error
		want string
	}{
		{"no file", Command{Argv: []string{"/app/x"}}, fs.ErrNotExist, `exec "/app/x": no such file or directory`},
		{"not in PATH", Command{Argv: []string{"nope"}, Env: []string{"PATH=/bin:/usr/bin"}}, fs.ErrNotExist, `exec "nope": no such file or directory in PATH "/bin:/usr/bin"`},
		{"no x", Command{Argv: []string{plain}}, fs.ErrPermission, `exec "` + plain + `": permission denied (nobody may execute it: its mode is 0644)`},
		{"no x in PATH", Command{Argv: []string{"plain"}, Env: []string{"PATH=" + dir}}, fs.ErrPermission, `exec "` + plain + `": permission denied (nobody may execute it: its mode is 0644)`},
		{"directory", Command{Argv: []string{dir}}, fs.ErrPermission, `exec "` + dir + `": it is a directory: permission denied`},
		{"no interpreter", Command{Argv: []string{orphaned}}, fs.ErrNotExist, `exec "` + orphaned + `": its interpreter "/no/such/shell": no such file or directory`},
		{"garbage", Command{Argv: []string{garbage}}, unix.ENOEXEC, `exec "` + garbage + `": exec format error (built for another machine, or a script without a first line such as #!/bin/sh)`},
		{"being written", Command{Argv: []string{busy}}, unix.ETXTBSY, `exec "` + busy + `": text file busy`},
		{"too long", Command{Argv: []string{"/bin/true", strings.Repeat("x", 1<<20)}}, unix.E2BIG, `exec "/bin/true": argument list too long`},
		{"no directory", Command{Argv: []string{"/bin/true"}, Dir: "/nope"}, fs.ErrNotExist, `working directory "/nope": no such file or directory`},
		{"directory is a file", Command{Argv: []string{"/bin/true"}, Dir: plain}, unix.ENOTDIR, `working directory "` + plain + `": not a directory`},
		{"empty", Command{}, unix.EINVAL, `cannot start: the command is empty: invalid argument`},
		{"NUL", Command{Argv: []string{"/bin/true", "a\x00b"}}, unix.EINVAL, `exec "/bin/true": argument 1 holds a NUL byte: invalid argument`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := newSystem(t)
			for _, out := range []Output{nil, newText()} {
				l := Life{c.name, uint64(len(r.errs) + 1)}
				c.cmd.Output = out
				s.Spawn(l, c.cmd)
				r.await(t, l, "failed")
				if err := r.errs[l]; !errors.Is(err, c.is) || err.Error() != c.want {
					t.Errorf("error %q (%v), want %q (%v)", err, errors.Is(err, c.is), c.want, c.is)
				}
				if got := r.story(l); got != "failed" {
					t.Errorf("reported %q", got)
				}
			}
			if n := s.Orphans(); n != 0 {
				t.Errorf("a failed exec was counted as %d orphans", n)
			}
		})
	}
}

// A failed exec leaves a child that either package syscall or the reaper takes:
// neither is an orphan, and no descriptor stays open.
func TestFailedExecsAreNoOrphans(t *testing.T) {
	s, r := newSystem(t)
	before := openFiles(t)
	const n = 300
	for i := range n {
		s.Spawn(Life{"x", uint64(i)}, Command{Argv: []string{"/nope"}, Output: newText()})
	}
	r.until(t, "all failed", func() bool { return len(r.errs) == n })
	if got := s.Orphans(); got != 0 {
		t.Errorf("%d orphans, want none", got)
	}
	if after := openFiles(t); after > before+opened(s) {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// opened counts what a System keeps open from its first spawns on.
func opened(s *System) int {
	s.forks.mu.Lock()
	defer s.forks.mu.Unlock()
	return 1 + len(s.forks.idle) // /dev/null, and the socket of each fork thread
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// T17: only 0, 1 and 2, even when we opened something without close-on-exec before
// Prepare.
func TestT17OnlyThreeDescriptors(t *testing.T) {
	fd, err := unix.Dup(0) // without close-on-exec
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := closeOnExec(); err != nil {
		t.Fatal(err)
	}
	s, r := newSystem(t)
	l, out := Life{"fds", 1}, newText()
	s.Spawn(l, shell(l, out, `for i in $(seq 0 200); do [ -e /proc/$$/fd/$i ] && echo "$i=$(readlink /proc/$$/fd/$i)"; done`))
	r.over(t, l)
	lines := strings.Fields(out.String())
	if len(lines) != 3 || lines[0] != "0=/dev/null" || !strings.HasPrefix(lines[1], "1=pipe:") || !strings.HasPrefix(lines[2], "2=pipe:") {
		t.Errorf("the child has %q", lines)
	}
}

// With nil Output the three are handed over as they are.
func TestInheritedOutput(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"plain", 1}
	file := filepath.Join(t.TempDir(), "out")
	s.Spawn(l, shell(l, nil, fmt.Sprintf("readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 > %s", file)))
	r.over(t, l)
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, fd := range []string{"0", "2"} {
		link, err := os.Readlink("/proc/self/fd/" + fd)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, link)
	}
	lines := strings.Fields(string(got))
	if len(lines) != 3 || lines[0] != want[0] || lines[2] != want[1] {
		t.Errorf("the child has %q, we have %q as 0 and 2", lines, want)
	}
}

// Lives begin in the order in which they were asked for, at most a few at a time.
func TestSpawnManyInParallel(t *testing.T) {
	s, r := newSystem(t)
	const n = 200
	for i := range n {
		l := Life{fmt.Sprint("p", i), 1}
		s.Spawn(l, command(l, newText(), "/bin/true"))
	}
	r.until(t, "all over", func() bool { return len(r.exits) == n })
	for i := range n {
		if got := r.events[Life{fmt.Sprint("p", i), 1}]; !slices.Equal(got, []string{"spawned", "exited"}) {
			t.Errorf("life %d: %v", i, got)
		}
	}
}

// A life that exists cannot be spawned again.
func TestSpawnTwice(t *testing.T) {
	s, r := newSystem(t)
	l := Life{"twice", 1}
	s.Spawn(l, shell(l, newText(), "sleep 1000"))
	s.Spawn(l, shell(l, newText(), "sleep 1000"))
	r.await(t, l, "failed")
	if want := `life 1 of "twice" exists already`; r.errs[l].Error() != want {
		t.Errorf("error %q, want %q", r.errs[l], want)
	}
	r.await(t, l, "spawned")
}
