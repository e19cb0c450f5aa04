package manager

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// Setting the wall clock changes nothing about backoff, grace, deadlines, probes and
// the end: the story goes the same way at the same moments.
func TestT37ClockStepsChangeNothing(t *testing.T) {
	manifest := manifestOf("",
		"name: crash, command: [child, after=3s, code=1]",
		"name: healthy, command: [child, after=70s, code=1]",
		"name: job, command: [child, term=2s], activeDeadlineSeconds: 100",
		"name: flaky, command: [child, after=20s, code=1], activeDeadlineSeconds: 90",
		"name: ill, command: [child, deaf], terminationGracePeriodSeconds: 8, livenessProbe: {exec: {command: [probe, 'code=0,0,1']}, periodSeconds: 7}",
		"name: slow, command: [child], startupProbe: {exec: {command: [probe, code=1]}, periodSeconds: 5, failureThreshold: 6}",
		"name: waits, command: [child], dependsOn: [{name: slow, timeout: 80s}]",
		"name: hooked, command: [child, deaf], terminationGracePeriodSeconds: 12, lifecycle: {preStop: {exec: {command: [hook, after=3s]}}}",
		"name: asked, command: [child, deaf], terminationGracePeriodSeconds: 50",
	)
	tale := func(step time.Duration) string {
		s := play(t, manifest, func(t *testing.T, s *scene) {
			s.run()
			go func() {
				for range 25 {
					time.Sleep(11 * time.Second)
					s.setClock(step)
					step = -step
				}
			}()
			s.until(100 * time.Second)
			if _, err := s.Stop(t.Context(), operator, "asked"); err != nil {
				t.Error(err)
			}
			s.until(250 * time.Second)
			s.signal(supervisor.SIGTERM)
			<-s.done
			time.Sleep(time.Minute) // the clock is not set any more
		})
		return s.trace.String()
	}
	want := tale(0)
	for _, step := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour, -7 * time.Minute} {
		if got := tale(step); got != want {
			t.Errorf("with the clock set by %s it goes another way:\n%s\nand else:\n%s", step, got, want)
		}
	}
	if len(strings.Split(want, "\n")) < 60 {
		t.Errorf("that is no story:\n%s", want)
	}
}

// Whatever the wall clock is set to, a scheduled time is run once at most, and the next
// one comes within a minute.
func TestT50NoScheduledTimeTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(-600, 600), 1, 12).Draw(rt, "steps")
		waits := rapid.SliceOfN(rapid.IntRange(0, 300), len(steps), len(steps)).Draw(rt, "waits")
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, Config{Set: parse(t, manifestOf("", "name: cron, command: [child, after=1ms], schedule: '* * * * *'"))})
			var (
				mu   sync.Mutex
				last = b.wall() // the minute of the last run; before the first: what was armed from
			)
			b.watch = func(old, now machine.Proc) {
				if old.State != machine.Idle || now.State != machine.Spawning {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				minute := b.wall().Truncate(time.Minute)
				if !minute.After(last) {
					t.Errorf("the time %s is run after %s", minute.Format(time.TimeOnly), last.Format(time.TimeOnly))
				}
				last = minute
			}
			b.run()
			for i, step := range steps {
				pass(time.Duration(waits[i]) * time.Second)
				b.setClock(time.Duration(step) * time.Second)
				// Noticed within a minute: what is due by now has been run.
				pass(time.Minute + 10*time.Millisecond)
				mu.Lock()
				if due := b.wall().Add(-10 * time.Millisecond).Truncate(time.Minute); last.Before(due) {
					t.Errorf("it is %s, and the last run was at %s", b.wall().Format(time.TimeOnly), last.Format(time.TimeOnly))
				}
				mu.Unlock()
			}
		})
	})
}

// A job of five seconds every second: Forbid lets times pass and counts them, Replace
// ends the old tree before the new one begins, Allow gives each run its own instance.
func TestT47OverlapsByPolicy(t *testing.T) {
	play(t, manifestOf("",
		"name: forbid, command: [child, after=4500ms], schedule: '* * * * * *'",
		"name: replace, command: [child, after=5s, term=300ms, rest=2, restdeaf, restafter=100ms], schedule: '* * * * * *', concurrencyPolicy: Replace",
		"name: allow, command: [child, after=4500ms], schedule: '* * * * * *', concurrencyPolicy: Allow"), func(t *testing.T, s *scene) {
		s.run()
		s.until(30*time.Second + 900*time.Millisecond)
		forbid, replace, allow := s.stat("forbid"), s.stat("replace"), s.stat("allow")
		if n := strings.Count(s.log.String(), "skips scheduled times, because a run goes on name=forbid run="); n != 6 {
			t.Errorf("Forbid: skipped times were told of %d times, want once for each of the 6 runs", n)
		}
		if n := s.os.spawned("forbid"); n != 6 || forbid.CronRuns[supervisor.CronSkipped] != 24 || forbid.CronRuns[supervisor.CronSucceeded] != 6 {
			t.Errorf("Forbid: %d lives, %v", n, forbid.CronRuns)
		}
		// The fake system fails the test when a life begins before the old one is over.
		if n := s.os.spawned("replace"); n != 30 || replace.CronRuns[supervisor.CronReplaced] != 29 {
			t.Errorf("Replace: %d lives, %v", n, replace.CronRuns)
		}
		for _, begins := range s.told("replace", "→ running, run")[1:] {
			if late := begins % time.Second; late != 400*time.Millisecond {
				t.Errorf("Replace: the new one begins %s after its time; the old one needs 400ms", late)
			}
		}
		list, err := s.List(t.Context(), viewer, supervisor.ListRequest{})
		if err != nil {
			t.Fatal(err)
		}
		runs := map[string]uint64{}
		for _, p := range list {
			if p.Group == "allow" && p.Status == supervisor.StatusRunning {
				runs[p.Name] = p.Run
			}
		}
		if len(runs) != 4 {
			t.Errorf("Allow: %d runs go on, each of 4.5 s, begun every second: %v", len(runs), runs)
		}
		if got := allow.CronRuns; got[supervisor.CronSkipped] != 0 || got[supervisor.CronSucceeded] != 26 {
			t.Errorf("Allow: %v", got)
		}
		for name := range runs {
			if _, err := s.Logs(t.Context(), viewer, supervisor.LogsRequest{Name: name}); err != nil {
				t.Errorf("Allow: the log of %s: %v", name, err)
			}
		}
	})
}

// After a pause there is one late run if it is not too late, else none; and however
// many times have passed, one warning tells of them.
func TestT48NoStormAfterAPause(t *testing.T) {
	for _, test := range []struct {
		pause  time.Duration
		missed string
	}{
		{10*time.Minute + 15*time.Second, "10"},
		{3*time.Hour + 15*time.Second, "100"}, // not counted further
	} {
		t.Run(test.pause.String(), func(t *testing.T) {
			s := play(t, manifestOf("",
				"name: any, command: [child, after=1s], schedule: '* * * * *'",
				"name: soon, command: [child, after=1s], schedule: '* * * * *', startingDeadlineSeconds: 20",
				"name: late, command: [child, after=1s], schedule: '* * * * *', startingDeadlineSeconds: 10"), func(t *testing.T, s *scene) {
				s.run()
				s.until(5*time.Minute + 30*time.Second)
				s.setClock(test.pause) // for this program the pause was a moment
				s.until(6*time.Minute + 40*time.Second)
				for name, want := range map[string]int{"any": 6, "soon": 6, "late": 5} {
					if n := s.os.spawned(name); n != want {
						t.Errorf("%s was run %d times, want %d", name, n, want)
					}
				}
				s.until(7 * time.Minute)
				for name, want := range map[string]int{"any": 7, "soon": 7, "late": 6} { // and then as ever
					if n := s.os.spawned(name); n != want {
						t.Errorf("a minute later %s was run %d times, want %d", name, n, want)
					}
				}
			})
			warned := regexp.MustCompile(`scheduled times have passed without a run name=(\w+) missed=(\d+)`).FindAllStringSubmatch(s.log.String(), -1)
			var names []string
			for _, m := range warned {
				names = append(names, m[1])
				if m[2] != test.missed {
					t.Errorf("%s: %s were missed, want %s", m[1], m[2], test.missed)
				}
			}
			if n := strings.Count(s.log.String(), "skips a scheduled time, because it is later than startingDeadlineSeconds name=late late=15"); n != 1 {
				t.Errorf("who is too late was told of %d times", n)
			}
			slices.Sort(names)
			if !slices.Equal(names, []string{"any", "late", "soon"}) {
				t.Errorf("warned of %v", names)
			}
		})
	}
}

// A new manifest every two seconds: who is not touched keeps its times, a run that goes
// on ends under its old definition, and what has changed is armed anew.
func TestT51ReloadKeepsTheClock(t *testing.T) {
	text := func(n int, shift string) string {
		return manifestOf("",
			fmt.Sprintf("name: noise, command: [child], env: [{name: NUM, value: 'n%d'}]", n),
			"name: minute, command: [child, after=1s], schedule: '* * * * *'",
			"name: every, command: [child, after=1s], schedule: '@every 90s'",
			fmt.Sprintf("name: long, command: [child, after=10m], env: [{name: NUM, value: 'n%d'}], schedule: '1 * * * *'", n),
			fmt.Sprintf("name: shift, command: [child, after=1s], schedule: '%s'", shift))
	}
	s := play(t, text(0, "0 12 * * *"), func(t *testing.T, s *scene) {
		s.run()
		shift := "0 12 * * *"
		for n := 1; s.at() < 14*time.Minute; n++ {
			pass(2 * time.Second)
			if s.at() == 5*time.Minute+30*time.Second {
				shift = "*/2 * * * *"
			}
			if _, err := s.Apply(t.Context(), operator, text(n, shift)); err != nil {
				t.Fatal(err)
			}
		}
		pass(time.Second)
	})
	times := func(first, step, last time.Duration) (list []time.Duration) {
		for at := first; at <= last; at += step {
			list = append(list, at)
		}
		return list
	}
	for _, test := range []struct {
		name string
		want []time.Duration
	}{
		{"minute", times(time.Minute, time.Minute, 14*time.Minute)},
		{"every", times(90*time.Second, 90*time.Second, 14*time.Minute)},
		{"shift", times(6*time.Minute, 2*time.Minute, 14*time.Minute)},
		{"long", []time.Duration{time.Minute}},
	} {
		if got := s.told(test.name, "→ running, run"); !slices.Equal(got, test.want) {
			t.Errorf("%s was run at %v, want %v", test.name, got, test.want)
		}
	}
	if got := s.told("long", "running → scheduled: Completed"); !slices.Equal(got, []time.Duration{11 * time.Minute}) {
		t.Errorf("the long run ended at %v, want 11m", got)
	}
}

// A deadline belongs to a run: that of the old one does not end the new one.
func TestT53DeadlineOfTheOldRun(t *testing.T) {
	play(t, manifestOf("exitPolicy: Never", "name: job, command: [child], activeDeadlineSeconds: 3"), func(t *testing.T, s *scene) {
		s.run()
		if _, err := s.Start(t.Context(), operator, supervisor.StartRequest{Name: "api", Command: "child", Deadline: 3}); err != nil {
			t.Fatal(err)
		}
		s.until(2 * time.Second)
		for _, name := range []string{"job", "api"} {
			if _, err := s.Restart(t.Context(), operator, name); err != nil {
				t.Fatal(err)
			}
		}
		s.until(5*time.Second - time.Millisecond)
		for _, name := range []string{"job", "api"} {
			if got := s.status(name); got != "running" {
				t.Errorf("just before its deadline %s is %s", name, got)
			}
		}
		s.until(5 * time.Second)
		for _, name := range []string{"job", "api"} {
			if got := s.status(name); got != "failed" {
				t.Errorf("after its deadline %s is %s", name, got)
			}
		}
	})
}
