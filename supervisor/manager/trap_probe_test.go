package manager

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// A slow starter with an impatient liveness probe is not killed: no other probe is made
// before the startup probe has succeeded, and that one not any more after.
func TestT38StartupHoldsTheOthers(t *testing.T) {
	s := play(t, manifestOf("exitPolicy: Never", `name: web, command: [child],
    startupProbe: {exec: {command: [probe, "code=`+strings.Repeat("1,", 29)+`0"]}, periodSeconds: 1, failureThreshold: 30},
    livenessProbe: {exec: {command: [probe]}, periodSeconds: 1, failureThreshold: 1},
    readinessProbe: {exec: {command: [probe]}, periodSeconds: 1}`), func(t *testing.T, s *scene) {
		s.run()
		pass(2 * time.Minute)
		if got, n := s.status("web"), s.os.spawned("web"); got != "running" || n != 1 {
			t.Errorf("it is %s, in life %d", got, n)
		}
	})
	startup := s.told("web/startup", "code")
	if len(startup) != 30 {
		t.Fatalf("%d startup probes were made, want 30", len(startup))
	}
	for _, probe := range []string{"web/liveness", "web/readiness"} {
		if at := s.told(probe, "code"); len(at) < 80 || at[0] < startup[29] {
			t.Errorf("%s: %d probes, the first at %s; the start was over at %s", probe, len(at), at[0], startup[29])
		}
	}
}

// Before the first result liveness counts as success and readiness as failure; results
// in a row count, and those of an old life do not.
func TestT39ThresholdsOfEachLife(t *testing.T) {
	const period = 10 * time.Second
	s := play(t, manifestOf("exitPolicy: Never", `name: web, command: [child, "after=95s,-", code=1], restartBackoff: {jitter: 0},
    livenessProbe: {exec: {command: [probe, "code=1,1,0,1,1,0,0,0,1,1,1,0"]}, periodSeconds: 10, failureThreshold: 3},
    readinessProbe: {exec: {command: [probe, "code=0,1,0,0,0"]}, periodSeconds: 10, successThreshold: 2}`), func(t *testing.T, s *scene) {
		s.run()
		if s.stat("web").Ready {
			t.Error("it is ready before anybody has asked it")
		}
		pass(5 * time.Second)
		if got := s.status("web"); got != "running" || s.stat("web").Ready {
			t.Errorf("after one failure of liveness, and one success of two of readiness, it is %s and ready is %t", got, s.stat("web").Ready)
		}
		s.until(25 * time.Second)
		if s.stat("web").Ready {
			t.Error("it is ready after success, failure, success; it takes two in a row")
		}
		s.until(4 * period)
		if !s.stat("web").Ready {
			t.Error("two successes in a row, and it is not ready")
		}
		// Life 1 ends by itself after two failures of liveness in a row; the next one is the
		// first of life 2.
		s.until(20 * period)
		if got, n := s.status("web"), s.os.spawned("web"); got != "running" || n != 2 {
			t.Errorf("it is %s, in life %d", got, n)
		}
		if stat := s.stat("web"); stat.Exits[supervisor.ReasonUnhealthy] != 0 || stat.Exits[supervisor.ReasonError] != 1 {
			t.Errorf("it ended with %v", stat.Exits)
		}
	})
	if t.Failed() {
		t.Log(s.trace.String())
	}
}

// With the wish to end the probes end, and readiness is no more, though the process
// still answers.
func TestT42ProbesEndWithTheWish(t *testing.T) {
	s := play(t, manifestOf("exitPolicy: Never", `name: web, command: [child, term=20s],
    livenessProbe: {exec: {command: [probe]}, periodSeconds: 1},
    readinessProbe: {exec: {command: [probe]}, periodSeconds: 1}`), func(t *testing.T, s *scene) {
		s.run()
		pass(10500 * time.Millisecond)
		if !s.stat("web").Ready {
			t.Error("it is not ready")
		}
		stopped := make(chan error, 1)
		go func() { stopped <- oneOf(s.Stop(context.Background(), operator, "web")) }()
		pass(time.Millisecond)
		if stat := s.stat("web"); stat.Ready || stat.Status != supervisor.StatusStopping {
			t.Errorf("it is %s, and ready is %t", stat.Status, stat.Ready)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	for _, probe := range []string{"web/liveness", "web/readiness"} {
		if at := s.told(probe, ""); len(at) != 11 && len(at) != 10 || at[len(at)-1] > 10500*time.Millisecond {
			t.Errorf("%s was made at %v", probe, at)
		}
	}
}

// overlaps counts the tasks of each name that go on side by side.
type overlaps struct {
	*fakeOS
	mu        sync.Mutex
	now, most map[string]int
}

func (o *overlaps) Exec(ctx context.Context, task linux.Life, c linux.Command) (linux.Exit, error) {
	count := func(by int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.now[task.Name] += by
		o.most[task.Name] = max(o.most[task.Name], o.now[task.Name])
	}
	count(1)
	defer count(-1)
	return o.fakeOS.Exec(ctx, task, c)
}

// A probe that hangs is ended by its timeout and never overlaps itself; the probes of
// others keep their times; and the first ones of many do not come at once.
func TestT43NoStampede(t *testing.T) {
	list := []string{
		"name: hung, command: [child], livenessProbe: {exec: {command: [probe, deaf]}, periodSeconds: 1, timeoutSeconds: 7, failureThreshold: 100}",
		"name: slow, command: [child], livenessProbe: {exec: {command: [probe, after=2500ms]}, periodSeconds: 1, timeoutSeconds: 5}",
	}
	const many = 50
	for i := range many {
		list = append(list, fmt.Sprintf("name: well-%d, command: [child], livenessProbe: {exec: {command: [probe]}, periodSeconds: 5}", i))
	}
	var counts *overlaps
	s := play(t, manifestOf("exitPolicy: Never", list...), func(_ *testing.T, s *scene) {
		counts = &overlaps{fakeOS: s.os, now: map[string]int{}, most: map[string]int{}}
		s.Manager.os = counts
		s.run()
		pass(60 * time.Second)
	})
	for name, n := range counts.most {
		if n != 1 {
			t.Errorf("%s: %d at once", name, n)
		}
	}
	if n := s.os.spawned("hung/liveness"); n < 8 || n > 9 { // every 7 s: its timeout, and the period that has passed is made up for at once
		t.Errorf("the hung one was made %d times in a minute", n)
	}
	if n := s.os.spawned("slow/liveness"); n < 23 || n > 25 { // one after the other
		t.Errorf("the slow one was made %d times in a minute", n)
	}
	var firsts []time.Duration
	for i := range many {
		at := s.told(fmt.Sprintf("well-%d/liveness", i), "code")
		if len(at) != 12 {
			t.Fatalf("well-%d was probed at %v", i, at)
		}
		for k, one := range at {
			if one-at[0] != time.Duration(k)*5*time.Second {
				t.Errorf("well-%d was probed at %v", i, at)
			}
		}
		firsts = append(firsts, at[0])
	}
	slices.Sort(firsts)
	if n := len(slices.Compact(firsts)); n < many*9/10 {
		t.Errorf("the first probes of %d processes come at %d moments", many, n)
	}
}
