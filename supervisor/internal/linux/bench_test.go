package linux

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// sink is an Output that costs nothing.
type sink struct{ n int }

func (s *sink) Write(_ supervisor.Stream, chunk []byte) { s.n += len(chunk) }
func (s *sink) End(supervisor.Stream)                   {}

// ticker is Reports for one life at a time.
type ticker struct {
	*recorder
	spawned chan int
	exited  chan Exit
}

func (t *ticker) Spawned(_ Life, pid int)       { t.spawned <- pid }
func (t *ticker) Exited(_ Life, e Exit, _ int)  { t.exited <- e }
func (t *ticker) SpawnFailed(_ Life, err error) { panic(err) }

func newTicker() *ticker {
	return &ticker{recorder: newRecorder(), spawned: make(chan int, 1<<12), exited: make(chan Exit, 1<<12)}
}

// cpu reports what this program used per round: on a busy machine the clock says
// little.
func cpu(b *testing.B) {
	b.Helper()
	read := func() float64 {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3
	}
	before := read()
	b.Cleanup(func() { b.ReportMetric((read()-before)/float64(b.N), "cpu-µs/op") })
}

func sleepers(b testing.TB, n int) (*System, *ticker, []int) {
	b.Helper()
	r := newTicker()
	s := New(r)
	var pids []int
	for i := range n {
		l := Life{fmt.Sprint("sleeper", i), 1}
		s.Spawn(l, command(l, &sink{}, "/bin/sleep", "1000"))
	}
	for range n {
		pids = append(pids, <-r.spawned)
	}
	b.Cleanup(func() {
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		for range pids {
			<-r.exited
		}
		s.Close()
	})
	return s, r, pids
}

func benchmarkSample(b *testing.B, n int) {
	s, _, _ := sleepers(b, n)
	for range 3 { // the lists of two passes are kept: both have their size then
		s.usage.based = s.usage.based.Add(-percentWindow) // no pass goes on
		s.Sample(0, false)
	}
	cpu(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Sample(0, false)
	}
}

// With descriptors and storage, a third of the processes in turn. Passes that follow each
// other at once read all: this is what it costs when everybody runs all the time.
func BenchmarkSampleDetails1000(b *testing.B) {
	s, _, _ := sleepers(b, 1000)
	s.Sample(0, true)
	cpu(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Sample(0, true)
	}
}

// As every five seconds in life: what sleeps is taken over from the pass before.
func BenchmarkSampleSleepers1000(b *testing.B) {
	s, _, _ := sleepers(b, 1000)
	s.Sample(0, true)
	cpu(b)
	b.ReportAllocs()
	for b.Loop() {
		s.usage.based = s.usage.based.Add(-percentWindow) // no pass goes on
		s.Sample(0, true)
	}
}

func BenchmarkSample100(b *testing.B)  { benchmarkSample(b, 100) }
func BenchmarkSample1000(b *testing.B) { benchmarkSample(b, 1000) }

// From the request to the report of the exit, with capture.
func BenchmarkSpawnAndReap(b *testing.B) {
	r := newTicker()
	s := New(r)
	defer s.Close()
	cpu(b)
	b.ReportAllocs()
	var gen uint64
	for b.Loop() {
		gen++
		l := Life{"true", gen}
		s.Spawn(l, command(l, &sink{}, "/bin/true"))
		<-r.spawned
		<-r.exited
	}
}

// SIGKILL from outside until the replacement runs, among 100.
func BenchmarkReplacement100(b *testing.B) {
	s, r, pids := sleepers(b, 100)
	var gen uint64 = 1
	cpu(b)
	b.ReportAllocs()
	for b.Loop() {
		gen++
		_ = unix.Kill(pids[0], unix.SIGKILL)
		<-r.exited
		l := Life{"sleeper0", gen}
		s.Spawn(l, command(l, &sink{}, "/bin/sleep", "1000"))
		pids[0] = <-r.spawned
	}
}

// One thousand orphans per round: what is measured is fork, exit and reaping.
func BenchmarkOrphans1000(b *testing.B) {
	r := newTicker()
	s := New(r)
	defer s.Close()
	cpu(b)
	b.ReportAllocs()
	var gen uint64
	for b.Loop() {
		gen++
		l := Life{"mother", gen}
		s.Spawn(l, shell(l, &sink{}, `i=0; while [ $i -lt 1000 ]; do : & i=$((i+1)); done; exit 0`))
		<-r.spawned
		<-r.exited
	}
}

func BenchmarkThroughput(b *testing.B) {
	r := newTicker()
	s := New(r)
	defer s.Close()
	cpu(b)
	b.ReportAllocs()
	const size = 256 << 20
	b.SetBytes(size)
	var gen uint64
	for b.Loop() {
		gen++
		out := &sink{}
		l := Life{"yes", gen}
		s.Spawn(l, shell(l, out, fmt.Sprintf("head -c %d /dev/zero", size)))
		<-r.spawned
		<-r.exited
		if out.n != size {
			b.Fatalf("%d bytes, want %d", out.n, size)
		}
	}
}

func BenchmarkParseStat(b *testing.B) {
	line := []byte("4711 (a) R 1 (b) S 12 13 14 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 7 0 98765 1000000 250 18446744073709551615 1 1\n")
	var p procStat
	b.ReportAllocs()
	for b.Loop() {
		if !parseStat(line, &p) {
			b.Fatal("refused")
		}
	}
}
