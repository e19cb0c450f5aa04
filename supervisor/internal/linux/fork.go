package linux

import (
	"errors"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// manyLives is from how many lives on the fork thread is worth it: below, to wake it costs
// about as much as it saves. Tests lower it.
var manyLives = 128

// forks is who forks when there are many lives.
type forks struct {
	mu     sync.Mutex
	asked  bool        // no other thread will be started
	thread *forkThread // nil: not started, not possible here, or closed
}

// fork forks and executes: the program, or the shim that will. Called by spawn workers.
func (s *System) fork(p *spawning) (int, error) {
	path := p.path
	if p.shim != nil {
		path = "/proc/self/exe"
	}
	if t := s.forkThread(p); t != nil {
		pid, err := t.fork(path, p.argv, &p.attr)
		if !errors.Is(err, errNotTried) {
			return pid, err
		}
	}
	return forkHere(path, p.argv, &p.attr)
}

// forkThread is the thread that is to fork, or nil when the caller's does as well.
func (s *System) forkThread(p *spawning) *forkThread {
	s.mu.Lock()
	few := len(s.lives) < manyLives
	s.mu.Unlock()
	if few || p.attr.Sys.Foreground { // whose Ctty is a number in the table of all others
		return nil
	}
	f := &s.forks
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.asked {
		f.asked = true
		f.thread, _ = startForkThread() // without it a spawn takes longer, no more
	}
	return f.thread
}

// close ends the thread. Spawns in flight go on without it.
func (f *forks) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = true
	if f.thread != nil {
		f.thread.close()
		f.thread = nil
	}
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
