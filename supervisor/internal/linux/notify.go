package linux

import (
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// halt is SIGRTMIN+3, what systemd asks a container to end with.
const halt supervisor.Signal = 37

// NotifySignals catches the signals and hands them on, in the order of their
// arrival. stop ends the catching and closes the channel. Those above SIGRTMIN+3 are
// caught a moment after the call: each costs two switches of threads, and no container
// is ever sent one at its start.
func NotifySignals(sigs ...supervisor.Signal) (ch <-chan supervisor.Signal, stop func()) {
	raw := make(chan os.Signal, 16)
	out := make(chan supervisor.Signal, 16)
	quit := make(chan struct{})
	var now, later []os.Signal
	for _, s := range sigs {
		if s <= halt {
			now = append(now, unix.Signal(s))
		} else {
			later = append(later, unix.Signal(s))
		}
	}
	catch := func(list []os.Signal) {
		if len(list) > 0 { // none means none, not all
			signal.Notify(raw, list...)
		}
	}
	catch(now)
	all := make(chan struct{})
	go func() { defer close(all); catch(later) }()
	go func() {
		defer close(out)
		for {
			select {
			case s := <-raw:
				n, ok := s.(unix.Signal)
				if !ok {
					continue
				}
				select {
				case out <- supervisor.Signal(n):
				case <-quit:
					return
				}
			case <-quit:
				return
			}
		}
	}()
	return out, sync.OnceFunc(func() {
		<-all
		signal.Stop(raw)
		close(quit)
	})
}
