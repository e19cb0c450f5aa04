package supervisor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Set is what a manifest asks for: all its documents and files joined.
type Set struct {
	// GracePeriod bounds the whole shutdown.
	GracePeriod time.Duration
	ExitPolicy  ExitPolicy
	// Processes in manifest order, defaults filled in, names unique, dependencies
	// known and without a cycle.
	Processes []Spec
}

// DefaultShutdownGrace stays below the 30 seconds a Pod is given by default.
const DefaultShutdownGrace = 25 * time.Second

// ExitPolicy says when the manager exits by itself.
type ExitPolicy string

// The exit policies.
const (
	ExitWhenDone ExitPolicy = "WhenDone" // every process has ended for good by itself
	ExitNever    ExitPolicy = "Never"
)

// Spec is what is wanted of one process: the entry of a manifest. The JSON names
// are the manifest's; the doc tags become descriptions in the JSON Schema and the
// reference, the tags required, min and max (of the number, the duration or each
// item) are what both the schema and the validation go by. Pointers mark fields
// where absent differs from zero; package manifest fills them in.
type Spec struct {
	Name    string            `json:"name" required:"true" doc:"Unique name: letters, digits, '_', '.', '-', at most 63 bytes."`
	Labels  map[string]string `json:"labels,omitempty" doc:"Free labels for selecting processes."`
	Command Command           `json:"command" doc:"A list is an argv and is executed as it stands, after $(NAME) expansion; a string is run by /bin/sh -c."`
	Args    []string          `json:"args,omitempty" doc:"Appended to the argv, or given to the shell string as $1, $2…. $(NAME) expands."`

	WorkingDir string   `json:"workingDir,omitempty" doc:"Directory to start in. Default: the manager's."`
	Env        []EnvVar `json:"env,omitempty" doc:"Environment, added to the manager's own; later entries win."`

	RestartPolicy    RestartPolicy `json:"restartPolicy,omitempty" doc:"When an ended process is started again. Default: Always; Never for scheduled ones."`
	RestartBackoff   *Backoff      `json:"restartBackoff,omitempty" doc:"Delay between restarts."`
	MaxRestarts      *int          `json:"maxRestarts,omitempty" min:"0" max:"1000000" doc:"Consecutive restarts before giving up. Absent: no limit; 0: none."`
	SuccessExitCodes []int         `json:"successExitCodes,omitempty" min:"1" max:"255" doc:"Exit codes beside 0 that count as success, 1 to 255."`
	Essential        bool          `json:"essential,omitempty" doc:"When this process has ended for good the container stops the rest in order and exits with its code."`
	Suspend          bool          `json:"suspend,omitempty" doc:"Do not start it (and do not run its schedule) until it is started by hand."`

	DependsOn []Dependency `json:"dependsOn,omitempty" doc:"What must have happened elsewhere before the first start."`

	ActiveDeadlineSeconds         *int64     `json:"activeDeadlineSeconds,omitempty" min:"1" max:"315360000" doc:"Seconds a run may last, from its first life over automatic restarts; then it has failed for good."`
	TerminationGracePeriodSeconds *int64     `json:"terminationGracePeriodSeconds,omitempty" min:"0" max:"315360000" doc:"Seconds between the stop signal and SIGKILL. Default: 30."`
	KillMode                      KillMode   `json:"killMode,omitempty" doc:"Who gets the stop signal. Default: Mixed for an argv, Tree for a shell string."`
	Lifecycle                     *Lifecycle `json:"lifecycle,omitempty" doc:"What happens at the edges of a life."`

	Schedule                   string            `json:"schedule,omitempty" doc:"Cron schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every 90s."`
	TimeZone                   string            `json:"timeZone,omitempty" doc:"IANA zone of the schedule, for example Europe/Brussels. Default: the local one."`
	ConcurrencyPolicy          ConcurrencyPolicy `json:"concurrencyPolicy,omitempty" doc:"What happens at a scheduled time while the last run goes on. Default: Forbid."`
	SuccessfulJobsHistoryLimit *int              `json:"successfulJobsHistoryLimit,omitempty" min:"0" max:"10000" doc:"Finished successful runs that are kept under concurrencyPolicy Allow. Default: 3."`
	FailedJobsHistoryLimit     *int              `json:"failedJobsHistoryLimit,omitempty" min:"0" max:"10000" doc:"Finished failed runs that are kept under concurrencyPolicy Allow. Default: 1."`

	Log Log `json:"log,omitzero" doc:"true, or an object: what is done with the output beside the ring in memory and the container's stdout and stderr."`
}

// Command is either an argv or a shell text; exactly one is set.
type Command struct {
	Argv  []string
	Shell string
}

// IsZero reports whether nothing is to be run.
func (c Command) IsZero() bool { return len(c.Argv) == 0 && c.Shell == "" }

// MarshalJSON writes a list or a string.
func (c Command) MarshalJSON() ([]byte, error) {
	if c.Shell != "" {
		return marshalPlain(c.Shell)
	}
	return marshalPlain(c.Argv)
}

// UnmarshalJSON reads a list or a string.
func (c *Command) UnmarshalJSON(data []byte) error {
	*c = Command{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &c.Shell)
	}
	if err := json.Unmarshal(data, &c.Argv); err != nil {
		return fmt.Errorf("want a list of strings (executed) or one string (run by the shell): %w", err)
	}
	return nil
}

// EnvVar is one environment variable. $(NAME) in the value expands to a variable
// defined before it; $$ is a dollar sign.
type EnvVar struct {
	Name  string `json:"name" required:"true" doc:"Name of the variable."`
	Value string `json:"value,omitempty" doc:"Its value; $(NAME) expands, $$(NAME) does not."`
}

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
	ResetAfter *Duration `json:"resetAfter,omitempty" min:"1ms" max:"87600h" doc:"A life this long is healthy: the next restart is immediate and the count begins anew. Default: 60s."`
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
	ConditionStarted   Condition = "Started"   // a life of it runs or has run
	ConditionCompleted Condition = "Completed" // it has ended with success
)

// KillMode says who gets the stop signal. SIGKILL after the grace period always
// takes the whole tree, but with KillProcess.
type KillMode string

// The kill modes.
const (
	KillMixed   KillMode = "Mixed"   // the leader; when it has ended, the rest of its tree
	KillTree    KillMode = "Tree"    // everyone
	KillGroup   KillMode = "Group"   // the leader's process group
	KillProcess KillMode = "Process" // the leader; the rest is left alone, also by SIGKILL
)

// Lifecycle has Kubernetes' shape.
type Lifecycle struct {
	StopSignal string `json:"stopSignal,omitempty" doc:"Signal that asks the process to end. Default: SIGTERM."`
}

// ConcurrencyPolicy has Kubernetes' words and meaning; the default is Forbid.
type ConcurrencyPolicy string

// The concurrency policies.
const (
	ConcurrencyForbid  ConcurrencyPolicy = "Forbid"  // skip the new run
	ConcurrencyAllow   ConcurrencyPolicy = "Allow"   // each run is a process NAME.RUN of its own
	ConcurrencyReplace ConcurrencyPolicy = "Replace" // end the old run first
)

// Log says what is done with a process's output beside the ring in memory and
// the container's own streams. In JSON, true is {"file": true}.
type Log struct {
	File bool `json:"file,omitempty" doc:"Also write NAME.log under the log directory (-log-dir), rotated."`
}

// IsZero reports whether nothing beside the defaults is asked for.
func (l Log) IsZero() bool { return l == Log{} }

// UnmarshalJSON reads true, false or an object.
func (l *Log) UnmarshalJSON(data []byte) error {
	*l = Log{}
	if text := string(bytes.TrimSpace(data)); text == "true" || text == "false" {
		l.File = text == "true"
		return nil
	}
	type plain Log
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode((*plain)(l)); err != nil {
		return fmt.Errorf("want true, false or an object with the key \"file\": %w", err)
	}
	return nil
}

// Duration is a time span that JSON writes as a string: "300ms", "1m30s".
type Duration time.Duration

// MarshalJSON writes the string form.
func (d Duration) MarshalJSON() ([]byte, error) { return marshalPlain(time.Duration(d).String()) }

// UnmarshalJSON reads the string form; a number is refused, because its unit
// would be a guess.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("want a duration in quotes with a unit, such as \"300ms\" or \"1m30s\"")
	}
	span, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration (want a number with a unit, such as \"300ms\" or \"1m30s\")", text)
	}
	*d = Duration(span)
	return nil
}

// marshalPlain is json.Marshal without HTML escaping: a command is to be read as
// it was written.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
