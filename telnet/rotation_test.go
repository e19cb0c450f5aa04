package telnet_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// rotating is an Authenticator with one secret, which changes.
type rotating struct {
	secret atomic.Value
	role   atomic.Uint32
}

func newRotating(secret string, role supervisor.Role) *rotating {
	r := &rotating{}
	r.secret.Store(secret)
	r.role.Store(uint32(role))
	return r
}

func (r *rotating) Enabled() bool { return true }

func (r *rotating) Check(secret string) supervisor.Role {
	if secret == r.secret.Load() {
		return supervisor.Role(r.role.Load())
	}
	return supervisor.RoleNone
}

const farewell = " ** The secret of this session is no longer valid: closing."

// A session ends with its secret: a statement behind the change is not performed, and a
// silent session is told and closed.
func TestT78RotationEndsOpenSessions(t *testing.T) {
	for _, silent := range []bool{true, false} {
		keys := newRotating("old", supervisor.RoleOperator)
		bubble(t, false, keys, nil, func(t *testing.T, w *world, c *client) {
			c.send("old\n")
			time.Sleep(time.Minute)
			c.read()
			keys.secret.Store("new")
			begin := time.Now()
			if !silent {
				c.send("!!process.stop name:web\n\n")
			}
			got, closed := c.read()
			for ; !closed && time.Since(begin) < time.Minute; _, closed = c.read() {
				time.Sleep(100 * time.Millisecond)
				more, _ := c.read()
				got += more
			}
			if took := time.Since(begin); got != farewell+"\n" || took > 2*time.Second+100*time.Millisecond {
				t.Errorf("silent %t: after %s: %q", silent, took, got)
			}
			if n := len(w.fake.Calls()); n != 0 {
				t.Errorf("%d calls were made", n)
			}
			next := w.dial()
			next.read()
			next.send("new\n!!process.stop name:web\n\n")
			if got, _ := next.read(); !strings.Contains(got, "Process 'web' stopped") {
				t.Errorf("with the new one: %q", got)
			}
			_ = next.conn.Close()
		})
	}
}

// What was begun is finished, and answered.
func TestT78RotationDuringAStatement(t *testing.T) {
	keys := newRotating("old", supervisor.RoleOperator)
	bubble(t, false, keys, nil, func(t *testing.T, w *world, c *client) {
		release := make(chan struct{})
		w.fake.Hook = func(context.Context, string) error { <-release; return nil }
		c.send("old\n!!process.stop name:web jobid:1\n\n!!process.delete name:web jobid:2\n\n")
		c.read()
		keys.secret.Store("new")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		close(release)
		got, _ := c.read()
		if !strings.Contains(got, frame("1", "Process 'web' stopped\n")) || !strings.Contains(got, farewell) || strings.Contains(got, "RESULT** 2") {
			t.Errorf("got %q", got)
		}
	})
}

// A secret that gives less than before gives less in open sessions too.
func TestT78RotationToLess(t *testing.T) {
	keys := newRotating("one", supervisor.RoleOperator)
	bubble(t, false, keys, nil, func(t *testing.T, w *world, c *client) {
		c.send("one\n")
		keys.role.Store(uint32(supervisor.RoleViewer))
		c.send("!!process.stop name:web\n\n!!process.status name:web\n\n")
		got, _ := c.read()
		if !strings.Contains(got, "Error: not permitted") || !strings.Contains(got, "4711") {
			t.Errorf("got %q", got)
		}
	})
}
