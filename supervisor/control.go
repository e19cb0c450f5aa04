package supervisor

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Control is everything a door can ask of a manager. All methods may be called
// from any goroutine; a context that ends stops the waiting, never the work that
// was begun, and one of [NoWait] has none. Methods that change something return [ErrForbidden] to a caller
// whose role is not [RoleOperator]. After shutdown all return [ErrClosed].
type Control interface {
	// Start makes a new process from the request and starts it, or, when the
	// request has a name only, starts an existing idle one again. It returns when
	// the first life runs (or cron is armed, or a dependency is waited for).
	// Errors: ErrInvalid, ErrExists (a command was given and the name is taken, or
	// it runs already), ErrNotFound (no command and no such name), ErrStart.
	Start(ctx context.Context, who Caller, req StartRequest) (*ProcessInfo, error)

	// Stop ends the process and disarms its schedule and its restarts. It returns
	// when nothing of its tree is left. Errors: ErrNotFound, ErrNotRunning (it had
	// ended already), ErrStopTimeout (it survived SIGKILL).
	Stop(ctx context.Context, who Caller, name string) (*ProcessInfo, error)

	// Restart ends the current life and starts a new one; what is idle is started.
	// It returns when the new life runs. Errors: ErrNotFound, ErrStart,
	// ErrStopTimeout.
	Restart(ctx context.Context, who Caller, name string) (*ProcessInfo, error)

	// Delete stops the process and forgets it. Errors: ErrNotFound, ErrStopTimeout.
	Delete(ctx context.Context, who Caller, name string) error

	// Status describes one process. Errors: ErrNotFound.
	Status(ctx context.Context, who Caller, name string) (*ProcessInfo, error)

	// List describes all processes that the request selects, sorted by name.
	List(ctx context.Context, who Caller, req ListRequest) ([]*ProcessInfo, error)

	// Logs returns the newest captured lines, oldest first. Errors: ErrNotFound (also when
	// the life before is wanted and there was none), ErrInvalid.
	Logs(ctx context.Context, who Caller, req LogsRequest) ([]LogLine, error)

	// Signal sends a signal to the leader of a process, and nothing else. Errors:
	// ErrNotFound, ErrNotRunning, ErrInvalid (no such signal).
	Signal(ctx context.Context, who Caller, name string, sig Signal) (*ProcessInfo, error)

	// Trigger begins a run now, beside the schedule where there is one; under
	// concurrencyPolicy Allow it is one more, which the answer is about, else nothing may
	// be going on. It returns when the life runs. Errors: ErrNotFound, ErrExists (a run
	// goes on), ErrStart.
	Trigger(ctx context.Context, who Caller, name string) (*ProcessInfo, error)

	// History returns the lives that have ended, newest first: of a scheduled process
	// as many as its history limits say, of others the last ten. Errors: ErrNotFound.
	History(ctx context.Context, who Caller, name string) ([]LifeRecord, error)

	// Tree lists the living processes of a process's tree, each before its children; of a
	// name with replicas or runs, theirs one after the other. It is empty when nothing
	// lives. A viewer sees no arguments. Errors: ErrNotFound.
	Tree(ctx context.Context, who Caller, name string) ([]TreeProcess, error)

	// Probe makes one attempt now of a probe of the process, or of each that it has, and
	// of a name with replicas or runs of theirs. Nothing but the answer comes of it: no
	// count, verdict or metric. It lasts at most as long as the probe's timeout, and ends
	// with the life. It is for operators: an exec probe runs a command. Errors: ErrNotFound,
	// ErrNotRunning (it does not run, or is ending), ErrInvalid (it has no such probe).
	Probe(ctx context.Context, who Caller, req ProbeRequest) ([]ProbeResult, error)

	// Exec runs a command once in the context of a process, as an exec probe is run: with
	// its environment, directory, rights and limits, and without a stdin. It returns when
	// nothing of the command is left. Of a process that runs the context is that of its
	// life, and ends with it; of one that does not, the one that the next would get. What
	// has not ended after the timeout is killed with all that it started; that is a result,
	// not an error, and so is an exit code. Errors: ErrNotFound, ErrInvalid (no command, or
	// a name with several replicas), ErrNotRunning (the process is ending), ErrStart (no
	// program was executed), ErrStopTimeout (it survived SIGKILL).
	Exec(ctx context.Context, who Caller, req ExecRequest) (*ExecResult, error)

	// Wait returns when the condition has become true. Errors: ErrNotFound, ErrInvalid
	// (no such condition), ErrNotRunning (it has failed, or was stopped, and the
	// condition cannot become true by itself), ErrStopTimeout (the time is up).
	Wait(ctx context.Context, who Caller, req WaitRequest) (*ProcessInfo, error)

	// Events begins to listen: what happens from now on is delivered by the stream. It is
	// to be closed.
	Events(ctx context.Context, who Caller, req EventsRequest) (EventStream, error)

	// Follow begins to follow captured lines: first those that Logs would return, then
	// each as it is written, without gap or duplicate in between, over restarts, until
	// the process is deleted. With Previous it begins in the life before, and all lines
	// behind that one come in between. It is to be closed. Errors: those of Logs.
	Follow(ctx context.Context, who Caller, req LogsRequest) (LogStream, error)

	// Manifest tells what is in force. Values from secret sources are not part of it:
	// they are read when a process is started.
	Manifest(ctx context.Context, who Caller) (*ManifestInfo, error)

	// Diff tells what Apply would do with the text, without doing it. An empty text
	// means the manifest's file or directory, read now. Errors: ErrInvalid.
	Diff(ctx context.Context, who Caller, manifest string) ([]Change, error)

	// Apply makes the text the manifest in force, until the file changes or this
	// program ends; an empty text means the file or directory, read now. It returns
	// when the changes have been begun: what must end first may still be ending.
	// Nothing is changed on an error. Errors: ErrInvalid.
	Apply(ctx context.Context, who Caller, manifest string) ([]Change, error)

	// System describes the manager itself.
	System(ctx context.Context, who Caller) (*SystemInfo, error)

	// Shutdown begins the ordered end of everything, with exit code 0, and returns.
	Shutdown(ctx context.Context, who Caller) error

	// Snapshot is one consistent view of all processes and counters, for metrics
	// and health. It needs no role.
	Snapshot(ctx context.Context, req SnapshotRequest) (*Snapshot, error)
}

type noWaitKey struct{}

// NoWait returns a context for calls that do not want to wait: Start, Stop, Restart,
// Delete and Trigger return as soon as the work has begun, with the process as it is at
// that moment, or with the error that refuses the work. How it goes on is told by Wait
// and Events. The clients of package rpc/client pass it on.
func NoWait(ctx context.Context) context.Context { return context.WithValue(ctx, noWaitKey{}, true) }

// Waits tells whether a call is to wait until its work is done: it is not under a context
// of [NoWait].
func Waits(ctx context.Context) bool { return ctx.Value(noWaitKey{}) == nil }

// StartRequest asks for a new process that is not in the manifest. Such a
// process never restarts by itself, is never touched by a manifest reload, and
// runs /bin/sh -c Command (without a shell in the image, a command without shell
// syntax is split into words and executed).
type StartRequest struct {
	Name     string // see [CheckName]
	Command  string // shell text; empty: start the existing process of that name again
	Log      bool   // also write a file under the log directory
	Deadline int    // seconds a run may last; 0: no limit; negative is invalid
	Cron     string // schedule; empty: start now, once
	JobID    string // free text of the caller, echoed in ProcessInfo
	// Spec, when not nil, is the whole definition, as in a manifest, in place of Command,
	// Log, Deadline and Cron. Its name may be empty or Name; its restartPolicy is Never
	// unless given; what it depends on must be known; it has no replicas.
	Spec *Spec
}

// ListRequest selects processes; its zero value selects all.
type ListRequest struct {
	Labels map[string]string // all must be equal
	Status []Status          // any of these; empty: all
}

// ProbeRequest is what Probe is to try.
type ProbeRequest struct {
	Name  string
	Probe ProbeKind // empty: each that it has
}

// ExecRequest is a command that Exec is to run.
type ExecRequest struct {
	Name    string
	Command Command       // passed on unaltered: nothing expands in it
	Timeout time.Duration // 0: DefaultExecTimeout
}

// The bounds of Exec.
const (
	DefaultExecTimeout = 30 * time.Second
	MaxExecOutput      = 1 << 20 // bytes of each stream that are kept: the first ones
)

// ProbeKind is one of the three probes.
type ProbeKind string

// The probes.
const (
	ProbeStartup   ProbeKind = "startup"
	ProbeLiveness  ProbeKind = "liveness"
	ProbeReadiness ProbeKind = "readiness"
)

// ProbeKinds lists them.
func ProbeKinds() []ProbeKind { return []ProbeKind{ProbeStartup, ProbeLiveness, ProbeReadiness} }

// SnapshotRequest says what a snapshot is to hold.
type SnapshotRequest struct {
	// Usage wants what the processes use to be no more than a second old, with details; for
	// that /proc is read. Without it these numbers are those of the last sample.
	Usage bool
}

// WaitRequest is what Wait waits for.
type WaitRequest struct {
	Name      string
	Condition WaitCondition
	Timeout   time.Duration // 0: as long as the context
}

// WaitCondition is what may be waited for.
type WaitCondition string

// The conditions of Wait. They are about the present, not about ever.
const (
	WaitRunning   WaitCondition = "running"   // it runs
	WaitReady     WaitCondition = "ready"     // it is ready
	WaitCompleted WaitCondition = "completed" // its last run ended with success
	WaitEnded     WaitCondition = "ended"     // nothing of it is going on: completed, failed or stopped
	WaitDeleted   WaitCondition = "deleted"   // it is not known any more
)

// WaitConditions lists them.
func WaitConditions() []WaitCondition {
	return []WaitCondition{WaitRunning, WaitReady, WaitCompleted, WaitEnded, WaitDeleted}
}

// EventsRequest selects events; its zero value selects all.
type EventsRequest struct {
	Name   string            // of one process, or of its replicas or runs; empty: all
	Labels map[string]string // all must be equal
}

// EventStream delivers events in order. One goroutine uses it at a time, but Close
// may be called from any.
type EventStream interface {
	// Next waits for the next event. Errors: that of ctx; ErrClosed after the end of the
	// manager or Close; ErrSlow when so many events were not fetched that some are lost.
	Next(ctx context.Context) (Event, error)
	Close()
}

// LogStream delivers lines in order. One goroutine uses it at a time, but Close may
// be called from any.
type LogStream interface {
	// Next waits for lines. Errors: that of ctx; ErrNotFound when the process was deleted;
	// ErrClosed after the end of the manager or Close.
	Next(ctx context.Context) (LogBatch, error)
	Close()
}

// LogBatch is what a LogStream delivers at once.
type LogBatch struct {
	Lines []LogLine
	// Lost counts bytes before these lines that were overwritten before they were
	// fetched.
	Lost uint64
}

// LogsRequest selects captured lines of one process.
type LogsRequest struct {
	Name     string
	Lines    int       // newest lines wanted; 0: 100; negative is invalid
	Stream   Stream    // empty: both
	Since    time.Time // only lines at or after; zero: no bound
	Previous bool      // only lines of the life before the current or last one
}

// DefaultLogLines is what LogsRequest.Lines 0 means.
const DefaultLogLines = 100

// Door names the interface through which a caller came.
type Door string

// The doors.
const (
	DoorTelnet Door = "telnet"
	DoorRPC    Door = "rpc"
	DoorGo     Door = "go"
)

// Role is what a caller may do.
type Role uint8

// The roles, from less to more.
const (
	RoleNone     Role = iota // not authenticated
	RoleViewer               // may look: at definitions, not at what only a running process has of a Secret
	RoleOperator             // may change
)

// String returns the role's word in logs and errors.
func (r Role) String() string {
	switch r {
	case RoleNone:
		return "nobody"
	case RoleViewer:
		return "viewer"
	case RoleOperator:
		return "operator"
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// Caller says who asks: for the audit line and for permission.
type Caller struct {
	Door Door
	Peer string // remote address, or "unix"
	Role Role
}

// MayLook returns ErrForbidden unless the caller is at least a viewer.
func (c Caller) MayLook() error { return c.atLeast(RoleViewer) }

// MayChange returns ErrForbidden unless the caller is an operator.
func (c Caller) MayChange() error { return c.atLeast(RoleOperator) }

func (c Caller) atLeast(want Role) error {
	if c.Role >= want {
		return nil
	}
	return fmt.Errorf("%w: %s needs the role %s, this caller is a %s", ErrForbidden, c.Door, want, c.Role)
}

// JoinLog writes lines as plain text, one per line, each ended by a newline.
func JoinLog(lines []LogLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Msg)
		b.WriteByte('\n')
	}
	return b.String()
}
