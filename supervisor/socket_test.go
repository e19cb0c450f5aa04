package supervisor_test

import (
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

func TestRPCSocketFor(t *testing.T) {
	for telnet, want := range map[string]string{
		"/tmp/processmanager.sock":     "/tmp/processmanager-rpc.sock",
		"/run/pm":                      "/run/pm-rpc",
		"/run/x.sock/pm":               "/run/x.sock/pm-rpc",
		"/tmp/processmanager-rpc.sock": "/tmp/processmanager-rpc.sock",
		"/run/pm-rpc":                  "/run/pm-rpc",
	} {
		if got := supervisor.RPCSocketFor(telnet); got != want {
			t.Errorf("%s: %s, want %s", telnet, got, want)
		}
	}
}
