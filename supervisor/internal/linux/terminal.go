package linux

import (
	"errors"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// terminal is the terminal of our session while a life in the foreground runs: who
// is in front of it, and what happens when the life's leader stops or ends. The rules
// are those of job control in POSIX.1 (2.1.5 and termios(3)).
//
//	what happened                               what is done
//	spawned, stdin and stdout are the           its group is put in front
//	terminal and our group is in front
//	spawned otherwise (pipeline, background)    nothing: the others of our job may need it
//	leader stopped because it wants the         its group is put in front, and goes on
//	terminal, and our group is in front
//	leader stopped by Ctrl-Z, and nobody        it goes on, as if there were no Ctrl-Z
//	could continue us (PID 1, session leader)
//	leader stopped otherwise, under a shell     our group is put in front and stops, so that
//	                                            the shell sees it; continued, so is the life
//	leader ended, or could not be spawned       our group is put in front
//
// One goroutine owns it. Modes of the terminal are left as they are: who sets them
// without resetting them may mean it (stty does).
type terminal struct {
	s     *System
	life  *life
	fd    int  // of the terminal
	own   int  // our group; 0: it is of another PID namespace
	alone bool // no shell could continue us
	given bool // we put the life's group in front

	landed  chan struct{} // the spawn is over
	changed chan os.Signal
	deaf    func() // ends that changed is written to
}

// wireTerminal gives a life a group of its own in our session: in a session of its own
// it would have no terminal, and the kernel would not let SIGTSTP stop it. If there is
// a terminal, the child itself puts its group in front, before it executes anything.
func (s *System) wireTerminal(l *life, p *spawning) {
	p.attr.Sys.Setsid, p.attr.Sys.Setpgid, l.session = false, true, false
	fd := openTerminal()
	if fd < 0 {
		return
	}
	t := &terminal{
		s: s, life: l, fd: fd, own: unix.Getpgrp(), alone: s.self == 1 || s.selfSession == s.self,
		landed: make(chan struct{}, 1), changed: make(chan os.Signal, 1),
	}
	if t.front() == t.own && isTerminal(0) && isTerminal(1) {
		p.attr.Sys.Foreground, p.attr.Sys.Ctty = true, fd
		t.given = true
	}
	s.done.Add(1)
	t.deaf = hearChildSignal(t.changed)
	p.whenOver(func() { poke(t.landed) })
	go t.watch()
}

// openTerminal returns a descriptor of the terminal of our session, or -1.
func openTerminal() int {
	if fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err == nil {
		return fd
	}
	for fd := range 3 { // an image without /dev/tty
		if isTerminal(fd) {
			if fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3); err == nil {
				return fd
			}
		}
	}
	return -1
}

// isTerminal reports whether fd is the terminal of our session.
func isTerminal(fd int) bool {
	_, err := unix.IoctlGetInt(fd, unix.TIOCGSID) // fails for any other
	return err == nil
}

// watch is the goroutine. It ends when the leader has ended, at the latest with the
// System, and then our group is in front again.
func (t *terminal) watch() {
	defer t.s.done.Done()
	defer func() { _ = unix.Close(t.fd) }()
	defer t.takeBack()
	defer t.deaf()
	select { // before that, the pid is not known
	case <-t.landed:
	case <-t.s.quit:
		return
	}
	for {
		sig, alive := t.look()
		if !alive {
			return
		}
		if sig != 0 {
			t.stopped(sig)
			continue // it may have stopped again
		}
		select {
		case <-t.changed:
		case <-t.s.quit:
			return
		}
	}
}

// look reports whether the leader lives, and the signal that has just stopped it.
func (t *terminal) look() (sig unix.Signal, alive bool) {
	t.s.mu.Lock() // while it is held, the leader's pid is not reused
	defer t.s.mu.Unlock()
	if t.life.pid == 0 || t.life.reaped {
		return 0, false
	}
	var info childInfo
	wait := func(options int) error {
		return retry(func() error {
			return unix.Waitid(unix.P_PID, t.life.pid, (*unix.Siginfo)(unsafe.Pointer(&info)), options|unix.WNOHANG, nil)
		})
	}
	if err := wait(unix.WEXITED | unix.WNOWAIT); err != nil || info.pid != 0 {
		return 0, false // dead, if not yet reaped
	}
	if err := wait(unix.WSTOPPED); err != nil || info.pid == 0 {
		return 0, true
	}
	return unix.Signal(info.status), true
}

// childInfo is the siginfo_t of waitid(2).
type childInfo struct {
	signo, errno, code int32
	_                  [unsafe.Sizeof(uintptr(0))/4 - 1]int32
	pid                int32
	uid                uint32
	status             int32
	_                  [128]byte
}

// stopped does what the table says when the leader has stopped.
func (t *terminal) stopped(sig unix.Signal) {
	group, err := unix.Getpgid(t.life.pid)
	if err != nil {
		return
	}
	front := t.front()
	wants := sig == unix.SIGTTIN || sig == unix.SIGTTOU
	switch {
	case wants && (front == t.own || front == group || gone(front)):
		t.give(group)
	case t.alone:
		if sig != unix.SIGTSTP || t.life.askedToStop.Load() {
			return // who sent it wants it to be stopped
		}
	default:
		had := t.given
		t.takeBack()
		suspend(sig)
		if t.front() == t.own && (had || wants) {
			t.give(group)
		}
	}
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	if !t.life.reaped {
		_ = unix.Kill(-group, unix.SIGCONT)
	}
}

// front is the group in front, 0 if it is of another PID namespace, -1 if there is no
// terminal any more.
func (t *terminal) front() int {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err != nil {
		return -1
	}
	return group
}

// give puts a group of the life in front.
func (t *terminal) give(group int) { t.given = t.put(group) == nil }

// takeBack puts our group in front, if it is the life's that we put there: what is
// left of it must not keep the terminal from a shell that waits for us.
func (t *terminal) takeBack() {
	if !t.given {
		return
	}
	t.given = false
	front := t.front()
	if front != t.own && t.own > 0 && (front == t.life.pid || gone(front) || t.descends(front)) {
		_ = t.put(t.own) // a terminal that is gone needs nobody in front
	}
}

// put puts a group in front. Who is not in front himself gets SIGTTOU for it unless he
// blocks it; to ignore it would be inherited by children.
func (t *terminal) put(group int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var block, before unix.Sigset_t
	block.Val[0] = 1 << (unix.SIGTTOU - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before); err != nil {
		return err
	}
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	return unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
}

// descends reports whether somebody in a group descends from us: it is a job of the
// life then, and not the shell's above us.
func (t *terminal) descends(group int) bool {
	sc := &scanner{self: t.s.self}
	defer sc.close()
	for _, p := range t.s.descendants(sc) {
		if p.pgrp == group {
			return true
		}
	}
	return false
}

// gone reports whether nobody is in a group.
func gone(group int) bool {
	return group > 0 && errors.Is(unix.Kill(-group, 0), unix.ESRCH)
}

// suspend stops our group as sig would if nobody caught it, and returns when it was
// continued, or at once where nobody could continue it: then the kernel drops sig.
func suspend(sig unix.Signal) {
	if sig == unix.SIGSTOP {
		sig = unix.SIGTSTP // unlike SIGSTOP never leaves us stopped for ever
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := setAction(sig, &sigaction{sigIgnore})
	if err != nil {
		return
	}
	defer func() { _, _ = setAction(sig, before) }()
	_ = unix.Kill(0, sig) // the rest of a pipeline, but not us: continued, we would stop once more
	_, _ = setAction(sig, nil)
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), sig) // takes effect before it returns
}

// noteStop remembers whether it was us who asked a life to stop.
func (l *life) noteStop(sig supervisor.Signal) {
	switch unix.Signal(sig) {
	case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		l.askedToStop.Store(true)
	case unix.SIGCONT:
		l.askedToStop.Store(false)
	}
}
