package manager

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	operator = supervisor.Caller{Door: supervisor.DoorGo, Peer: "test", Role: supervisor.RoleOperator}
	viewer   = supervisor.Caller{Door: supervisor.DoorRPC, Peer: "test", Role: supervisor.RoleViewer}
	nobody   = supervisor.Caller{Door: supervisor.DoorTelnet, Peer: "test"}
)

// bench is a manager over a fake operating system, inside a bubble.
type bench struct {
	*Manager
	t     *testing.T
	os    *fakeOS
	clock atomic.Int64 // how far the wall clock was set, in nanoseconds
	began time.Time

	signalled chan supervisor.Signal
	cancel    context.CancelFunc
	done      chan struct{} // Run has returned
	code      int
}

// newBench makes a manager that does not run yet.
func newBench(t *testing.T, cfg Config) *bench {
	t.Helper()
	if cfg.Environ == nil {
		cfg.Environ = []string{"PATH=/bin", "PM_SECRET=hush"}
	}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		Manager: m, t: t, os: newFakeOS(t, m), began: time.Now(),
		signalled: make(chan supervisor.Signal), done: make(chan struct{}),
	}
	m.os, m.shell = b.os, true
	m.wall = func() time.Time { return time.Now().Add(time.Duration(b.clock.Load())) }
	m.cfg.Signals = b.signalled
	return b
}

// run lets the manager live until the test ends.
func (b *bench) run() {
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(b.done)
		b.code = b.Run(ctx)
	}()
	b.t.Cleanup(b.end)
	synctest.Wait()
}

// end asks the manager to end and returns its exit code when it has.
func (b *bench) end() {
	b.cancel()
	<-b.done
}

// setClock sets the wall clock on or back. Nobody is told, as in life.
func (b *bench) setClock(by time.Duration) { b.clock.Add(int64(by)) }

// signal sends the manager a signal; false: it has ended.
func (b *bench) signal(s supervisor.Signal) bool {
	select {
	case <-b.done:
		return false
	case b.signalled <- s:
		return true
	}
}

// status is the word for a process, or for why there is none.
func (b *bench) status(name string) string {
	info, err := b.Status(context.Background(), viewer, name)
	if err != nil {
		return err.Error()
	}
	return string(info.Status)
}

// pass lets time go by, and everything happen that then does.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func parse(t testing.TB, text string) *supervisor.Set {
	t.Helper()
	set, err := manifest.Parse([]manifest.File{{Name: "test.yaml", Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// manifestOf writes a manifest of the processes; spec is more of its spec.
func manifestOf(spec string, processes ...string) string {
	var text strings.Builder
	text.WriteString(fmt.Sprintf("apiVersion: processmanager/v1\nkind: ProcessManifest\nspec:\n  %s\n  processes:\n", spec))
	for _, p := range processes {
		text.WriteString("  - {" + p + "}\n")
	}
	return text.String()
}
