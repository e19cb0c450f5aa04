package machine

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// State is where a process stands in its life cycle. The table in the package
// comment says what each event does in each state.
type State uint8

// The states.
const (
	Idle     State = iota // no life; nothing is going on
	Waiting               // for dependencies, before a run's first life
	Starting              // a spawn is in flight
	Running               // the leader lives
	Stopping              // the stop signal was sent; SIGKILL at Due
	Draining              // the leader has ended, others of its tree have not; SIGKILL at Due
	Killing               // SIGKILL was sent; again at Due, for as long as it takes
	Backoff               // the next life begins at Due
)

// States lists every state in order.
func States() []State {
	return []State{Idle, Waiting, Starting, Running, Stopping, Draining, Killing, Backoff}
}

// String returns the state's name.
func (s State) String() string {
	return [...]string{"Idle", "Waiting", "Starting", "Running", "Stopping", "Draining", "Killing", "Backoff"}[s]
}

// Goal is what somebody wants of the process; the state is how far it has come.
type Goal uint8

// The goals.
const (
	Up    Goal = iota // alive, or ended as its restart policy allows
	Again             // this life is to end and a new run to begin
	Down              // ended, until somebody starts it
	Gone              // ended and forgotten; final
)

// String returns the goal's name.
func (g Goal) String() string { return [...]string{"Up", "Again", "Down", "Gone"}[g] }

// Cause is why the manager ends a life. It is recorded before the signal is
// sent, so that the exit that follows is never taken for a crash.
type Cause uint8

// The causes.
const (
	NoCause  Cause = iota // the manager did not: the life ended by itself
	Asked                 // stop, restart or delete by a user
	Overdue               // the run's deadline passed
	Replaced              // the next scheduled time came, concurrencyPolicy: Replace
	Changed               // a new manifest
	Ending                // the manager shuts down
)

// String returns the cause's name.
func (c Cause) String() string {
	return [...]string{"NoCause", "Asked", "Overdue", "Replaced", "Changed", "Ending"}[c]
}

// Outcome is how the last run ended.
type Outcome uint8

// The outcomes.
const (
	NoOutcome Outcome = iota // none has ended yet, one is going on, or it was stopped
	Completed                // with success
	Failed                   // for good, without
)

// String returns the outcome's name.
func (o Outcome) String() string { return [...]string{"NoOutcome", "Completed", "Failed"}[o] }

// Rules are a process's settings, validated and never changed: a new manifest
// brings new Rules. All spans are positive or zero.
type Rules struct {
	Name         string // for jitter only
	Restart      supervisor.RestartPolicy
	Backoff      BackoffRules
	MaxRestarts  int   // consecutive; negative: no limit
	SuccessCodes []int // beside 0
	Grace        time.Duration
	Deadline     time.Duration // of a run; 0: none
	KillMode     supervisor.KillMode
	StopSignal   supervisor.Signal
	Scheduled    bool
	Concurrency  supervisor.ConcurrencyPolicy
	Needs        []Need
}

// BackoffRules is supervisor.Backoff with all values present.
type BackoffRules struct {
	Initial, Max, ResetAfter time.Duration
	Factor, Jitter           float64
}

// Need is a dependency.
type Need struct {
	Name      string
	Condition supervisor.Condition
	Timeout   time.Duration // 0: waits for ever
}

// Exit is how a leader ended.
type Exit struct {
	Code   int               // when Signal is 0; of a failed start what a shell would say: 126 or 127
	Signal supervisor.Signal // 0: it exited
	Err    string            // fork or exec failed: it never lived
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
	Rules *Rules
	State State
	Goal  Goal
	Cause Cause

	Gen  uint64    // number of the current or last life
	PID  int       // leader's; 0 unless it lives
	Born time.Time // the current or last life began to run

	Since  time.Time // entered State
	Due    time.Time // State's own deadline; zero: none
	RunEnd time.Time // the run's deadline; zero: none
	EndBy  time.Time // no grace period lasts longer; zero: none
	CronAt time.Time // next scheduled time, by the wall clock; zero: not armed

	Unmet  []string // names in Rules.Needs not met yet; replaced, never changed in place
	Fails  int      // consecutive restarts in this run
	Delays int      // consecutive backoffs: the exponent
	Kills  int      // SIGKILLs sent to this life

	Last    Last
	Outcome Outcome
	Why     supervisor.Reason // of a Failed outcome, or of an Idle process that never lived
	Final   Exit              // what a Failed or Completed process counts as; a dependency's exit when that failed it

	Started   bool // a life of it has run, ever
	Succeeded bool // a run of it ended with success, ever

	Restarts uint64 // automatic ones, ever
	Asides   uint64 // runs handed out under concurrencyPolicy Allow; the last one's number
	Runs     Runs
}

// Runs counts the ends of a scheduled process's runs.
type Runs struct {
	Succeeded, Failed, Skipped, Replaced uint64
	LastSuccess                          time.Time
}

// New returns an idle process that has not been started. A suspended one is down
// until somebody starts it.
func New(rules *Rules, suspended bool, now time.Time) Proc {
	p := Proc{Rules: rules, Since: now}
	for _, n := range rules.Needs {
		p.Unmet = append(p.Unmet, n.Name)
	}
	if suspended {
		p.Goal, p.Why = Down, supervisor.ReasonSuspended
	}
	return p
}

// Alive reports whether a life is going on or about to: the process can not be
// forgotten yet.
func (p Proc) Alive() bool {
	switch p.State {
	case Starting, Running, Stopping, Draining, Killing:
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
	if !p.RunEnd.IsZero() && (p.State == Running || p.State == Backoff) && (next.IsZero() || p.RunEnd.Before(next)) {
		next = p.RunEnd
	}
	return next
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

// success reports whether an exit is one.
func (r *Rules) success(e Exit) bool {
	return e.Err == "" && e.Signal == 0 && (e.Code == 0 || slices.Contains(r.SuccessCodes, e.Code))
}
