package linux

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// endOfFile is Ctrl-D, which ends the input of who reads from a terminal.
const endOfFile = 4

// typing types what the manager reads from its stdin on a life's terminal. It ends
// with the life and reads only while there is one, so that the input after it is left
// to the next. What was read and not typed when a life ended is kept for that, too.
type typing struct {
	sys    *System
	master int // of its own, so that it cannot become another's
	wake   int // eventfd: the life is over

	mu     sync.Mutex
	closed bool
	done   chan struct{} // closed when the goroutine has ended
}

// typingEnds is how long the end of a life waits for the goroutine. As a rule it is
// there at once; but who else reads the manager's stdin can have taken what poll promised,
// and then it sleeps in read.
const typingEnds = 100 * time.Millisecond

func (s *System) newTyping(master int) (*typing, error) {
	own, err := unix.FcntlInt(uintptr(master), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("cannot hand stdin to a terminal: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(own)
		return nil, fmt.Errorf("cannot hand stdin to a terminal: eventfd: %w", err)
	}
	return &typing{sys: s, master: own, wake: wake, done: make(chan struct{})}, nil
}

// stop has the goroutine end.
func (t *typing) stop() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		one := [8]byte{1}
		_, _ = unix.Write(t.wake, one[:])
	}
}

// finish ends it before the next life reads the same stdin.
func (t *typing) finish() {
	if t == nil {
		return
	}
	t.stop()
	late := time.NewTimer(typingEnds)
	defer late.Stop()
	select {
	case <-t.done:
	case <-late.C:
	}
}

// close gives the descriptors back.
func (t *typing) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	_ = unix.Close(t.master)
	_ = unix.Close(t.wake)
}

// run is the goroutine.
func (t *typing) run() {
	defer close(t.done)
	defer t.close()
	var (
		buf     [4096]byte
		pending = t.sys.takeUntyped() // read and not yet typed
		last    = byte('\n')          // the last that was typed
		ended   bool                  // stdin has
	)
	defer func() {
		if !ended {
			t.sys.keepUntyped(pending)
		}
	}()
	for {
		wants := []unix.PollFd{{Fd: int32(t.wake), Events: unix.POLLIN}, {Fd: int32(t.master)}, {Fd: -1}}
		switch {
		case len(pending) > 0:
			wants[1].Events = unix.POLLOUT
		case !ended:
			wants[2] = unix.PollFd{Fd: 0, Events: unix.POLLIN}
		}
		if err := retry(func() error { _, err := unix.Poll(wants, -1); return err }); err != nil {
			return
		}
		switch {
		case wants[0].Revents != 0, wants[1].Revents&^unix.POLLOUT != 0: // nobody has the terminal open
			return
		case wants[1].Revents != 0:
			n, err := unix.Write(t.master, pending)
			if n > 0 {
				last = pending[n-1]
				pending = pending[n:]
			} else if err != unix.EAGAIN && err != unix.EINTR {
				return
			}
		case wants[2].Revents != 0:
			n, err := unix.Read(0, buf[:])
			switch {
			case err == unix.EINTR || err == unix.EAGAIN:
			case err != nil || n == 0:
				ended = true
				pending = []byte{endOfFile}
				if last != '\n' { // the first one only hands over the line that was begun
					pending = append(pending, endOfFile)
				}
			default:
				pending = buf[:n]
			}
		}
	}
}

// takeUntyped returns what an earlier life left.
func (s *System) takeUntyped() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.untyped
	s.untyped = nil
	return rest
}

func (s *System) keepUntyped(rest []byte) {
	if len(rest) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.untyped = append(s.untyped, rest...)
	}
}
