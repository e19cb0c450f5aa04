package machine

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Exit is how a leader ended.
type Exit struct {
	Code   int               // when Signal is 0; of a failed start what a shell would say: 126 or 127
	Signal supervisor.Signal // 0: it exited
	Err    string            // fork or exec failed: it never lived
	OOM    bool              // the kernel killed it because it was over its memory limit
}

// ShellCode is the exit as one number, as a shell has it in $?: the code, or
// 128+n for a signal.
func (e Exit) ShellCode() int {
	if e.Signal != 0 {
		return 128 + int(e.Signal)
	}
	return e.Code
}

// Last is the record of the last life that ended.
type Last struct {
	Gen    uint64 // 0: none has
	Exit   Exit
	Reason supervisor.Reason
	At     time.Time
}

// Proc is one process: a plain value, so that a copy is a snapshot and it can be
// written down and read back. Only Step makes new ones.
type Proc struct {
	Rules  *Rules
	Coming *Rules // of a new manifest, in force from the next run; nil: none
	State  State
	Goal   Goal
	Cause  Cause

	Gen  uint64    // number of the current or last life
	PID  int       // leader's; 0 unless it lives
	Born time.Time // the current or last life began to run

	Since    time.Time // entered State
	Due      time.Time // State's own deadline; zero: none
	RunStart time.Time // the run's first life began; zero: none has
	RunEnd   time.Time // the run's deadline; zero: none
	EndBy    time.Time // no grace period lasts longer; zero: none
	CronAt   time.Time // next scheduled time, by the wall clock; zero: not armed

	Unmet  []string      // names in Rules.Needs not met yet; replaced, never changed in place
	Checks [probes]Check // what the probes have found in this life
	Said   bool          // the readiness signal of this life has come
	FedBy  time.Time     // by when the watchdog is to be fed; zero: it is not watched
	Feed   time.Duration // and how often from then on

	Fails  int // consecutive restarts in this run
	Delays int // consecutive backoffs: the exponent
	Kills  int // SIGKILLs sent to this life

	Last    Last
	Outcome Outcome
	Why     supervisor.Reason // of a Failed outcome; Suspended with goal Down: it is what keeps it down
	Final   Exit              // what a Failed or Completed process counts as; a dependency's exit when that failed it

	// What others may depend on: once true it stays true, until a new definition comes.
	Started   bool // a life of it has started
	WasReady  bool // it has been ready
	Succeeded bool // a run of it ended with success

	Restarts uint64 // automatic ones, ever
	Asides   uint64 // runs handed out under concurrencyPolicy Allow; the last one's number
	Runs     Runs
}

// Runs counts the ends of a scheduled process's runs.
type Runs struct {
	Succeeded, Failed, Skipped, Replaced, Missed uint64
	LastSuccess                                  time.Time
}

// Check is what a probe has found in this life.
type Check struct {
	Good, Bad int  // results in a row; one of them is 0
	OK        bool // the verdict, after the thresholds
}

// New returns an idle process that has not been started. A suspended one is down
// until somebody starts it.
func New(rules *Rules, now time.Time) Proc {
	p := Proc{Rules: rules, Since: now, Unmet: rules.needed()}
	if rules.Suspended {
		p.Goal, p.Why = Down, supervisor.ReasonSuspended
	}
	return p
}

// latest are the rules of the last manifest, in force or coming.
func (p Proc) latest() *Rules {
	if p.Coming != nil {
		return p.Coming
	}
	return p.Rules
}

// outOfDate reports whether the life is one of a definition that is to be replaced as
// soon as it can be: a scheduled run is let finish.
func (p Proc) outOfDate() bool { return p.Coming != nil && !p.Rules.Scheduled }

// Alive reports whether a life is going on or about to: the process can not be
// forgotten yet.
func (p Proc) Alive() bool {
	switch p.State {
	case Spawning, PostStart, Starting, Running, PreStop, Stopping, Draining, Killing, PostStop:
		return true
	case Idle, Waiting, Backoff:
		return false
	}
	return false
}

// Next is the moment at which a Tick is wanted; zero: none. CronAt is not among
// it: it belongs to the wall clock.
func (p Proc) Next() time.Time {
	next := p.Due
	if p.overdueCounts() {
		next = earlier(next, p.RunEnd)
	}
	if p.State == Running {
		next = earlier(next, p.FedBy)
	}
	return next
}

// overdueCounts reports whether the run's deadline would end something here.
func (p Proc) overdueCounts() bool {
	return p.up() || p.State == Backoff
}

// up reports whether the leader lives and nobody has asked it to end.
func (p Proc) up() bool {
	return p.State == PostStart || p.State == Starting || p.State == Running
}

// earlier is the first of two moments; a zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Over reports whether the process has ended for good by itself, and the exit
// it counts as. A scheduled one never has: between runs it may be without CronAt.
func (p Proc) Over() (Exit, bool) {
	if p.State == Idle && p.Goal == Up && !p.Rules.Scheduled && p.Outcome != NoOutcome {
		return p.Final, true
	}
	return Exit{}, false
}

// need returns the rule for a dependency.
func (p Proc) need(name string) (Need, bool) {
	i := slices.IndexFunc(p.Rules.Needs, func(n Need) bool { return n.Name == name })
	if i < 0 {
		return Need{}, false
	}
	return p.Rules.Needs[i], true
}
