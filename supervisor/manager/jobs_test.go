package manager

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// counters are what must never go back of the summed processes.
type counters struct {
	user, system    time.Duration
	exits, restarts uint64
	deadlines       uint64
}

func countersOf(s *supervisor.Snapshot) counters {
	c := counters{user: s.Other.CPUUser, system: s.Other.CPUSystem, deadlines: s.Other.DeadlineExceeded}
	for _, n := range s.Other.Exits {
		c.exits += n
	}
	for _, n := range s.Other.Restarts {
		c.restarts += n
	}
	return c
}

func (c counters) below(o counters) bool {
	return c.user < o.user || c.system < o.system || c.exits < o.exits || c.restarts < o.restarts || c.deadlines < o.deadlines
}

// Ten thousand one-shot jobs: the list, and the number of metric series, stay
// bounded, and what is summed never goes back.
func TestT94ManyJobs(t *testing.T) {
	const jobs = 10_000
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]"))})
		b.run()
		var last counters
		check := func() {
			snap, err := b.Snapshot(t.Context(), supervisor.SnapshotRequest{Usage: true})
			if err != nil {
				t.Fatal(err)
			}
			own, ended := 0, 0
			for _, p := range snap.Processes {
				if p.Own {
					own++
				}
				if p.Status == supervisor.StatusCompleted || p.Status == supervisor.StatusFailed {
					ended++
				}
			}
			if ended > maxEnded || own > maxOwned+1 {
				t.Errorf("%d ended ones are listed, %d have series", ended, own)
			}
			now := countersOf(snap)
			if now.below(last) {
				t.Errorf("summed counters went back: %+v, then %+v", last, now)
			}
			last = now
		}
		for i := range jobs {
			req := supervisor.StartRequest{Name: fmt.Sprintf("job-%d", i), Command: "child after=1s cpu=10ms", Deadline: 60}
			if i%50 == 0 {
				req.Command = "child term=1s cpu=10ms"
			}
			if _, err := b.Start(t.Context(), operator, req); err != nil {
				t.Fatal(err)
			}
			if i%200 == 199 {
				check()
				pass(500 * time.Millisecond)
				check()
			}
		}
		pass(2 * time.Minute)
		check()
		list, err := b.List(t.Context(), viewer, supervisor.ListRequest{})
		if err != nil || len(list) != maxEnded+1 {
			t.Errorf("%d are listed, want the newest %d and web; %v", len(list), maxEnded, err)
		}
		if got := b.status(fmt.Sprintf("job-%d", jobs-1)); got != "completed" {
			t.Errorf("the newest job is %s", got)
		}
		if _, err := b.Status(t.Context(), viewer, "job-1"); !errors.Is(err, supervisor.ErrNotFound) {
			t.Errorf("the oldest job is kept: %v", err)
		}
		// What those with series of their own did went with them.
		if last.exits < jobs*9/10 || last.deadlines == 0 {
			t.Errorf("%d exits and %d deadlines are summed", last.exits, last.deadlines)
		}
	})
}

// A job that runs again and again is one of the thousand, not all of them.
func TestJobAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.run()
		start := func(req supervisor.StartRequest) {
			t.Helper()
			if _, err := b.Start(t.Context(), operator, req); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Millisecond)
		}
		start(supervisor.StartRequest{Name: "first", Command: "child after=1ms"})
		start(supervisor.StartRequest{Name: "again", Command: "child after=1ms"})
		for range maxEnded + 10 {
			start(supervisor.StartRequest{Name: "again"})
		}
		for i := range maxEnded + 10 {
			start(supervisor.StartRequest{Name: fmt.Sprint("gone-", i), Command: "child after=1ms"})
			if err := b.Delete(t.Context(), operator, fmt.Sprint("gone-", i)); err != nil {
				t.Fatal(err)
			}
		}
		if first, again := b.status("first"), b.status("again"); first != "completed" || again != "completed" {
			t.Errorf("first: %s, again: %s", first, again)
		}
	})
}

// A job that runs is not forgotten, however many have ended since.
func TestRunningJobIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.run()
		for i := range maxEnded + 2 {
			req := supervisor.StartRequest{Name: fmt.Sprint("job-", i), Command: "child after=1ms"}
			if i == 0 {
				req.Command = "child after=1ms,-"
			}
			if _, err := b.Start(t.Context(), operator, req); err != nil {
				t.Fatal(err)
			}
			pass(2 * time.Millisecond)
			if i == 0 {
				if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: "job-0"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if zero, one := b.status("job-0"), b.status("job-1"); zero != "running" || one == "completed" {
			t.Errorf("job-0 is %s, job-1 is %s", zero, one)
		}
	})
}

// A place among those with series is free again when its holder is deleted.
func TestOwnSeriesAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.run()
		own := func(name string) bool {
			snap, err := b.Snapshot(t.Context(), supervisor.SnapshotRequest{Usage: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range snap.Processes {
				if p.Name == name {
					return p.Own
				}
			}
			t.Fatalf("%s is not in the snapshot", name)
			return false
		}
		start := func(name string) {
			if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: name, Command: "child"}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range maxOwned + 1 {
			start(fmt.Sprint("job-", i))
		}
		if !own(fmt.Sprint("job-", maxOwned-1)) || own(fmt.Sprint("job-", maxOwned)) {
			t.Error("the first hundred, and no more, have series of their own")
		}
		for _, name := range []string{fmt.Sprint("job-", maxOwned), "job-3"} {
			if err := b.Delete(t.Context(), operator, name); err != nil {
				t.Fatal(err)
			}
		}
		start("new")
		start("newer")
		if !own("new") || own("newer") {
			t.Error("the place of job-3, and no other, is free")
		}
	})
}

// A finished run under Allow that somebody started again is not cleared away while
// it runs, and its end is not counted twice.
func TestRunStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			`name: cron, command: [child, "after=1s,100s"], schedule: "@every 10s", concurrencyPolicy: Allow, successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0`))})
		b.run()
		pass(12 * time.Second)
		if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: "cron.1"}); err != nil {
			t.Fatal(err)
		}
		pass(50 * time.Second)
		if got := b.status("cron.1"); got != "running" {
			t.Errorf("cron.1 is %s", got)
		}
		pass(70 * time.Second)
		snap, err := b.Snapshot(t.Context(), supervisor.SnapshotRequest{Usage: true})
		if err != nil {
			t.Fatal(err)
		}
		if runs := snap.Processes[0].CronRuns[supervisor.CronSucceeded]; snap.Processes[0].Name != "cron" || runs != 13 {
			t.Errorf("%s counts %d runs, want 13: one every 10s", snap.Processes[0].Name, runs)
		}
	})
}

// A run whose name is taken is a run that failed.
func TestRunNameTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			`name: cron, command: [child, after=1s], schedule: "@every 10s", concurrencyPolicy: Allow`))})
		b.run()
		if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: "cron.1", Command: "child"}); err != nil {
			t.Fatal(err)
		}
		pass(25 * time.Second)
		snap, err := b.Snapshot(t.Context(), supervisor.SnapshotRequest{Usage: true})
		if err != nil {
			t.Fatal(err)
		}
		if runs := snap.Processes[0].CronRuns; runs[supervisor.CronFailed] != 1 || runs[supervisor.CronSucceeded] != 1 {
			t.Errorf("runs: %v", runs)
		}
		if got := b.status("cron.1"); got != "running" || b.os.spawned("cron.1") != 1 {
			t.Errorf("the one that had the name is %s", got)
		}
	})
}

// summed makes one process more than those that have metric series of their own, and
// returns what makes a snapshot of the sum.
func summed(t *testing.T, b *bench, req supervisor.StartRequest) func() *supervisor.ProcessStat {
	t.Helper()
	for i := range maxOwned {
		if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: fmt.Sprint("own-", i), Command: "child"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Start(t.Context(), operator, req); err != nil {
		t.Fatal(err)
	}
	return func() *supervisor.ProcessStat {
		t.Helper()
		snap, err := b.Snapshot(t.Context(), supervisor.SnapshotRequest{Usage: true})
		if err != nil {
			t.Fatal(err)
		}
		return &snap.Other
	}
}

// Scheduled runs of summed processes are in the sum, and stay there when the process
// is deleted.
func TestSummedCronRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.run()
		other := summed(t, b, supervisor.StartRequest{Name: "cron", Command: "child after=1s,1s,15s,1s code=0,1,0", Cron: "@every 10s"})
		pass(55 * time.Second)
		want := "map[failed:1 missed:0 replaced:0 skipped:1 succeeded:3]"
		if got := fmt.Sprint(other().CronRuns); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := b.Delete(t.Context(), operator, "cron"); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(other().CronRuns); got != want {
			t.Errorf("after the delete %s, want %s", got, want)
		}
	})
}

// What the tree of a summed process was seen to use is more than what its leaders'
// exits tell; the sum does not go back when only those are left, and goes on from
// there.
func TestSummedCPUStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		b.run()
		uses := func(name string, user, system time.Duration) {
			b.os.mu.Lock()
			defer b.os.mu.Unlock()
			b.os.cpu[name] = linux.TreeUsage{CPUUser: user, CPUSystem: system}
		}
		other := summed(t, b, supervisor.StartRequest{Name: "big", Command: "child"})
		check := func(when string, user, system time.Duration) {
			t.Helper()
			if o := other(); o.CPUUser != user || o.CPUSystem != system {
				t.Errorf("%s: %s user, %s system; want %s, %s", when, o.CPUUser, o.CPUSystem, user, system)
			}
		}
		uses("big", 5*time.Second, 3*time.Second)
		check("while it runs", 5*time.Second, 3*time.Second)
		if err := b.Delete(t.Context(), operator, "big"); err != nil {
			t.Fatal(err)
		}
		check("when it is deleted", 5*time.Second, 3*time.Second)
		if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: "next", Command: "child"}); err != nil {
			t.Fatal(err)
		}
		uses("next", 6*time.Second, time.Second)
		check("with the next one", 6*time.Second, 3*time.Second)
	})
}

// The numbers of a snapshot, of one process of each kind.
func TestSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			"name: a-crash, command: [child, after=1s, code=7, cpu=20ms], maxRestarts: 2, restartBackoff: {jitter: 0}",
			`name: b-cron, command: [child, "after=1s,1s,15s,1s", "code=0,1,0"], schedule: "@every 10s"`,
			"name: c-late, command: [child, after=400ms], activeDeadlineSeconds: 1, restartBackoff: {initial: 0s, max: 0s}",
			"name: d-killed, command: [child, after=1s, by=SIGSEGV], restartPolicy: Never",
			"name: e-web, command: [child], essential: true"))})
		b.run()
		pass(55 * time.Second)
		snap, err := b.Snapshot(context.Background(), supervisor.SnapshotRequest{Usage: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range snap.Processes {
			code := -1
			if p.LastExitCode != nil {
				code = *p.LastExitCode
			}
			got = append(got, fmt.Sprint(p.Name, " ", p.Status, " up=", p.Up, " ready=", p.Ready, " restarts=", p.Restarts, " exits=", p.Exits,
				" code=", code, " deadlines=", p.DeadlineExceeded, " cpu=", p.CPUUser, " cron=", p.CronRuns, " essential=", p.Essential))
		}
		none := "map[]"
		want := []string{
			"a-crash failed up=false ready=false restarts=map[Error:2] exits=map[Error:3] code=7 deadlines=0 cpu=120ms cron=" + none + " essential=false",
			"b-cron scheduled up=false ready=false restarts=map[] exits=map[Completed:3 Error:1] code=0 deadlines=0 cpu=0s cron=map[failed:1 missed:0 replaced:0 skipped:1 succeeded:3] essential=false",
			"c-late failed up=false ready=false restarts=map[Completed:2] exits=map[Completed:2 DeadlineExceeded:1] code=143 deadlines=1 cpu=0s cron=" + none + " essential=false",
			"d-killed failed up=false ready=false restarts=map[] exits=map[Signaled:1] code=139 deadlines=0 cpu=0s cron=" + none + " essential=false",
			"e-web running up=true ready=true restarts=map[] exits=map[] code=-1 deadlines=0 cpu=0s cron=" + none + " essential=true",
		}
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Errorf("got  %v\nwant %s", got[min(i, len(got)-1)], want[i])
			}
		}
		if !snap.Booted || snap.ShuttingDown || snap.OrphansReaped != 7 {
			t.Errorf("booted %t, shutting down %t, orphans %d", snap.Booted, snap.ShuttingDown, snap.OrphansReaped)
		}
	})
}
