package supervisor

// RestartPolicy has Kubernetes' words and meaning.
type RestartPolicy string

// The restart policies.
const (
	RestartAlways    RestartPolicy = "Always"
	RestartOnFailure RestartPolicy = "OnFailure"
	RestartNever     RestartPolicy = "Never"
)

// RestartRule is Kubernetes' ContainerRestartRule, with an action that it has for Jobs.
type RestartRule struct {
	Action    RestartAction  `json:"action" required:"true" doc:"Restart: start it again, after the usual delay and within maxRestarts. FailJob: it has failed for good, which a success never has."`
	ExitCodes *RestartOnCode `json:"exitCodes" required:"true" doc:"The exit codes that the rule is about."`
}

// RestartAction is what a [RestartRule] leads to.
type RestartAction string

// The actions. FailJob is that of a Job's podFailurePolicy; Kubernetes has no such word
// for a container.
const (
	RuleRestart RestartAction = "Restart"
	RuleFailJob RestartAction = "FailJob"
)

// RestartOnCode says which exits are meant. The code is that of a shell: 128+n when it
// was ended by signal n. What could not be started has none.
type RestartOnCode struct {
	Operator CodeOperator `json:"operator" required:"true" doc:"In: the exit code is one of the values. NotIn: it is none of them."`
	Values   []int        `json:"values" required:"true" min:"0" max:"255" doc:"Exit codes, each once; 128+n for an end by signal n. At least one, at most 255."`
}

// CodeOperator is how an exit code relates to the values.
type CodeOperator string

// The operators.
const (
	CodeIn    CodeOperator = "In"
	CodeNotIn CodeOperator = "NotIn"
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
