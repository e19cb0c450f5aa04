package manager

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// life is what belongs to one life of a process and ends with it: its environment,
// its probes, its hook. The loop makes it when the life is spawned.
type life struct {
	gen    uint64
	env    atomic.Pointer[[]string] // complete, once its files were read; for its tasks
	ctx    context.Context
	end    context.CancelFunc
	hook   context.CancelCauseFunc // ends the hook that runs; nil: none does
	in     machine.State           // whose hook that is
	probes [3]*prober              // by machine.Probe; nil: not made now
	found  [3]finding              // what they have found last
	text   string                  // what the process says of itself
	fault  string                  // what was found wrong with it last, in words
	unwait func()                  // ends the wait for a line; nil: none was begun
	own    []string                // variables that the manager tells it

	asked context.Context    // of attempts that callers want; nil: none does
	unask context.CancelFunc // ends them

	basis map[string]uint64 // lives of those it depends on, when it began; nil: nobody wants to know
}

// beginLife makes what the new life of an entry needs, and spawns it.
func (l *loop) beginLife(e *entry) {
	e.endLife()
	if e.proc.Coming == nil { // else this run began with the definition before
		e.ran = e.spec
	}
	ctx, end := context.WithCancel(context.Background())
	e.life = &life{gen: e.proc.Gen, ctx: ctx, end: end}
	l.noteBasis(e)
	c := l.command(e)
	l.awaitLine(e)
	l.m.os.Spawn(e.id(), c)
}

// blame notes what is wrong with the present life: it is told when the life ends for it.
func (e *entry) blame(what string) {
	if e.life != nil {
		e.life.fault = what
	}
}

// faulted reports whether blame explains a reason.
func faulted(r supervisor.Reason) bool {
	return slices.Contains([]supervisor.Reason{
		supervisor.ReasonUnhealthy, supervisor.ReasonStartTimeout, supervisor.ReasonMemoryLimit, supervisor.ReasonPostStartHookError,
	}, r)
}

// endLife ends what belongs to the life before.
func (e *entry) endLife() {
	if e.life != nil {
		e.life.end()
	}
	e.life = nil
}

// endStandby ends what callers have begun about a process that did not run.
func (e *entry) endStandby() {
	if e.standby != nil {
		e.standby.end()
	}
	e.standby = nil
}

// namesOf are the variables that tell a process, and what is run about it, whose it is.
func (l *loop) namesOf(e *entry) []string {
	own := []string{linux.EnvName + "=" + e.spec.Name, linux.EnvRun + "=" + strconv.FormatUint(e.proc.Gen, 10)}
	if e.index >= 0 {
		own = append(own, envIndex+"="+strconv.Itoa(e.index))
	}
	return own
}

// command is what is executed for one life.
func (l *loop) command(e *entry) linux.Command {
	own := l.namesOf(e)
	e.life.own = own
	if e.origin == fromCommand { // as it was given: nothing expands
		return linux.Command{Argv: e.ran.Command.Argv, Env: append(slices.Clone(l.m.environ), own...), Foreground: true, Resolve: linux.ScriptByShell}
	}
	spec, life, keep := e.ran, e.life, execsTasks(e.ran)
	c := rights(spec)
	c.Dir, c.Output = spec.WorkingDir, e.log.Life(e.proc.Gen)
	c.Stdin, c.TTY = spec.Stdin, spec.TTY
	l.wireReadiness(e, &c)
	own = append(own, watchdogEnv(spec)...)
	life.own = own
	base, log := l.m.environ, l.m.log
	c.Resolve = func(c *linux.Command) error { // on a goroutine that may wait for a disk
		env, notes, err := manifest.ReadEnvironment(*spec, slices.Concat(base, own))
		if err != nil {
			return err
		}
		for _, note := range notes {
			log.Warn("a variable was left out", "name", spec.Name, "what", note)
		}
		if keep {
			life.env.Store(&env)
		}
		c.Env, c.Argv = env, manifest.Argv(*spec, env)
		c.Identity.Keep = keptNames(env, base)
		return nil
	}
	return c
}

// execsTasks reports whether commands are run about a process, in its environment.
func execsTasks(spec *supervisor.Spec) bool {
	for _, k := range machine.Probes() {
		if p := probeOf(spec, k); p != nil && p.Exec != nil {
			return true
		}
	}
	for s := range hooks {
		if h := hookOf(spec, s); h != nil && h.Exec != nil {
			return true
		}
	}
	return false
}

// envIndex tells a replica its number.
const envIndex = "PM_PROCESS_INDEX"

// rights turns what the spec says of identity and limits into what the system sets.
func rights(spec *supervisor.Spec) linux.Command {
	var c linux.Command
	if s := spec.SecurityContext; s != nil {
		c.Identity = linux.Identity{
			User: value(s.RunAsUser), Group: value(s.RunAsGroup), Groups: s.SupplementalGroups,
			NonRoot: value(s.RunAsNonRoot),
		}
		if s.Capabilities != nil {
			c.Setup.AddCaps, c.Setup.DropCaps = s.Capabilities.Add, s.Capabilities.Drop
		}
		c.Setup.NoNewPrivs = s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation
	}
	c.Setup.Rlimits, c.Setup.Nice, c.Setup.IOPriority = spec.Rlimits, spec.Nice, spec.IOPriority
	c.Setup.OOMScoreAdj, c.Setup.Umask = spec.OOMScoreAdj, spec.Umask
	c.Limits, c.Measures = limitsOf(spec), linux.Measures(spec.Metrics)
	return c
}

// keptNames lists those of the variables that follow a user which the manifest has set: its
// word goes before that of /etc/passwd.
func keptNames(env, base []string) []string {
	var list []string
	for _, name := range []string{"HOME", "USER", "LOGNAME"} {
		has := func(kv string) bool { return strings.HasPrefix(kv, name+"=") }
		if i := slices.IndexFunc(env, has); i >= 0 && !slices.Contains(base, env[i]) {
			list = append(list, name)
		}
	}
	return list
}

// limitsOf turns quantities into numbers; they were checked.
func limitsOf(spec *supervisor.Spec) linux.Limits {
	if spec.Resources == nil {
		return linux.Limits{}
	}
	whole := func(q *supervisor.Quantity) int64 {
		if q == nil {
			return 0
		}
		n, _ := q.Value()
		return n
	}
	milli := func(q *supervisor.Quantity) int64 {
		if q == nil {
			return 0
		}
		n, _ := q.Milli()
		return n
	}
	limits, asked := spec.Resources.Limits, spec.Resources.Requests
	return linux.Limits{
		Memory: whole(limits.Memory), CPU: milli(limits.CPU), PIDs: whole(limits.PIDs),
		MemoryAsked: whole(asked.Memory), CPUAsked: milli(asked.CPU),
	}
}
