package metrics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// crowded serves on loopback until the test ends, and returns its address and a function
// that ends it, when all requests are over.
func crowded(t *testing.T, o Options) (addr string, end func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- New(o).Serve(ctx, l) }()
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(end)
	return l.Addr().String(), end
}

// connect sends what is given on a new connection.
func connect(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

const getReadyz = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"

// answered reads an answer, and leaves the connection open.
func answered(c net.Conn) error {
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// Connections on which nothing goes on keep out nobody: a probe that is not answered is a
// container that is killed.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	for kind, text := range map[string]string{
		"silent":         "",
		"half a request": "GET /livez HTTP/1.1\r\n",
		"answered":       getReadyz,
	} {
		t.Run(kind, func(t *testing.T) {
			addr, _ := crowded(t, Options{Control: supervisortest.New()})
			var first net.Conn
			for i := range maxConnections {
				c := connect(t, addr, text)
				if i == 0 {
					first = c
				}
				if text != getReadyz {
					continue
				}
				if err := answered(c); err != nil {
					t.Fatal(err)
				}
			}
			client := http.Client{Timeout: 4 * time.Second} // less than a silent connection may take
			defer client.CloseIdleConnections()
			res, err := client.Get("http://" + addr + "/livez")
			if err != nil {
				t.Fatalf("a probe beside %d of them: %v", maxConnections, err)
			}
			res.Body.Close()
			if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) { // not all was read
				t.Errorf("the oldest of %d connections: %v", maxConnections+1, err)
			}
		})
	}
}

// A probe that is being answered keeps its place, whoever comes.
func TestProbesKeepTheirPlaces(t *testing.T) {
	begun, free := make(chan struct{}), make(chan struct{})
	page := keepPlace(func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-free
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := http.Server{Handler: page, ConnContext: withConn}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(access.Places(l, 2, nil)) }()
	t.Cleanup(func() { _ = srv.Close(); <-served })

	addr := l.Addr().String()
	var probes []net.Conn
	for range 2 {
		probes = append(probes, connect(t, addr, getReadyz))
		<-begun
	}
	if err := answered(connect(t, addr, getReadyz)); err == nil {
		t.Error("there was a place for one more")
	}
	close(free)
	for i, c := range probes {
		if err := answered(c); err != nil {
			t.Errorf("probe %d: %v", i, err)
		}
	}
}

// A scraper that hangs up is nothing to wake somebody for.
func TestScrapeThatIsHungUp(t *testing.T) {
	fake := supervisortest.New()
	for i := range 3000 { // more than the buffers of a connection hold
		fake.Snap.Processes = append(fake.Snap.Processes, supervisor.ProcessStat{Name: fmt.Sprint("p", i), Own: true, Status: supervisor.StatusRunning})
	}
	var log strings.Builder
	addr, end := crowded(t, Options{Control: fake, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo}))})
	for range 3 {
		c := connect(t, addr, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).SetLinger(0) // a reset: what is written then fails at once
		c.Close()
	}
	end()
	if text := log.String(); text != "" {
		t.Errorf("%d lines:\n%.1000s", strings.Count(text, "\n"), text)
	}
}

// What is told of a scrape: a fault of ours is an error, a peer that has gone is not.
func TestComplaints(t *testing.T) {
	var log strings.Builder
	c := complaints{slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	c.Println("error encoding:", &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE})
	c.Println("error gathering metrics:", errors.New("two of one name"))
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `level=ERROR msg="error gathering metrics: two of one name"`) {
		t.Errorf("logged %q", got)
	}
}
