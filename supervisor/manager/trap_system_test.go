package manager

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// withSystem runs a manager over the real system in this program, and ends it.
func withSystem(t *testing.T, manifest string, do func(m *Manager, log *page)) {
	t.Helper()
	log := &page{}
	m, err := New(Config{Set: parse(t, manifest), Stdout: log, Stderr: log})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan int, 1)
	go func() { done <- m.Run(t.Context()) }()
	defer func() {
		if err := m.Shutdown(t.Context(), operator); err != nil {
			t.Error(err)
		}
		select {
		case code := <-done:
			if code != 0 {
				t.Errorf("code %d", code)
			}
		case <-time.After(30 * time.Second):
			t.Error("the manager does not end")
		}
		if t.Failed() {
			t.Logf("what it said:\n%s", log)
		}
	}()
	do(m, log)
}

// reach waits until the process has the status.
func reach(t *testing.T, m *Manager, name string, want supervisor.Status, within time.Duration) *supervisor.ProcessInfo {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; <-tick.C {
		info, err := m.Status(t.Context(), viewer, name)
		if err == nil && info.Status == want {
			return info
		}
		if time.Since(began) > within {
			t.Fatalf("after %s %s is %+v, want %s; %v", within, name, info, want, err)
		}
	}
}

// Hundreds of threads of this program end, among them, as like as not, those that have
// started the children: none of the children ends with them.
func TestT06ThreadsEnd(t *testing.T) {
	var list []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		list = append(list, "name: "+name+", command: [sleep, '1000']")
	}
	list = append(list, "name: setup, command: [sleep, '1000'], livenessProbe: {exec: {command: ['true']}, periodSeconds: 1}")
	withSystem(t, manifestOf("", list...), func(m *Manager, _ *page) {
		threads := func() map[string]bool {
			found := map[string]bool{}
			entries, err := os.ReadDir("/proc/self/task")
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				found[e.Name()] = true
			}
			return found
		}
		reach(t, m, "a", supervisor.StatusRunning, 10*time.Second) // else the first restart is this start
		ended := 0
		for round := range 5 {
			before := threads()
			var all sync.WaitGroup
			gate := make(chan struct{})
			for range 100 {
				all.Go(func() {
					runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
					<-gate
				})
			}
			// Lives begin while threads come and go.
			if round > 0 {
				if _, err := m.Restart(t.Context(), operator, "a"); err != nil {
					t.Fatal(err)
				}
			}
			close(gate)
			all.Wait()
			now := threads()
			for id := range before {
				if !now[id] {
					ended++
				}
			}
		}
		if ended == 0 {
			t.Error("no thread that was there before has ended")
		}
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "setup"} {
			info := reach(t, m, name, supervisor.StatusRunning, 10*time.Second)
			want := uint64(1)
			if name == "a" {
				want = 5
			}
			if info.Run != want || info.Restarts != 0 {
				t.Errorf("%s is in life %d after %d restarts", name, info.Run, info.Restarts)
			}
		}
	})
}

// The real clock is set on and back: backoff, grace and deadlines take as long as ever,
// and no scheduled time is run twice.
func TestUMLT37T50ClockIsSet(t *testing.T) {
	if os.Getenv("PM_UML") == "" {
		t.Skip("sets the wall clock; runs under make uml")
	}
	setWall := func(at time.Time) {
		t.Helper()
		ts := unix.NsecToTimespec(at.UnixNano())
		if err := unix.ClockSettime(unix.CLOCK_REALTIME, &ts); err != nil {
			t.Fatal(err)
		}
	}
	minute := time.Now().Truncate(time.Hour).Add(time.Hour)
	setWall(minute.Add(50 * time.Second)) // ten seconds before a minute
	withSystem(t, manifestOf("exitPolicy: Never",
		"name: crash, command: [sh, -c, 'sleep 0.2; exit 1'], restartBackoff: {initial: 3s, max: 3s, jitter: 0}",
		"name: deaf, command: [sh, -c, \"trap '' TERM; while :; do sleep 0.1; done\"], terminationGracePeriodSeconds: 3",
		"name: job, command: [sleep, '1000'], activeDeadlineSeconds: 12",
		"name: cron, command: [date], schedule: '* * * * *'"), func(m *Manager, _ *page) {
		for i, step := range []time.Duration{time.Hour, -2 * time.Hour, time.Hour} {
			// The clock is set while the process waits for its next life.
			info := reach(t, m, "crash", supervisor.StatusBackoff, 10*time.Second)
			began := time.Now()
			setWall(began.Add(step))
			eventuallyRun(t, m, "crash", info.Run+1)
			// The monotonic reading of began is not touched by the step.
			if took := time.Since(began); took < 2*time.Second || took > 4*time.Second {
				t.Errorf("step %d: the backoff of 3 s took %s", i, took)
			}
		}
		began := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- oneOf(m.Stop(t.Context(), operator, "deaf")) }()
		reach(t, m, "deaf", supervisor.StatusStopping, 2*time.Second)
		setWall(began.Add(-30 * time.Minute))
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 3*time.Second || took > 4500*time.Millisecond {
			t.Errorf("the grace of 3 s took %s", took)
		}
		setWall(time.Now().Add(30 * time.Minute))
		if job := reach(t, m, "job", supervisor.StatusFailed, 20*time.Second); job.Reason != supervisor.ReasonDeadlineExceeded {
			t.Errorf("job: %+v", job)
		}
		checkCron(t, m, minute, setWall)
	})
}

// checkCron steps over scheduled times and back again.
func checkCron(t *testing.T, m *Manager, minute time.Time, setWall func(time.Time)) {
	t.Helper()
	at := minute.Add(3 * time.Hour)
	setWall(at.Add(-2 * time.Second))
	first := reach(t, m, "cron", supervisor.StatusScheduled, time.Second).Run
	eventuallyRun(t, m, "cron", first+1) // at the minute, or after the nap
	run := reach(t, m, "cron", supervisor.StatusScheduled, 5*time.Second)
	// Back before the time that has been run: it comes again on the clock, not to life.
	setWall(run.StartTime.Truncate(time.Minute).Add(-3 * time.Second))
	wait := time.NewTimer(6 * time.Second)
	<-wait.C
	if again := reach(t, m, "cron", supervisor.StatusScheduled, 5*time.Second); again.Run != run.Run {
		t.Errorf("the same scheduled time was run again: life %d, then %d", run.Run, again.Run)
	}
	// Ten minutes on: one run, within a minute.
	setWall(time.Now().Add(10 * time.Minute))
	eventuallyRun(t, m, "cron", run.Run+1)
	if late := reach(t, m, "cron", supervisor.StatusScheduled, 5*time.Second); late.Run != run.Run+1 {
		t.Errorf("%d runs after a step of ten minutes, want 1", late.Run-run.Run)
	}
}

// eventuallyRun waits for a life.
func eventuallyRun(t *testing.T, m *Manager, name string, run uint64) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; <-tick.C {
		info, err := m.Status(t.Context(), viewer, name)
		if err == nil && info.Run >= run {
			return
		}
		if time.Since(began) > 70*time.Second {
			t.Fatalf("%s never came to life %d: %+v, %v", name, run, info, err)
		}
	}
}
