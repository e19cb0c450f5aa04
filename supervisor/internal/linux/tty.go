package linux

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// The size of a terminal when the manager has none itself.
const (
	ttyColumns = 80
	ttyRows    = 24
)

// wireTTY makes a terminal, which becomes the child's descriptors 0, 1 and 2 and the
// controlling terminal of its session.
//
// It is as new terminals are, but for two things, because what is written on it is
// a log: a newline is not turned into CR LF (ONLCR), and what is typed is not written
// back (ECHO), as the terminal of the manager does that already, and a password in a
// pipe is to stay there. A program that edits lines itself turns on what it needs.
func (s *System) wireTTY(l *life, p *spawning) error {
	master, slave, err := openTTY()
	if err != nil {
		return fmt.Errorf("cannot make a terminal: %w", err)
	}
	if p.who != nil && p.who.become {
		// So that the user may open it by its name, as after a login. Where we may not,
		// the descriptors still work.
		_ = unix.Fchown(slave, int(p.who.uid), -1)
	}
	if l.cmd.Stdin {
		if l.typing, err = s.newTyping(master); err != nil {
			_ = unix.Close(master)
			_ = unix.Close(slave)
			return err
		}
	}
	l.out = &capture{out: l.cmd.Output, fd: [2]int{master, -1}, tty: true}
	p.whenOver(func() {
		_ = unix.Close(slave)
		if l.pid == 0 {
			l.typing.close()
		}
	})
	p.attr.Files = []uintptr{uintptr(slave), uintptr(slave), uintptr(slave)}
	p.attr.Sys.Setctty, p.attr.Sys.Ctty = true, 0
	return nil
}

// openTTY makes a pair of descriptors. Only the master does not block.
func openTTY() (master, slave int, err error) {
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC
	master, err = unix.Open("/dev/ptmx", flags|unix.O_NONBLOCK, 0)
	if err != nil {
		// Some containers have the file system, and no node or link beside it.
		var other error
		if master, other = unix.Open("/dev/pts/ptmx", flags|unix.O_NONBLOCK, 0); other != nil {
			return -1, -1, fmt.Errorf("open /dev/ptmx: %w (is devpts mounted at /dev/pts?)", err)
		}
	}
	if slave, err = openSlave(master, flags); err != nil {
		_ = unix.Close(master)
		return -1, -1, err
	}
	if err = dressTTY(slave); err != nil {
		_ = unix.Close(master)
		_ = unix.Close(slave)
		return -1, -1, err
	}
	return master, slave, nil
}

// openSlave opens the other side: through the master, so that it is the right one
// whatever is mounted at /dev/pts; on Linux before 4.13 by its name.
func openSlave(master, flags int) (int, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return -1, fmt.Errorf("unlock: %w", err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, uintptr(flags))
	if errno == 0 {
		return int(fd), nil
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		return -1, fmt.Errorf("open its other side: %w", errno)
	}
	name := "/dev/pts/" + strconv.Itoa(number)
	slave, err := unix.Open(name, flags, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", name, err)
	}
	return slave, nil
}

// dressTTY sets modes and size.
func dressTTY(slave int) error {
	modes, err := unix.IoctlGetTermios(slave, unix.TCGETS)
	if err == nil {
		modes.Oflag &^= unix.ONLCR
		modes.Lflag &^= unix.ECHO
		err = unix.IoctlSetTermios(slave, unix.TCSETS, modes)
	}
	if err != nil {
		return fmt.Errorf("set its modes: %w", err)
	}
	if err := unix.IoctlSetWinsize(slave, unix.TIOCSWINSZ, ttySize()); err != nil {
		return fmt.Errorf("set its size: %w", err)
	}
	return nil
}

// ttySize is that of the manager's terminal, if it has one that knows its size.
func ttySize() *unix.Winsize {
	for fd := range 3 {
		if size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); err == nil && size.Col > 0 && size.Row > 0 {
			return size
		}
	}
	return &unix.Winsize{Col: ttyColumns, Row: ttyRows}
}
