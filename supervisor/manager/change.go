package manager

import (
	"context"
	"fmt"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

func invalid(name, format string, args ...any) error {
	return fmt.Errorf("process %q: %w: %s", name, supervisor.ErrInvalid, fmt.Sprintf(format, args...))
}

func refused(verb, name string, err error) error {
	return fmt.Errorf("cannot %s %q: %w", verb, name, err)
}

// Start implements supervisor.Control.
func (m *Manager) Start(ctx context.Context, who supervisor.Caller, req supervisor.StartRequest) (*supervisor.ProcessInfo, error) {
	if err := m.mayChange(who, "start", req.Name); err != nil {
		return nil, refused("start", req.Name, err)
	}
	if err := supervisor.CheckName(req.Name); err != nil {
		return nil, err
	}
	if req.Command == "" && req.Spec == nil {
		return m.change(ctx, who, "start", req.Name, false, startAgain(req))
	}
	spec, err := m.apiSpec(req)
	if err != nil {
		return nil, err
	}
	return m.change(ctx, who, "start", req.Name, true, func(l *loop, known []*entry) ([]*waiter, error) {
		if l.replicated(req.Name) {
			return nil, fmt.Errorf("cannot start %q: %w: it is the name of replicas in the manifest", req.Name, supervisor.ErrExists)
		}
		if len(known) > 0 {
			return nil, fmt.Errorf("cannot start %q: %w (%s); stop and delete it first, or start it again without a command", req.Name, supervisor.ErrExists, known[0].proc.Status())
		}
		for _, d := range spec.DependsOn {
			if len(l.resolve(d.Name)) == 0 && !l.replicated(d.Name) {
				return nil, invalid(req.Name, "it depends on %q, which is not known", d.Name)
			}
		}
		if l.closesCycle(req.Name, spec.DependsOn) {
			return nil, invalid(req.Name, "it would depend on itself, by way of what it depends on")
		}
		e := l.newEntry(&spec, fromAPI)
		e.jobID = req.JobID
		if e.own = l.owned < maxOwned; e.own {
			l.owned++
		}
		gen := e.proc.Gen
		l.add(e)
		l.step(e, machine.Start{})
		return []*waiter{l.wait(e, l.hasStarted("start", gen))}, nil
	})
}

// startAgain starts an existing process that is not going on.
func startAgain(req supervisor.StartRequest) action {
	return func(l *loop, known []*entry) ([]*waiter, error) {
		if req.Log || req.Deadline != 0 || req.Cron != "" {
			return nil, invalid(req.Name, "log, deadline and cron belong to a new process: give a command too")
		}
		if err := checkJobID(req); err != nil {
			return nil, err
		}
		var (
			list []*waiter
			runs error
		)
		for _, e := range known {
			if e.parent == req.Name { // a run of known[0]
				continue
			}
			if runs = goesOn(e); runs != nil {
				continue
			}
			if req.JobID != "" {
				e.jobID = req.JobID
			}
			gen := before(e.proc)
			l.step(e, machine.Start{})
			list = append(list, l.wait(e, l.hasStarted("start", gen)))
		}
		if len(list) == 0 {
			return nil, runs
		}
		return list, nil
	}
}

// goesOn is the error for a start of what is going on; nil: it may be started.
func goesOn(e *entry) error {
	switch e.proc.State {
	case machine.Idle:
		if !e.proc.CronAt.IsZero() {
			return fmt.Errorf("cannot start %q: %w and is scheduled", e.spec.Name, supervisor.ErrExists)
		}
	case machine.Backoff, machine.PreStop, machine.Stopping, machine.Draining, machine.Killing, machine.PostStop:
	case machine.Waiting, machine.Spawning, machine.PostStart, machine.Starting, machine.Running:
		if e.proc.Goal == machine.Down {
			break // a stop waits for its spawn
		}
		return fmt.Errorf("cannot start %q: %w and is %s", e.spec.Name, supervisor.ErrExists, e.proc.Status())
	}
	return nil
}

// before is the number of the life that a new one is to come after: a life that is
// just beginning is the new one.
func before(p machine.Proc) uint64 {
	if p.State == machine.Spawning {
		return p.Gen - 1
	}
	return p.Gen
}

// Stop implements supervisor.Control.
func (m *Manager) Stop(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return m.change(ctx, who, "stop", name, false, func(l *loop, known []*entry) ([]*waiter, error) {
		if first := known[0]; len(known) == 1 && first.idle() {
			return nil, fmt.Errorf("cannot stop %q: %w (it is %s)", name, supervisor.ErrNotRunning, first.proc.Status())
		}
		var list []*waiter
		for _, e := range known {
			if !e.idle() {
				l.step(e, machine.Stop{Cause: machine.Asked})
				list = append(list, l.wait(e, hasStopped("stop", e.proc.Gen)))
			}
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("cannot stop %q: %w", name, supervisor.ErrNotRunning)
		}
		return list, nil
	})
}

// Restart implements supervisor.Control.
func (m *Manager) Restart(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return m.change(ctx, who, "restart", name, false, func(l *loop, known []*entry) ([]*waiter, error) {
		var list []*waiter
		for _, e := range known {
			if e.parent != "" && e.parent == name && e.idle() {
				continue // a run that is over is not run again
			}
			gen := before(e.proc)
			l.step(e, machine.Restart{Cause: machine.Asked})
			list = append(list, l.wait(e, l.hasStarted("restart", gen)))
		}
		return list, nil
	})
}

// Delete implements supervisor.Control.
func (m *Manager) Delete(ctx context.Context, who supervisor.Caller, name string) error {
	_, err := m.change(ctx, who, "delete", name, false, func(l *loop, known []*entry) ([]*waiter, error) {
		if known[0].origin == fromCommand {
			return nil, invalid(name, "the command this container runs cannot be deleted; stop it")
		}
		var list []*waiter
		for _, e := range known {
			e.next, e.heir, e.byHand = nil, nil, true
			list = append(list, l.wait(e, wasForgotten("delete")))
			l.step(e, machine.Delete{Cause: machine.Asked})
		}
		return list, nil
	})
	return err
}

// action does something to a process and its runs on the loop; known[0] is the
// one of the name.
type action func(l *loop, known []*entry) ([]*waiter, error)

// change is what all changes have in common: permission, the end of the manager,
// the name, waiting, and the answer.
func (m *Manager) change(ctx context.Context, who supervisor.Caller, verb, name string, create bool, do action) (*supervisor.ProcessInfo, error) {
	if err := m.mayChange(who, verb, name); err != nil {
		return nil, refused(verb, name, err)
	}
	var (
		list []*waiter
		v    *view // as it is now, for who does not wait
		err  error
	)
	asked := m.ask(ctx, func(l *loop) {
		defer func() { m.audit(who, verb, name, err) }() // here: who hangs up has made the change all the same
		known := l.family(name)
		switch {
		case l.ending != nil:
			err = closed(verb, name)
			return
		case len(known) == 0 && !create:
			err = l.notFound(verb, name)
			return
		}
		list, err = do(l, known)
		for _, w := range list {
			if slices.Contains(known, w.on) { // not so a new one, nor a run that a trigger begins
				w.shown = known[0]
			}
		}
		if len(list) > 0 && !supervisor.Waits(ctx) {
			v, err = list[0].shown.view(), certainError(list)
			forget(list)
		}
	})
	if asked != nil {
		return nil, refused(verb, name, asked)
	}
	if err != nil {
		return nil, err
	}
	if v == nil {
		if v, err = m.await(ctx, verb, name, list); err != nil {
			m.auditor.failed(who, verb, name, err)
			return nil, err
		}
		if len(list) > 1 { // the first one is shown as it is now that all are done
			if asked := m.ask(ctx, func(*loop) { v = list[0].shown.view() }); asked != nil {
				return nil, refused(verb, name, asked)
			}
		}
	}
	m.os.Sample(onDemand, false)
	return v.info(m.os.UsageOf(v.spec.Name)), nil
}

func (l *loop) notFound(verb, name string) error {
	hint := ""
	if verb == "start" {
		hint = " (give a command to make one)"
	}
	return fmt.Errorf("cannot %s %q: %w%s", verb, name, supervisor.ErrNotFound, hint)
}
