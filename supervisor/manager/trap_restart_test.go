package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// The first crash is a crash like any other, however quickly it comes: there is no
// window in which the policy is another one.
func TestT15FirstCrashIsLikeAnyOther(t *testing.T) {
	for _, lived := range []time.Duration{0, 100 * time.Millisecond, 900 * time.Millisecond, 1100 * time.Millisecond} {
		t.Run(lived.String(), func(t *testing.T) {
			play(t, manifestOf("exitPolicy: Never",
				fmt.Sprintf("name: web, command: [child, after=%s, code=1], restartBackoff: {jitter: 0}", lived),
				fmt.Sprintf("name: once, command: [child, after=%s, code=1], restartPolicy: Never", lived)), func(t *testing.T, s *scene) {
				s.run()
				pass(lived)
				if web, once := s.status("web"), s.status("once"); web != "backoff" || once != "failed" {
					t.Errorf("after the first crash: %s, %s", web, once)
				}
				s.until(30 * time.Second)
				var want []time.Duration
				begins := time.Duration(0)
				for delay := time.Second; begins < 30*time.Second; delay *= 2 {
					want = append(want, begins)
					begins += lived + delay
				}
				if got := s.told("web", "→ starting"); !slices.Equal(got, want) {
					t.Errorf("it was started at %v, want %v", got, want)
				}
			})
		})
	}
}

// A stop that was asked for is no failure, whatever code it ends with: nothing is
// counted as one, nothing is restarted by policy, and the container does not end.
func TestT30AskedToEndIsNoFailure(t *testing.T) {
	for _, how := range []string{"", "termcode=143", "termcode=1", "term=2s", "deaf", "rest=1"} {
		t.Run("child "+how, func(t *testing.T) {
			play(t, manifestOf("", "name: web, command: ["+trimComma("child", how)+"], restartPolicy: OnFailure, essential: true, terminationGracePeriodSeconds: 3"), func(t *testing.T, s *scene) {
				s.run()
				pass(10 * time.Second)
				for n := 1; n <= 3; n++ {
					if info, err := s.Restart(t.Context(), operator, "web"); err != nil || info.Status != supervisor.StatusRunning || info.Restarts != 0 {
						t.Fatalf("restart: %+v, %v", info, err)
					}
					stat := s.stat("web")
					if stat.Exits[supervisor.ReasonStoppedByUser] != uint64(n) || len(stat.Exits) != 1 || len(stat.Restarts) != 0 {
						t.Errorf("exits %v, restarts %v", stat.Exits, stat.Restarts)
					}
				}
				if info, err := s.Stop(t.Context(), operator, "web"); err != nil || info.Status != supervisor.StatusStopped {
					t.Errorf("stop: %+v, %v", info, err)
				}
				pass(time.Minute)
				if s.ended() {
					t.Error("the container has ended")
				}
				if n := s.os.spawned("web"); n != 4 {
					t.Errorf("%d lives, want 4", n)
				}
			})
		})
	}
}

func trimComma(first, second string) string {
	if second == "" {
		return first
	}
	return first + ", " + second
}

// What crashes rarely never reaches the limit of consecutive failures: a healthy run
// begins anew. What crashes often does.
func TestT33HealthyRunBeginsAnew(t *testing.T) {
	play(t, manifestOf("exitPolicy: Never",
		"name: rare, command: [child, after=90m, code=1], maxRestarts: 3, restartBackoff: {jitter: 0}",
		"name: edge, command: [child, after=60s, code=1], maxRestarts: 3, restartBackoff: {jitter: 0}",
		"name: often, command: [child, after=59s, code=1], maxRestarts: 3, restartBackoff: {jitter: 0}"), func(t *testing.T, s *scene) {
		s.run()
		s.until(5 * time.Minute)
		if got := s.status("often"); got != "failed" {
			t.Errorf("four crashes in a row: %s", got)
		}
		s.until(30*time.Hour + time.Minute)
		if rare, edge := s.status("rare"), s.status("edge"); rare != "running" || edge != "running" {
			t.Errorf("rare: %s, edge: %s", rare, edge)
		}
		if n := s.os.spawned("rare"); n != 21 {
			t.Errorf("%d lives in 30 hours, each of 90 minutes with no delay between", n)
		}
	})
}

// noTasks cannot execute a probe or a hook.
type noTasks struct{ *fakeOS }

func (o noTasks) Exec(context.Context, linux.Life, linux.Command) (linux.Exit, error) {
	return linux.Exit{}, errors.New("cannot execute probe: no such file")
}

// Every way to fail has a floor: nothing is tried again at the speed of the machine.
func TestT34NoHotLoop(t *testing.T) {
	const probe = "{exec: {command: [probe, code=1]}, periodSeconds: 1, failureThreshold: 1}"
	kinds := map[string]string{
		"error":      "command: [child, after=0s, code=1]",
		"success":    "command: [child, after=0s]",
		"signal":     "command: [child, after=0s, by=SIGSEGV]",
		"later":      "command: [child, after=100ms, code=1]",
		"leaves":     "command: [child, after=0s, rest=2]",
		"missing":    "command: [child, missing=1000]",
		"forbidden":  "command: [child, forbidden]",
		"no-delay":   "command: [child, missing=1000], restartBackoff: {initial: 0s, max: 0s}",
		"startup":    "command: [child], startupProbe: " + probe,
		"liveness":   "command: [child], livenessProbe: " + probe,
		"post-start": "command: [child], lifecycle: {postStart: {exec: {command: [hook, code=1]}}}",
		"post-stop":  "command: [child, after=0s, code=1], lifecycle: {postStop: {exec: {command: [hook, code=1]}}}",
		"on-failure": "command: [child, after=0s, code=1], restartPolicy: OnFailure",
		"needs":      "command: [child, after=0s, code=1], dependsOn: [{name: error}], onDependencyRestart: Restart",
	}
	var list []string
	for name, fields := range kinds {
		list = append(list, "name: "+name+", "+fields)
	}
	for _, broken := range []bool{false, true} { // a probe that fails, and one that cannot be executed
		play(t, manifestOf("exitPolicy: Never", list...), func(t *testing.T, s *scene) {
			if broken {
				s.Manager.os = noTasks{s.os}
			}
			s.run()
			s.until(time.Minute)
			for name := range kinds {
				n, most := s.os.spawned(name), 7 // 1 + 2 + 4 + 8 + 16 + 32 s are more than a minute
				if name == "no-delay" {
					most = 61 // a start that failed has a floor of its own
				}
				if name == "needs" {
					most = 14
				}
				if n < 2 || n > most {
					t.Errorf("%s was started %d times in a minute, want 2 to %d", name, n, most)
				}
			}
		})
	}
}

// Only 0 is success, unless the manifest says more; 2 is what a Go program panics with.
func TestT35OnlyZeroIsSuccess(t *testing.T) {
	for _, test := range []struct {
		fields  string
		code    int
		success bool
	}{
		{"", 0, true},
		{"", 1, false},
		{"", 2, false},
		{"successExitCodes: [2]", 2, true},
		{"successExitCodes: [2]", 0, true},
		{"successExitCodes: [2]", 3, false},
	} {
		t.Run(fmt.Sprint(test.fields, " ", test.code), func(t *testing.T) {
			one := func(name, more string) string {
				return fmt.Sprintf("name: %s, command: [child, after=1s, code=%d], restartPolicy: OnFailure, %s", name, test.code, trimComma(more, test.fields))
			}
			play(t, manifestOf("exitPolicy: Never", one("web", "nice: 0")), func(t *testing.T, s *scene) {
				s.run()
				pass(1500 * time.Millisecond)
				want := map[bool]string{true: "completed", false: "backoff"}[test.success]
				if got := s.status("web"); got != want {
					t.Errorf("it is %s, want %s", got, want)
				}
			})
			play(t, manifestOf("", one("web", "maxRestarts: 0, essential: true"), "name: other, command: [child]"), func(t *testing.T, s *scene) {
				s.run()
				<-s.done
				if want := map[bool]int{false: test.code}[test.success]; s.code != want {
					t.Errorf("the container ends with %d, want %d", s.code, want)
				}
			})
		})
	}
}

// A failing liveness probe is about a life that runs: in every other state it changes
// nothing, brings nothing back, and no second restart waits behind the first.
func TestT36LivenessFailsInEachState(t *testing.T) {
	const never = "livenessProbe: {exec: {command: [probe]}, initialDelaySeconds: 36000, failureThreshold: 1}"
	const hook = "{exec: {command: [hook, deaf]}}"
	states := []struct {
		name, fields string
		stop         bool
		state        machine.State
	}{
		{"spawning", "command: [child, slow=10h]", false, machine.Spawning},
		{"waiting", "command: [child], dependsOn: [{name: spawning}]", false, machine.Waiting},
		{"post-start", "command: [child], lifecycle: {postStart: " + hook + "}", false, machine.PostStart},
		{"starting", "command: [child], startupProbe: {exec: {command: [probe, deaf]}, timeoutSeconds: 3600}", false, machine.Starting},
		{"pre-stop", "command: [child], terminationGracePeriodSeconds: 3600, lifecycle: {preStop: " + hook + "}", true, machine.PreStop},
		{"stopping", "command: [child, deaf], terminationGracePeriodSeconds: 3600", true, machine.Stopping},
		{"killing", "command: [child, deaf, immortal], terminationGracePeriodSeconds: 1", true, machine.Killing},
		{"draining", "command: [child, after=1s, rest=1, restdeaf], terminationGracePeriodSeconds: 3600", false, machine.Draining},
		{"post-stop", "command: [child, after=1s], terminationGracePeriodSeconds: 3600, lifecycle: {postStop: " + hook + "}", false, machine.PostStop},
		{"backoff", "command: [child, after=1s, code=1], restartBackoff: {initial: 1h, max: 1h}", false, machine.Backoff},
		{"stopped", "command: [child]", true, machine.Idle},
		{"failed", "command: [child, after=1s, code=1], restartPolicy: Never", false, machine.Idle},
		{"completed", "command: [child, after=1s], restartPolicy: Never", false, machine.Idle},
	}
	var list []string
	for _, st := range states {
		list = append(list, fmt.Sprintf("name: %s, %s, %s", st.name, st.fields, never))
	}
	list = append(list, "name: running, command: [child, deaf], terminationGracePeriodSeconds: 5, "+never)
	play(t, manifestOf("exitPolicy: Never", list...), func(t *testing.T, s *scene) {
		s.run()
		pass(10 * time.Second)
		procs := func() map[string]machine.Proc {
			found := map[string]machine.Proc{}
			s.do(func(l *loop) {
				for name, e := range l.entries {
					found[name] = e.proc
				}
			})
			return found
		}
		s.do(func(l *loop) {
			for _, st := range states {
				if st.stop {
					l.step(l.entries[st.name], machine.Stop{Cause: machine.Asked})
				}
			}
		})
		pass(10 * time.Second)
		fail := func(name string, upto uint64) {
			s.do(func(l *loop) {
				for gen := range upto + 1 {
					for range 5 {
						l.probed(name, gen, machine.Liveness, errors.New("does not answer"))
						l.event(name, machine.Probed{Gen: gen, Probe: machine.Liveness})
					}
				}
			})
		}
		before := procs()
		for _, st := range states {
			if before[st.name].State != st.state {
				t.Errorf("%s is in state %s", st.name, before[st.name].State)
			}
			fail(st.name, before[st.name].Gen+1)
		}
		for name, now := range procs() {
			if old := before[name]; now.State != old.State || now.Goal != old.Goal || now.Gen != old.Gen || now.Cause != old.Cause || !now.Due.Equal(old.Due) && name != "killing" {
				t.Errorf("%s was changed:\n%+v\n%+v", name, old, now)
			}
		}
		began := s.at()
		for range 20 { // and one that runs is ended once: what comes late is about a life that is over
			fail("running", 1)
			pass(500 * time.Millisecond)
		}
		if n := s.told("running", "← SIGTERM"); !slices.Equal(n, []time.Duration{began}) {
			t.Errorf("it was told to end at %v, want %v", n, began)
		}
		if n := s.told("running", "→ starting"); len(n) != 2 || n[1] < began+5*time.Second {
			t.Errorf("it was started at %v", n)
		}
	})
}

// do has the loop do something now.
func (s *scene) do(f func(*loop)) {
	s.t.Helper()
	if err := s.ask(context.Background(), f); err != nil {
		s.t.Fatal(err)
	}
}
