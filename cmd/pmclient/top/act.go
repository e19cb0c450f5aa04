package top

import (
	"fmt"

	"github.com/processmanager/processmanager/supervisor"
)

// Verb is what can be done to a process.
type Verb int

// The verbs.
const (
	Start Verb = iota
	Stop
	Restart
	Trigger
	Signal
	Probe
	Delete
)

// Action is something that is done to a process.
type Action struct {
	Verb   Verb
	ID     ID
	Signal string // of Signal
}

// verbs are the words of each: what is asked, and what is said while it goes on and
// when it is done.
var verbs = [...]struct{ ask, doing, done string }{
	Start:   {"Start", "starting", "started"},
	Stop:    {"Stop", "stopping", "stopped"},
	Restart: {"Restart", "restarting", "restarted"},
	Trigger: {"Run now:", "running", "runs"},
	Signal:  {"Send", "signalling", "was sent"},
	Probe:   {"Probe now:", "probing", "passes its probes"},
	Delete:  {"Delete", "deleting", "is deleted"},
}

// question is what is asked before it is done.
func (a Action) question() string {
	if a.Verb == Signal {
		return fmt.Sprintf("Send %s to %q?", a.Signal, a.ID)
	}
	return fmt.Sprintf("%s %q?", verbs[a.Verb].ask, a.ID)
}

// doing is what is said until it is done, and done afterwards.
func (a Action) doing() string { return fmt.Sprintf("%s %q…", verbs[a.Verb].doing, a.ID) }

func (a Action) done() string {
	text := fmt.Sprintf("%q %s", a.ID, verbs[a.Verb].done)
	if a.Verb == Signal {
		text += " " + a.Signal
	}
	return text
}

// effect is what will happen to a process in this state.
func (a Action) effect(p *supervisor.ProcessInfo) string {
	alive := p.PID != nil
	switch a.Verb {
	case Start:
		if p.Cron != "" {
			return "Its schedule is armed again."
		}
		return "A new life begins."
	case Stop:
		switch {
		case alive && p.Cron != "":
			return "Its run gets the stop signal now and SIGKILL after its grace period; its schedule is disarmed."
		case alive:
			return fmt.Sprintf("Process %d gets the stop signal now, all of its tree SIGKILL after its grace period. It stays stopped.", *p.PID)
		case p.Status == supervisor.StatusScheduled:
			return "Its schedule is disarmed, until it is started."
		case p.Status == supervisor.StatusPending, p.Status == supervisor.StatusBackoff:
			return "It does not start by itself any more."
		}
		return "It does not run: the manager will refuse."
	case Restart:
		if alive {
			return fmt.Sprintf("Process %d is stopped, within its grace period, and a new life begins.", *p.PID)
		}
		return "It does not run: a new life begins."
	case Trigger:
		if p.Cron != "" {
			return "One run begins now, beside its schedule."
		}
		return "One run begins now."
	case Signal:
		if alive {
			return fmt.Sprintf("Process %d gets it, and no other. If it ends by that, its restartPolicy decides.", *p.PID)
		}
		return "It does not run: the manager will refuse."
	case Probe:
		if alive {
			return "Each of its probes is made once. It counts for nothing: neither for readiness nor for restarts."
		}
		return "It does not run: the manager will refuse."
	case Delete:
		if alive {
			return fmt.Sprintf("Process %d and its tree are stopped, within the grace period; then the manager forgets it.", *p.PID)
		}
		return "The manager forgets it."
	}
	return ""
}

// signals are those that one may want to send.
func signals() []string {
	return []string{"HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "KILL", "STOP", "CONT", "WINCH", "ABRT", "ALRM"}
}
