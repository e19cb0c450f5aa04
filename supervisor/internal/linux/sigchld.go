package linux

import (
	"fmt"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// childSignal is what SIGCHLD does in this program. Nobody needs it as a rule: the reaper
// sleeps in waitid, which is woken without it. But the Go runtime catches it, so that each
// death of a child also wakes a thread that has nothing to do, and that cost as much as to
// reap. With its default action the kernel drops it (signal(7)); dead children are
// zombies all the same, which they would not be were it ignored (wait(2), NOTES).
var childSignal struct {
	mu        sync.Mutex
	caught    *sigaction // the runtime's; nil while it is not taken away
	listeners int
}

// dropChildSignal gives SIGCHLD its default action, but while somebody listens. It is part
// of [Prepare]: nobody listens yet.
func dropChildSignal() error {
	c := &childSignal
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caught != nil {
		return nil
	}
	before, err := setAction(unix.SIGCHLD, nil)
	if err != nil {
		return fmt.Errorf("cannot give SIGCHLD its default action: %w", err)
	}
	c.caught = before
	return nil
}

// hearChildSignal has SIGCHLD sent to a channel, as signal.Notify does, until stop is
// called. One that came before may be missed: look after the call.
func hearChildSignal(to chan<- os.Signal) (stop func()) {
	c := &childSignal
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners++
	signal.Notify(to, unix.SIGCHLD)
	if c.listeners == 1 && c.caught != nil {
		_, _ = setAction(unix.SIGCHLD, c.caught) // it was set before
	}
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		signal.Stop(to)
		c.listeners--
		if c.listeners == 0 && c.caught != nil {
			_, _ = setAction(unix.SIGCHLD, nil)
		}
	})
}
