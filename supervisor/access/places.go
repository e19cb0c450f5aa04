package access

import (
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
)

// Places lets at most max connections of l be open at the same time (max < 1 is 1). A
// connection may be put out until it is [Busy], and again when it is [Idle]: when all
// places are taken, the one that is idle the longest is closed for the one that comes,
// so that silent connections keep out nobody who knows the secret. When all are busy,
// the one that comes is closed. The first of a row is logged; a nil log discards. When no
// descriptor or buffer is left, Accept waits until there is, and does not fail.
func Places(l net.Listener, max int, log *slog.Logger) net.Listener {
	if t, ok := l.(*tlsListener); ok {
		return &tlsListener{Places(t.Listener, max, log), t.config}
	}
	if max < 1 {
		max = 1
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &placing{Listener: newPatient(l), log: log, max: max}
}

// Busy tells that somebody is known to be at the other end of a connection, or of what
// is inside of it, and that it must not be put out. Other connections are left alone.
func Busy(c net.Conn) { setBusy(c, true) }

// Idle tells that nothing is going on on a connection: it may be put out.
func Idle(c net.Conn) { setBusy(c, false) }

func setBusy(c net.Conn, busy bool) {
	for c != nil {
		if p, ok := c.(*placed); ok {
			p.from.setBusy(p, busy)
			return
		}
		wrapper, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return
		}
		c = wrapper.NetConn()
	}
}

type placing struct {
	net.Listener
	log *slog.Logger
	max int

	mu    sync.Mutex
	taken int       // guarded by mu
	idle  []*placed // those of them that may be put out, oldest first; guarded by mu
	full  bool      // the last one was refused; guarded by mu
}

func (l *placing) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if p := l.take(c); p != nil {
			return p, nil
		}
		_ = c.Close() // there is no place for it
	}
}

// take gives a connection a place; nil: there is none.
func (l *placing) take(c net.Conn) *placed {
	p := &placed{Conn: c, from: l, idle: true}
	var out *placed
	defer func() {
		if out != nil {
			_ = out.Conn.Close() // its server finds out by itself
		}
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken >= l.max && len(l.idle) > 0 {
		out = l.idle[0]
		l.leave(out)
	}
	if l.taken >= l.max {
		if !l.full {
			l.log.Warn("connections are refused: too many are open", "listener", l.Addr().String(), "peer", Peer(c), "limit", l.max)
		}
		l.full = true
		return nil
	}
	l.full = false
	l.taken++
	l.idle = append(l.idle, p)
	return p
}

// leave gives a place free, once. l.mu is held.
func (l *placing) leave(p *placed) {
	if p.gone {
		return
	}
	p.gone = true
	l.taken--
	l.forget(p)
}

// forget takes a connection out of those that may be put out. l.mu is held.
func (l *placing) forget(p *placed) {
	if i := slices.Index(l.idle, p); i >= 0 {
		l.idle = slices.Delete(l.idle, i, i+1)
	}
	p.idle = false
}

func (l *placing) setBusy(p *placed, busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case p.gone || p.idle != busy:
	case busy:
		l.forget(p)
	default:
		p.idle = true
		l.idle = append(l.idle, p)
	}
}

// placed gives its place back when it is closed.
type placed struct {
	net.Conn
	from *placing
	idle bool // it may be put out; guarded by from.mu
	gone bool // its place is free; guarded by from.mu
}

func (p *placed) Close() error {
	err := p.Conn.Close()
	p.from.mu.Lock()
	defer p.from.mu.Unlock()
	p.from.leave(p)
	return err
}

// NetConn returns the connection inside.
func (p *placed) NetConn() net.Conn { return p.Conn }

// CloseWrite ends the sending side, where the connection has one.
func (p *placed) CloseWrite() error { return closeWrite(p.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
