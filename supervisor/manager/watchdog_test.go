package manager

import (
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Who is ended by its watchdog is told so, whatever a probe has found before; who is
// not has no such fault.
func TestWatchdogIsNamed(t *testing.T) {
	const (
		notify = "restartPolicy: Never, readiness: {notify: true, watchdogSeconds: 3}"
		probe  = `, readinessProbe: {exec: {command: [child, code=1]}, periodSeconds: 1}`
	)
	for _, test := range []struct {
		what, process string
		say           []string // one a second
		want          string   // the error; empty: it runs
	}{
		{"hungry", notify, []string{"READY=1", "WATCHDOG=1"}, "Unhealthy: watchdog: no WATCHDOG=1 for 3s"},
		{"a span of its own", notify, []string{"READY=1\nWATCHDOG_USEC=1500000"}, "Unhealthy: watchdog: no WATCHDOG=1 for 1.5s"},
		{"trigger", notify, []string{"READY=1", "WATCHDOG=trigger"}, "Unhealthy: watchdog: it sent WATCHDOG=trigger"},
		{"a probe has failed before", notify + probe, []string{"READY=1"}, "Unhealthy: watchdog: no WATCHDOG=1 for 3s"},
		{"not yet watched", notify, nil, ""},
		{
			"a startup probe first", notify + `, startupProbe: {exec: {command: [child, code=1]}, periodSeconds: 1, failureThreshold: 8}`,
			[]string{"READY=1"},
			"StartTimeout: startup probe: ",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := play(t, manifestOf("exitPolicy: Never", "name: web, command: [child], "+test.process), func(t *testing.T, s *scene) {
				s.run()
				for _, text := range test.say {
					pass(time.Second)
					s.os.current("web").Notify(text)
				}
				pass(20 * time.Second)
				info, err := s.Status(t.Context(), viewer, "web")
				switch {
				case err != nil:
					t.Error(err)
				case test.want == "" && (info.Status != supervisor.StatusRunning || info.Error != ""):
					t.Errorf("it is %s, %q, want it to run", info.Status, info.Error)
				case !strings.HasPrefix(info.Error, test.want):
					t.Errorf("error %q, want %q", info.Error, test.want)
				}
				s.end()
			})
			if told := strings.Count(s.log.String(), "WARN watchdog"); told != strings.Count(test.want, "watchdog:") {
				t.Errorf("the log tells of the watchdog %d times\n%s", told, s.log.String())
			}
		})
	}
}

// Who sends READY=1 in vain finds out why, and fills no log.
func TestRefusedMessageIsToldOnceALife(t *testing.T) {
	s := play(t, manifestOf("", "name: web, command: [child, after=2s], readiness: {notify: true}, restartBackoff: {initial: 1s, jitter: 0}"), func(_ *testing.T, s *scene) {
		s.run()
		for range 2 {
			pass(time.Second)
			for range 100 {
				s.os.current("web").NotifyRefused("it is longer than 4096 bytes")
			}
			pass(2 * time.Second)
		}
		s.end()
	})
	for _, run := range []string{"run=1", "run=2"} {
		want := `name=web ` + run + ` why="it is longer than 4096 bytes"`
		if n := strings.Count(s.log.String(), want); n != 1 {
			t.Errorf("%d lines with %s, want one:\n%s", n, want, s.log.String())
		}
	}
}
