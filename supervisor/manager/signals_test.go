package manager

import (
	"strings"
	"testing"
	"time"
)

// The dump tells of each process, and no time where there is none.
func TestStateDump(t *testing.T) {
	s := play(t, manifestOf("", "name: web, command: [child]", "name: cron, command: [child], schedule: '@daily'"), func(_ *testing.T, s *scene) {
		s.run()
		s.until(time.Second)
		s.signal(sigUSR2)
		s.until(2 * time.Second)
	})
	log := s.log.String()
	for _, want := range []string{"state name=cron status=scheduled", "state name=web status=running", `due="" next_run="" `} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, "0001-01-01") {
		t.Errorf("a time that is none:\n%s", log)
	}
}
