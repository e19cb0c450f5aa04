package logbuf

import (
	"bytes"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// hundred is a chunk as the pipe reader delivers it: 64 KiB of 100-byte lines, the
// last one cut.
func hundred() []byte {
	line := strings.Repeat("abcdefghi ", 9) + "abcdefghi\n"
	return bytes.Repeat([]byte(line), 64<<10/len(line)+1)[:64<<10]
}

func BenchmarkRing(b *testing.B) {
	l := New(Options{Name: "web"}).Life(1)
	benchWrite(b, l)
}

// BenchmarkConsole writes to an output that costs nothing: what the package itself
// needs per byte.
func BenchmarkConsole(b *testing.B) {
	for _, f := range []Format{FormatRaw, FormatText, FormatJSON} {
		b.Run(string(f), func(b *testing.B) {
			c := NewConsole(io.Discard, io.Discard, f)
			defer c.Close(time.Minute)
			benchWrite(b, New(Options{Name: "web", Console: c}).Life(1))
		})
	}
}

// BenchmarkPipe is the whole way from a pipe to a pipe; floor is a bare loop that
// reads and writes.
func BenchmarkPipe(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		out, done := drained(b)
		benchPipe(b, func(chunk []byte) { _, _ = out.Write(chunk) })
		out.Close()
		<-done
	})
	for _, f := range []Format{FormatRaw, FormatText, FormatJSON} {
		b.Run(string(f), func(b *testing.B) {
			out, done := drained(b)
			c := NewConsole(out, nil, f)
			l := New(Options{Name: "web", Console: c})
			life := l.Life(1)
			benchPipe(b, func(chunk []byte) { life.Write(supervisor.Stdout, chunk) })
			c.Close(time.Minute)
			if n := l.Counters(); n.Dropped > 0 {
				b.Errorf("%d of %d bytes were dropped", n.Dropped, n.Stdout)
			}
			out.Close()
			<-done
		})
	}
}

func BenchmarkFile(b *testing.B) {
	c := NewConsole(nil, nil, FormatRaw)
	defer c.Close(time.Minute)
	benchWrite(b, New(Options{Name: "web", Console: c, File: b.TempDir() + "/web.log"}).Life(1))
}

// BenchmarkLine is one short line at a time, as a quiet process writes.
func BenchmarkLine(b *testing.B) {
	c := NewConsole(io.Discard, io.Discard, FormatText)
	defer c.Close(time.Minute)
	life := New(Options{Name: "web", Console: c}).Life(1)
	line := hundred()[:100]
	b.ReportAllocs()
	for b.Loop() {
		life.Write(supervisor.Stdout, line)
	}
}

func BenchmarkTail(b *testing.B) {
	l := New(Options{Name: "web"})
	l.Life(1).Write(supervisor.Stdout, hundred())
	b.ReportAllocs()
	for b.Loop() {
		l.Tail(Query{Lines: 100})
	}
}

func benchWrite(b *testing.B, l *LifeLog) {
	b.Helper()
	chunk := hundred()
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	defer cpuPerGB(b)()
	for b.Loop() {
		l.Write(supervisor.Stdout, chunk)
	}
}

// cpuPerGB reports the CPU seconds of the whole test binary per gigabyte.
func cpuPerGB(b *testing.B) func() {
	before := cpuTime(b)
	return func() {
		gb := float64(b.N) * (64 << 10) / 1e9
		b.ReportMetric((cpuTime(b)-before).Seconds()/gb, "cpu-s/GB")
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchPipe(b *testing.B, take func([]byte)) {
	b.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	chunk, buf := hundred(), make([]byte, 64<<10)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	b.ResetTimer()
	defer cpuPerGB(b)()
	go func() {
		defer w.Close()
		for range b.N {
			_, _ = w.Write(chunk)
		}
	}()
	for {
		n, err := r.Read(buf)
		if err != nil {
			break
		}
		take(buf[:n])
	}
	b.StopTimer()
	r.Close()
}

// drained is a pipe whose other end is read as fast as possible.
func drained(b *testing.B) (*os.File, <-chan struct{}) {
	b.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 256<<10)
		for {
			if _, err := r.Read(buf); err != nil {
				r.Close()
				return
			}
		}
	}()
	return w, done
}
