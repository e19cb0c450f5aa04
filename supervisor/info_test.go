package supervisor_test

import (
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

// An answer about several processes names what was asked for, one about a new run that run.
func TestCalled(t *testing.T) {
	for _, test := range []struct{ asked, name, group, want string }{
		{"web", "web", "", "web"},
		{"web", "web-0", "web", "web"},
		{"web-0", "web-0", "web", "web-0"},
		{"report", "report.7", "report", "report.7"},
		{"report.7", "report.7", "report", "report.7"},
	} {
		info := supervisor.ProcessInfo{Name: test.name, Group: test.group}
		if got := info.Called(test.asked); got != test.want {
			t.Errorf("%s, asked for %s: %s", test.name, test.asked, got)
		}
	}
}

// How the last life ended is about the current one only when none has begun since.
func TestEndedBefore(t *testing.T) {
	pid := 7
	for _, tt := range []struct {
		name string
		info supervisor.ProcessInfo
		want bool
	}{
		{"never ended", supervisor.ProcessInfo{Status: supervisor.StatusRunning, PID: &pid}, false},
		{"runs again", supervisor.ProcessInfo{Status: supervisor.StatusRunning, PID: &pid, Reason: supervisor.ReasonError}, true},
		{"is being started again", supervisor.ProcessInfo{Status: supervisor.StatusStarting, Reason: supervisor.ReasonError}, true},
		{"is being stopped again", supervisor.ProcessInfo{Status: supervisor.StatusStopping, PID: &pid, Reason: supervisor.ReasonError}, true},
		{"its leader has ended", supervisor.ProcessInfo{Status: supervisor.StatusStopping, Reason: supervisor.ReasonError}, false},
		{"waits to be restarted", supervisor.ProcessInfo{Status: supervisor.StatusBackoff, Reason: supervisor.ReasonError}, false},
		{"has failed", supervisor.ProcessInfo{Status: supervisor.StatusFailed, Reason: supervisor.ReasonError}, false},
	} {
		if got := tt.info.EndedBefore(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
