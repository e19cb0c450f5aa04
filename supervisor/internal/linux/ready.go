package linux

import (
	"bytes"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// readyMax is the highest descriptor on which a life may say that it is ready.
const readyMax = 255

// notGiven is a descriptor that the child does not get, in ProcAttr.Files.
const notGiven = ^uintptr(0)

// readyPipe is the reading end of the pipe on which a life says that it is ready, as
// s6-supervise's notification-fd has it: the first newline says so. What comes after it
// is read and thrown away, because a pipe that nobody reads would end or stop the
// writer; the end of the pipe says nothing.
type readyPipe struct {
	p  *pipes
	mu sync.Mutex // one call of on; also guards the rest
	fd int        // -1: ended
	on func()     // nil: was called
}

// wireReady gives the child the writing end.
func (s *System) wireReady(l *life, p *spawning) error {
	number := l.cmd.ReadyFD
	switch {
	case number == 0:
		return nil
	case number < 3 || number > readyMax:
		return fmt.Errorf("cannot take readiness from descriptor %d: it must be 3 to %d", number, readyMax)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("cannot make a pipe for readiness: %w", err)
	}
	l.ready = &readyPipe{p: s.pipes, fd: ends[0], on: l.cmd.OnReady}
	p.whenOver(func() {
		_ = unix.Close(ends[1])
		if l.pid == 0 {
			_ = unix.Close(ends[0])
		}
	})
	if err := unix.SetNonblock(ends[0], true); err != nil { // our end only
		return fmt.Errorf("cannot make a pipe non-blocking: %w", err)
	}
	for len(p.attr.Files) < number {
		p.attr.Files = append(p.attr.Files, notGiven)
	}
	p.attr.Files = append(p.attr.Files, uintptr(ends[1]))
	return nil
}

// listen begins the reading.
func (r *readyPipe) listen() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p.watch(r.fd, r)
}

// readOnce reads what has come.
func (r *readyPipe) readOnce(_ int, buf []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step(buf)
}

// step reads once and reports whether there may be more. Called with r.mu held.
func (r *readyPipe) step(buf []byte) bool {
	if r.fd < 0 {
		return false
	}
	n, err := unix.Read(r.fd, buf)
	switch {
	case err == unix.EINTR:
		return true
	case err == unix.EAGAIN:
		return false
	case err != nil || n == 0:
		r.end()
		return false
	}
	if bytes.IndexByte(buf[:n], '\n') >= 0 && r.on != nil {
		on := r.on
		r.on = nil
		on()
	}
	return true
}

// end closes the pipe. Called with r.mu held.
func (r *readyPipe) end() {
	r.p.forget(r.fd)
	_ = unix.Close(r.fd)
	r.fd = -1
}

// ended reports whether nothing can come any more.
func (r *readyPipe) ended() bool {
	if r == nil {
		return true
	}
	if !r.mu.TryLock() {
		return false
	}
	defer r.mu.Unlock()
	return r.fd < 0
}

// finish reads what is left and ends it: who still holds the pipe is not of this life.
func (r *readyPipe) finish() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var buf [512]byte
	for total := 0; total < finalSize && r.step(buf[:]); total += len(buf) {
	}
	if r.fd >= 0 {
		r.end()
	}
}
