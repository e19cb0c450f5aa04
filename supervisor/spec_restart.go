package supervisor

// RestartPolicy has Kubernetes' words and meaning.
type RestartPolicy string

// The restart policies.
const (
	RestartAlways    RestartPolicy = "Always"
	RestartOnFailure RestartPolicy = "OnFailure"
	RestartNever     RestartPolicy = "Never"
)

// Backoff is the delay before the n-th consecutive restart: Initial × Factor^(n-1),
// at most Max, plus up to Jitter of itself. A life of at least ResetAfter is
// healthy: it resets the count, and the restart after it is immediate.
type Backoff struct {
	Initial    *Duration `json:"initial,omitempty" min:"0s" max:"87600h" doc:"First delay. Default: 1s."`
	Factor     *float64  `json:"factor,omitempty" min:"1" max:"1000" doc:"Growth per restart, at least 1. Default: 2."`
	Max        *Duration `json:"max,omitempty" min:"0s" max:"87600h" doc:"Greatest delay. Default: 60s."`
	Jitter     *float64  `json:"jitter,omitempty" min:"0" max:"1" doc:"Random part added, as a fraction from 0 to 1. Default: 0.1."`
	ResetAfter *Duration `json:"resetAfter,omitempty" min:"1s" max:"87600h" doc:"A life this long is healthy: the next restart is immediate and the count begins anew. Default: 60s."`
}

// Dependency is something that must have happened to another process.
type Dependency struct {
	Name      string    `json:"name" required:"true" doc:"The other process."`
	Condition Condition `json:"condition,omitempty" doc:"What must have happened to it. Default: Started."`
	Timeout   *Duration `json:"timeout,omitempty" min:"1ms" max:"87600h" doc:"How long to wait; then this process has failed with DependencyFailed. Absent: for ever."`
}

// Condition is what a dependency waits for. It is met once and stays met.
type Condition string

// The conditions.
const (
	ConditionStarted   Condition = "Started"   // a life of it has run, its postStart and startupProbe done
	ConditionReady     Condition = "Ready"     // it has been ready
	ConditionCompleted Condition = "Completed" // it has ended with success
)

// OnDependencyRestart says what happens to a process when one that it depends on
// begins a new life.
type OnDependencyRestart string

// What may happen then.
const (
	DependencyRestartIgnore  OnDependencyRestart = "Ignore"
	DependencyRestartRestart OnDependencyRestart = "Restart" // it restarts too, when the condition is met by the new life
	DependencyRestartStop    OnDependencyRestart = "Stop"    // it is stopped, as if by hand
)
