package access

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// How long Accept waits after an error that will pass.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// patient is a listener whose Accept tries again with growing pauses, from 5 ms to 1 s,
// instead of spinning or failing, when the process or the system has no file descriptor or
// buffer left.
type patient struct {
	net.Listener
	closed chan struct{}
	once   sync.Once
}

func newPatient(l net.Listener) *patient { return &patient{Listener: l, closed: make(chan struct{})} }

func (l *patient) Accept() (net.Conn, error) {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		c, err := l.Listener.Accept()
		if err == nil || !passing(err) {
			return c, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-l.closed:
			timer.Stop()
			return nil, net.ErrClosed
		}
	}
}

// passing reports whether an error of accept says nothing about the listener.
func passing(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, // nothing left for now
		syscall.ECONNABORTED, // the client has gone already
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Close ends Accept, also when it pauses.
func (l *patient) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
