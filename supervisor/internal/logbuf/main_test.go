package logbuf

import (
	"bytes"
	"flag"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// recorder is an output that remembers.
type recorder struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	writes [][]byte
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes = append(r.writes, bytes.Clone(p))
	return r.buf.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

// gate is an output that takes only as many bytes as it is given leave for, until
// it is opened.
type gate struct {
	recorder
	leave chan int      // each value is a number of bytes
	open  chan struct{} // closed: takes everything
}

func newGate() *gate { return &gate{leave: make(chan int), open: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := len(rest)
		select {
		case leave := <-g.leave:
			n = min(n, leave)
		case <-g.open:
		}
		_, _ = g.recorder.Write(rest[:n])
		rest = rest[n:]
	}
	return len(p), nil
}

// faulty is an output that fails while err is set.
type faulty struct {
	recorder
	emu sync.Mutex
	err error
	cut int // bytes that a failing write still takes
}

func (f *faulty) set(err error, cut int) {
	f.emu.Lock()
	defer f.emu.Unlock()
	f.err, f.cut = err, cut
}

func (f *faulty) Write(p []byte) (int, error) {
	f.emu.Lock()
	err, cut := f.err, min(f.cut, len(p))
	f.cut -= cut
	f.emu.Unlock()
	if err == nil {
		return f.recorder.Write(p)
	}
	_, _ = f.recorder.Write(p[:cut])
	return cut, err
}
