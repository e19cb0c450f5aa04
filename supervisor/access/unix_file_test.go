package access

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// safeText is a log that can be read while it is written.
type safeText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// greeting is a listener that looks often, and says hello to everybody.
func greeting(t *testing.T, path string) (l *unixListener, log *safeText) {
	t.Helper()
	log = &safeText{}
	made := listen(t, path, UnixOptions{Mode: 0o640, Logger: slog.New(slog.NewTextHandler(log, nil))})
	l = made.(*unixListener)
	l.look = 5 * time.Millisecond
	ended := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			_, _ = c.Write([]byte("hello"))
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept ended with %v, want net.ErrClosed", err)
		}
	})
	return l, log
}

// greeted reports whether who connects to the path is greeted.
func greeted(path string) bool {
	c, err := net.Dial("unix", path)
	if err != nil {
		return false
	}
	defer c.Close()
	b := make([]byte, 5)
	n, _ := c.Read(b)
	return string(b[:n]) == "hello"
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not seen: %s", what)
		}
	}
}

// The file is removed, as programs do that tidy up: it comes back as it was, each time,
// and the log says so once each time.
func TestARemovedSocketComesBack(t *testing.T) {
	path := filepath.Join(shortDir(t), "pm.sock")
	l, log := greeting(t, path)
	l.mu.Lock()
	first := l.socket
	l.mu.Unlock()
	for try := 1; try <= 2; try++ {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the socket answers again", func() bool { return greeted(path) })
		info, err := os.Lstat(path)
		if err != nil || info.Mode().Perm() != 0o640 {
			t.Fatalf("%v, %v: want mode 0640", info, err)
		}
		eventually(t, "the log", func() bool { return strings.Count(log.String(), "it was made again") == try })
	}
	if _, err := first.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the socket that lost its file: Accept gives %v, want net.ErrClosed", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is still there after Close")
	}
}

// Who has the name by now keeps it; when he has gone, the socket comes back.
func TestAReplacedSocketIsLeftToTheOther(t *testing.T) {
	path := filepath.Join(shortDir(t), "pm.sock")
	_, log := greeting(t, path)
	if err := errors.Join(os.WriteFile(path+".new", []byte("precious"), 0o600), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log", func() bool { return strings.Contains(log.String(), "was replaced") })
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Fatalf("%q, %v", text, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the socket answers again", func() bool { return greeted(path) })
	if n := strings.Count(log.String(), "was replaced"); n != 1 {
		t.Errorf("told %d times: %s", n, log)
	}
}

// Where it cannot be made again, that is told once, and tried further.
func TestARemovedSocketInARemovedDirectory(t *testing.T) {
	dir := filepath.Join(shortDir(t), "run")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "pm.sock")
	_, log := greeting(t, path)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log", func() bool { return strings.Contains(log.String(), "cannot be made again") })
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the socket answers again", func() bool { return greeted(path) })
	if n := strings.Count(log.String(), "cannot be made again"); n != 1 {
		t.Errorf("told %d times: %s", n, log)
	}
}
