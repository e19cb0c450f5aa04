package access_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor/access"
)

// ends reports whether the other side has closed a connection.
func ends(t *testing.T, c net.Conn, within time.Duration) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(make([]byte, 1))
	var late net.Error
	return err != nil && !(errors.As(err, &late) && late.Timeout())
}

// The idle make room, the oldest first; the busy never do.
func TestT79PlacesAreForTheBusy(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := access.Places(inner, 2, nil)
	conns := make(chan net.Conn)
	done := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				done <- err
				return
			}
			conns <- c
		}
	}()
	accepted := func() net.Conn {
		t.Helper()
		select {
		case c := <-conns:
			return c
		case <-time.After(10 * time.Second):
			t.Fatal("nobody came in")
			return nil
		}
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	first, server1 := dial(), accepted()
	second, server2 := dial(), accepted()
	access.Busy(server1)
	third, server3 := dial(), accepted() // in the place of the second
	if !ends(t, second, 5*time.Second) || ends(t, first, 50*time.Millisecond) {
		t.Error("the busy one has made room, or the idle one has not")
	}
	_ = server2.Close() // long gone: gives no place free again
	access.Busy(tls.Server(server3, nil))
	if refused := dial(); !ends(t, refused, 5*time.Second) || ends(t, first, 50*time.Millisecond) || ends(t, third, 50*time.Millisecond) {
		t.Error("all were busy, and one more came in, or one had to go")
	}
	access.Idle(server1)
	access.Idle(server1)
	dial()
	server4 := accepted()
	if !ends(t, first, 5*time.Second) || ends(t, third, 50*time.Millisecond) {
		t.Error("who became idle has not made room")
	}
	if _, err := server4.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if err := third.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(server3); err != nil {
		t.Error(err)
	}
	_ = server3.Close()
	dial()
	accepted() // the place of one that has gone
	_ = l.Close()
	<-done
}
