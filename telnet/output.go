package telnet

import (
	"net"
	"sync"
	"time"
)

// maxWrite is how much is sent under one write deadline: a client is given up for
// not reading, not for reading a long answer slowly.
const maxWrite = 64 << 10

// output is the sending side of a connection. Its methods may be called from any
// goroutine. After a failed write the connection is closed and everything else is
// dropped.
type output struct {
	conn    net.Conn
	timeout time.Duration

	mu     sync.Mutex // guards what follows, and keeps writes whole
	telnet bool       // the peer speaks telnet: see appendNVT
	typed  []byte     // what the peer's terminal shows of the line being typed
	failed bool
}

// line sends one line of text.
func (o *output) line(text string) { o.text([]byte(text + "\n")) }

// text sends whole lines. When a line is being typed, it is shown again behind
// them.
func (o *output) text(lines []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.telnet {
		o.write(lines)
		return
	}
	out := make([]byte, 0, len(lines)+len(lines)/16+2*len(o.typed)+2)
	if len(o.typed) > 0 {
		out = append(out, '\r', '\n')
	}
	out = appendNVT(out, lines)
	o.write(append(out, o.typed...))
}

// command sends telnet bytes as they are.
func (o *output) command(bytes []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write(bytes)
}

// show echoes keys; typed is what the terminal shows of the line after it.
func (o *output) show(echo, typed []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.typed = appendNVT(o.typed[:0], typed)
	o.write(appendNVT(nil, echo))
}

// setTelnet makes all later text telnet's.
func (o *output) setTelnet() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.telnet = true
}

func (o *output) write(p []byte) {
	for len(p) > 0 && !o.failed {
		n := min(len(p), maxWrite)
		if err := o.conn.SetWriteDeadline(time.Now().Add(o.timeout)); err != nil {
			o.fail()
			return
		}
		if _, err := o.conn.Write(p[:n]); err != nil {
			o.fail()
			return
		}
		p = p[n:]
	}
}

// fail gives the connection up; closing it ends the reading side too.
func (o *output) fail() {
	o.failed = true
	_ = o.conn.Close()
}
