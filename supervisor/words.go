package supervisor

// Status is the public state of a process; see the table in the package comment.
type Status string

// The statuses.
const (
	StatusPending   Status = "pending"
	StatusStarting  Status = "starting"
	StatusRunning   Status = "running"
	StatusStopping  Status = "stopping"
	StatusBackoff   Status = "backoff"
	StatusScheduled Status = "scheduled"
	StatusStopped   Status = "stopped"
	StatusCompleted Status = "completed"
	StatusFailed    Status = "failed"
	StatusStuck     Status = "stuck"
)

// Statuses lists every status, in the order of the package comment.
func Statuses() []Status {
	return []Status{
		StatusPending, StatusStarting, StatusRunning, StatusStopping, StatusBackoff,
		StatusScheduled, StatusStopped, StatusCompleted, StatusFailed, StatusStuck,
	}
}

// Reason tells why the last life of a process ended: a stable word for API, log
// and metrics. Where Kubernetes has the word, it is Kubernetes' word.
type Reason string

// The reasons.
const (
	ReasonCompleted            Reason = "Completed"            // exit code 0 or one of successExitCodes
	ReasonError                Reason = "Error"                // any other exit code
	ReasonSignaled             Reason = "Signaled"             // ended by a signal nobody here sent
	ReasonOOMKilled            Reason = "OOMKilled"            // by the kernel, out of memory
	ReasonMemoryLimit          Reason = "MemoryLimit"          // by the manager, over its limit
	ReasonDeadlineExceeded     Reason = "DeadlineExceeded"     // activeDeadlineSeconds
	ReasonStartError           Reason = "StartError"           // fork or exec failed
	ReasonStartTimeout         Reason = "StartTimeout"         // startup probe never succeeded
	ReasonUnhealthy            Reason = "Unhealthy"            // liveness probe
	ReasonPostStartHookError   Reason = "PostStartHookError"   // lifecycle.postStart
	ReasonDependencyFailed     Reason = "DependencyFailed"     // what it waited for failed for good
	ReasonBackoffLimitExceeded Reason = "BackoffLimitExceeded" // maxRestarts used up
	ReasonStoppedByUser        Reason = "StoppedByUser"        // stop, restart, delete
	ReasonSuspended            Reason = "Suspended"            // suspend: true
	ReasonConfigChanged        Reason = "ConfigChanged"        // restarted for a new manifest
	ReasonShutdown             Reason = "Shutdown"             // the manager ends
	ReasonReplaced             Reason = "Replaced"             // concurrencyPolicy: Replace
	ReasonDependencyRestarted  Reason = "DependencyRestarted"  // onDependencyRestart
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{
		ReasonCompleted, ReasonError, ReasonSignaled, ReasonOOMKilled, ReasonMemoryLimit,
		ReasonDeadlineExceeded, ReasonStartError, ReasonStartTimeout, ReasonUnhealthy,
		ReasonPostStartHookError, ReasonDependencyFailed, ReasonBackoffLimitExceeded,
		ReasonStoppedByUser, ReasonSuspended, ReasonConfigChanged, ReasonShutdown, ReasonReplaced, ReasonDependencyRestarted,
	}
}

// Stream is one of a process's two output streams.
type Stream string

// The streams.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
)
