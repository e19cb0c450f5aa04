package traps_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The leader has ended and a daemon of it holds the pipe: the exit is seen at once, the
// code is the leader's, other orphans are reaped meanwhile, and a restart waits for the
// daemon's grace, not for the end of the output.
func TestT04T08T09GrandchildHoldsThePipe(t *testing.T) {
	t.Parallel()
	const daemon = "(setsid sh -c 'trap \\\"\\\" TERM; while :; do sleep 0.1; done' &); echo up; "
	in := launch(t, launching{spec: `
  exitPolicy: Never
  processes:
    - {name: fails, command: "` + daemon + `exit 1", terminationGracePeriodSeconds: 2, restartBackoff: {initial: 100ms, max: 100ms}}
    - {name: done, command: "` + daemon + `exit 0", restartPolicy: OnFailure, terminationGracePeriodSeconds: 2}
    - {name: orphans, command: "while :; do (sleep 0.02 &) ; sleep 0.05; done"}
`}).up()
	in.says("name=fails run=1") // it has left somebody behind
	in.becomes("done", supervisor.StatusCompleted)
	info := in.status("done")
	if info.ExitCode == nil || *info.ExitCode != 0 || info.Restarts != 0 || info.Reason != supervisor.ReasonCompleted {
		t.Errorf("exit code 0, and it is %+v", info)
	}
	eventually(t, "the other one is restarted", func() bool { info := in.status("fails"); return info != nil && info.Restarts >= 1 })
	if took := time.Since(in.began); took > 8*time.Second {
		t.Errorf("the restart came after %s", took)
	}
	if info := in.status("fails"); info.ExitCode == nil || *info.ExitCode != 1 {
		t.Errorf("exit code 1, and it is %+v", info)
	}
	zombies := func() int {
		n := 0
		for _, p := range childrenOf(in.cmd.Process.Pid) {
			if p.state == 'Z' {
				n++
			}
		}
		return n
	}
	eventually(t, "no zombie is left", func() bool { return zombies() == 0 })
	in.signal(syscall.SIGTERM)
	in.ends(6 * time.Second)
}

// Somebody kills it in the moment of the stop: that is a stop that has succeeded, and a
// restart is one.
func TestT12DiesInTheMomentOfTheStop(t *testing.T) {
	t.Parallel()
	in := launch(t, launching{spec: `
  processes:
    - {name: web, command: [sleep, "1000"], restartBackoff: {initial: 5s, max: 5s}}
`}).up()
	for round, between := range []time.Duration{0, 0, time.Millisecond, time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond} {
		info := in.becomes("web", supervisor.StatusRunning)
		if err := syscall.Kill(in.marked("1000")[0].pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-time.After(between)
		if round%2 == 0 {
			if now, err := in.api.Restart(t.Context(), "web"); err != nil || now.Status != supervisor.StatusRunning || now.Run <= info.Run {
				t.Fatalf("restart: %+v, %v", now, err)
			}
			continue
		}
		if now, err := in.api.Stop(t.Context(), "web"); err != nil || now.Status != supervisor.StatusStopped {
			t.Fatalf("stop: %+v, %v", now, err)
		}
		if _, err := in.api.Restart(t.Context(), "web"); err != nil {
			t.Fatalf("start: %v", err)
		}
	}
	if strings.Contains(in.out.String(), "no such process") {
		t.Error("a process that has ended is told as an error")
	}
	if n := len(in.marked("1000")); n != 1 {
		t.Errorf("%d live", n)
	}
}
