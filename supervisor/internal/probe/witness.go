package probe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// witness is a connection that remembers how the peer began, for what an HTTP/2
// client says of a peer that speaks something else is not what went wrong.
type witness struct {
	net.Conn
	mu    sync.Mutex // guards what follows: the transport reads in a goroutine of its own
	first [16]byte
	n     int
	err   error
}

func (w *witness) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n += copy(w.first[w.n:], p[:n])
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// http2Frame is what every HTTP/2 server begins with: the header of a frame of
// settings (RFC 9113, 3.4), whose type is the fourth byte.
func (w *witness) sawHTTP2() bool { return w.n >= 4 && w.first[0] == 0 && w.first[3] == 4 }

// better returns a reason in place of err where it knows one.
func (w *witness) better(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	began := w.first[:w.n]
	switch {
	case bytes.HasPrefix(began, []byte("HTTP/")):
		return errors.New("the server speaks HTTP/1.1 and not gRPC")
	case w.n > 0 && !w.sawHTTP2():
		return fmt.Errorf("the server does not speak gRPC: its answer begins with %q", began)
	case w.n == 0 && w.err != nil:
		return w.err
	case errors.Is(w.err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}
