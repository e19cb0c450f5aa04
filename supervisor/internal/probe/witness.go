package probe

import (
	"bytes"
	"context"
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
	seen chan struct{} // closed when the first read has ended

	mu    sync.Mutex // guards what follows: the transport reads in a goroutine of its own
	first [16]byte
	n     int
	err   error
}

func newWitness(conn net.Conn) *witness { return &witness{Conn: conn, seen: make(chan struct{})} }

func (w *witness) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n == 0 && w.err == nil && (n > 0 || err != nil) {
		close(w.seen)
	}
	w.n += copy(w.first[w.n:], p[:n])
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// Close leaves the connection to the line, because the transport closes it on the
// first write that fails, which may be before the peer's words were read.
func (w *witness) Close() error { return nil }

// better returns a reason in place of err where it knows one.
func (w *witness) better(ctx context.Context, err error) error {
	// The transport may have failed before it read. This ends with the line.
	go func() { _, _ = w.Read(make([]byte, len(w.first))) }()
	select {
	case <-w.seen:
	case <-ctx.Done():
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	began := w.first[:w.n]
	switch {
	case bytes.HasPrefix(began, []byte("HTTP/")):
		return errors.New("the server speaks HTTP/1.1 and not gRPC")
	case w.n > 0 && !settings(began):
		return fmt.Errorf("the server does not speak gRPC: its answer begins with %q", began)
	case w.n == 0:
		return w.err
	case errors.Is(w.err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// settings reports whether b begins as every HTTP/2 server does: with the header of a
// frame of settings (RFC 9113, 3.4 and 4.1), where the fourth byte is the type.
func settings(b []byte) bool { return len(b) >= 4 && b[0] == 0 && b[3] == 4 }
