package manager

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// probed is what a Probe found, without the times.
func probed(list []supervisor.ProbeResult) []string {
	var got []string
	for _, r := range list {
		got = append(got, r.Process+" "+string(r.Probe)+" "+r.Word()+" "+r.Message)
	}
	return got
}

// A probe that somebody asks for is made once, of each process of the name that runs,
// and counts for nothing: no verdict, no threshold, no metric.
func TestProbeNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			`name: web, command: [child],
    startupProbe: {exec: {command: [probe]}, initialDelaySeconds: 3600, failureThreshold: 1},
    livenessProbe: {exec: {command: [probe, "code=1,1,1,1,1", after=200ms]}, failureThreshold: 1},
    readinessProbe: {exec: {command: [probe, "code=0,1"]}}`,
			"name: api, replicas: 2, command: [child], readinessProbe: {exec: {command: [probe]}, initialDelaySeconds: 3600}",
			"name: bare, command: [child]",
			"name: later, command: [child], suspend: true, livenessProbe: {exec: {command: [probe]}}"))})
		b.run()
		ask := func(name string, kind supervisor.ProbeKind) ([]supervisor.ProbeResult, error) {
			return b.Probe(t.Context(), operator, supervisor.ProbeRequest{Name: name, Probe: kind})
		}
		seen := func(name string) *supervisor.ProcessInfo {
			info, err := b.Status(t.Context(), operator, name)
			if err != nil {
				t.Fatal(err)
			}
			return info
		}
		before := seen("web")
		list, err := ask("web", "")
		if diff := cmp.Diff([]string{"web startup success ", "web liveness failure probe: exit code 1", "web readiness success "}, probed(list)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if len(list) == 3 && (list[1].Seconds != 0.2 || list[1].Run != 1 || list[0].Seconds != 0 || list[1].Time.IsZero()) {
			t.Errorf("%+v", list)
		}
		list, err = ask("web", supervisor.ProbeReadiness)
		if diff := cmp.Diff([]string{"web readiness failure probe: exit code 1"}, probed(list)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if diff := cmp.Diff(before, seen("web")); diff != "" {
			t.Errorf("the process has changed (-before +after):\n%s", diff)
		}
		list, err = ask("api", supervisor.ProbeReadiness)
		if diff := cmp.Diff([]string{"api-0 readiness success ", "api-1 readiness success "}, probed(list)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		snapshot, err := b.Snapshot(t.Context(), supervisor.SnapshotRequest{Usage: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range snapshot.Processes {
			for what, n := range s.Probes {
				if n != 0 {
					t.Errorf("%s has counted %+v %d times", s.Name, what, n)
				}
			}
		}
		for _, c := range []struct {
			name string
			kind supervisor.ProbeKind
			is   error
			want string
		}{
			{"nobody", "", supervisor.ErrNotFound, `cannot probe "nobody": no such process`},
			{"later", "", supervisor.ErrNotRunning, `cannot probe "later": process is not running (stopped)`},
			{"bare", "", supervisor.ErrInvalid, `cannot probe "bare": invalid request: it has no probe`},
			{"api", supervisor.ProbeLiveness, supervisor.ErrInvalid, `cannot probe "api": invalid request: it has no livenessProbe`},
			{"web", "alive", supervisor.ErrInvalid, `process "web": invalid request: probe "alive" (want one of [startup liveness readiness])`},
		} {
			if list, err := ask(c.name, c.kind); !errors.Is(err, c.is) || err.Error() != c.want || list != nil {
				t.Errorf("%s %s: %v, %v, want %s", c.name, c.kind, list, err, c.want)
			}
		}
	})
}

// Of a command that survives SIGKILL nobody is told that it was killed.
func TestProbeNowSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			"name: web, command: [child], livenessProbe: {exec: {command: [probe, immortal]}, initialDelaySeconds: 3600, timeoutSeconds: 5}"))})
		b.run()
		const want = `cannot end task "web/liveness": something of it lives: not done in time (context deadline exceeded)`
		list, err := b.Probe(t.Context(), operator, supervisor.ProbeRequest{Name: "web"})
		if err != nil || len(list) != 1 || list[0].Success || list[0].Message != want {
			t.Errorf("%+v, %v, want %s", list, err, want)
		}
	})
}

// It is bounded by the probe's timeout, ends with the wish that the life ends, and holds
// up nobody: not the loop, and not who asks for something else.
func TestProbeNowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("",
			"name: web, command: [child], livenessProbe: {exec: {command: [probe, deaf]}, initialDelaySeconds: 3600, timeoutSeconds: 5}"))})
		b.run()
		answers := make(chan []supervisor.ProbeResult)
		ask := func() {
			list, err := b.Probe(t.Context(), operator, supervisor.ProbeRequest{Name: "web"})
			if err != nil {
				t.Error(err)
			}
			answers <- list
		}
		began := time.Now()
		go ask()
		if list := <-answers; len(list) != 1 || list[0].Message != "no end after 5s: it and all that it started was killed" || time.Since(began) != 5*time.Second {
			t.Errorf("%+v after %s", list, time.Since(began))
		}
		go ask()
		synctest.Wait()
		began = time.Now()
		if b.status("web") != "running" {
			t.Errorf("web is %s", b.status("web"))
		}
		if _, err := b.Stop(t.Context(), operator, "web"); err != nil {
			t.Error(err)
		}
		if list := <-answers; len(list) != 1 || list[0].Success || list[0].Message != "the process was ended meanwhile" || time.Since(began) > time.Second {
			t.Errorf("%+v after %s", list, time.Since(began))
		}
		// The next life can be asked again.
		if _, err := b.Start(t.Context(), operator, supervisor.StartRequest{Name: "web"}); err != nil {
			t.Error(err)
		}
		go ask()
		if list := <-answers; len(list) != 1 || list[0].Run != 2 || list[0].Message == "the process was ended meanwhile" {
			t.Errorf("%+v", list)
		}
	})
}
