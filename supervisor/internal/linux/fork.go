package linux

import (
	"errors"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// manyLives is from how many lives on a fork thread is worth it: below, to wake it costs
// about as much as it saves. Tests lower it.
var manyLives = 128

// forks keeps fork threads. Each is in the hands of one spawn worker at a time, because a
// fork can hang in a file system that does not answer, and must not keep the others waiting.
type forks struct {
	mu     sync.Mutex
	closed bool          // no thread is started or kept any more: after Close, and where the kernel lacks what one needs
	idle   []*forkThread // at most maxWorkers
}

// fork forks and executes: the program, or the shim that will. Called by spawn workers.
func (s *System) fork(p *spawning) (int, error) {
	path := p.path
	if p.shim != nil {
		path = "/proc/self/exe"
	}
	if s.needsForkThread(p) {
		if t := s.forks.take(); t != nil {
			pid, err := t.fork(path, p.argv, &p.attr)
			s.forks.give(t)
			if !errors.Is(err, errNotTried) {
				return pid, err
			}
		}
	}
	return forkHere(path, p.argv, &p.attr)
}

func (s *System) needsForkThread(p *spawning) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	// With Foreground, Ctty is a number in the table that all others share.
	return len(s.lives) >= manyLives && !p.attr.Sys.Foreground
}

// take returns a thread, or nil when there is none: without it a fork takes longer, no more.
func (f *forks) take() *forkThread {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.idle); n > 0 {
		t := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return t
	}
	if f.closed {
		return nil
	}
	t, err := startForkThread()
	if err != nil {
		// Descriptors that are short now may not be so later; a kernel does not change.
		f.closed = !errors.Is(err, unix.EMFILE) && !errors.Is(err, unix.ENFILE)
		return nil
	}
	return t
}

// give takes a thread back.
func (f *forks) give(t *forkThread) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.idle) >= maxWorkers {
		t.close()
		return
	}
	f.idle = append(f.idle, t)
}

// close ends the threads: at once, or when they are given back.
func (f *forks) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, t := range f.idle {
		t.close()
	}
	f.idle = nil
}

// forkHere forks with the caller's thread. A child begins with the signal mask of the thread
// that forks, and the runtime leaves alone what was blocked when we were started. The thread
// is given back to the runtime as it was.
func forkHere(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var none, before unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &none, &before); err == nil {
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	}
	return syscall.ForkExec(path, argv, attr)
}
