package manager

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The grace period that is asked for is the one that is given, exactly.
func TestT23GraceIsExact(t *testing.T) {
	for _, test := range []struct {
		fields string
		after  time.Duration
		sig    string
	}{
		{"command: [child]", 0, "SIGTERM"},
		{"command: [child, term=2s]", 2 * time.Second, "SIGTERM"},
		{"command: [child, term=29s]", 29 * time.Second, "SIGTERM"},
		{"command: [child, deaf]", 30 * time.Second, "SIGKILL"},
		{"command: [child, deaf], terminationGracePeriodSeconds: 7", 7 * time.Second, "SIGKILL"},
		{"command: [child, term=2s], terminationGracePeriodSeconds: 1", time.Second, "SIGKILL"},
		{"command: [child, term=2s], terminationGracePeriodSeconds: 0", 0, "SIGKILL"},
		{"command: child deaf, terminationGracePeriodSeconds: 3", 3 * time.Second, "SIGKILL"},
		{"command: [child, rest=1, restdeaf, term=1s], terminationGracePeriodSeconds: 3", 3 * time.Second, "SIGTERM"},
	} {
		t.Run(test.fields, func(t *testing.T) {
			play(t, manifestOf("exitPolicy: Never", "name: web, "+test.fields), func(t *testing.T, s *scene) {
				s.run()
				pass(90 * time.Second)
				began := time.Now()
				info, err := s.Stop(t.Context(), operator, "web")
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != test.after || info.Signal == nil || *info.Signal != test.sig {
					t.Errorf("it ended after %s by %v, want %s by %s", took, *info.Signal, test.after, test.sig)
				}
			})
		})
	}
}

// SIGKILL does not end it: that is said once in the log, shown, and never undone by a
// second instance; the end of the container is not held for it.
func TestT24StuckIsToldAndNeverDoubled(t *testing.T) {
	play(t, manifestOf("exitPolicy: Never",
		"name: web, command: [child, deaf, immortal], terminationGracePeriodSeconds: 2",
		"name: other, command: [child, term=1s]"), func(t *testing.T, s *scene) {
		s.run()
		if _, err := s.Stop(t.Context(), operator, "web"); err == nil {
			t.Error("the stop was answered with success")
		}
		pass(time.Minute)
		if n := strings.Count(s.log.String(), "is stuck"); n != 1 {
			t.Errorf("the log tells of it %d times:\n%s", n, &s.log)
		}
		if stat := s.stat("web"); stat.Status != supervisor.StatusStuck || !stat.Up {
			t.Errorf("it is shown as %s, up %t", stat.Status, stat.Up)
		}
		for what, err := range map[string]error{
			"start":   oneOf(s.Start(t.Context(), operator, supervisor.StartRequest{Name: "web"})),
			"restart": oneOf(s.Restart(t.Context(), operator, "web")),
			"trigger": oneOf(s.Trigger(t.Context(), operator, "web")),
		} {
			if err == nil {
				t.Errorf("%s was answered with success", what)
			}
		}
		if n := s.os.spawned("web"); n != 1 {
			t.Errorf("it was spawned %d times", n)
		}
		asked := time.Now()
		s.signal(supervisor.SIGTERM)
		<-s.done
		if took := time.Since(asked); took > 5*time.Second || s.code != 0 {
			t.Errorf("the end took %s, code %d", took, s.code)
		}
		if len(s.told("other", "stopped: Shutdown SIGTERM")) != 1 {
			t.Error("the other one was not stopped")
		}
	})
}

func oneOf[T any](_ T, err error) error { return err }

// The end comes 10 ms after the beginning: whatever state each is in, it is stopped or
// called off, at once or after its grace, and nothing begins to live after that.
func TestT26EndComesEarly(t *testing.T) {
	const hook = "{exec: {command: [hook, deaf]}}"
	kinds := map[string]string{
		"spawning":   "command: [child, slow=3s]",
		"waiting":    "command: [child], dependsOn: [{name: spawning}]",
		"post-start": "command: [child], lifecycle: {postStart: " + hook + "}",
		"starting":   "command: [child], startupProbe: {exec: {command: [probe, deaf]}, timeoutSeconds: 3600}",
		"probing":    "command: [child], livenessProbe: {exec: {command: [probe, deaf]}, timeoutSeconds: 3600}",
		"running":    "command: [child, term=2s]",
		"pre-stop":   "command: [child], lifecycle: {preStop: {exec: {command: [hook, after=2s]}}}",
		"post-stop":  "command: [child, after=5ms, code=1], lifecycle: {postStop: {exec: {command: [hook, after=4s]}}}",
		"backoff":    "command: [child, after=5ms, code=1]",
		"missing":    "command: [child, missing=9]",
		"draining":   "command: [child, after=5ms, rest=2, restafter=4s]",
		"scheduled":  "command: [child], schedule: '* * * * * *'",
		"cron-runs":  "command: [child], schedule: '@daily', runOnStart: true",
	}
	var list []string
	for name, fields := range kinds {
		list = append(list, "name: "+name+", "+fields)
	}
	s := play(t, manifestOf("", list...), func(t *testing.T, s *scene) {
		s.run()
		s.until(10 * time.Millisecond)
		s.signal(supervisor.SIGTERM)
		<-s.done
		if s.at() > 5*time.Second || s.code != 0 {
			t.Errorf("it ended after %s with code %d", s.at(), s.code)
		}
	})
	for name := range kinds {
		if after := slices.DeleteFunc(s.told(name, "→ starting"), func(at time.Duration) bool { return at <= 10*time.Millisecond }); len(after) > 0 {
			t.Errorf("%s was started at %v", name, after)
		}
		if ends := len(s.told(name, "→ stopped")); ends != 1 {
			t.Errorf("%s ended as stopped %d times", name, ends)
		}
	}
	if t.Failed() {
		t.Log(s.trace.String())
	}
}

// A signal, a new manifest and any wish change nothing about a shutdown, and it does
// not last longer for them.
func TestT27NothingUndoesAShutdown(t *testing.T) {
	text := manifestOf("", "name: web, command: [child, term=3s]", "name: fresh, command: [child]")
	s := play(t, manifestOf("", "name: web, command: [child, term=3s]"), func(t *testing.T, s *scene) {
		s.run()
		pass(time.Second)
		s.signal(supervisor.SIGTERM)
		pass(time.Second)
		for _, sig := range []supervisor.Signal{sigHUP, sigUSR1, sigUSR2, sigWINCH} {
			s.signal(sig)
		}
		for what, err := range map[string]error{
			"apply":    oneOf(s.Apply(t.Context(), operator, text)),
			"start":    oneOf(s.Start(t.Context(), operator, supervisor.StartRequest{Name: "job", Command: "child"})),
			"restart":  oneOf(s.Restart(t.Context(), operator, "web")),
			"trigger":  oneOf(s.Trigger(t.Context(), operator, "web")),
			"shutdown": s.Shutdown(t.Context(), operator),
		} {
			if what == "shutdown" && err == nil {
				continue // it is what is going on
			}
			if err == nil || !strings.Contains(err.Error(), "shutting down") {
				t.Errorf("%s: %v", what, err)
			}
		}
		<-s.done
		if s.at() != 4*time.Second || s.code != 0 {
			t.Errorf("it ended after %s with code %d", s.at(), s.code)
		}
	})
	if s.os.spawned("fresh")+s.os.spawned("job") != 0 || s.os.spawned("web") != 1 {
		t.Error("something was started")
	}
}

// Three processes, one behind the other, ignore the stop signal, each with a grace of
// 30 s, which is also the pod's: the container has ended before that, in order, and
// has told all of it.
func TestT28BudgetIsBelowThePods(t *testing.T) {
	s := play(t, manifestOf("",
		"name: db, command: [child, deaf]",
		"name: app, command: [child, deaf], dependsOn: [{name: db}]",
		"name: web, command: [child, deaf], dependsOn: [{name: app}]"), func(t *testing.T, s *scene) {
		s.run()
		pass(time.Minute)
		asked := time.Now()
		s.signal(supervisor.SIGTERM)
		<-s.done
		if took := time.Since(asked); took > 28*time.Second || s.code != 0 {
			t.Errorf("the end took %s, code %d", took, s.code)
		}
	})
	rest := s.log.String()
	for _, want := range []string{
		"shutting down",
		"stopping name=web", "SIGKILL name=web", "ended name=web",
		"stopping name=app", "SIGKILL name=app", "ended name=app",
		"stopping name=db", "SIGKILL name=db", "ended name=db",
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("no %q where it belongs in the log:\n%s", want, &s.log)
		}
		rest = after
	}
}

// A preStop hook has its time from the grace period, the signal is left two seconds,
// and a process that ends by itself has no hook.
func TestT29PreStopIsExact(t *testing.T) {
	for _, test := range []struct {
		hook, child  string
		grace        int
		signal, gone time.Duration // after the stop was asked for
	}{
		{"after=1s", "term=1s", 10, time.Second, 2 * time.Second},
		{"after=5s", "term=1s", 3, 3 * time.Second, 4 * time.Second},
		{"after=5s", "deaf", 3, 3 * time.Second, 5 * time.Second},
		{"deaf", "deaf", 1, time.Second, 3 * time.Second},
		{"after=2s, code=1", "deaf", 10, 2 * time.Second, 10 * time.Second},
		{"after=9s", "deaf", 10, 9 * time.Second, 11 * time.Second},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			s := play(t, manifestOf("exitPolicy: Never",
				fmt.Sprintf("name: web, command: [child, %s], terminationGracePeriodSeconds: %d, lifecycle: {preStop: {exec: {command: [hook, %s]}}}", test.child, test.grace, test.hook),
				"name: crash, command: [child, after=1s, code=1], restartPolicy: Never, lifecycle: {preStop: {exec: {command: [hook]}}}"), func(t *testing.T, s *scene) {
				s.run()
				pass(10 * time.Second)
				if _, err := s.Stop(t.Context(), operator, "web"); err != nil {
					t.Fatal(err)
				}
				if took := s.at() - 10*time.Second; took != test.gone {
					t.Errorf("it was gone after %s, want %s", took, test.gone)
				}
			})
			if at := s.told("web", "← SIGTERM"); !slices.Equal(at, []time.Duration{10*time.Second + test.signal}) {
				t.Errorf("the stop signal was sent at %v, want %s after 10s", at, test.signal)
			}
			if s.os.spawned("crash/preStop") != 0 || s.os.spawned("web/preStop") != 1 {
				t.Errorf("the hooks were run %d and %d times", s.os.spawned("web/preStop"), s.os.spawned("crash/preStop"))
			}
		})
	}
}
