package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/supervisortest"
)

// Many are chosen by a pattern or by labels. What had nothing to do does not count, but
// what was named does.
func TestSelection(t *testing.T) {
	for _, c := range []struct {
		line string
		code int
		out  string
	}{
		{"stop web-*", 0, "Process 'web-0' stopped\nProcess 'web-1' stopped\n"},
		{"stop web-[!1]", 0, "Process 'web-0' stopped\n"},
		{"stop db web-? db", 0, "Process 'db' stopped\nProcess 'web-0' stopped\nProcess 'web-1' stopped\n"},
		{"stop -selector tier=front", 0, "Process 'web-0' stopped\nProcess 'web-1' stopped\n"},
		{"stop db -selector tier=front,zone=b", 0, "Process 'db' stopped\nProcess 'web-1' stopped\n"},
		{"stop *", 0, "Process 'db' stopped\nProcess 'web-0' stopped\nProcess 'web-1' stopped\n"},
		{"stop web-idle web-*", 1, "Process 'web-0' stopped\nProcess 'web-1' stopped\npmclient: cannot stop \"web-idle\": process is not running (completed)\n"},
		{"stop -name web-*", 1, "pmclient: cannot stop \"web-*\": no such process\n"},
		{"start *", 0, "Process 'web-idle' started\n"},
		{"restart -wait=false -selector zone=b", 0, "Process 'web-1' is being restarted\n"},
		{"delete web-*", 0, "Process 'web-0' deleted\nProcess 'web-1' deleted\nProcess 'web-idle' deleted\n"},
		{"signal HUP web-*", 0, "Process 'web-0' was sent SIGHUP\nProcess 'web-1' was sent SIGHUP\n"},
		{"stop nosuch-*", 1, "pmclient: cannot stop \"nosuch-*\": no such process matches\n"},
		{"stop -selector tier=none", 1, "pmclient: cannot stop tier=none: no such process matches\n"},
		{"list -selector tier", 2, "wrong usage of list: -labels \"tier\""},
		{"stop -selector tier", 2, "wrong usage of stop: -selector \"tier\""},
		{"stop web-[", 2, "wrong usage of stop: \"web-[\" is no pattern"},
		{"start * -command true", 2, "want one name for one command"},
		{"stop", 2, "want a name"},
		{"logs db -previous", 1, "pmclient: cannot show the log of \"db\": there is no previous run: it has run once only"},
		{"logs db web-0 -previous", 1, "there is no previous run"},
		{"logs web-* -previous", 0, ""},
	} {
		fake := supervisortest.New()
		for name, labels := range map[string]map[string]string{
			"db": nil, "web-0": {"tier": "front", "zone": "a"}, "web-1": {"tier": "front", "zone": "b"},
		} {
			fake.Put(supervisor.ProcessInfo{Name: name, PID: new(7), Status: supervisor.StatusRunning, Run: 1, Labels: labels})
		}
		fake.Put(supervisor.ProcessInfo{Name: "web-idle", Command: "true", Status: supervisor.StatusCompleted, Run: 1})
		socket := serve(t, rpc.Options{Control: fake})
		args := append([]string{"-socket", filepath.Clean(socket)}, strings.Fields(c.line)...)
		code, stdout, stderr := run(nil, args...)
		if code != c.code || !strings.HasPrefix(stdout+stderr, c.out) && !strings.Contains(stderr, c.out) {
			t.Errorf("%s: code %d, want %d\n got %q\nwant %q", c.line, code, c.code, stdout+stderr, c.out)
		}
	}
}
