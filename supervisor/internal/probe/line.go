package probe

import (
	"context"
	"net"
	"sync"
	"time"
)

// stage is how far an attempt has come; a timeout tells it.
type stage string

const (
	connecting stage = "connecting"
	waiting    stage = "waiting for the answer"
	reading    stage = "reading the body"
)

// line owns the connections of one attempt, and closes them when the attempt returns
// or its context ends, whichever is first.
type line struct {
	ctx   context.Context
	start time.Time
	quiet func() bool // stops waiting for the end of ctx

	mu    sync.Mutex // guards what follows: transports dial in goroutines of their own
	stage stage
	conns []net.Conn
	ended bool
}

func newLine(ctx context.Context) *line {
	l := &line{ctx: ctx, start: time.Now(), stage: connecting}
	l.quiet = context.AfterFunc(ctx, l.closeAll)
	return l
}

// dial has the type of http.Transport.DialContext. The context that a transport hands
// in does not end with its request, so that of the attempt is used.
func (l *line) dial(_ context.Context, network, addr string) (net.Conn, error) {
	l.reached(connecting)
	// Keep-alive is for connections that live longer than a probe.
	d := net.Dialer{KeepAlive: -1}
	conn, err := d.DialContext(l.ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		conn.Close()
		return nil, net.ErrClosed
	}
	l.conns = append(l.conns, conn)
	l.stage = waiting
	return conn, nil
}

func (l *line) reached(s stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stage = s
}

func (l *line) where() stage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stage
}

// hangUp ends the attempt. Closing what is open also ends the goroutines of a
// transport that read and write there.
func (l *line) hangUp() {
	l.quiet()
	l.closeAll()
}

func (l *line) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, conn := range l.conns {
		conn.Close()
	}
}
