package linux

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// faults are the signals by which the kernel tells a program of its own mistakes. They
// stay with the Go runtime, which knows these from those that somebody sends.
var faults = []supervisor.Signal{4, 5, 6, 7, 8, 11, 31}

// NotifySignals catches the signals and hands them on, in the order of their
// arrival. stop ends the catching and closes the channel. One at a time.
//
// They are caught by a handler of our own that writes into a pipe: os/signal switches
// threads twice for each signal, which for all of them is milliseconds of a start. The
// faults are left to it, and are caught a moment after the call.
func NotifySignals(sigs ...supervisor.Signal) (ch <-chan supervisor.Signal, stop func()) {
	out := make(chan supervisor.Signal, 16)
	quit := make(chan struct{})
	var now, later []supervisor.Signal
	for _, s := range sigs {
		if slices.Contains(faults, s) {
			later = append(later, s)
		} else {
			now = append(now, s)
		}
	}
	own := catchInPipe(now)
	if own == nil {
		later = sigs
	}
	var done sync.WaitGroup
	hand := func(s supervisor.Signal) bool {
		select {
		case out <- s:
			return true
		case <-quit:
			return false
		}
	}
	if own != nil {
		done.Go(func() { own.read(hand) })
	}
	raw := make(chan os.Signal, 16)
	if len(later) > 0 { // none means none, not all
		done.Go(func() {
			for _, s := range later {
				signal.Notify(raw, unix.Signal(s))
			}
			defer signal.Stop(raw)
			for {
				select {
				case s := <-raw:
					if n, ok := s.(unix.Signal); ok && !hand(supervisor.Signal(n)) {
						return
					}
				case <-quit:
					return
				}
			}
		})
	}
	return out, sync.OnceFunc(func() {
		own.release()
		close(quit)
		done.Wait()
		close(out)
	})
}

// caughtPipe is the pipe of the handler, made once for the life of the program.
var caughtPipe = sync.OnceValues(func() (*os.File, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	caughtFD = int32(ends[1])
	return os.NewFile(uintptr(ends[0]), "signals"), nil
})

// caughtSignals are signals that our own handler catches.
type caughtSignals struct {
	pipe   *os.File
	before map[unix.Signal]*sigaction
}

// catchInPipe installs the handler, or returns nil where that is not possible.
func catchInPipe(sigs []supervisor.Signal) *caughtSignals {
	if caughtAt == 0 {
		return nil
	}
	pipe, err := caughtPipe()
	if err != nil {
		return nil
	}
	handler, err := swapAction(unix.SIGURG, nil) // for flags and restorer
	if err != nil {
		return nil
	}
	handler[0] = caughtAt
	c := &caughtSignals{pipe, make(map[unix.Signal]*sigaction, len(sigs))}
	_ = pipe.SetReadDeadline(time.Time{}) // that of release, if there was one
	for _, s := range sigs {
		if before, err := setAction(unix.Signal(s), handler); err == nil {
			c.before[unix.Signal(s)] = before
		}
	}
	return c
}

// read hands on what is caught, until it is released or nobody takes it any more.
func (c *caughtSignals) read(hand func(supervisor.Signal) bool) {
	var buf [64]byte
	for {
		n, err := c.pipe.Read(buf[:])
		for _, s := range buf[:n] {
			if !hand(supervisor.Signal(s)) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// release gives the signals back what they did before.
func (c *caughtSignals) release() {
	if c == nil {
		return
	}
	for sig, before := range c.before {
		_, _ = setAction(sig, before) // it could be set, so it can be set again
	}
	_ = c.pipe.SetReadDeadline(time.Unix(1, 0)) // ends read
}
