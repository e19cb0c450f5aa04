package manager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// Signal implements supervisor.Control.
func (m *Manager) Signal(ctx context.Context, who supervisor.Caller, name string, sig supervisor.Signal) (*supervisor.ProcessInfo, error) {
	if sig < 1 || sig > 64 {
		return nil, invalid(name, "signal %d (want 1 to 64)", int(sig))
	}
	verb := "send " + sig.String() + " to"
	return m.change(ctx, who, verb, name, false, func(l *loop, known []*entry) ([]*waiter, error) {
		var failed error
		reached := false
		for _, e := range known {
			if e.proc.PID == 0 {
				continue
			}
			if err := l.m.os.Signal(e.id(), sig, linux.ScopeLeader); err != nil {
				failed = err
				continue
			}
			reached = true
		}
		switch {
		case failed != nil:
			return nil, failed
		case !reached:
			return nil, fmt.Errorf("cannot %s %q: %w", verb, name, supervisor.ErrNotRunning)
		}
		return []*waiter{l.wait(known[0], func(*entry) (bool, error) { return true, nil })}, nil
	})
}

// Trigger implements supervisor.Control.
func (m *Manager) Trigger(ctx context.Context, who supervisor.Caller, name string) (*supervisor.ProcessInfo, error) {
	return m.change(ctx, who, "trigger", name, false, func(l *loop, known []*entry) ([]*waiter, error) {
		var ready []*entry
		for _, e := range known {
			if e.parent == name { // a run of known[0]
				continue
			}
			if err := triggers(e); err != nil {
				return nil, err
			}
			ready = append(ready, e)
		}
		var list []*waiter
		for _, e := range ready {
			gen := before(e.proc)
			l.step(e, machine.Trigger{})
			if aside(e) { // the answer is about the run
				taken := runName(e, e.proc.Asides)
				if e, gen = l.entries[taken], 0; e == nil || e.parent != name {
					return nil, supervisor.Say(supervisor.ErrExists, "cannot trigger %q: the run would be called %q, and there is another process of that name: delete that one", name, taken)
				}
			}
			list = append(list, l.wait(e, l.hasStarted("trigger", gen)))
		}
		return list, nil
	})
}

// aside reports whether each run of a process is one of its own.
func aside(e *entry) bool {
	return e.proc.Rules.Scheduled && e.proc.Rules.Concurrency == supervisor.ConcurrencyAllow
}

// triggers returns why a run cannot begin now; nil: it can.
func triggers(e *entry) error {
	switch {
	case aside(e) && len(e.proc.Unmet) > 0:
		return fmt.Errorf("cannot trigger %q: %w: it waits for %v", e.spec.Name, supervisor.ErrInvalid, waitsFor(e.proc))
	case aside(e) || e.proc.State == machine.Idle || e.proc.State == machine.Backoff:
		return nil
	case e.proc.Rules.Scheduled:
		return supervisor.Say(supervisor.ErrExists, "cannot trigger %q: a run of it goes on (%s), and under concurrencyPolicy %s there is one at a time: wait for its end, or restart it",
			e.spec.Name, e.proc.Status(), e.proc.Rules.Concurrency)
	}
	return supervisor.Say(supervisor.ErrExists, "cannot trigger %q: it is %s already, and runs once at a time: wait for its end, or restart it", e.spec.Name, e.proc.Status())
}

// Wait implements supervisor.Control.
func (m *Manager) Wait(ctx context.Context, who supervisor.Caller, req supervisor.WaitRequest) (*supervisor.ProcessInfo, error) {
	verb := "wait for"
	if err := who.MayLook(); err != nil {
		return nil, refused(verb, req.Name, err)
	}
	if !slices.Contains(supervisor.WaitConditions(), req.Condition) {
		return nil, invalid(req.Name, "condition %q (want one of %v)", req.Condition, supervisor.WaitConditions())
	}
	if req.Timeout < 0 {
		return nil, invalid(req.Name, "timeout %s is negative", req.Timeout)
	}
	if req.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, req.Timeout)
		defer cancel()
	}
	var list []*waiter
	var err error
	if asked := m.ask(ctx, func(l *loop) {
		if err = ctx.Err(); err != nil {
			return // nobody would take the waiters away
		}
		known := l.family(req.Name)
		if len(known) == 0 && req.Condition != supervisor.WaitDeleted {
			err = l.notFound(verb, req.Name)
		}
		for _, e := range known {
			list = append(list, l.wait(e, waitsUntil(req)))
		}
	}); asked != nil {
		return nil, timedOut(req, refused(verb, req.Name, asked))
	}
	if err != nil {
		return nil, timedOut(req, err)
	}
	v, err := m.await(ctx, verb, req.Name, list)
	m.abandon(list)
	if err != nil {
		return nil, timedOut(req, err)
	}
	if v == nil { // it was not known in the first place
		return &supervisor.ProcessInfo{Name: req.Name, Status: supervisor.StatusStopped}, nil
	}
	m.os.Sample(onDemand, false)
	return v.info(m.os.UsageOf(v.spec.Name)), nil
}

// timedOut is the error of a Wait that has ended with err: what was not true in its time.
func timedOut(req supervisor.WaitRequest, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && req.Timeout > 0 {
		return fmt.Errorf("%q is not %s after %s: %w", req.Name, req.Condition, req.Timeout, supervisor.ErrStopTimeout)
	}
	return err
}

// waitsUntil is the condition of a Wait.
func waitsUntil(req supervisor.WaitRequest) func(*entry) (bool, error) {
	return func(e *entry) (bool, error) {
		p := e.proc
		never := func(why string) (bool, error) {
			return true, fmt.Errorf("%q is not going to be %s: %w: %s", e.spec.Name, req.Condition, supervisor.ErrNotRunning, why)
		}
		if e.gone {
			if req.Condition == supervisor.WaitDeleted {
				return true, nil
			}
			return true, fmt.Errorf("%q was deleted meanwhile: %w", e.spec.Name, supervisor.ErrNotFound)
		}
		ended := e.idle()
		switch req.Condition {
		case supervisor.WaitRunning:
			if p.State == machine.Running {
				return true, nil
			}
		case supervisor.WaitReady:
			if p.Ready() {
				return true, nil
			}
		case supervisor.WaitCompleted:
			if p.State == machine.Idle && p.Outcome == machine.Completed {
				return true, nil
			}
		case supervisor.WaitEnded:
			return ended, nil
		case supervisor.WaitDeleted:
			return false, nil
		}
		if ended && p.Status() != supervisor.StatusPending {
			return never(string(p.Status()))
		}
		return false, nil
	}
}

// abandon forgets waiters that nobody waits for any more.
func (m *Manager) abandon(list []*waiter) { m.post(func(*loop) { forget(list) }) }

// forget takes waiters away. It runs on the loop.
func forget(list []*waiter) {
	for _, w := range list {
		w.on.waiters = slices.DeleteFunc(w.on.waiters, func(o *waiter) bool { return o == w })
	}
}

// System implements supervisor.Control.
func (m *Manager) System(ctx context.Context, who supervisor.Caller) (*supervisor.SystemInfo, error) {
	if err := who.MayLook(); err != nil {
		return nil, fmt.Errorf("cannot describe the manager: %w", err)
	}
	info := &supervisor.SystemInfo{
		Version: m.cfg.Version, PID: os.Getpid(), Init: os.Getpid() == 1, StartTime: m.began.Round(0),
		Trees: "proc", Limits: "watch", Controllers: []string{},
	}
	if err := m.ask(ctx, func(l *loop) { info.Processes, info.ShuttingDown = len(l.entries), l.ending != nil }); err != nil {
		return nil, fmt.Errorf("cannot describe the manager: %w", err)
	}
	info.Container = m.os.Container()
	c := m.os.Containment()
	info.TreesWhy, info.LimitsWhy = c.GroupsWhy, c.LimitsWhy
	if c.Groups {
		info.Trees = "cgroup"
	}
	if len(c.Controllers) > 0 {
		info.Limits, info.Controllers = "cgroup", c.Controllers
	}
	return info, nil
}

// Shutdown implements supervisor.Control.
func (m *Manager) Shutdown(ctx context.Context, who supervisor.Caller) error {
	err := m.mayChange(who, "shutdown", "")
	if err == nil {
		err = m.ask(ctx, func(l *loop) {
			m.audit(who, "shutdown", "", nil)
			l.shutdown(0, "a caller asked for it")
		})
	}
	if err != nil {
		return fmt.Errorf("cannot shut down: %w", err)
	}
	return nil
}
