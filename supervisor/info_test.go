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
