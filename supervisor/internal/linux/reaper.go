package linux

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// sweepEvery bounds how long a lost wake-up can go unnoticed.
const sweepEvery = time.Minute

// firstChild is how long the death of an adopted child may go unnoticed when there was
// no child before it.
const firstChild = 20 * time.Millisecond

// waitPause is how long the reaper rests when the kernel does not let it wait.
const waitPause = time.Second

// wakeTries bounds, in milliseconds, how long Close tries to end the reaper.
const wakeTries = 2000

// reap is the one owner of wait. It sleeps in the kernel without a lock until some
// child is dead, and only then takes the table's lock to collect the dead.
func (s *System) reap() {
	defer close(s.reaperDone)
	for {
		pid, err := anyDead(0)
		if s.closing() {
			return
		}
		if err == nil {
			err = s.collect(pid)
		}
		switch err {
		case nil, unix.EINTR:
		case unix.ECHILD:
			s.awaitChildren()
		default:
			s.cannotWait(err)
		}
	}
}

// cannotWait tells, the first time, why nobody can be reaped, and returns after waitPause.
func (s *System) cannotWait(err error) {
	if tell := s.trouble; tell != nil {
		s.trouble = nil
		tell(fmt.Errorf("cannot wait for children, so nobody hears of their end: %w; allow waitid and wait4 in the seccomp profile of the container", err))
	}
	pause := time.NewTimer(waitPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-s.quit:
	}
}

// anyDead is the number of a dead child, which it leaves as it is. With WNOHANG it is 0
// when there is none, without it waits for one.
func anyDead(options int) (pid int, err error) {
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOWAIT|options, nil); err != nil {
		return 0, err
	}
	// After three numbers comes what depends on the signal, aligned as a pointer: si_pid.
	const word = unsafe.Sizeof(uintptr(0))
	const at = (3*4 + word - 1) / word * word
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), at))), nil
}

// collect reaps a dead child, and then until nobody dead is left: many deaths may have
// been one wake-up. Each is looked at before it is reaped, and reaped by its number: to
// find one the kernel goes through all children. The error says that it may not be waited for.
func (s *System) collect(pid int) (refused error) {
	var (
		status unix.WaitStatus
		used   unix.Rusage
		work   bool
		err    error
	)
	s.mu.Lock()
	for err == nil && pid > 0 {
		owner := s.deadOwner(pid)
		var got int
		waited := retry(func() (err error) { got, err = unix.Wait4(pid, &status, unix.WNOHANG, &used); return err })
		if waited == nil && got == pid { // else it was that of a failed exec, which package syscall waits for
			s.reaped(pid, owner, status, &used)
			work = true
		} else if waited != nil && waited != unix.ECHILD {
			refused = waited
			break
		}
		pid, err = anyDead(unix.WNOHANG)
	}
	kick := len(s.exits) > 0 || s.drains // orphans alone wake nobody
	s.mu.Unlock()
	if work {
		if kick {
			poke(s.treeKick)
		}
		poke(s.restKick)
	}
	return refused
}

// reaped removes a pid that was just waited for from every table. owner is whose it was, when
// it was no leader. Called with s.mu held, in the same critical section as the wait.
func (s *System) reaped(pid int, owner *life, status unix.WaitStatus, used *unix.Rusage) {
	if l := s.leaders[pid]; l != nil {
		s.leaderReaped(l, status, used)
		return
	}
	delete(s.adopted, pid)
	delete(s.seen, pid)
	s.strays++
	s.recheck = true
	if owner != nil {
		s.buried.add(pid, owner.Life)
	}
	if s.flying > 0 { // also when it was looked at: a pass over /proc sees spawns in flight
		s.park(pid, owner, status, used)
		return
	}
	s.strayReaped(owner, used)
}

// strayReaped counts an orphan and adds what it used to its owner, if it has one.
// Called with s.mu held.
func (s *System) strayReaped(owner *life, used *unix.Rusage) {
	s.orphans.Add(1)
	if owner != nil {
		owner.account.add(used)
	}
}

// leaderReaped notes how a leader ended. Called with s.mu held.
func (s *System) leaderReaped(l *life, status unix.WaitStatus, used *unix.Rusage) {
	delete(s.leaders, l.pid)
	l.reaped = true
	l.exit = exitOf(status, used)
	l.ended = ticksNow()
	l.account.add(used)
	s.exits = append(s.exits, l)
}

func exitOf(status unix.WaitStatus, used *unix.Rusage) Exit {
	e := Exit{CPUUser: span(used.Utime), CPUSystem: span(used.Stime)}
	if status.Signaled() {
		e.Signal = supervisor.Signal(status.Signal())
	} else {
		e.Code = status.ExitStatus()
	}
	return e
}

// ticksNow is the clock of the start times in /proc/PID/stat.
func ticksNow() uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 1<<64 - 1 // nothing is younger
	}
	return uint64(now.Nano() / int64(tick))
}

func span(t unix.Timeval) time.Duration { return time.Duration(t.Nano()) }

// awaitChildren returns when there may be children. A child that is adopted makes
// no noise until it dies, and then there is a SIGCHLD. To catch it costs more than to
// wait a moment for the first child, or for the end: both are usual when there is none.
func (s *System) awaitChildren() {
	first := time.NewTimer(firstChild)
	defer first.Stop()
	select {
	case <-first.C:
	case <-s.kick:
		return
	case <-s.quit:
		return
	}
	died := make(chan os.Signal, 1)
	defer hearChildSignal(died)()
	sweep := time.NewTimer(sweepEvery)
	defer sweep.Stop()

	// Somebody may have come and died before that took effect.
	if err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil); err != unix.ECHILD {
		return
	}
	select {
	case <-died:
	case <-s.kick:
	case <-sweep.C:
	case <-s.quit:
	}
}

func (s *System) closing() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// wakeReaper gets the reaper out of its wait after quit was closed. Without a child it
// has seen that by itself. With one, nothing but the death of a child wakes it, so one is
// made: a fork whose exec fails; package syscall may reap it before the reaper has
// looked, hence the loop. Where nothing can be forked any more, the reaper is left behind.
func (s *System) wakeReaper() {
	for try := range wakeTries {
		if try > 0 {
			_, _ = syscall.ForkExec("/dev/null/wake", []string{"wake"}, nil)
		}
		select {
		case <-s.reaperDone:
			return
		case <-time.After(time.Millisecond):
		}
	}
}
