package linux

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The death of a child wakes nobody but the reaper, and who asks for the signal gets it.
// This reads what the kernel has: Prepare was called by TestMain.
func TestChildSignalOnlyForWhoAsks(t *testing.T) {
	if childSignalCaught(t) {
		t.Fatal("SIGCHLD is caught though nobody asked for it")
	}
	one, two := make(chan os.Signal, 1), make(chan os.Signal, 1)
	deafOne, deafTwo := hearChildSignal(one), hearChildSignal(two)
	childDies(t)
	for i, ch := range []chan os.Signal{one, two} {
		select {
		case <-ch:
		case <-time.After(patience):
			t.Fatalf("listener %d was told nothing", i+1)
		}
	}
	deafOne()
	deafOne() // once is enough
	if !childSignalCaught(t) {
		t.Error("SIGCHLD is not caught any more though one still listens")
	}
	if err := dropChildSignal(); err != nil { // a second Prepare
		t.Error(err)
	}
	childDies(t)
	select {
	case <-two:
	case <-time.After(patience):
		t.Error("the listener that is left was told nothing")
	}
	deafTwo()
	if childSignalCaught(t) {
		t.Error("SIGCHLD is caught though nobody listens any more")
	}
}

func childSignalCaught(t *testing.T) bool {
	t.Helper()
	now, err := swapAction(unix.SIGCHLD, nil)
	if err != nil {
		t.Fatal(err)
	}
	if now[0] == sigIgnore {
		t.Fatal("SIGCHLD is ignored: then nobody dead can be waited for")
	}
	return now[0] != sigDefault
}

// childDies forks a child that ends at once, and waits for it.
func childDies(t *testing.T) {
	t.Helper()
	p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := p.Wait(); err != nil || !state.Success() {
		t.Fatalf("it ended with %v, %v", state, err)
	}
}
