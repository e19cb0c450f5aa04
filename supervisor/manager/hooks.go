package manager

import (
	"context"
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

// runHook begins the hook of a state; its end is an event.
func (l *loop) runHook(e *entry, a machine.RunHook) {
	word, h := hooks[a.Hook].word, hookOf(e.ran, a.Hook)
	ctx, cancel := context.WithCancel(e.life.ctx)
	e.life.hook, e.life.in = cancel, a.Hook
	t := &task{m: l.m, spec: e.ran, life: e.life, what: word}
	if a.Hook == machine.PostStop {
		t.extra = exitEnv(e.proc.Last)
	}
	name, m := e.spec.Name, l.m
	go func() {
		defer cancel()
		var err error
		if h != nil { // a live change may have taken it away
			err = t.handler(ctx, h)
		}
		if err != nil && ctx.Err() == nil { // else it was ended with what it was for
			m.log.Warn("hook failed", "name", name, "run", a.Gen, "hook", word, "error", err)
		}
		m.post(func(l *loop) {
			l.event(name, machine.HookDone{Gen: a.Gen, Hook: a.Hook, OK: err == nil})
		})
	}()
}

// endHook ends a hook whose state the life has left.
func (e *entry) endHook() {
	if e.life != nil && e.life.hook != nil && (e.proc.State != e.life.in || e.proc.Gen != e.life.gen) {
		e.life.hook()
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
