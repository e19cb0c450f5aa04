package manager

import (
	"context"
	"fmt"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// waiter is a caller who waits for something to become true of an entry.
type waiter struct {
	done   func(e *entry) (bool, error) // runs on the loop
	on     *entry
	shown  *entry      // the caller is shown how this one is then
	answer chan answer // has room for one
}

// answer is what a waiter gets.
type answer struct {
	view *view
	err  error
}

// wait makes a waiter for an entry; it is looked at when the entry next settles,
// which touch makes happen now.
func (l *loop) wait(e *entry, done func(*entry) (bool, error)) *waiter {
	w := &waiter{done: done, on: e, shown: e, answer: make(chan answer, 1)}
	e.waiters = append(e.waiters, w)
	l.touch(e)
	return w
}

// answer answers those whose wish has come true.
func (l *loop) answer(e *entry) {
	if len(e.waiters) == 0 {
		return
	}
	still := e.waiters[:0]
	for _, w := range e.waiters {
		if ok, err := w.done(e); ok {
			w.answer <- answer{w.shown.view(), err}
		} else {
			still = append(still, w)
		}
	}
	clear(e.waiters[len(still):])
	e.waiters = still
}

// certainError is the error that is certain already, for who does not wait.
func certainError(list []*waiter) error {
	for _, w := range list {
		if ok, err := w.done(w.on); ok && err != nil {
			return err
		}
	}
	return nil
}

// hasStarted is true when the life after gen runs or could not be started, or when
// the process waits for something else than the operating system.
func (l *loop) hasStarted(verb string, gen uint64) func(*entry) (bool, error) {
	return func(e *entry) (bool, error) {
		p := e.proc
		name := e.spec.Name
		switch {
		case e.gone, p.Goal == machine.Gone:
			return true, fmt.Errorf("cannot %s %q: %w (it was deleted meanwhile)", verb, name, supervisor.ErrNotFound)
		case p.Status() == supervisor.StatusStuck:
			return true, fmt.Errorf("cannot %s %q: %w: %s of its old life survived SIGKILL", verb, name, supervisor.ErrStopTimeout, survivor(p))
		case p.Last.Gen > gen && p.Last.Exit.Err != "": // also when the next try is on its way
			return true, fmt.Errorf("cannot %s %q: %w: %s", verb, name, supervisor.ErrStart, p.Last.Exit.Err)
		case p.Goal == machine.Down && (p.Gen > gen && p.State == machine.Stopping || p.Gen <= gen && p.State == machine.Idle):
			if l.ending != nil {
				return true, closed(verb, name)
			}
			return true, fmt.Errorf("cannot %s %q: %w (it was stopped meanwhile)", verb, name, supervisor.ErrNotRunning)
		case p.Gen > gen && p.State != machine.Spawning:
			return true, nil
		case p.Gen <= gen && p.State == machine.Waiting:
			if why := l.inVain(e); why != "" {
				return true, fmt.Errorf("cannot %s %q: %w: %s", verb, name, supervisor.ErrStart, why)
			}
			return true, nil // it waits for a dependency
		case p.Gen <= gen && p.State == machine.Idle:
			return true, nil // it waits for its schedule
		}
		return false, nil
	}
}

// hasStopped is true when the life gen is over, with its tree.
func hasStopped(verb string, gen uint64) func(*entry) (bool, error) {
	return func(e *entry) (bool, error) {
		p := e.proc
		switch {
		case e.gone, p.Gen != gen, !p.Alive():
			return true, nil
		case p.Goal == machine.Up: // its spawn was in flight, and somebody wants it after all
			return true, fmt.Errorf("cannot %s %q: %w: it was started again meanwhile", verb, e.spec.Name, supervisor.ErrStopTimeout)
		case p.Status() == supervisor.StatusStuck:
			return true, fmt.Errorf("cannot %s %q: %w: %s survived SIGKILL; it stays listed as stuck and is killed again every second", verb, e.spec.Name, supervisor.ErrStopTimeout, survivor(p))
		}
		return false, nil
	}
}

// wasForgotten is true when nothing of the entry is left.
func wasForgotten(verb string) func(*entry) (bool, error) {
	return func(e *entry) (bool, error) {
		if e.gone {
			return true, nil
		}
		_, err := hasStopped(verb, e.proc.Gen)(e)
		return err != nil, err
	}
}

// closed is the answer after the end.
func closed(verb, name string) error {
	return fmt.Errorf("cannot %s %q: %w", verb, name, supervisor.ErrClosed)
}

// ask runs f on the loop and waits until it has. After an error f may still run: what it
// writes is not to be read then.
func (m *Manager) ask(ctx context.Context, f func(*loop)) error {
	ran := make(chan struct{})
	select {
	case <-m.done:
		return supervisor.ErrClosed
	default:
	}
	select {
	case m.inbox <- func(l *loop) { f(l); close(ran) }:
	case <-ctx.Done():
		return ctx.Err()
	case <-m.done:
		return supervisor.ErrClosed
	}
	select {
	case <-ran:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.done:
		return supervisor.ErrClosed
	}
}

// await waits for all waiters, and returns the last view and the first error.
func (m *Manager) await(ctx context.Context, verb, name string, list []*waiter) (v *view, err error) {
	for _, w := range list {
		var a answer
		select {
		case a = <-w.answer:
		case <-ctx.Done():
			return nil, fmt.Errorf("stopped waiting to %s %q (the work goes on): %w", verb, name, ctx.Err())
		case <-m.done:
			select {
			case a = <-w.answer: // it came true before the end
			default:
				return nil, closed(verb, name)
			}
		}
		if v = a.view; err == nil {
			err = a.err
		}
	}
	return v, err
}
