package manager

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// wireReadiness asks the system for what the process says itself.
func (l *loop) wireReadiness(e *entry, c *linux.Command) {
	r := e.ran.Readiness
	if r == nil {
		return
	}
	name, gen, m := e.spec.Name, e.proc.Gen, l.m
	if r.FD > 0 {
		c.ReadyFD = r.FD
		c.OnReady = func() {
			m.post(func(l *loop) { l.event(name, machine.Said{Gen: gen, Ready: true}) })
		}
	}
	if r.Notify {
		c.Notify = func(message string) {
			m.post(func(l *loop) { l.notified(name, gen, message) })
		}
		var told sync.Once // who sends many must not fill the log
		c.NotifyRefused = func(why string) {
			told.Do(func() {
				m.log.Warn("a message to NOTIFY_SOCKET is refused, and so are others without a line", "name", name, "run", gen, "why", why)
			})
		}
	}
}

// awaitLine waits for a line of the life's output, where readiness is one.
func (l *loop) awaitLine(e *entry) {
	if e.ran.Readiness == nil || e.ran.Readiness.LogPattern == "" {
		return
	}
	re, err := regexp.Compile(e.ran.Readiness.LogPattern)
	if err != nil {
		l.m.log.Error("logPattern cannot be used", "name", e.spec.Name, "error", err) // it was checked: this is a defect
		return
	}
	name, gen, m := e.spec.Name, e.proc.Gen, l.m
	if e.life.unwait != nil {
		e.life.unwait()
	}
	e.life.unwait = e.log.Await(gen, re, func() {
		// Not from here: whoever writes the log is not to wait for the loop.
		go m.post(func(l *loop) { l.event(name, machine.Said{Gen: gen, Ready: true}) })
	})
}

// watchdogEnv tells the process how often it is expected; see sd_watchdog_enabled(3).
func watchdogEnv(spec *supervisor.Spec) []string {
	if spec.Readiness == nil || spec.Readiness.WatchdogSeconds == nil {
		return nil
	}
	return []string{"WATCHDOG_USEC=" + strconv.FormatInt(seconds(spec.Readiness.WatchdogSeconds).Microseconds(), 10)}
}

// blameHunger notes that it is the watchdog which ends a process in the tick that follows.
func (l *loop) blameHunger(e *entry, now time.Time) {
	if by := e.proc.FedBy; e.proc.State == machine.Running && !by.IsZero() && !now.Before(by) {
		l.blameWatchdog(e, fmt.Sprintf("no WATCHDOG=1 for %s", e.proc.Feed))
	}
}

// blameWatchdog notes why a life is ended for its watchdog, unless it is ending already.
func (l *loop) blameWatchdog(e *entry, why string) {
	switch e.proc.State {
	case machine.PostStart, machine.Starting, machine.Running:
		l.m.log.Warn("watchdog", "name", e.spec.Name, "run", e.proc.Gen, "error", why)
		e.blame("watchdog: " + why)
	case machine.Idle, machine.Waiting, machine.Spawning, machine.PreStop, machine.Stopping, machine.Draining, machine.Killing, machine.PostStop, machine.Backoff:
	}
}

// maxStatusText bounds what is kept of a STATUS message.
const maxStatusText = 1 << 10

// notified takes one message of sd_notify(3): lines of NAME=VALUE. What is not known
// is ignored, as systemd does.
func (l *loop) notified(name string, gen uint64, message string) {
	for line := range strings.Lines(message) {
		key, text, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		switch {
		case key == "READY" && text == "1":
			l.event(name, machine.Said{Gen: gen, Ready: true})
		case key == "STOPPING" && text == "1", key == "RELOADING" && text == "1":
			l.event(name, machine.Said{Gen: gen})
		case key == "WATCHDOG" && text == "1":
			l.event(name, machine.Fed{Gen: gen})
		case key == "WATCHDOG" && text == "trigger":
			if e := l.entries[name]; e != nil && e.life != nil && e.life.gen == gen {
				l.blameWatchdog(e, "it sent WATCHDOG=trigger")
			}
			l.event(name, machine.Condemned{Gen: gen, Cause: machine.Unhealthy})
		case key == "WATCHDOG_USEC":
			if usec, err := strconv.ParseUint(text, 10, 53); err == nil && usec > 0 {
				l.event(name, machine.Fed{Gen: gen, Every: time.Duration(usec) * time.Microsecond})
			}
		case key == "STATUS":
			if e := l.entries[name]; e != nil && e.life != nil && e.life.gen == gen {
				e.life.text = strings.ToValidUTF8(text[:min(len(text), maxStatusText)], "�")
			}
		}
	}
}
