package traps_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/processmanager/processmanager/rpc/client"
	"github.com/processmanager/processmanager/supervisor"
)

// What ends is told as ended and is no zombie, and each parameter of a start does what
// it says.
func TestT105EveryParameterDoesSomething(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	in := launch(t, launching{args: []string{"-log-dir", dir}}).up()
	for _, p := range []client.StartParams{
		{Name: "ended", Command: "exit 7"},
		{Name: "logged", Command: "echo written", Log: true, JobID: "e42"},
		{Name: "late", Command: "exec sleep 1000", Deadline: 1},
		{Name: "often", Command: "echo tick", Cron: "* * * * * *"},
	} {
		if _, err := in.api.Start(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	in.becomes("ended", supervisor.StatusFailed)
	if info := in.status("ended"); info.ExitCode == nil || *info.ExitCode != 7 || info.PID != nil || info.Reason != supervisor.ReasonError {
		t.Errorf("ended: %+v", info)
	}
	in.becomes("logged", supervisor.StatusCompleted)
	if info := in.status("logged"); info.JobID != "e42" || !info.LogEnabled {
		t.Errorf("logged: %+v", info)
	}
	eventually(t, "the log file is there", func() bool {
		data, err := os.ReadFile(filepath.Join(dir, "logged.log"))
		return err == nil && string(data) == "written\n"
	})
	if _, err := in.api.Logs(t.Context(), client.LogsParams{Name: "logged", Previous: true}); !errors.Is(err, supervisor.ErrNotFound) {
		t.Errorf("logged before its first life: %v", err)
	}
	if _, err := in.api.Start(t.Context(), client.StartParams{Name: "logged"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has run twice", func() bool {
		info := in.status("logged")
		return info.Run == 2 && info.Status == supervisor.StatusCompleted
	})
	lines, err := in.api.Logs(t.Context(), client.LogsParams{Name: "logged", Previous: true})
	if err != nil || len(lines) != 1 || lines[0].Run != 1 || lines[0].Msg != "written" {
		t.Errorf("logged in its life before: %v, %v", lines, err)
	}
	in.becomes("late", supervisor.StatusFailed)
	if info := in.status("late"); info.Reason != supervisor.ReasonDeadlineExceeded {
		t.Errorf("late: %+v", info)
	}
	eventually(t, "the schedule has fired twice", func() bool {
		lives, err := in.api.History(t.Context(), "often")
		return err == nil && len(lives) >= 2 && lives[0].Reason == supervisor.ReasonCompleted
	})
	eventually(t, "no zombie is left", func() bool {
		for _, p := range childrenOf(in.cmd.Process.Pid) {
			if p.state == 'Z' {
				return false
			}
		}
		return true
	})
}
