package linux

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// taskPatience is how long Exec waits for a task that was killed: one that sleeps in
// the kernel does not die before it wakes, and the caller has other things to do.
const taskPatience = 3 * time.Second

// Exec runs a task of a process, a probe or a hook, and returns when nothing of it is
// left: its leader was reaped, its tree is empty, its output delivered and ended. What
// the leader leaves behind gets SIGKILL at once. When ctx ends, the whole tree gets it.
//
// id.Name is that of the process, a slash and a word; id.Gen is not used twice for a
// name. Nothing is reported to [Reports], CPU and memory count for the process, and
// [EnvTask] is set in the environment. Without c.Output what the task writes is thrown
// away.
//
// The exit is valid without an error. An error wraps that of ctx, when the leader
// had not ended before ctx did; [supervisor.ErrStopTimeout], when something of the task
// still lived three seconds after SIGKILL, or a sink still held its output: the System
// will reap it and may call c.Output until then; [supervisor.ErrClosed]; otherwise it
// says why nothing was executed, as for [Reports].SpawnFailed.
func (s *System) Exec(ctx context.Context, id Life, c Command) (Exit, error) {
	if err := ctx.Err(); err != nil {
		return Exit{}, err
	}
	if c.Output == nil {
		c.Output = nowhere{}
	}
	t := &task{system: s, ended: make(chan struct{}), over: make(chan struct{})}
	l := &life{Life: id, cmd: c, reports: t}
	if err := s.enqueue(l); err != nil {
		return Exit{}, err
	}

	var ctxErr error
	select {
	case <-t.over:
		return t.exit, t.err
	case <-t.ended:
	case <-ctx.Done():
		if s.withdraw(l) {
			return Exit{}, ctx.Err()
		}
		select {
		case <-t.ended: // it was first
		default:
			ctxErr = ctx.Err()
		}
		s.Kill(id, ScopeTree)
	case <-s.quit:
		return Exit{}, supervisor.ErrClosed
	}

	late := time.NewTimer(taskPatience)
	defer late.Stop()
	select {
	case <-t.over:
		if ctxErr != nil {
			return Exit{}, ctxErr
		}
		return t.exit, t.err
	case <-late.C:
		return Exit{}, t.stuck(id, ctxErr)
	case <-s.quit:
		return Exit{}, supervisor.ErrClosed
	}
}

// task takes the reports of one task. It is its own Reports, so that nobody else
// hears of it.
type task struct {
	system  *System
	spawned atomic.Bool
	ended   chan struct{} // closed when the leader was reaped; exit is set before
	over    chan struct{} // closed when nothing is left; exit and err are set before
	exit    Exit
	err     error
}

var _ Reports = (*task)(nil)

func (t *task) Spawned(Life, int) { t.spawned.Store(true) }

func (t *task) SpawnFailed(_ Life, err error) {
	t.err = err
	close(t.over)
}

func (t *task) Exited(id Life, exit Exit, left int) {
	t.exit = exit
	close(t.ended)
	if left == 0 {
		close(t.over)
		return
	}
	t.system.Kill(id, ScopeRest)
}

func (t *task) TreeEmpty(Life) { close(t.over) }

// stuck says what is left of a task that should be over.
func (t *task) stuck(id Life, ctxErr error) error {
	what := "something of it lives, or its output is not taken"
	if !t.spawned.Load() {
		what = "its program is still being executed; does its file system answer?"
	}
	if ctxErr != nil {
		return fmt.Errorf("cannot end task %q within %v of SIGKILL: %s: %w (%w)",
			id.Name, taskPatience, what, supervisor.ErrStopTimeout, ctxErr)
	}
	return fmt.Errorf("cannot end what task %q left behind within %v of SIGKILL: %s: %w",
		id.Name, taskPatience, what, supervisor.ErrStopTimeout)
}

// withdraw takes a life out of the queue of those that wait to be spawned. It reports
// false when its spawn has begun.
func (s *System) withdraw(l *life) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, l)
	if i < 0 {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	delete(s.lives, l.Life)
	l.over = true
	return true
}

// nowhere throws output away.
type nowhere struct{}

func (nowhere) Write(supervisor.Stream, []byte) {}
func (nowhere) End(supervisor.Stream)           {}

// splitTask returns the name of the process, and of a task the word after the slash.
func (id Life) splitTask() (process, word string, isTask bool) {
	return strings.Cut(id.Name, "/")
}

// withTask returns the environment in which EnvTask names the task, or is not set
// when the life is none: we may be part of a task ourselves.
func withTask(id Life, env []string) []string {
	isTaskVar := func(kv string) bool { return strings.HasPrefix(kv, EnvTask+"=") }
	if slices.ContainsFunc(env, isTaskVar) {
		env = slices.DeleteFunc(slices.Clone(env), isTaskVar)
	}
	if _, word, isTask := id.splitTask(); isTask {
		env = append(slices.Clip(env), EnvTask+"="+word+"."+strconv.FormatUint(id.Gen, 10))
	}
	return env
}

// parseTask reads the value of EnvTask.
func parseTask(v string) (word string, gen uint64, ok bool) {
	dot := strings.LastIndexByte(v, '.')
	if dot < 1 {
		return "", 0, false
	}
	gen, err := strconv.ParseUint(v[dot+1:], 10, 64)
	return v[:dot], gen, err == nil
}
