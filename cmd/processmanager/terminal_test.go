package main

import (
	"fmt"
	"io"
	"os"
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
		in, master := onTerminal(t, ns, "bash", "--norc", "--noprofile", "-i")
		write := func(text string) {
			t.Helper()
			if _, err := io.WriteString(master, text); err != nil {
				t.Fatal(err)
			}
		}
		write("PS1=; stty -echo; echo r''eady\n")
		in.awaitOut("ready")
		write("trap 'echo sh''ell-int' INT; sh -c 'trap \"echo fg-int; exit 3\" INT; echo fg-''up; while :; do sleep 0.05; done'; echo code=$?\n")
		in.awaitOut("fg-up")
		write("\x03")
		in.awaitOut("code=")
		if got := in.stdout.String(); strings.Count(got, "fg-int") != 1 || !strings.Contains(got, "code=3") {
			t.Errorf("after Ctrl-C:\n%s", got)
		}
		write("sleep 4323\n")
		eventually(t, "the sleep runs", func() bool { return in.running("4323") == 1 })
		write("\x1a") // Ctrl-Z
		in.awaitOut("Stopped")
		write("bg; jobs; kill %1; wait; echo do''ne\n")
		in.awaitOut("Running")
		in.awaitOut("done")
		if got := in.stdout.String(); strings.Contains(got, "no job control") {
			t.Errorf("the shell complains:\n%s", got)
		}
		write("exit 6\n")
		if code := in.code(); code != 6 {
			t.Errorf("exit code %d, want 6", code)
		}
	})
}

// onTerminal runs a command under a terminal of its own.
func onTerminal(t *testing.T, ns bool, command ...string) (*instance, *os.File) {
	t.Helper()
	master, slave := pty(t)
	in := &instance{t: t, dir: t.TempDir(), exited: make(chan struct{}), silent: make(chan struct{}), stdout: &screen{}, stderr: &screen{}}
	in.prepare(launching{bare: true, namespace: ns, args: append([]string{"--"}, command...)})
	in.cmd.SysProcAttr.Setpgid = false
	in.cmd.SysProcAttr.Setsid, in.cmd.SysProcAttr.Setctty, in.cmd.SysProcAttr.Ctty = true, true, 0
	in.cmd.Stdin = slave
	read := make(chan struct{})
	t.Cleanup(func() { <-read }) // behind the end of the instance, which the next line registers
	in.start(launching{out: slave})
	slave.Close()
	go func() { defer close(read); _, _ = io.Copy(in.stdout, master) }() // EIO when nobody has the terminal any more
	return in, master
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
