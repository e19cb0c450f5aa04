package linux

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// wireStdio gives the child its descriptors 0, 1 and 2.
func (s *System) wireStdio(l *life, p *spawning) error {
	if l.cmd.Output == nil {
		p.attr.Files = []uintptr{0, 1, 2}
		if l.cmd.Foreground {
			s.wireTerminal(l, p)
		}
		return nil
	}
	if l.cmd.TTY {
		return s.wireTTY(l, p)
	}
	input, err := s.input(l)
	if err != nil {
		return err
	}
	var ends pipeEnds
	if l.out, ends, err = newCapture(l.cmd.Output); err != nil {
		return err
	}
	p.whenOver(ends.close)
	p.attr.Files = []uintptr{uintptr(input), uintptr(ends[0]), uintptr(ends[1])}
	return nil
}

// input returns the child's stdin: the manager's when it asks for that and there is
// one. A manager that was started with a closed stdin has none.
func (s *System) input(l *life) (int, error) {
	if l.cmd.Stdin {
		if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err == nil {
			return 0, nil
		}
	}
	return s.nullInput()
}

// nullInput returns a descriptor from which nothing can be read.
func (s *System) nullInput() (int, error) {
	s.mu.Lock()
	fd := s.null
	s.mu.Unlock()
	if fd >= 0 {
		return fd, nil
	}
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) { // an image without /dev: the end of a pipe that nobody writes
		var p [2]int
		if err = unix.Pipe2(p[:], unix.O_CLOEXEC); err == nil {
			_ = unix.Close(p[1])
			fd = p[0]
		}
	}
	if err != nil {
		return -1, fmt.Errorf("cannot open /dev/null: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.null >= 0 {
		_ = unix.Close(fd)
	} else {
		s.null = fd
	}
	return s.null, nil
}
