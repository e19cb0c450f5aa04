package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// taskExec is the word of a task that a caller has asked for.
const taskExec = "exec"

// Exec implements supervisor.Control. It is a task as an exec probe is one, with an argv
// that is passed on unaltered and an output that is kept. The audit line tells the
// program, not its arguments: they may hold secrets.
func (m *Manager) Exec(ctx context.Context, who supervisor.Caller, req supervisor.ExecRequest) (*supervisor.ExecResult, error) {
	const verb, word = "exec in", "exec" // in errors, and in audit lines
	if err := m.mayChange(who, word, req.Name); err != nil {
		return nil, refused(verb, req.Name, err)
	}
	argv, err := m.execArgv(req)
	if err != nil {
		return nil, err
	}
	var run *askedExec
	asked := m.ask(ctx, func(l *loop) {
		if l.ending != nil {
			err = closed(verb, req.Name)
			return
		}
		run, err = l.askedExec(verb, req.Name)
	})
	if asked != nil {
		return nil, refused(verb, req.Name, asked)
	}
	m.audit(who, word, req.Name, err, "program", supervisor.Shorten(argv[0], maxAuditName))
	if err != nil {
		return nil, err
	}
	type answer struct {
		result *supervisor.ExecResult
		err    error
	}
	done := make(chan answer, 1)
	go func() {
		result, err := run.make(argv, req.Timeout)
		done <- answer{result, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			err := fmt.Errorf("cannot %s %q: %w", verb, req.Name, a.err)
			m.auditor.failed(who, word, req.Name, err)
			return nil, err
		}
		return a.result, nil
	case <-ctx.Done(): // it ends by itself: it has its timeout
		return nil, refused(verb, req.Name, ctx.Err())
	}
}

// execArgv checks a request and returns what is executed. A shell text is run by the
// shell or, without one, split where that means the same, as everything that callers
// start.
func (m *Manager) execArgv(req supervisor.ExecRequest) ([]string, error) {
	c := req.Command
	switch {
	case c.IsZero() || len(c.Argv) > 0 && c.Argv[0] == "":
		return nil, invalid(req.Name, "no command was given (want a program and its arguments, or a shell text)")
	case strings.Contains(c.Shell+strings.Join(c.Argv, ""), "\x00"):
		return nil, invalid(req.Name, "the command holds a NUL byte, which no program can be given")
	case req.Timeout < 0:
		return nil, invalid(req.Name, "timeout %s is negative", req.Timeout)
	case c.Shell == "":
		return c.Argv, nil
	}
	if words, plain := plainWords(c.Shell); plain && !m.shell {
		return words, nil
	}
	return []string{"/bin/sh", "-c", c.Shell}, nil
}

// askedExec is a command that a caller wants to be run about a process.
type askedExec struct {
	task *task
	ctx  context.Context // ends with the life, or, where there is none, with the entry
	run  uint64          // number of the life; 0: there is none
}

// askedExec finds the one process that a name means, and its context: of one that runs
// that of its life, of one that does not, what the next would get.
func (l *loop) askedExec(verb, name string) (*askedExec, error) {
	e, err := l.only(verb, name)
	if err != nil {
		return nil, err
	}
	switch e.proc.State {
	case machine.PostStart, machine.Starting, machine.Running:
		return &askedExec{
			task: &task{m: l.m, spec: e.ran, life: e.life, what: taskExec}, ctx: e.life.asking(), run: e.life.gen,
		}, nil
	case machine.Idle, machine.Waiting, machine.Spawning, machine.Backoff:
		if e.standby == nil {
			ctx, end := context.WithCancel(context.Background())
			e.standby = &life{gen: e.proc.Gen, ctx: ctx, end: end}
		}
		// Its environment is read each time: what a life keeps is of its beginning.
		standby := &life{gen: e.standby.gen, ctx: e.standby.ctx, own: l.namesOf(e)}
		return &askedExec{task: &task{m: l.m, spec: e.spec, life: standby, what: taskExec}, ctx: standby.ctx}, nil
	case machine.PreStop, machine.Stopping, machine.Killing, machine.Draining, machine.PostStop:
	}
	return nil, fmt.Errorf("cannot %s %q: %w: it is ending (%s)", verb, name, supervisor.ErrNotRunning, e.proc.Status())
}

// only is the one process that a name means.
func (l *loop) only(verb, name string) (*entry, error) {
	if e := l.entries[name]; e != nil {
		return e, nil
	}
	known := l.family(name)
	switch len(known) {
	case 0:
		return nil, l.notFound(verb, name)
	case 1:
		return known[0], nil
	}
	return nil, fmt.Errorf("cannot %s %q: %w: it has %d replicas: name one of them, such as %s", verb, name, supervisor.ErrInvalid, len(known), known[0].spec.Name)
}

// make runs it, within its time.
func (a *askedExec) make(argv []string, timeout time.Duration) (*supervisor.ExecResult, error) {
	if timeout == 0 {
		timeout = supervisor.DefaultExecTimeout
	}
	ctx, cancel := context.WithTimeout(a.ctx, timeout)
	defer cancel()
	out := &kept{}
	began := time.Now()
	exit, err := a.task.run(ctx, func([]string) []string { return argv }, out)
	r := &supervisor.ExecResult{Process: a.task.spec.Name, Run: a.run, Seconds: time.Since(began).Seconds()}
	out.into(r)
	switch {
	case err == nil && exit.Signal == 0:
		r.ExitCode, r.Reason = &exit.Code, supervisor.ReasonCompleted
		if exit.Code != 0 {
			r.Reason = supervisor.ReasonError
		}
	case err == nil:
		r.Signal, r.Reason = new(exit.Signal.String()), supervisor.ReasonSignaled
		if exit.OOM {
			r.Reason = supervisor.ReasonOOMKilled
		}
	case errors.Is(err, supervisor.ErrStopTimeout): // it wraps that of the context, too, but nothing was killed
		return nil, supervisor.Say(supervisor.ErrStopTimeout, "%v", err)
	case errors.Is(err, context.DeadlineExceeded):
		r.Signal, r.Reason = new(supervisor.SIGKILL.String()), supervisor.ReasonDeadlineExceeded
		r.Error = fmt.Sprintf("no end after %s: it and all that it started was killed", timeout)
	case a.ctx.Err() != nil && errors.Is(err, context.Canceled):
		r.Signal, r.Reason = new(supervisor.SIGKILL.String()), supervisor.ReasonSignaled
		r.Error = "the process has ended meanwhile: it and all that it started was killed"
	case errors.Is(err, supervisor.ErrClosed):
		return nil, err
	default:
		return nil, fmt.Errorf("%w: %w", supervisor.ErrStart, err)
	}
	return r, nil
}

// kept is the beginning of what a command writes, each stream by itself.
type kept struct {
	mu      sync.Mutex
	streams [2]struct {
		text []byte
		cut  bool
	}
}

// Write implements linux.Output.
func (k *kept) Write(stream supervisor.Stream, chunk []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := &k.streams[0]
	if stream == supervisor.Stderr {
		s = &k.streams[1]
	}
	fits := min(len(chunk), supervisor.MaxExecOutput-len(s.text))
	s.text = append(s.text, chunk[:fits]...)
	s.cut = s.cut || fits < len(chunk)
}

// End implements linux.Output.
func (k *kept) End(supervisor.Stream) {}

// into writes down what was kept. What still comes, of a command that could not be killed,
// is not part of it.
func (k *kept) into(r *supervisor.ExecResult) {
	k.mu.Lock()
	defer k.mu.Unlock()
	out, err := &k.streams[0], &k.streams[1]
	r.Stdout, r.StdoutTruncated = append([]byte{}, out.text...), out.cut
	r.Stderr, r.StderrTruncated = append([]byte{}, err.text...), err.cut
}

var _ linux.Output = (*kept)(nil)
