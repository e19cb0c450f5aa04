package manager

import (
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// A SIGKILL by the kernel, for lack of memory, does not look like one of somebody's.
func TestTroubleOfMemory(t *testing.T) {
	for reason, want := range map[supervisor.Reason]string{
		supervisor.ReasonOOMKilled: "out of memory: ended by SIGKILL",
		supervisor.ReasonSignaled:  "ended by SIGKILL",
	} {
		p := machine.Proc{State: machine.Backoff}
		p.Last.Gen, p.Last.Reason, p.Last.Exit.Signal = 1, reason, supervisor.SIGKILL
		v := view{spec: &supervisor.Spec{}, proc: p}
		if got := v.trouble(); got != want {
			t.Errorf("%s: %q, want %q", reason, got, want)
		}
	}
}

// An exit code that counts as success is one of its own: a signal is none, and who has named
// its 128+n is told so.
func TestSignalIsNoExitCode(t *testing.T) {
	play(t, manifestOf("exitPolicy: Never",
		"name: own, command: [child, after=1s, code=143], restartPolicy: OnFailure, successExitCodes: [143]",
		"name: killed, command: [child, after=1s, by=SIGTERM], restartPolicy: OnFailure, successExitCodes: [143]",
		"name: other, command: [child, after=1s, by=SIGKILL], restartPolicy: OnFailure, successExitCodes: [143]"), func(t *testing.T, s *scene) {
		s.run()
		pass(1500 * time.Millisecond)
		for name, want := range map[string]string{
			"own":    "",
			"killed": "ended by SIGTERM, which is not the exit code 143 of successExitCodes",
			"other":  "ended by SIGKILL",
		} {
			info, err := s.Status(t.Context(), viewer, name)
			if err != nil || info.Error != want {
				t.Errorf("%s is %s with the error %q (%v), want %q", name, info.Status, info.Error, err, want)
			}
		}
		if own, killed := s.status("own"), s.status("killed"); own != "completed" || killed != "backoff" {
			t.Errorf("own: %s, killed: %s", own, killed)
		}
	})
}
