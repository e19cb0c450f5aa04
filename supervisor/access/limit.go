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

// Limit lets at most max connections of l be open at the same time (max < 1 is
// 1); who comes later waits in the kernel's queue. When the process or the
// system has no file descriptor or buffer left, Accept tries again with growing
// pauses, from 5 ms to 1 s, instead of spinning or failing.
func Limit(l net.Listener, max int) net.Listener {
	if t, ok := l.(*tlsListener); ok {
		return &tlsListener{Limit(t.Listener, max), t.config}
	}
	if max < 1 {
		max = 1
	}
	return &limited{Listener: l, slots: make(chan struct{}, max), closed: make(chan struct{})}
}

type limited struct {
	net.Listener
	slots  chan struct{} // holds one token for each open connection
	closed chan struct{}
	once   sync.Once
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{Conn: c, free: func() { <-l.slots }}, nil
}

func (l *limited) accept() (net.Conn, error) {
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

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	once sync.Once
	free func()
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.free)
	return err
}

// NetConn returns the connection inside.
func (c *limitedConn) NetConn() net.Conn { return c.Conn }

// CloseWrite ends the sending side, where the connection has one.
func (c *limitedConn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
