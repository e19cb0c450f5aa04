package machine

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Event is something that happened to a process. The set is closed.
type Event interface{ event() }

// What people and other processes want.
type (
	// Start wants it up: a new run, or its schedule armed.
	Start struct{}
	// Stop wants it down. By, when set, ends every grace period from now on: the
	// budget of the shutdown.
	Stop struct {
		Cause Cause
		By    time.Time
	}
	// Restart wants this life ended and a new run.
	Restart struct{ Cause Cause }
	// Delete wants it down and forgotten.
	Delete struct{ Cause Cause }
	// Trigger wants a run now, beside the schedule.
	Trigger struct{}
	// Change brings a new manifest's rules. Renew: what is executed has changed, so
	// that a life that is going on ends for it (a scheduled run is let finish). Rearm:
	// the schedule has changed.
	Change struct {
		Rules        *Rules
		Renew, Rearm bool
	}
	// DependencyMet tells that one of Unmet is met.
	DependencyMet struct{ Name string }
	// DependencyFailed tells that one of Unmet never will be.
	DependencyFailed struct {
		Name string
		Exit Exit
	}
)

// What the operating system reports; each carries the number of its life.
type (
	// Spawned: the leader lives.
	Spawned struct {
		Gen uint64
		PID int
	}
	// SpawnFailed: fork or exec failed; Code is what a shell would say, 126 or 127.
	SpawnFailed struct {
		Gen  uint64
		Err  string
		Code int
	}
	// Exited: the leader was reaped; Left others of its tree live.
	Exited struct {
		Gen  uint64
		Exit Exit
		Left int
	}
	// TreeEmpty: after Exited with Left > 0, now nothing is left.
	TreeEmpty struct{ Gen uint64 }
)

// What hooks, probes and the process itself report; each carries the number of its
// life.
type (
	// HookDone: the hook of the state PostStart, PreStop or PostStop has ended.
	HookDone struct {
		Gen  uint64
		Hook State
		OK   bool
	}
	// Probed: one attempt of a probe.
	Probed struct {
		Gen   uint64
		Probe Probe
		OK    bool
	}
	// Said: the process says that it is ready, or that it is not any more.
	Said struct {
		Gen   uint64
		Ready bool
	}
	// Fed: the watchdog was fed; Every, if not 0, is how often it will be from now on.
	Fed struct {
		Gen   uint64
		Every time.Duration
	}
	// Condemned: this life is to end, because of the cause; its restart policy decides
	// what comes then.
	Condemned struct {
		Gen   uint64
		Cause Cause
	}
)

// What the clocks say.
type (
	// Tick: Next() has come (or has not: then nothing happens).
	Tick struct{}
	// Armed answers the action Arm: the next scheduled time.
	Armed struct{ At time.Time }
	// AsideEnded: a run that an Aside began has ended by itself.
	AsideEnded struct{ OK bool }
	// CronDue: CronAt has come, Late ago; Next is the scheduled time after it. When
	// others have come since, Missed of them, Late is about the last one.
	// Busy: runs that were begun aside, when the policy was Allow, go on.
	CronDue struct {
		Next   time.Time
		Late   time.Duration
		Missed uint64
		Busy   bool
	}
)

func (Start) event()            {}
func (Stop) event()             {}
func (Restart) event()          {}
func (Delete) event()           {}
func (Trigger) event()          {}
func (DependencyMet) event()    {}
func (DependencyFailed) event() {}
func (Spawned) event()          {}
func (SpawnFailed) event()      {}
func (Exited) event()           {}
func (TreeEmpty) event()        {}
func (Change) event()           {}
func (HookDone) event()         {}
func (Probed) event()           {}
func (Said) event()             {}
func (Fed) event()              {}
func (Condemned) event()        {}
func (Tick) event()             {}
func (Armed) event()            {}
func (AsideEnded) event()       {}
func (CronDue) event()          {}

// Scope says who gets a signal.
type Scope uint8

// The scopes.
const (
	ToLeader Scope = iota // the leader
	ToGroup               // the leader's process group
	ToTree                // everyone
	ToRest                // everyone but the leader, which has ended
)

// String returns the scope's name.
func (s Scope) String() string { return [...]string{"leader", "group", "tree", "rest"}[s] }

// Action is something to be done. The set is closed.
type Action interface{ action() }

// The actions.
type (
	// Spawn begins the life Gen.
	Spawn struct{ Gen uint64 }
	// Signal sends the stop signal, then SIGCONT so that a stopped process sees it.
	Signal struct {
		Gen    uint64
		Signal supervisor.Signal
		Scope  Scope
	}
	// Kill sends SIGKILL.
	Kill struct {
		Gen   uint64
		Scope Scope
	}
	// RunHook runs the hook of the state PostStart, PreStop or PostStop; the answer is
	// HookDone. It is to be ended when the life leaves the state.
	RunHook struct {
		Gen  uint64
		Hook State
	}
	// Arm asks for the next scheduled time; the answer is Armed.
	Arm struct{}
	// Aside starts run number N as a process of its own, concurrencyPolicy Allow.
	Aside struct{ N uint64 }
	// Forget removes the process; nothing of it is left.
	Forget struct{}
)

func (Spawn) action()   {}
func (Signal) action()  {}
func (Kill) action()    {}
func (Arm) action()     {}
func (RunHook) action() {}
func (Aside) action()   {}
func (Forget) action()  {}
