package linux

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A foreground command gets a group of its own, in our session, and the terminal.
func TestForegroundGetsTheTerminal(t *testing.T) {
	master, slave := pty(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childMode+"=foreground")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	out, _ := io.ReadAll(master) // ends with EIO when nobody has the terminal any more
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if want := "own group, our session, in front"; !strings.Contains(string(out), want) {
		t.Errorf("the terminal shows %q, want %q", out, want)
	}
}

// foreground is the parent of the test above.
func foreground() int {
	if err := Prepare(); err != nil {
		fmt.Println(err)
		return 1
	}
	r := newRecorder()
	s := New(r)
	defer s.Close()
	l := Life{"front", 1}
	// Fields 5, 6 and 8 of stat: group, session, and the terminal's foreground group.
	s.Spawn(l, Command{Foreground: true, Env: os.Environ(), Argv: []string{"/bin/sh", "-c", `read pid comm state ppid pgrp sid tty tpgid rest < /proc/$$/stat
		[ $pgrp = $$ ] && [ $sid = ` + fmt.Sprint(os.Getpid()) + ` ] && [ $tpgid = $$ ] && exec echo own group, our session, in front
		echo group $pgrp session $sid terminal $tpgid self $$`}})
	r.ended(l)
	if err := r.errs[l]; err != nil {
		fmt.Println(err)
	}
	return r.exits[l].Code
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
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	return master, slave
}
