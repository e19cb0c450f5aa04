package manager

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// What PID 1 may be sent; see signal(7).
const (
	sigHUP   supervisor.Signal = 1
	sigINT   supervisor.Signal = 2
	sigQUIT  supervisor.Signal = 3
	sigUSR1  supervisor.Signal = 10
	sigUSR2  supervisor.Signal = 12
	sigWINCH supervisor.Signal = 28
	sigPWR   supervisor.Signal = 30
	sigHalt  supervisor.Signal = 37 // SIGRTMIN+3: what systemd asks a container with
)

// catchable lists what a Go program can catch: all but SIGKILL and SIGSTOP, SIGCHLD,
// and what the runtime has for itself (SIGURG, SIGPROF, 32 to 34). A real fault of this
// program is not caught: SIGSEGV and its like are only if somebody else sends them.
func catchable() []supervisor.Signal {
	kept := []supervisor.Signal{supervisor.SIGKILL, 19, 17, 23, 27, 32, 33, 34}
	var list []supervisor.Signal
	for s := supervisor.Signal(1); s <= 64; s++ {
		if !slices.Contains(kept, s) {
			list = append(list, s)
		}
	}
	return list
}

// forwarded lists what is passed on to a command: all but SIGTTIN and SIGTTOU, which
// are about the terminal that this program has given away.
func forwarded() []supervisor.Signal {
	return slices.DeleteFunc(catchable(), func(s supervisor.Signal) bool { return s == 21 || s == 22 })
}

// managing lists what a manager catches: what means something to it, and what the Go
// runtime would end the program for although it is no fault of it (SIGXCPU, SIGILL from
// somebody). The runtime ignores the rest, and job control is left to the kernel: it
// stops a manager under a shell, and never PID 1.
func managing() []supervisor.Signal {
	return []supervisor.Signal{sigHUP, sigINT, sigQUIT, 4, 5, 6, 7, 8, sigUSR1, 11, sigUSR2, supervisor.SIGTERM, 16, 24, 25, sigPWR, 31, sigHalt}
}

// CatchSignals catches what PID 1 may be sent, for Config.Signals: from the moment of
// the call, so that a signal which comes before Run is not lost. command says whether
// they are to be passed on to a command. stop ends the catching.
func CatchSignals(command bool) (sigs <-chan supervisor.Signal, stop func()) {
	if command {
		return linux.NotifySignals(forwarded()...)
	}
	return linux.NotifySignals(managing()...)
}

// handleSignals hands signals to the loop until stop is closed.
func (m *Manager) handleSignals(sigs <-chan supervisor.Signal, stop <-chan struct{}) {
	for {
		select {
		case s, ok := <-sigs:
			if !ok {
				return
			}
			m.post(func(l *loop) { l.signal(s) })
		case <-stop:
			return
		}
	}
}

// signal does what a signal to the manager asks for.
func (l *loop) signal(s supervisor.Signal) {
	if len(l.m.cfg.Command) > 0 && l.commandLives() {
		l.forward(s)
		return
	}
	if do := signalMeaning[s]; do != nil {
		do(l, s)
	}
}

// signalMeaning says what a signal asks a manager for. What is caught and not here
// is ignored.
var signalMeaning = map[supervisor.Signal]func(*loop, supervisor.Signal){
	supervisor.SIGTERM: (*loop).askedToEnd,
	sigINT:             (*loop).askedToEnd,
	sigQUIT:            (*loop).askedToEnd,
	sigPWR:             (*loop).askedToEnd,
	sigHalt:            (*loop).askedToEnd,
	sigHUP:             (*loop).reload,
	sigUSR1:            (*loop).reopen,
	sigUSR2:            (*loop).dump,
}

// asksToEnd reports whether a signal is one that a container is asked to end with.
func asksToEnd(s supervisor.Signal) bool {
	return s == supervisor.SIGTERM || s == sigINT || s == sigQUIT || s == sigPWR || s == sigHalt
}

// oneRequest is how soon a second signal to end is the first one once more: timeout(1)
// signals its child and then its own group, and a shell's job is in the group of its terminal.
// Only a later one asks for the end at once.
const oneRequest = 500 * time.Millisecond

// askedToEnd ends everything in order; asked again, at once. A shutdown that began by
// itself goes on in order when the first signal comes: that signal is often the
// kubelet's, which does not know of it.
func (l *loop) askedToEnd(s supervisor.Signal) {
	why := fmt.Sprintf("%s was received", s)
	first := l.asked.IsZero()
	switch {
	case l.ending == nil:
		l.shutdown(0, why)
	case first:
		l.m.log.Info("is shutting down already", "why", why, "alive", strings.Join(l.alive(), ", "))
	case l.askedBefore():
		l.force()
	}
	if first {
		l.asked = time.Now()
	}
}

// askedBefore reports whether a signal to end is the second one.
func (l *loop) askedBefore() bool { return !l.asked.IsZero() && time.Since(l.asked) >= oneRequest }

// reopen opens log files again, after somebody has moved them away.
func (l *loop) reopen(supervisor.Signal) {
	for _, name := range l.sortedNames() {
		l.entries[name].log.Reopen()
	}
	l.m.log.Info("log files are reopened")
}

// stamp is a time for the log; there may be none.
func stamp(at time.Time) any {
	if at.IsZero() {
		return ""
	}
	return at.Round(0)
}

// dump writes the state of everything to the log.
func (l *loop) dump(supervisor.Signal) {
	l.m.log.Info("state", "processes", len(l.entries), "orphans_reaped", l.m.os.Orphans(), "scan_failures", l.m.os.ScanFailures(), "booted", l.booted, "shutting_down", l.ending != nil)
	for _, name := range l.sortedNames() {
		p := l.entries[name].proc
		l.m.log.Info("state", "name", name, "status", string(p.Status()), "state", p.State.String(), "goal", p.Goal.String(),
			"run", p.Gen, "pid", p.PID, "since", stamp(p.Since), "due", stamp(p.Due), "next_run", stamp(p.CronAt), "restarts", p.Restarts,
			"reason", string(p.Reason()), "waits_for", waitsFor(p))
	}
}
