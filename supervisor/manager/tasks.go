package manager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
	"github.com/processmanager/processmanager/supervisor/internal/probe"
)

// task is a probe's attempt, a hook or a caller's command: something that is done about
// a life, outside the loop.
type task struct {
	m     *Manager
	spec  *supervisor.Spec
	life  *life
	what  string   // "liveness", "preStop", "exec": its word in names, logs and metrics
	extra []string // further environment
}

// exec runs a command as the process is run: with its environment, directory and
// rights. Success is exit code 0.
func (t *task) exec(ctx context.Context, action *supervisor.ExecAction) error {
	out := &bounded{}
	program := ""
	exit, err := t.run(ctx, func(env []string) []string {
		argv := manifest.ExecArgv(action.Command, env)
		program = argv[0]
		return argv
	}, out)
	switch {
	case err != nil:
		return err
	case exit.Signal != 0:
		return fmt.Errorf("%s: ended by %s%s", program, exit.Signal, out.tail())
	case exit.Code != 0:
		return fmt.Errorf("%s: exit code %d%s", program, exit.Code, out.tail())
	}
	return nil
}

// run runs what argv makes of the environment, and returns how it ended.
func (t *task) run(ctx context.Context, argv func(env []string) []string, out linux.Output) (linux.Exit, error) {
	env, err := t.environment()
	if err != nil {
		return linux.Exit{}, err
	}
	c := rights(t.spec)
	c.Dir, c.Output = t.spec.WorkingDir, out
	n := t.m.tasks.Add(1)
	c.Env = append(env, t.extra...)
	c.Env = append(c.Env, linux.EnvTask+"="+t.what+"."+strconv.FormatUint(n, 10))
	c.Argv = argv(c.Env)
	c.Identity.Keep = keptNames(c.Env, t.m.environ)
	return t.m.os.Exec(ctx, linux.Life{Name: t.spec.Name + "/" + t.what, Gen: n}, c)
}

// environment is the one that the life was started with; of a life that had no tasks
// then, and got one by a new manifest, it is made now.
func (t *task) environment() ([]string, error) {
	if env := t.life.env.Load(); env != nil {
		return slices.Clone(*env), nil
	}
	env, err := manifest.Environment(*t.spec, slices.Concat(t.m.environ, t.life.own))
	if err != nil {
		return nil, err
	}
	t.life.env.Store(&env)
	return slices.Clone(env), nil
}

// handler does what a hook says.
func (t *task) handler(ctx context.Context, h *supervisor.LifecycleHandler) error {
	switch {
	case h.Exec != nil:
		return t.exec(ctx, h.Exec)
	case h.HTTPGet != nil:
		return probe.Attempt(ctx, probe.Target{HTTP: h.HTTPGet, Ports: t.spec.Ports})
	case h.Sleep != nil:
		pause := time.NewTimer(time.Duration(h.Sleep.Seconds) * time.Second)
		defer pause.Stop()
		select {
		case <-pause.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// attempt makes one attempt of a probe.
func (t *task) attempt(ctx context.Context, p *supervisor.Probe) error {
	span := time.Duration(max(1, value(p.TimeoutSeconds))) * time.Second
	ctx, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	if p.Exec == nil {
		return probe.Attempt(ctx, probe.Target{HTTP: p.HTTPGet, TCP: p.TCPSocket, GRPC: p.GRPC, Ports: t.spec.Ports})
	}
	err := t.exec(ctx, p.Exec)
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, supervisor.ErrStopTimeout) {
		err = fmt.Errorf("no end after %s: it and all that it started was killed", span)
	}
	return err
}

// taskOutput is how much of a task's output is kept: what the kubelet keeps.
const taskOutput = 10 << 10

// bounded keeps the beginning of what a task writes.
type bounded struct {
	mu   sync.Mutex
	text []byte
}

// Write implements linux.Output.
func (b *bounded) Write(_ supervisor.Stream, chunk []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, chunk[:min(len(chunk), taskOutput-len(b.text))]...)
}

// End implements linux.Output.
func (b *bounded) End(supervisor.Stream) {}

// maxShown bounds what a message shows of a task's output.
const maxShown = 200

// tail is the last line of the output, for a message; empty: there was none.
func (b *bounded) tail() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := bytes.TrimSpace(b.text)
	text = text[bytes.LastIndexByte(text, '\n')+1:]
	if len(text) == 0 {
		return ""
	}
	shown := strings.ToValidUTF8(string(text[:min(len(text), maxShown)]), "�")
	return fmt.Sprintf(": %q", shown)
}
