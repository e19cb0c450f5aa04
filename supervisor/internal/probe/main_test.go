package probe

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient is longer than any answer of a test takes.
const patient = 20 * time.Second

// try makes one attempt and returns its error's text, "" for success.
func try(t *testing.T, timeout time.Duration, target Target) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	err := Attempt(ctx, target)
	if err == nil {
		return "", nil
	}
	return err.Error(), err
}

// port returns the port of a listener's address.
func port(t testing.TB, addr string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ref(n int) supervisor.PortRef { return supervisor.PortRef(strconv.Itoa(n)) }

// serve starts an HTTP server on the loopback interface and returns its port.
func serve(t testing.TB, h http.HandlerFunc) int {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return port(t, s.Listener.Addr().String())
}

// speak starts a server that writes answer to whoever connects, without reading
// first, and then ends the answer, or keeps it open until the test ends.
func speak(t *testing.T, answer string, keep bool) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var kept []net.Conn
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			kept = append(kept, conn)
			_, _ = conn.Write([]byte(answer))
			if !keep { // a full close would be a reset, because of what was not read
				_ = conn.(*net.TCPConn).CloseWrite()
			}
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
		for _, conn := range kept {
			conn.Close()
		}
	})
	return port(t, ln.Addr().String())
}

// closedPort returns a port where nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return port(t, ln.Addr().String())
}

// wantText compares with {port} replaced.
func wantText(t *testing.T, got, want string, port int) {
	t.Helper()
	want = strings.ReplaceAll(want, "{port}", strconv.Itoa(port))
	if got != want {
		t.Errorf("\n got  %q\n want %q", got, want)
	}
}
