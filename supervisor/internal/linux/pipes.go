package linux

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	readSize  = 256 << 10 // one read, at most
	pipeSize  = 64 << 10  // what the kernel gives
	busySize  = 256 << 10 // what a pipe gets that was found half full, or more
	finalSize = 1 << 20   // read at most this of a pipe when a life is over: a stranger may be writing
)

// streams are the two pipes of a life, in this order.
var streams = [2]supervisor.Stream{supervisor.Stdout, supervisor.Stderr}

// pipes is the one reader of all pipes. Level-triggered: a pipe gets one read per
// round, so that a loud one does not silence the others.
type pipes struct {
	epoll int
	wake  int // eventfd
	buf   []byte

	mu   sync.Mutex
	byFD map[int32]source
	err  error // why there is no reader
}

// source is what one or more descriptors belong to that the reader watches.
type source interface {
	// readOnce reads what has come on one of them, into buf; level-triggered.
	readOnce(fd int, buf []byte)
}

// capture is the reading end of one life's output: of two pipes, or of a terminal.
type capture struct {
	p   *pipes
	mu  sync.Mutex // one Output call at a time; also guards fd and big
	out Output
	fd  [2]int // -1: ended
	big [2]bool
	tty bool // the first is a terminal, and there is no second
}

// pipeEnds are the writing ends, which become the child's stdout and stderr.
type pipeEnds [2]int

func (e pipeEnds) close() {
	_ = unix.Close(e[0])
	_ = unix.Close(e[1])
}

func newPipes() *pipes {
	p := &pipes{epoll: -1, wake: -1, byFD: make(map[int32]source)}
	var err error
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		p.err = fmt.Errorf("cannot read output of processes: epoll: %w", err)
		return p
	}
	if p.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err == nil {
		err = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, p.wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.wake)})
	}
	if err != nil {
		p.err = fmt.Errorf("cannot read output of processes: eventfd: %w", err)
	}
	return p
}

// newCapture makes the two pipes of a life. Only our ends are non-blocking.
func newCapture(out Output) (*capture, pipeEnds, error) {
	var first, second [2]int
	if err := unix.Pipe2(first[:], unix.O_CLOEXEC); err != nil {
		return nil, pipeEnds{}, fmt.Errorf("cannot make a pipe for stdout: %w", err)
	}
	if err := unix.Pipe2(second[:], unix.O_CLOEXEC); err != nil {
		pipeEnds(first).close()
		return nil, pipeEnds{}, fmt.Errorf("cannot make a pipe for stderr: %w", err)
	}
	c := &capture{out: out, fd: [2]int{first[0], second[0]}}
	for _, fd := range c.fd {
		if err := unix.SetNonblock(fd, true); err != nil {
			pipeEnds(first).close()
			pipeEnds(second).close()
			return nil, pipeEnds{}, fmt.Errorf("cannot make a pipe non-blocking: %w", err)
		}
	}
	return c, pipeEnds{first[1], second[1]}, nil
}

// abandon closes the pipes of a life that never came to be.
func (c *capture) abandon() {
	if c == nil {
		return
	}
	for i, fd := range c.fd {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		c.fd[i] = -1
	}
}

// add begins the reading of a life's pipes.
func (p *pipes) add(c *capture) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.p = p
	for _, fd := range c.fd {
		p.watch(fd, c)
	}
}

// watch has src read from a descriptor whenever something comes. Where the kernel
// refuses (ENOSPC, ENOMEM), it is read when the life ends.
func (p *pipes) watch(fd int, src source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fd < 0 || p.err != nil {
		return
	}
	p.byFD[int32(fd)] = src
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		delete(p.byFD, int32(fd))
	}
}

// forget ends the watching of a descriptor, before it is closed.
func (p *pipes) forget(fd int) {
	p.mu.Lock()
	delete(p.byFD, int32(fd))
	p.mu.Unlock()
	_ = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, fd, nil)
}

// read is the reader goroutine.
func (p *pipes) read() {
	if p.err != nil {
		return
	}
	p.buf = make([]byte, readSize)
	events := make([]unix.EpollEvent, 128)
	for {
		n, err := unix.EpollWait(p.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return // only a bug can be the reason
		}
		for _, e := range events[:max(n, 0)] {
			if e.Fd == int32(p.wake) {
				return
			}
			p.mu.Lock()
			src := p.byFD[e.Fd]
			p.mu.Unlock()
			if src != nil {
				src.readOnce(int(e.Fd), p.buf)
			}
		}
	}
}

// stop ends the reader.
func (p *pipes) stop() {
	if p.err == nil {
		one := [8]byte{1}
		_, _ = unix.Write(p.wake, one[:])
	}
}

// close gives the descriptors back after the reader has ended.
func (p *pipes) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for fd := range p.byFD {
		_ = unix.Close(int(fd))
	}
	clear(p.byFD)
	for _, fd := range []int{p.epoll, p.wake} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// readOnce delivers one chunk of the pipe fd.
func (c *capture) readOnce(fd int, buf []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.fd {
		if c.fd[i] == fd { // else it was finished meanwhile
			c.step(i, buf)
		}
	}
}

// step reads once from stream i and reports whether there may be more. Called with
// c.mu held.
func (c *capture) step(i int, buf []byte) (n int, more bool) {
	n, err := unix.Read(c.fd[i], buf)
	switch {
	case err == unix.EINTR:
		return 0, true
	case err == unix.EAGAIN:
		return 0, false
	case err != nil || n == 0: // EIO: nobody has the terminal open any more
		c.end(i)
		return 0, false
	}
	if n >= pipeSize/2 && !c.big[i] {
		c.big[i] = true
		// Refused when this user's pages for pipes are used up: then it stays small.
		_, _ = unix.FcntlInt(uintptr(c.fd[i]), unix.F_SETPIPE_SZ, busySize)
	}
	c.out.Write(streams[i], buf[:n])
	return n, true
}

// end closes stream i. Called with c.mu held.
func (c *capture) end(i int) {
	fd := c.fd[i]
	c.fd[i] = -1
	if c.p != nil {
		c.p.forget(fd)
	}
	_ = unix.Close(fd)
	c.out.End(streams[i])
	if c.tty {
		c.out.End(streams[1])
	}
}

// ended reports whether both streams have ended. While a sink holds the reader up, it
// says no rather than wait.
func (c *capture) ended() bool {
	if c == nil {
		return true
	}
	if !c.mu.TryLock() {
		return false
	}
	defer c.mu.Unlock()
	return c.fd[0] < 0 && c.fd[1] < 0
}

// finalBuffers are for what is read when lives end.
var finalBuffers = sync.Pool{New: func() any { return new([pipeSize]byte) }}

// finishTime is how long the last output of a life may wait for slow sinks.
const finishTime = time.Second

// hurrier is an Output that can be told to wait for nothing any more.
type hurrier interface{ Hurry() }

// finish delivers what is in the pipes and ends both streams. Who still holds a
// writing end is not of this life, and gets EPIPE. A slow sink holds it up for
// finishTime, and the exit with it.
func (c *capture) finish() {
	if h, ok := c.out.(hurrier); ok {
		late := time.AfterFunc(finishTime, h.Hurry)
		defer late.Stop()
	}
	buf, _ := finalBuffers.Get().(*[pipeSize]byte)
	defer finalBuffers.Put(buf)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.fd {
		for total := 0; c.fd[i] >= 0 && total < finalSize; {
			n, more := c.step(i, buf[:])
			total += n
			if !more {
				break
			}
		}
		if c.fd[i] >= 0 {
			c.end(i)
		}
	}
}
