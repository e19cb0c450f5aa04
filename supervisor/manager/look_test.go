package manager

import (
	"testing"

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
