package linux

import (
	"sync"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// stuckOutput is an Output that takes nothing until it is let go.
type stuckOutput struct {
	begun   chan struct{} // closed at the first Write
	release chan struct{}
	hurried chan struct{} // closed by Hurry
	once    [3]sync.Once
}

func newStuckOutput() *stuckOutput {
	return &stuckOutput{begun: make(chan struct{}), release: make(chan struct{}), hurried: make(chan struct{})}
}

func (o *stuckOutput) Write(supervisor.Stream, []byte) {
	o.once[0].Do(func() { close(o.begun) })
	<-o.release
}

func (o *stuckOutput) End(supervisor.Stream) {}
func (o *stuckOutput) Hurry()                { o.once[1].Do(func() { close(o.hurried) }) }
func (o *stuckOutput) letGo()                { o.once[2].Do(func() { close(o.release) }) }

// One life's output goes nowhere, and the life ends. Others are reported all the same,
// the ends of trees too; the output is told to hurry after a second, and only then is
// the exit reported, as its last line comes first.
func TestStuckOutputHoldsUpNobodyElse(t *testing.T) {
	s, r := newSystem(t)
	out := newStuckOutput()
	t.Cleanup(out.letGo) // before the System ends, which waits for it
	loud := Life{"loud", 1}
	begun := time.Now()
	s.Spawn(loud, shell(loud, out, "echo lost; exit 3"))
	<-out.begun
	r.await(t, loud, "spawned")

	for _, script := range []string{"exit 4", "echo some; exit 4", "(read x < /dev/null; exit 1) & exit 4"} {
		other := Life{script, 1}
		s.Spawn(other, shell(other, newText(), script))
		if exit := r.over(t, other); exit.Code != 4 {
			t.Errorf("%s: %+v", script, exit)
		}
	}
	// A signal gets through as well.
	deaf := Life{"deaf", 1}
	s.Spawn(deaf, shell(deaf, newText(), "exec sleep 1000"))
	r.await(t, deaf, "spawned")
	s.Kill(deaf, ScopeTree)
	if exit := r.over(t, deaf); exit.Signal != supervisor.SIGKILL {
		t.Errorf("killed: %+v", exit)
	}

	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-out.hurried:
	case <-late.C:
		t.Error("the output was never told to hurry")
	}
	if took := time.Since(begun); took < finishTime {
		t.Errorf("the output was told to hurry after %s, want %s at least", took, finishTime)
	}
	if got := r.story(loud); got != "spawned" {
		t.Errorf("reported before its output was delivered: %s", got)
	}
	out.letGo()
	if exit := r.over(t, loud); exit.Code != 3 {
		t.Errorf("exit %+v", exit)
	}
}

// Output that flows is not told to hurry: nothing of it is to be lost.
func TestFlowingOutputIsNotHurried(t *testing.T) {
	s, r := newSystem(t)
	out := newStuckOutput()
	out.letGo()
	l := Life{"quick", 1}
	s.Spawn(l, shell(l, out, "echo one; exit 0"))
	r.over(t, l)
	select {
	case <-out.hurried:
		t.Error("it was told to hurry")
	default:
	}
}
