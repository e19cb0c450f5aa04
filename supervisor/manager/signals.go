package manager

import (
	"fmt"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
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

// managing lists the signals that mean something to a manager.
func managing() []supervisor.Signal {
	return []supervisor.Signal{supervisor.SIGTERM, sigINT, sigQUIT, sigPWR, sigHalt, sigHUP, sigUSR1, sigUSR2, sigWINCH}
}

// forwarded lists what `-- command` passes on: all but those that the kernel does
// not let go, those that tell of a fault of this program itself, SIGCHLD, and
// SIGURG, SIGPIPE and SIGPROF, which the Go runtime has for itself. SIGTTIN and
// SIGTTOU are about the terminal that this program has given away.
func forwarded() []supervisor.Signal {
	list := []supervisor.Signal{1, 2, 3, 6, 10, 12, 14, 15, 16, 18, 20, 24, 25, 26, 28, 29, 30}
	for s := supervisor.Signal(34); s <= 64; s++ {
		list = append(list, s)
	}
	return list
}

// catchSignals catches what PID 1 may be sent.
func (m *Manager) catchSignals() (<-chan supervisor.Signal, func()) {
	if len(m.cfg.Command) > 0 {
		return linux.NotifySignals(forwarded()...)
	}
	return linux.NotifySignals(managing()...)
}

// handleSignals hands signals to the loop.
func (m *Manager) handleSignals(sigs <-chan supervisor.Signal) {
	for s := range sigs {
		m.post(func(l *loop) { l.signal(s) })
	}
}

// signal does what a signal to the manager asks for.
func (l *loop) signal(s supervisor.Signal) {
	if len(l.m.cfg.Command) > 0 {
		l.forward(s)
		return
	}
	if do := signalMeaning[s]; do != nil {
		do(l, s)
	}
}

// signalMeaning says what a signal asks a manager for. What is caught and not here
// (SIGWINCH) is ignored: nothing here has a window.
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

// askedToEnd ends everything in order; asked again, at once.
func (l *loop) askedToEnd(s supervisor.Signal) {
	if l.ending != nil {
		l.force()
		return
	}
	l.shutdown(0, fmt.Sprintf("%s was received", s))
}

// reload says that there is nothing to be reloaded.
func (l *loop) reload(supervisor.Signal) {
	l.m.log.Warn("SIGHUP: a manifest is read at the start only; restart the container to apply a changed one")
}

// reopen opens log files again, after somebody has moved them away.
func (l *loop) reopen(supervisor.Signal) {
	for _, name := range l.sortedNames() {
		l.entries[name].log.Reopen()
	}
	l.m.log.Info("log files are reopened")
}

// forward passes a signal on to the command, or to what it has left behind.
func (l *loop) forward(s supervisor.Signal) {
	if to, ok := l.m.cfg.Rewrite[s]; ok {
		if s = to; s == 0 {
			return
		}
	}
	for _, e := range l.order {
		scope := linux.ScopeGroup
		if e.proc.State == machine.Draining || e.proc.State == machine.Killing {
			scope = linux.ScopeRest
		}
		if err := l.m.os.Signal(e.life(), s, scope); err != nil {
			l.m.log.Debug("cannot forward", "signal", s.String(), "error", err)
		}
	}
}

// dump writes the state of everything to the log.
func (l *loop) dump(supervisor.Signal) {
	l.m.log.Info("state", "processes", len(l.entries), "orphans_reaped", l.m.os.Orphans(), "booted", l.booted, "shutting_down", l.ending != nil)
	for _, name := range l.sortedNames() {
		p := l.entries[name].proc
		l.m.log.Info("state", "name", name, "status", string(p.Status()), "state", p.State.String(), "goal", p.Goal.String(),
			"run", p.Gen, "pid", p.PID, "since", p.Since.Round(0), "due", p.Due.Round(0), "next_run", p.CronAt, "restarts", p.Restarts,
			"reason", string(p.Reason()), "waits_for", waitsFor(p))
	}
}
