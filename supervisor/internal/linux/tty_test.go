package linux

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

func ttyShell(l Life, out Output, script string) Command {
	c := shell(l, out, script)
	c.TTY = true
	return c
}

func TestTTYIsATerminal(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, ttyShell(l, out, `
		[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo three
		echo controlling >/dev/tty
		echo error >&2
		stty size; stty -a | tr ' ;' '\n\n' | grep -x -e -echo -e -onlcr
		printf 'no newline'; exit 5`))
	if exit := r.over(t, l); exit.Code != 5 {
		t.Errorf("%+v", exit)
	}
	want := "three\ncontrolling\nerror\n24 80\n-onlcr\n-echo\nno newline"
	if size := ttySize(); size.Col != 80 || size.Row != 24 {
		want = strings.Replace(want, "24 80", fmt.Sprint(size.Row, size.Col), 1)
	}
	if got := out.String(); got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	for _, stream := range streams {
		if n := out.ended(stream); n != 1 {
			t.Errorf("%v ended %d times", stream, n)
		}
	}
}

// The terminal is its user's, who may open it by its name.
func TestTTYBelongsToTheUser(t *testing.T) {
	needs(t, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_CHOWN)
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	c := ttyShell(l, out, `cd /; stat -L -c %u /proc/self/fd/0`)
	c.Identity = Identity{User: "4242"}
	s.Spawn(l, c)
	r.over(t, l)
	if got := out.String(); got != "4242\n" {
		t.Errorf("it belongs to %q", got)
	}
}

// What comes on a terminal is stdout, and nothing of it is lost.
func TestTTYLosesNothing(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, ttyShell(l, out, `i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done`))
	r.over(t, l)
	want := &strings.Builder{}
	for i := range 20000 {
		fmt.Fprintln(want, "line", i)
	}
	if got := out.String(); got != want.String() {
		t.Errorf("%d bytes, want %d", len(got), want.Len())
	}
}

// Without Stdin nothing is ever typed. When the leader ends its terminal is hung up:
// who of the tree still uses it ends or finds it gone.
func TestTTYIsHungUpWithItsLeader(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	s.Spawn(l, ttyShell(l, out, `(trap '' HUP; echo up; exec sleep 1000) & wait`))
	out.await(t, "up")
	s.Stop(Stopping{l, supervisor.SIGKILL, ScopeLeader})
	r.await(t, l, "exited")
	s.Kill(l, ScopeTree)
	r.over(t, l)
	if n := out.ended(supervisor.Stdout); n != 1 {
		t.Errorf("stdout ended %d times", n)
	}
}

// Where there is no device the error says so.
func TestTTYWithoutDevice(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a mount namespace needs root")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childMode+"=noptmx")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	answer, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(answer), "cannot make a terminal: open /dev/ptmx: no such file or directory (is devpts") {
		t.Errorf("%v: %s", err, answer)
	}
}

// noTerminals is the part of a manager in whose image there are no terminals.
func noTerminals() int {
	if unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") != nil || unix.Mount("none", "/dev", "tmpfs", 0, "") != nil {
		return 1
	}
	r := newRecorder()
	s := New(r)
	l := Life{"web", 1}
	s.Spawn(l, ttyShell(l, newText(), "exit 0"))
	r.ended(l)
	s.Close()
	fmt.Println(r.errs[l])
	return 0
}

// stdinManager is the part of a manager that hands its stdin to one life after the
// other: the first takes a line, the second reads to the end.
func stdinManager(args []string) int {
	tty, gate := args[0] == "tty", args[1]
	r := newRecorder()
	s := New(r)
	defer s.Close()
	for i, script := range []string{`read x; echo "got $x"`, `cat; echo end`} {
		l := Life{"web", uint64(i + 1)}
		c := shell(l, printer{}, script)
		c.Stdin, c.TTY = true, tty
		if i == 1 {
			fmt.Println("over")
			if _, err := os.ReadFile(gate); err != nil {
				return 1
			}
		}
		s.Spawn(l, c)
		r.ended(l)
	}
	return 0
}

// printer is an Output that prints.
type printer struct{ nowhere }

func (printer) Write(_ supervisor.Stream, chunk []byte) { _, _ = os.Stdout.Write(chunk) }

// A life reads the manager's stdin, to its end, and takes nothing that was sent when
// it was over.
func TestStdinIsHandedOver(t *testing.T) {
	for _, how := range []string{"plain", "tty"} {
		t.Run(how, func(t *testing.T) {
			gate := fifo(t)
			cmd := exec.Command("/proc/self/exe", how, gate)
			cmd.Env = append(os.Environ(), childMode+"=stdin")
			cmd.Stderr = os.Stderr
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			expect := func(want string) {
				t.Helper()
				if !lines.Scan() || lines.Text() != want {
					t.Errorf("line %q, want %q", lines.Text(), want)
				}
			}
			fmt.Fprintln(in, "one")
			expect("got one")
			expect("over")
			fmt.Fprintln(in, "two") // while nobody is there
			if err := os.WriteFile(gate, nil, 0); err != nil {
				t.Error(err)
			}
			expect("two")
			_, _ = io.WriteString(in, "half a line")
			_ = in.Close()
			expect("half a lineend")
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}
