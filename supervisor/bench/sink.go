package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// sink is the far end of a supervisor's stdout or stderr: it reads all, counts,
// and remembers the last words.
type sink struct {
	r     *os.File
	bytes atomic.Int64
	lines atomic.Int64
	last  atomic.Int64 // stamp of the last read that brought something
	end   atomic.Int64 // stamp of the end of file, 0 before
	done  chan struct{}

	mu    sync.Mutex
	words []byte // guarded by mu; at most sinkTail
}

const (
	sinkTail   = 1200
	sinkBuffer = 1 << 20
)

// newSink returns the sink and the end to write to, which the caller closes.
func newSink() (*sink, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	// A short pipe would measure this program instead of the supervisor.
	if raw, err := w.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, sinkBuffer) })
	}
	s := &sink{r: r, done: make(chan struct{})}
	go s.read()
	return s, w, nil
}

func (s *sink) read() {
	defer close(s.done)
	var buf []byte
	small := make([]byte, 4096)
	for {
		// A supervisor that says little should not cost a MiB to listen to.
		target := small
		if s.bytes.Load() > 1<<16 {
			if buf == nil {
				buf = make([]byte, sinkBuffer)
			}
			target = buf
		}
		n, err := s.r.Read(target)
		if n > 0 {
			s.bytes.Add(int64(n))
			s.lines.Add(int64(bytes.Count(target[:n], []byte{'\n'})))
			s.last.Store(now())
			s.remember(target[:n])
		}
		if err != nil {
			s.end.Store(now())
			return
		}
	}
}

func (s *sink) remember(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(p) >= sinkTail {
		s.words = append(s.words[:0], p[len(p)-sinkTail:]...)
		return
	}
	s.words = append(s.words, p...)
	if over := len(s.words) - sinkTail; over > 0 {
		s.words = append(s.words[:0], s.words[over:]...)
	}
}

// tail is the last that was said, in one line.
func (s *sink) tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return tail(s.words, 300)
}

// tail is the end of p in one line, at most n bytes of it.
func tail(p []byte, n int) string {
	words := strings.Join(strings.Fields(strings.ToValidUTF8(string(p), "?")), " ")
	if len(words) > n {
		words = "…" + strings.ToValidUTF8(words[len(words)-n:], "")
	}
	return words
}

// wait returns at the end of the stream, or after d.
func (s *sink) wait(d time.Duration) {
	select {
	case <-s.done:
	case <-time.After(d):
	}
}

func (s *sink) close() {
	_ = s.r.Close() // ends read, too
	<-s.done
}
