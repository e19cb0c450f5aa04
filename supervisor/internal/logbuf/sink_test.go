package logbuf

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// numbered is lines "from" to "to" of 1000 bytes each.
func numbered(from, to int) []byte {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%08d %s\n", i, strings.Repeat("x", 990))
	}
	return []byte(b.String())
}

var notice = regexp.MustCompile(`^processmanager \| WARN output dropped: stdout took nothing for a while name=(\S+) bytes=(\d+)$`)

// checkNumbered checks that out has whole numbered lines in order, with a notice at
// every gap that says exactly how much is missing. It returns the bytes missing.
func checkNumbered(t *testing.T, out, prefix string, total int) (missing int) {
	t.Helper()
	next, skipped := 0, 0
	for line := range strings.Lines(out) {
		if m := notice.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			n, _ := strconv.Atoi(m[2])
			skipped += n
			continue
		}
		line, ok := strings.CutPrefix(line, prefix)
		if !ok || len(line) != 1000 || line[999] != '\n' {
			t.Fatalf("a mixed or half line behind line %d: %q", next, line)
		}
		n, _ := strconv.Atoi(line[:8])
		if gap := (n - next) * 1000; gap != skipped {
			t.Fatalf("between lines %d and %d: %d bytes are missing, the notices say %d", next, n, gap, skipped)
		}
		missing += skipped
		next, skipped = n+1, 0
	}
	if end := (total-next)*1000 - skipped; end != 0 {
		t.Fatalf("%d bytes are missing at the end without a notice", end)
	}
	return missing + skipped
}

func TestT62T63StalledConsoleDelaysOneSecond(t *testing.T) { // T62, T63
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		c := NewConsole(out, nil, FormatText)
		l := New(Options{Name: "web", Console: c})
		life := l.Life(1)

		begun := time.Now()
		life.Write(supervisor.Stdout, numbered(0, 3000)) // 3 MB: more than a sink may hold
		if took := time.Since(begun); took != stallAfter {
			t.Errorf("the first write waited %v, want %v", took, stallAfter)
		}
		begun = time.Now()
		life.Write(supervisor.Stdout, numbered(3000, 3500))
		if took := time.Since(begun); took != 0 {
			t.Errorf("a write to a stalled console waited %v", took)
		}
		if n := l.Tail(Query{Lines: 1}); len(n) != 1 || !strings.HasPrefix(n[0].Msg, "00003499") {
			t.Errorf("the ring did not get everything: %d lines", len(n))
		}
		dropped := int(l.Counters().Dropped)
		if held := 3500*1000 - dropped; held < (maxBuffers-1)*bigBuffer || held > maxBuffers*bigBuffer {
			t.Errorf("%d bytes were held, want about %d buffers of %d", held, maxBuffers, bigBuffer)
		}

		close(out.open)
		synctest.Wait()
		life.Write(supervisor.Stdout, numbered(3500, 4000))
		c.Close(time.Second)
		if missing := checkNumbered(t, out.String(), "web | ", 4000); missing != dropped {
			t.Errorf("%d bytes are missing, %d were counted", missing, dropped)
		}
		if n := int(l.Counters().Dropped); n != dropped {
			t.Errorf("dropped %d more after the console moved again", n-dropped)
		}
	})
}

func TestNoticeComesWithoutFurtherOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		c := NewConsole(out, nil, FormatRaw)
		l := New(Options{Name: "web", Console: c})
		l.Life(1).Write(supervisor.Stdout, numbered(0, 2000))
		close(out.open)
		synctest.Wait()
		if missing := checkNumbered(t, out.String(), "", 2000); missing != int(l.Counters().Dropped) || missing == 0 {
			t.Errorf("%d bytes are missing, %d were counted", missing, l.Counters().Dropped)
		}
		c.Close(time.Second)
	})
}

func TestSlowConsoleLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		c := NewConsole(out, nil, FormatRaw)
		l := New(Options{Name: "web", Console: c})
		done := make(chan struct{})
		go func() {
			defer close(done)
			life := l.Life(1)
			for i := range 40 {
				life.Write(supervisor.Stdout, numbered(i*50, i*50+50))
			}
		}()
		for stop := false; !stop; { // 40 KB/s
			time.Sleep(100 * time.Millisecond)
			select {
			case out.leave <- 4000:
			case <-done:
				stop = true
			}
		}
		close(out.open)
		c.Close(time.Minute)
		if n := l.Counters().Dropped; n != 0 {
			t.Errorf("dropped %d bytes of a console that made progress", n)
		}
		checkNumbered(t, out.String(), "", 2000)
	})
}

func TestStallAndProgressInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		c := NewConsole(out, nil, FormatText)
		l := New(Options{Name: "web", Console: c})
		stop := make(chan struct{})
		go func() { // ten seconds of nothing, then a megabyte, and so on
			for {
				for range 256 {
					select {
					case out.leave <- 4096:
					case <-stop:
						return
					}
				}
				select {
				case <-time.After(10 * time.Second):
				case <-stop:
					return
				}
			}
		}()
		life := l.Life(1)
		for i := range 1000 {
			life.Write(supervisor.Stdout, numbered(i*20, i*20+20))
			time.Sleep(30 * time.Millisecond)
		}
		close(stop)
		close(out.open)
		c.Close(time.Minute)
		if missing := checkNumbered(t, out.String(), "web | ", 20000); missing != int(l.Counters().Dropped) || missing == 0 {
			t.Errorf("%d bytes are missing, %d were counted", missing, l.Counters().Dropped)
		}
	})
}

func TestFailingConsole(t *testing.T) { // T32: EPIPE
	synctest.Test(t, func(t *testing.T) {
		out, errs := &faulty{}, &recorder{}
		out.set(syscall.EPIPE, 1500) // the second line is cut in its middle
		c := NewConsole(out, errs, FormatRaw)
		l := New(Options{Name: "web", Console: c})
		life := l.Life(1)
		life.Write(supervisor.Stdout, numbered(0, 3))
		synctest.Wait()
		begun := time.Now()
		for i := 3; i < 3000; i++ {
			life.Write(supervisor.Stdout, numbered(i, i+1))
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("writes to a failing console waited %v", took)
		}
		time.Sleep(45 * time.Second)
		if n := strings.Count(errs.String(), "\n"); n != 1 {
			t.Errorf("%d lines about it in %v, want 1:\n%s", n, time.Since(begun), errs)
		}
		if !strings.Contains(errs.String(), "broken pipe") || !strings.Contains(errs.String(), "sink=stdout") {
			t.Errorf("the line does not say what is wrong: %s", errs)
		}
		out.set(nil, 0)
		time.Sleep(retryMax)
		synctest.Wait()
		life.Write(supervisor.Stdout, numbered(3000, 3001))
		c.Close(time.Second)
		if missing := checkNumbered(t, out.String(), "", 3001); missing != 2997*1000 {
			t.Errorf("%d bytes are missing", missing)
		}
	})
}

func TestFullNonBlockingConsole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &faulty{}
		out.set(syscall.EAGAIN, 700)
		c := NewConsole(out, nil, FormatRaw)
		l := New(Options{Name: "web", Console: c})
		life := l.Life(1)
		life.Write(supervisor.Stdout, numbered(0, 10))
		time.Sleep(500 * time.Millisecond)
		life.Write(supervisor.Stdout, numbered(10, 20))
		out.set(nil, 0)
		c.Close(time.Second)
		if missing := checkNumbered(t, out.String(), "", 20); missing != 0 {
			t.Errorf("%d bytes are missing", missing)
		}
	})
}

func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		c := NewConsole(out, nil, FormatRaw)
		New(Options{Name: "web", Console: c}).Life(1).Write(supervisor.Stdout, numbered(0, 100))
		begun := time.Now()
		c.Close(3 * time.Second)
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("Close took %v of 3s", took)
		}
		late := New(Options{Name: "late", Console: c})
		late.Life(1).Write(supervisor.Stdout, []byte("too late\n"))
		if n := late.Counters().Dropped; n != 9 {
			t.Errorf("a line after Close: %d bytes dropped, want 9", n)
		}
		close(out.open)
	})
}

func TestCloseGivesUpAFailingConsole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &faulty{}
		out.set(errors.New("gone"), 0)
		c := NewConsole(out, nil, FormatRaw)
		New(Options{Name: "web", Console: c}).Life(1).Write(supervisor.Stdout, numbered(0, 100))
		synctest.Wait()
		begun := time.Now()
		c.Close(time.Minute)
		if took := time.Since(begun); took != 0 {
			t.Errorf("Close took %v", took)
		}
	})
}

func TestT63LoggerNeverWaits(t *testing.T) { // T63
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		c := NewConsole(nil, out, FormatText)
		log := c.Logger(nil)
		l := New(Options{Name: "web", Console: c})
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.Life(1).Write(supervisor.Stderr, numbered(0, 2000))
		}()
		synctest.Wait() // the process fills every buffer and waits
		begun := time.Now()
		log.Info("a line in the reserve")
		if took := time.Since(begun); took != 0 {
			t.Errorf("the manager's line waited %v", took)
		}
		for range 10000 {
			log.Info("a line that may be lost", "n", 1)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the manager's lines waited %v", took)
		}
		close(out.open)
		<-done
		c.Close(time.Second)
		text := out.String()
		if !strings.Contains(text, "processmanager | INFO a line in the reserve\n") {
			t.Error("the line in the reserve was lost")
		}
		if !strings.Contains(text, "name=processmanager bytes=") {
			t.Error("nothing says that lines of the manager were lost")
		}
	})
}

// TestNoticeComesBeforeNewOutput: a writer may find room before the drain does.
func TestNoticeComesBeforeNewOutput(t *testing.T) {
	s := newSink("stdout", FormatText, nil, nil)
	s.draining = true // the drain is in the middle of a write
	web := &feed{account: &account{name: "web"}}
	s.losses = map[*account]int64{web.account: 17}
	s.put(&batch{from: web, format: FormatRaw, kind: lines, data: []byte("new\n")})
	want := "processmanager | WARN output dropped: stdout took nothing for a while name=web bytes=17\nnew\n"
	if got := string(s.cur.data); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWritesAreWholeLines: other programs may share the console, and a write is
// what they can come between.
func TestWritesAreWholeLines(t *testing.T) {
	for _, f := range []Format{FormatRaw, FormatText, FormatJSON} {
		out := &recorder{}
		c := NewConsole(out, out, f)
		life := New(Options{Name: "web", Console: c}).Life(1)
		data := numbered(0, 3000)
		for len(data) > 0 {
			n := min(len(data), 64<<10)
			life.Write(supervisor.Stdout, data[:n])
			data = data[n:]
		}
		c.Close(time.Minute)
		for _, w := range out.writes {
			if w[len(w)-1] != '\n' || len(w) > maxStep {
				t.Fatalf("%s: a write of %d bytes that ends with %q", f, len(w), w[len(w)-1])
			}
		}
	}
}

func TestRawKeepsLongLinesTogether(t *testing.T) {
	out := &recorder{}
	c := NewConsole(out, out, FormatRaw)
	l := New(Options{Name: "web", Console: c})
	life := l.Life(1)
	long := strings.Repeat("x", MaxLine)
	life.Write(supervisor.Stdout, []byte(long+"12")) // one piece is out
	life.Write(supervisor.Stdout, []byte("34\n"))
	life.Write(supervisor.Stdout, []byte(long+"56"))
	life.Write(supervisor.Stderr, []byte("other\n"))
	life.Write(supervisor.Stdout, []byte("78\n"))
	life.Write(supervisor.Stdout, []byte("end"))
	life.End(supervisor.Stdout)
	life.End(supervisor.Stderr)
	c.Close(time.Minute)
	want := long + "1234\n" + long + "\nother\n5678\nend\n"
	if got := out.String(); got != want {
		t.Errorf("got %d bytes, want %d:\n%s", len(got), len(want), strings.ReplaceAll(got, long, "<long>"))
	}
}
