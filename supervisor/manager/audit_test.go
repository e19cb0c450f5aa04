package manager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
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

// Who hangs up before the answer has made the change all the same: there is a line about
// it, and none that says it was refused.
func TestT100WhoHangsUpIsAudited(t *testing.T) {
	for verb, do := range map[string]func(context.Context, *bench) error{
		"stop": func(ctx context.Context, b *bench) error { _, err := b.Stop(ctx, operator, "web"); return err },
		"apply": func(ctx context.Context, b *bench) error {
			_, err := b.Apply(ctx, operator, manifestOf("", "name: other, command: [child]"))
			return err
		},
		"shutdown": func(ctx context.Context, b *bench) error { return b.Shutdown(ctx, operator) },
	} {
		t.Run(verb, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]")), Stderr: &log})
				b.run()
				busy, free := make(chan struct{}), make(chan error, 1)
				b.post(func(*loop) { <-busy })
				ctx, hangUp := context.WithCancel(t.Context())
				go func() { free <- do(ctx, b) }()
				synctest.Wait()
				hangUp()
				if err := <-free; !errors.Is(err, context.Canceled) {
					t.Errorf("the answer is %v", err)
				}
				close(busy)
				synctest.Wait()
				b.end()
				if want := "INFO asked verb=" + verb; !strings.Contains(log.String(), want) || strings.Contains(log.String(), "refused") {
					t.Errorf("want a line with %q and none of a refusal:\n%s", want, &log)
				}
			})
		})
	}
}

// A name that nobody has is what a caller wrote: of a long one the log gets the beginning.
func TestT100AuditLinesAreShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]")), Stderr: &log})
		b.run()
		name := strings.Repeat("é", 100_000)
		for verb, do := range changes(b, operator, name) {
			if err := do(t.Context()); err == nil {
				t.Errorf("%s: no error", verb)
			}
		}
		b.end()
		for line := range strings.Lines(log.String()) {
			if len(line) > 2000 || strings.Contains(line, `\xc3`) {
				t.Errorf("%d bytes: %.300s", len(line), line)
			}
		}
	})
}
