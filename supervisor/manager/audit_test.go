package manager

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Who is refused cannot fill the log, and what was not written is counted.
func TestT100AuditLinesAreBounded(t *testing.T) {
	var out strings.Builder
	now := time.Unix(1000, 0)
	a := &auditor{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	viewer := supervisor.Caller{Door: supervisor.DoorRPC, Peer: "192.0.2.1:7", Role: supervisor.RoleViewer}
	for range 1000 {
		a.begun(viewer, "stop", "web", fmt.Errorf("no: %w", supervisor.ErrForbidden))
	}
	a.begun(viewer, "stop", "web", nil) // what is done is always written
	if n := strings.Count(out.String(), "\n"); n != mostRefusals+1 {
		t.Errorf("%d lines", n)
	}
	now = now.Add(time.Second)
	out.Reset()
	a.begun(viewer, "stop", "web", fmt.Errorf("no: %w", supervisor.ErrForbidden))
	const want = `msg=refused verb=stop name=web door=rpc peer=192.0.2.1:7 role=viewer event=authz_fail unsaid=980 error="no: not permitted"` + "\n"
	if _, got, _ := strings.Cut(out.String(), "level=WARN "); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
