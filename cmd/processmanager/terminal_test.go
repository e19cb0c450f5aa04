package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Under a terminal a shell has job control, and Ctrl-C reaches what is in front of
// it once, not the shell.
func TestT19JobControl(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		k := onTerminal(t, ns, "bash", "--norc", "--noprofile", "-i")
		k.write("PS1=; stty -echo; echo r''eady\n")
		k.awaitOut("ready")
		k.write("trap 'echo sh''ell-int' INT; sh -c 'trap \"echo fg-int; exit 3\" INT; echo fg-''up; while :; do sleep 0.05; done'; echo code=$?\n")
		k.awaitOut("fg-up")
		k.write("\x03")
		k.awaitOut("code=")
		if got := k.stdout.String(); strings.Count(got, "fg-int") != 1 || !strings.Contains(got, "code=3") {
			t.Errorf("after Ctrl-C:\n%s", got)
		}
		k.write("sleep 4323\n")
		eventually(t, "the sleep runs", func() bool { return k.running("4323") == 1 })
		k.write("\x1a") // Ctrl-Z
		k.awaitOut("Stopped")
		k.write("fg\n")
		eventually(t, "the sleep goes on", func() bool { return k.stopped("4323") == 0 })
		k.write("\x1a")
		eventually(t, "the sleep is stopped again", func() bool { return k.stopped("4323") == 1 })
		k.write("bg; jobs; kill %1; wait; echo do''ne\n")
		k.awaitOut("Running")
		k.awaitOut("done")
		if got := k.stdout.String(); strings.Contains(got, "no job control") {
			t.Errorf("the shell complains:\n%s", got)
		}
		k.write("exit 6\n")
		if code := k.code(); code != 6 {
			t.Errorf("exit code %d, want 6", code)
		}
	})
}

// The size of the window reaches the command: from the terminal once, and what is
// sent to us once.
func TestT19WindowSize(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		k := onTerminal(t, ns, "env", roleVar+"=signals", executable(t))
		k.awaitOut("child is ready")
		if err := unix.IoctlSetWinsize(int(k.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 101}); err != nil {
			t.Fatal(err)
		}
		k.awaitOut("got SIGWINCH")
		k.signal(syscall.SIGWINCH)
		eventually(t, "the second one is there", func() bool { return strings.Count(k.stdout.String(), "SIGWINCH") == 2 })
		k.signal(syscall.SIGTERM)
		if code := k.code(); code != 7 {
			t.Errorf("exit code %d", code)
		}
		if n := strings.Count(k.stdout.String(), "SIGWINCH"); n != 2 {
			t.Errorf("%d times SIGWINCH, want 2", n)
		}
	})
}

// Where no shell could continue a command, Ctrl-Z does not stop it for ever; who is
// asked through us to stop is stopped.
func TestT19StopsForNobody(t *testing.T) {
	t.Parallel()
	asPID1AndNot(t, func(t *testing.T, ns bool) {
		k := onTerminal(t, ns, "sh", "-c", "stty -echo; echo up; cat; exit 4")
		k.awaitOut("up")
		k.write("one\n")
		k.awaitOut("one")
		k.write("\x1atwo\n")
		k.awaitOut("two")
		k.signal(syscall.SIGTSTP)
		eventually(t, "it is stopped", func() bool { return k.stopped("cat") == 1 })
		k.signal(syscall.SIGCONT)
		eventually(t, "it goes on", func() bool { return k.stopped("cat") == 0 })
		k.write("\x04")
		if code := k.code(); code != 4 {
			t.Errorf("exit code %d, want 4", code)
		}
	})
}

// A shell sees a command behind us as it would see the command: stopped, in front, in
// the background and in a pipeline.
func TestT19UnderAShell(t *testing.T) {
	t.Parallel()
	t.Run("stopped, in the background, in front", func(t *testing.T) {
		t.Parallel()
		k := shellOnTerminal(t)
		k.write("$PM -- sleep 4324; echo code=$?\n")
		eventually(t, "the sleep runs", func() bool { return k.running("4324") == 2 }) // we have the word, too
		k.write("\x1a")
		k.awaitOut("Stopped")
		k.awaitOut("code=148")
		k.write("bg; jobs; fg; echo code=$?\n")
		k.awaitOut("Running")
		eventually(t, "both go on", func() bool { return k.stopped("4324") == 0 })
		k.write("\x03")
		k.awaitOut("code=130")
	})
	t.Run("wants the terminal in the background", func(t *testing.T) {
		t.Parallel()
		k := shellOnTerminal(t)
		k.write("$PM -- cat &\n")
		eventually(t, "it is stopped", func() bool { return k.stopped("cat") == 2 })
		k.write("jobs\n")
		k.awaitOut("Stopped")
		k.write("fg\n")
		eventually(t, "it goes on", func() bool { return k.stopped("cat") == 0 })
		k.write("to t''he cat\n\x04echo af''ter\n")
		k.awaitOut("to t''he cat")
		k.awaitOut("after")
	})
	t.Run("does not take the terminal in the background", func(t *testing.T) {
		t.Parallel()
		k := shellOnTerminal(t)
		k.write("$PM -- sh -c 'echo b''g; exec sleep 4325' &\n")
		k.awaitOut("bg")
		k.write("read x; echo got=$x\nline\n")
		k.awaitOut("got=line")
		k.write("kill %1; wait %1; echo code=$?\n")
		k.awaitOut("code=143")
	})
	t.Run("in a pipeline", func(t *testing.T) {
		t.Parallel()
		k := shellOnTerminal(t)
		// In front of somebody who reads the terminal, and behind.
		k.write("$PM -- sh -c 'echo from p''m; sleep 4326' | sh -c 'read x; read y </dev/tty; echo $x, $y; kill -TERM -$$; kill 0'; echo ne''xt\n")
		k.write("answer\n")
		k.awaitOut("from pm, answer")
		k.awaitOut("next")
		k.write("echo piped | $PM -- sh -c 'read x; read y </dev/tty; echo $x and $y'; echo la''st\n")
		k.write("typed\n")
		k.awaitOut("piped and typed")
		k.awaitOut("last")
	})
	t.Run("the script around it goes on", func(t *testing.T) {
		t.Parallel()
		k := shellOnTerminal(t)
		k.write("sh -c '$PM -- sh -c \"echo in front; exit 3\"; echo code=$?; read x; echo got=$x'\n")
		k.awaitOut("code=3")
		k.write("line\n")
		k.awaitOut("got=line")
		// A script has no job control: it stops with us.
		k.write("sh -c '$PM -- sleep 4327; echo script=$?'\n")
		eventually(t, "the sleep runs", func() bool { return k.running("4327") == 2 })
		k.write("\x1a")
		k.awaitOut("Stopped")
		k.write("fg\n")
		eventually(t, "it goes on", func() bool { return k.stopped("4327") == 0 })
		k.write("\x03")
		eventually(t, "it has ended", func() bool { return k.running("4327") == 0 })
	})
	t.Run("a command that cannot be executed", func(t *testing.T) {
		t.Parallel()
		k := shellOnTerminal(t)
		plain := filepath.Join(k.dir, "broken")
		if err := os.WriteFile(plain, []byte("\x7fELF and no more"), 0o755); err != nil {
			t.Fatal(err)
		}
		k.write("sh -c '$PM -- " + plain + "; echo code=$?; read x; echo got=$x'\n")
		k.awaitOut("code=126")
		k.write("line\n")
		k.awaitOut("got=line")
	})
	t.Run("what is left behind loses the terminal", func(t *testing.T) {
		t.Parallel()
		k := shellOnTerminal(t)
		// The job of an inner shell is in front when that shell is killed.
		k.write("sh -c '$PM -- bash --norc --noprofile -i; echo code=$?; read x; echo got=$x'\n")
		k.write("PS1=; echo inn''er\n")
		k.awaitOut("inner")
		k.write("sh -c 'trap \"\" TERM HUP; echo jo''b; kill -KILL $PPID; exec sleep 4328'\n")
		k.awaitOut("job")
		k.awaitOut("code=137") // ten seconds later
		k.write("line\n")
		k.awaitOut("got=line")
	})
}

// keyboard is an instance with a terminal.
type keyboard struct {
	*instance
	master *os.File
}

func (k *keyboard) write(text string) {
	k.t.Helper()
	if _, err := io.WriteString(k.master, text); err != nil {
		k.t.Fatal(err)
	}
}

// shellOnTerminal is an interactive shell, in which $PM is the program.
func shellOnTerminal(t *testing.T) *keyboard {
	t.Helper()
	k := onTerminalOf(t, func(in *instance, l *launching) {
		in.prepare(*l)
		exe := in.cmd.Path
		in.cmd.Path = "/bin/bash"
		in.cmd.Args = []string{"bash", "--norc", "--noprofile", "-i"}
		in.cmd.Env = append(in.cmd.Env, "PM="+exe, "PS1=")
	})
	k.write("PS1=; stty -echo; set +m; set -m; echo r''eady\n")
	k.awaitOut("ready")
	return k
}

// onTerminal runs a command under a terminal of its own.
func onTerminal(t *testing.T, ns bool, command ...string) *keyboard {
	t.Helper()
	return onTerminalOf(t, func(in *instance, l *launching) {
		l.namespace, l.args = ns, append([]string{"--"}, command...)
		in.prepare(*l)
	})
}

// onTerminalOf starts what prepare has made.
func onTerminalOf(t *testing.T, prepare func(*instance, *launching)) *keyboard {
	t.Helper()
	master, slave := pty(t)
	in := &instance{t: t, dir: shortDir(t), exited: make(chan struct{}), silent: make(chan struct{}), stdout: &screen{}, stderr: &screen{}}
	prepare(in, &launching{bare: true})
	in.cmd.SysProcAttr.Setpgid = false
	in.cmd.SysProcAttr.Setsid, in.cmd.SysProcAttr.Setctty, in.cmd.SysProcAttr.Ctty = true, true, 0
	in.cmd.Stdin = slave
	read := make(chan struct{})
	t.Cleanup(func() { <-read }) // behind the end of the instance, which the next line registers
	in.start(launching{out: slave})
	slave.Close()
	go func() { defer close(read); _, _ = io.Copy(in.stdout, master) }() // EIO when nobody has the terminal any more
	return &keyboard{in, master}
}

// stopped counts the instance's processes with this argument that are stopped.
func (in *instance) stopped(arg string) int {
	n := 0
	for _, p := range processes() {
		if p.state == 'T' && p.has(arg) && p.marked(in.mark) {
			n++
		}
	}
	return n
}

func executable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	return master, slave
}
