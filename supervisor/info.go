package supervisor

import "time"

// ProcessInfo describes one process at one moment. It is a plain value; each call
// returns a fresh one. Null in JSON means "there is none".
type ProcessInfo struct {
	Name       string            `json:"name"`
	Command    string            `json:"command"` // one string; an argv is quoted and joined
	PID        *int              `json:"pid"`
	Status     Status            `json:"status"`
	Ready      bool              `json:"ready"`
	CPUPercent float64           `json:"cpu_percent"` // of one core, whole tree, between the last two samples
	MemoryMB   float64           `json:"memory_mb"`   // resident memory of the whole tree, MiB
	StartTime  *time.Time        `json:"start_time"`  // of the current or last life
	LogEnabled bool              `json:"log_enabled"` // a log file is kept
	Cron       string            `json:"cron"`
	JobID      string            `json:"job_id"`
	Deadline   int               `json:"deadline"`  // seconds; 0: none
	Error      string            `json:"error"`     // what is wrong, in words; empty: nothing
	Restarts   int               `json:"restarts"`  // automatic ones
	ExitCode   *int              `json:"exit_code"` // of the last life that ended by exiting
	Signal     *string           `json:"signal"`    // that ended the last life, for example "SIGKILL"
	Reason     Reason            `json:"reason"`    // why the last life ended; empty: none has
	NextRun    *time.Time        `json:"next_run"`
	NextRetry  *time.Time        `json:"next_retry"`
	Run        uint64            `json:"run"` // number of the current or last life; 0: none yet
	Labels     map[string]string `json:"labels,omitempty"`
	WaitsFor   []string          `json:"waits_for,omitempty"` // unmet dependencies, as "name (Condition)"
}

// LogLine is one captured line. Msg has no line end and is as the process wrote
// it; bytes that are not UTF-8 are replaced only where JSON is written.
type LogLine struct {
	Time    time.Time `json:"ts"`
	Stream  Stream    `json:"stream"`
	Run     uint64    `json:"run"` // the life that wrote it
	Msg     string    `json:"msg"`
	Partial bool      `json:"partial,omitempty"` // the line was longer than the limit; it goes on in the next
}

// Snapshot is what metrics and health are made of: one consistent view.
type Snapshot struct {
	Processes []ProcessStat // sorted by name
	// Other sums the processes without a series of their own (Process.Own false),
	// deleted ones included, so that its counters never go back.
	Other ProcessStat
	// OrphansReaped counts every reaped child that the manager did not start itself.
	OrphansReaped uint64
	// Booted is true once every process has left pending and starting for the first time.
	Booted bool
	// ShuttingDown is true from the first request to end.
	ShuttingDown bool
	Manifest     ManifestStat
}

// ManifestStat tells how the last reading of the manifest went.
type ManifestStat struct {
	Loaded      bool // a manifest is in use
	Successful  bool // the last attempt to read and apply it succeeded
	LastSuccess time.Time
	Error       string
}

// ProcessStat holds the numbers of one process. Counters go up only, over
// restarts and child exits, until the process is deleted.
type ProcessStat struct {
	Name      string
	Own       bool // has series of its own; others are summed in Snapshot.Other
	Status    Status
	Up        bool // its leader lives
	Ready     bool
	Essential bool
	Cron      bool

	CPUUser       time.Duration // whole tree, reaped descendants included
	CPUSystem     time.Duration
	ResidentBytes uint64
	TreeSize      int // living processes
	Threads       int
	StartTime     time.Time // zero: never started
	Restarts      map[Reason]uint64
	Exits         map[Reason]uint64
	LastExitCode  *int // 128+n for a signal

	LogBytes   map[Stream]uint64
	LogDropped uint64 // bytes a sink did not take in time

	CronRuns         map[CronResult]uint64
	CronLastSuccess  time.Time // zero: none
	CronNext         time.Time // zero: not armed
	DeadlineExceeded uint64
}

// CronResult says what became of one scheduled time.
type CronResult string

// The cron results.
const (
	CronSucceeded CronResult = "succeeded"
	CronFailed    CronResult = "failed"
	CronSkipped   CronResult = "skipped"  // Forbid, and the last run was not over
	CronReplaced  CronResult = "replaced" // Replace ended it for the next one
)
