package logbuf

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// A slow console makes progress, so its writer waits for as long as it takes. When the
// life has ended nobody has that much time: after Hurry the writer is back within a
// second, and what did not fit is counted. Another life still waits.
func TestHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newGate()
		c := NewConsole(out, nil, FormatRaw)
		l := New(Options{Name: "web", Console: c})
		stop := make(chan struct{})
		go func() { // 80 KB/s, for ever
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
				case <-stop:
					return
				}
				select {
				case out.leave <- 4000:
				case <-stop:
					return
				}
			}
		}()
		ended, other := l.Life(1), l.Life(2)
		write := func(life *LifeLog, from int) <-chan struct{} {
			done := make(chan struct{})
			go func() { defer close(done); life.Write(supervisor.Stdout, numbered(from, from+3000)) }()
			return done
		}
		first := write(ended, 0) // 3 MB
		time.Sleep(5 * time.Second)
		if isClosed(first) {
			t.Fatal("the write did not wait for a console that makes progress")
		}
		ended.Hurry()
		time.Sleep(stallAfter)
		if synctest.Wait(); !isClosed(first) {
			t.Fatal("the write still waits a second after Hurry")
		}
		begun := time.Now()
		ended.Write(supervisor.Stdout, numbered(3000, 6000))
		if took := time.Since(begun); took != 0 {
			t.Errorf("the next write waited %v", took)
		}
		lost := int(l.Counters().Dropped)
		second := write(other, 6000)
		time.Sleep(5 * time.Second)
		if isClosed(second) {
			t.Error("another life was hurried too")
		}
		close(stop)
		close(out.open)
		<-second
		c.Close(time.Minute)
		if missing := checkNumbered(t, out.String(), "", 9000); missing != lost || missing != int(l.Counters().Dropped) || missing == 0 {
			t.Errorf("%d bytes are missing, %d were lost by then, %d are counted", missing, lost, l.Counters().Dropped)
		}
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
