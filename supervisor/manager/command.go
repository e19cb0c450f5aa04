package manager

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// commandSpec is the one process of `-- command`.
func commandSpec(argv []string) *supervisor.Spec {
	grace := int64(commandGrace)
	return &supervisor.Spec{
		Name: commandName(argv[0]), Command: supervisor.Command{Argv: argv},
		RestartPolicy: supervisor.RestartNever, Essential: true,
		TerminationGracePeriodSeconds: &grace, KillMode: supervisor.KillGroup,
	}
}

// commandGrace is how long, in seconds, what a command leaves behind has to end
// after the stop signal.
const commandGrace = 10

// commandName makes a process name of a program's path.
func commandName(path string) string {
	var b []byte
	for i := len(path) - 1; i >= 0 && path[i] != '/' && len(b) < supervisor.MaxName; i-- {
		b = append([]byte{path[i]}, b...)
	}
	if supervisor.CheckName(string(b)) != nil {
		return "command"
	}
	return string(b)
}

// forward passes a signal on to the command; when that has ended, to what it has left
// behind. That was asked to end once already, so a second wish to end from outside
// kills it; the command itself may take as many as it likes.
func (l *loop) forward(s supervisor.Signal) {
	came := s
	if to, ok := l.m.cfg.Rewrite[s]; ok {
		if s = to; s == 0 {
			return
		}
	}
	again := asksToEnd(came) && l.askedBefore()
	if asksToEnd(came) && l.asked.IsZero() {
		l.asked = time.Now()
	}
	for _, e := range l.order { // it is the only one
		scope := linux.ScopeGroup
		if e.proc.State == machine.Draining || e.proc.State == machine.Killing {
			scope = linux.ScopeRest
			if again {
				l.m.log.Warn("asked to end a second time: SIGKILL to what is left behind", "name", e.spec.Name)
				l.step(e, machine.Stop{Cause: machine.Ending, By: time.Now()})
				continue
			}
		}
		if err := l.m.os.Signal(e.id(), s, scope); err != nil {
			l.m.log.Debug("cannot forward", "signal", s.String(), "error", err)
		}
	}
}

// commandLives reports whether there is a command that signals can be passed on to.
func (l *loop) commandLives() bool {
	for _, e := range l.order {
		if e.proc.Alive() {
			return true
		}
	}
	return false
}
