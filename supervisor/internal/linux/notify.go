package linux

import (
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// NotifySignals catches the signals and hands them on, in the order of their
// arrival. stop ends the catching and closes the channel.
func NotifySignals(sigs ...supervisor.Signal) (ch <-chan supervisor.Signal, stop func()) {
	raw := make(chan os.Signal, 16)
	out := make(chan supervisor.Signal, 16)
	quit := make(chan struct{})
	list := make([]os.Signal, len(sigs))
	for i, s := range sigs {
		list[i] = unix.Signal(s)
	}
	if len(list) > 0 { // none means none, not all
		signal.Notify(raw, list...)
	}
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
		signal.Stop(raw)
		close(quit)
	})
}
