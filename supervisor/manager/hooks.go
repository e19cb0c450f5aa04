package manager

import (
	"context"
	"errors"
	"strconv"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// What a postStop hook is told of the end.
const (
	envExitCode   = "PM_EXIT_CODE"   // empty after a signal
	envExitSignal = "PM_EXIT_SIGNAL" // empty after an exit
	envExitReason = "PM_EXIT_REASON"
)

// hooks are the states in which one runs: its name in the manifest, and where it stands
// there.
var hooks = map[machine.State]struct {
	word string
	of   func(*supervisor.Lifecycle) *supervisor.LifecycleHandler
}{
	machine.PostStart: {"postStart", func(l *supervisor.Lifecycle) *supervisor.LifecycleHandler { return l.PostStart }},
	machine.PreStop:   {"preStop", func(l *supervisor.Lifecycle) *supervisor.LifecycleHandler { return l.PreStop }},
	machine.PostStop:  {"postStop", func(l *supervisor.Lifecycle) *supervisor.LifecycleHandler { return l.PostStop }},
}

// hookOf is what the hook of a state does; nil: there is none.
func hookOf(spec *supervisor.Spec, s machine.State) *supervisor.LifecycleHandler {
	if spec.Lifecycle == nil {
		return nil
	}
	return hooks[s].of(spec.Lifecycle)
}

// errHookTime ends a hook whose time is up.
var errHookTime = errors.New("its time is up")

// runHook begins the hook of a state; its end is an event.
func (l *loop) runHook(e *entry, a machine.RunHook) {
	word, h := hooks[a.Hook].word, hookOf(e.ran, a.Hook)
	ctx, cancel := context.WithCancelCause(e.life.ctx)
	e.life.hook, e.life.in = cancel, a.Hook
	t := &task{m: l.m, spec: e.ran, life: e.life, what: word}
	if a.Hook == machine.PostStop {
		t.extra = exitEnv(e.proc.Last)
	}
	name, m := e.spec.Name, l.m
	go func() {
		defer cancel(nil)
		var err error
		if h != nil { // a live change may have taken it away
			err = t.handler(ctx, h)
		}
		switch {
		case err == nil:
		case errors.Is(err, supervisor.ErrStopTimeout):
			m.log.Warn("hook did not end in time, nor by SIGKILL", "name", name, "run", a.Gen, "hook", word, "error", err)
		case context.Cause(ctx) == errHookTime: //nolint:errorlint // it is that value
			m.log.Warn("hook did not end in time: it and all that it started was killed", "name", name, "run", a.Gen, "hook", word)
		case ctx.Err() == nil: // else it was ended with what it was for
			m.log.Warn("hook failed", "name", name, "run", a.Gen, "hook", word, "error", err)
		}
		m.post(func(l *loop) {
			if e := l.entries[name]; e != nil && err != nil && e.proc.Gen == a.Gen {
				e.blame(word + " hook: " + err.Error())
			}
			l.event(name, machine.HookDone{Gen: a.Gen, Hook: a.Hook, OK: err == nil})
		})
	}()
}

// endHook ends a hook whose state the life has left.
func (e *entry) endHook() {
	if e.life != nil && e.life.hook != nil && (e.proc.State != e.life.in || e.proc.Gen != e.life.gen) {
		// A postStop hook is left only by its own end and by its time's.
		late := e.life.in == machine.PostStop || e.life.in == machine.PreStop && e.proc.State == machine.Stopping
		if late {
			e.life.hook(errHookTime)
		} else {
			e.life.hook(nil)
		}
		e.life.hook = nil
	}
}

// exitEnv tells a postStop hook how the life ended.
func exitEnv(last machine.Last) []string {
	code, signal := strconv.Itoa(last.Exit.Code), ""
	if last.Exit.Signal != 0 {
		code, signal = "", last.Exit.Signal.String()
	}
	return []string{envExitCode + "=" + code, envExitSignal + "=" + signal, envExitReason + "=" + string(last.Reason)}
}
