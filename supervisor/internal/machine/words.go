package machine

// State is where a process stands in its life cycle. The table in the package
// comment says what each event does in each state.
type State uint8

// The states.
const (
	Idle      State = iota // no life; nothing is going on
	Waiting                // for dependencies, before a run's first life
	Spawning               // a spawn is in flight
	PostStart              // the leader lives; the hook runs
	Starting               // the leader lives; its startup probe has not succeeded yet
	Running                // the leader lives, and has started
	PreStop                // the leader lives and is to end; the hook runs, until Due
	Stopping               // the stop signal was sent; SIGKILL at Due
	Draining               // the leader has ended, others of its tree have not; SIGKILL at Due
	Killing                // SIGKILL was sent; again at Due, for as long as it takes
	PostStop               // nothing of the life is left; the hook runs, until Due
	Backoff                // the next life begins at Due
)

// states counts them.
const states = int(Backoff) + 1

// States lists every state in order.
func States() []State {
	list := make([]State, states)
	for i := range list {
		list[i] = State(i)
	}
	return list
}

// String returns the state's name.
func (s State) String() string {
	return [states]string{
		"Idle", "Waiting", "Spawning", "PostStart", "Starting", "Running",
		"PreStop", "Stopping", "Draining", "Killing", "PostStop", "Backoff",
	}[s]
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
	NoCause    Cause = iota // the manager did not: the life ended by itself
	Asked                   // stop, restart or delete by a user
	Overdue                 // the run's deadline passed
	Replaced                // the next scheduled time came, concurrencyPolicy: Replace
	Changed                 // a new manifest
	Ending                  // the manager shuts down
	Unhealthy               // the liveness probe failed, or the watchdog was not fed
	Unstarted               // the startup probe failed
	HookFailed              // the postStart hook failed
	OverMemory              // it was over its memory limit
	Followed                // a process that it depends on began a new life
	Paused                  // suspend was set
)

// causes counts them.
const causes = int(Paused) + 1

// String returns the cause's name.
func (c Cause) String() string {
	return [causes]string{
		"NoCause", "Asked", "Overdue", "Replaced", "Changed", "Ending",
		"Unhealthy", "Unstarted", "HookFailed", "OverMemory", "Followed", "Paused",
	}[c]
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

// Probe is one of the three probes.
type Probe uint8

// The probes.
const (
	Startup Probe = iota
	Liveness
	Readiness
)

const probes = int(Readiness) + 1

// Probes lists them.
func Probes() []Probe { return []Probe{Startup, Liveness, Readiness} }

// String returns the probe's word in logs and metrics.
func (k Probe) String() string { return [probes]string{"startup", "liveness", "readiness"}[k] }
