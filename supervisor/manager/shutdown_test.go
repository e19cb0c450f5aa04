package manager

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// `-- command` with a door: who stops the command ends the manager, with the code of
// the command, and nothing is restarted.
func TestCommandStoppedByCaller(t *testing.T) {
	for _, test := range []struct {
		what, words string
		code        int
		after       time.Duration
	}{
		{"with its code", "term=2s termcode=5", 5, 3 * time.Second},
		{"with success", "termcode=0", 0, time.Second},
		{"by the signal", "", 143, time.Second},
		{"by SIGKILL", "deaf", 137, (1 + commandGrace) * time.Second},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{Command: append([]string{"/bin/child"}, strings.Fields(test.words)...)})
				b.run()
				pass(time.Second)
				info, err := b.Stop(t.Context(), operator, "child")
				if err != nil || info.Status != supervisor.StatusStopped {
					t.Errorf("stop: %+v, %v", info, err)
				}
				select {
				case <-b.done:
				case <-time.After(time.Hour):
					t.Fatal("the manager goes on without its command")
				}
				if took := time.Since(b.began); b.code != test.code || took != test.after {
					t.Errorf("code %d after %s, want %d after %s", b.code, took, test.code, test.after)
				}
			})
		})
	}
}

// A signal that comes when the command has ended is not for the command: it is about
// the shutdown that goes on. The second one ends the grace of others, and the wait
// for strangers.
func TestSignalAfterCommand(t *testing.T) {
	for _, test := range []struct {
		what     string
		job      string        // made by a caller beside the command; empty: none
		stranger time.Duration // needs so long to end
		sent     string
	}{
		{what: "a job has the grace", job: "child deaf", sent: "job ← SIGTERM to the tree, job ← SIGKILL to the tree"},
		{what: "a stranger has the grace", stranger: 20 * time.Second},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{Command: []string{"child", "after=2s", "code=4"}})
				b.os.endRest = test.stranger
				var tr trace
				b.os.tell = tr.process
				b.run()
				if test.job != "" {
					if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: "job", Command: test.job}); err != nil {
						t.Fatal(err)
					}
				}
				pass(3 * time.Second)
				b.signal(supervisor.SIGTERM)
				pass(time.Second)
				select {
				case <-b.done:
					t.Fatal("the first signal has ended all")
				default:
				}
				b.signal(supervisor.SIGTERM)
				<-b.done
				if took := time.Since(b.began); b.code != 4 || took != 4*time.Second {
					t.Errorf("code %d after %s, want 4 after 4s", b.code, took)
				}
				if got := tr.sent(); got != test.sent {
					t.Errorf("sent %q, want %q", got, test.sent)
				}
			})
		})
	}
}

// One request can come twice: timeout(1) signals its child and then its group. The second
// one is what comes later.
func TestOneRequestTwice(t *testing.T) {
	for _, test := range []struct {
		again []time.Duration // after the first
		after time.Duration
	}{
		{[]time.Duration{0}, 5 * time.Second},
		{[]time.Duration{400 * time.Millisecond}, 5 * time.Second},
		{[]time.Duration{time.Millisecond, 600 * time.Millisecond}, 600 * time.Millisecond},
		{[]time.Duration{time.Second}, time.Second},
	} {
		t.Run(fmt.Sprint(test.again), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child, term=5s]"))})
				b.run()
				asked := time.Now()
				b.signal(supervisor.SIGTERM)
				for _, at := range test.again {
					time.Sleep(time.Until(asked.Add(at)))
					b.signal(supervisor.SIGTERM)
				}
				<-b.done
				if took := time.Since(asked); took != test.after {
					t.Errorf("it took %s, want %s", took, test.after)
				}
			})
		})
	}
}

// All have ended but a stranger: the second signal does not wait for it, and the
// budget bounds the wait without one.
func TestStrangerAtTheEnd(t *testing.T) {
	for _, test := range []struct {
		what   string
		second bool
		after  time.Duration
	}{
		{"asked twice", true, 2 * time.Second},
		{"asked once", false, supervisor.DefaultShutdownGrace},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]"))})
				b.os.endRest = time.Hour
				b.run()
				asked := time.Now()
				b.signal(supervisor.SIGTERM)
				pass(time.Second)
				if got := b.status("web"); got != "stopped" {
					t.Errorf("after a second web is %s", got)
				}
				pass(time.Second)
				if test.second {
					b.signal(sigINT)
				}
				<-b.done
				if took := time.Since(asked); b.code != 0 || took != test.after {
					t.Errorf("code %d after %s, want 0 after %s", b.code, took, test.after)
				}
			})
		})
	}
}

// Those who end together are asked together: the system answers the death of the first
// when the last has its signal.
func TestShutdownAsksTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: db, command: [child]",
			"name: api, command: [child], dependsOn: [{name: db}]", "name: job, command: [child]", "name: web, command: [child]"))})
		b.run()
		b.signal(supervisor.SIGTERM)
		<-b.done
		if got, want := b.os.stops, []string{"api job web", "db"}; !slices.Equal(got, want) {
			t.Errorf("asked to end: %q, want %q", got, want)
		}
	})
}

// Who got an answer in the moment of the end is told that answer.
func TestAnswerBeforeTheEnd(t *testing.T) {
	m := &Manager{done: make(chan struct{})}
	close(m.done)
	for range 100 { // select takes any that is ready
		w := &waiter{answer: make(chan answer, 1)}
		w.answer <- answer{view: &view{}}
		if v, err := m.await(t.Context(), "stop", "web", []*waiter{w}); v == nil || err != nil {
			t.Fatalf("the answer is lost: %v", err)
		}
	}
	if _, err := m.await(t.Context(), "stop", "web", []*waiter{{answer: make(chan answer, 1)}}); !errors.Is(err, supervisor.ErrClosed) {
		t.Errorf("without an answer: %v", err)
	}
}
