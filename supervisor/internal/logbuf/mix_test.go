package logbuf

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// TestT67LinesNeverMix lets 20 processes write 10,000 lines each, on both streams and
// in odd chunks, to one pipe. Each line carries its own checksum. T67
func TestT67LinesNeverMix(t *testing.T) {
	const writers, each = 20, 10000
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	second, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", w.Fd()), os.O_WRONLY, 0) // another file of the same pipe
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := NewConsole(w, second, FormatText)
	var running sync.WaitGroup
	var logs []*Log
	for i := range writers {
		l := New(Options{Name: fmt.Sprintf("w%d", i), Console: c, File: filepath.Join(dir, fmt.Sprintf("w%d.log", i))})
		logs = append(logs, l)
		running.Go(func() { writeChecked(l.Life(1), uint64(i), each) })
	}
	go func() {
		running.Wait()
		for _, l := range logs {
			l.Close()
		}
		c.Close(time.Minute)
		w.Close()
		second.Close()
	}()

	next := map[string]int{}
	total := countChecked(t, r, func(line string) string {
		name, line, _ := strings.Cut(line, " | ")
		stream, _, _ := strings.Cut(line, " ")
		checkOrder(t, next, name+" "+stream, line)
		return line
	})
	if total != writers*each {
		t.Errorf("read %d lines, want %d", total, writers*each)
	}
	for _, l := range logs {
		if n := l.Counters().Dropped; n != 0 {
			t.Errorf("%s lost %d bytes", l.name, n)
		}
		f, err := os.Open(filepath.Join(dir, l.name+".log"))
		if err != nil {
			t.Fatal(err)
		}
		if n := countChecked(t, f, func(line string) string { return line }); n != each {
			t.Errorf("the file of %s has %d lines, want %d", l.name, n, each)
		}
		f.Close()
	}
}

// writeChecked writes n lines "STREAM NUMBER TEXT CHECKSUM", two thirds to stdout.
func writeChecked(life *LifeLog, seed uint64, n int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var waiting [2][]byte
	streams := [2]supervisor.Stream{supervisor.Stdout, supervisor.Stderr}
	for i := range n {
		s := min(rnd.IntN(3), 1)
		body := fmt.Sprintf("%s %d %s", streams[s], i, strings.Repeat("y", rnd.IntN(200)))
		waiting[s] = fmt.Appendf(waiting[s], "%s %08x\n", body, crc32.ChecksumIEEE([]byte(body)))
		if cut := rnd.IntN(4000); cut < len(waiting[s]) {
			life.Write(streams[s], waiting[s][:cut])
			waiting[s] = append([]byte(nil), waiting[s][cut:]...)
		}
	}
	for s, rest := range waiting {
		life.Write(streams[s], rest)
		life.End(streams[s])
	}
}

func countChecked(t *testing.T, r io.Reader, strip func(string) string) (total int) {
	t.Helper()
	in := bufio.NewScanner(r)
	for in.Scan() {
		total++
		line := strip(in.Text())
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(line[:at]))) != line[at+1:] {
			t.Errorf("a mixed line: %q", in.Text())
			_, _ = io.Copy(io.Discard, r)
			return total
		}
	}
	if err := in.Err(); err != nil {
		t.Error(err)
	}
	return total
}

func checkOrder(t *testing.T, next map[string]int, stream, line string) {
	t.Helper()
	var kind string
	var n int
	if _, err := fmt.Sscan(line, &kind, &n); err != nil || n < next[stream] {
		t.Errorf("%s: line %d came behind line %d (%v)", stream, n, next[stream], err)
	}
	next[stream] = n + 1
}

// TestQuietProcessesAreCheap has a thousand logs, most of them silent.
func TestQuietProcessesAreCheap(t *testing.T) {
	const n = 1000
	c := NewConsole(io.Discard, io.Discard, FormatText)
	defer c.Close(time.Minute)
	logs := make([]*Log, n)
	lives := make([]*LifeLog, n)
	before := heap()
	for i := range n {
		logs[i] = New(Options{Name: "quiet", Console: c})
		lives[i] = logs[i].Life(1)
	}
	each := (heap() - before) / n
	t.Logf("a silent process costs %d bytes", each)
	if each > 1024 {
		t.Errorf("a silent process costs %d bytes", each)
	}
	for _, life := range lives {
		life.Write(supervisor.Stdout, []byte("listening on port 8080\n"))
	}
	if each = (heap() - before) / n; each > 2048 {
		t.Errorf("a process with one line costs %d bytes", each)
	}
	runtime.KeepAlive(logs)
	runtime.KeepAlive(lives)
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools are emptied by the second one
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
