package supervisor

import "time"

// ProcessInfo describes one process at one moment. It is a plain value; each call
// returns a fresh one. Null in JSON means "there is none". The doc tags become the
// descriptions in the API's document.
type ProcessInfo struct {
	Name       string            `json:"name" doc:"Unique name."`
	Command    string            `json:"command" doc:"What is run, as one string; an argv is quoted and joined."`
	PID        *int              `json:"pid" doc:"Process id of the leader; null when none runs."`
	Status     Status            `json:"status" doc:"State of the process."`
	Ready      bool              `json:"ready" doc:"It runs, and it is ready where it has a readiness signal."`
	CPUPercent float64           `json:"cpu_percent" doc:"CPU use in percent of one core, of the whole process tree, between the last two samples."`
	MemoryMB   float64           `json:"memory_mb" doc:"Resident memory of the whole process tree, in MiB."`
	StartTime  *time.Time        `json:"start_time" doc:"When the current or last life began; null before the first."`
	LogEnabled bool              `json:"log_enabled" doc:"A log file is kept."`
	Cron       string            `json:"cron" doc:"Schedule; empty when there is none."`
	JobID      string            `json:"job_id" doc:"Free text given at the start."`
	Deadline   int               `json:"deadline" doc:"Seconds that a run may last; 0: no limit."`
	Error      string            `json:"error" doc:"What is wrong, in words; empty when nothing is."`
	Restarts   int               `json:"restarts" doc:"Number of automatic restarts."`
	ExitCode   *int              `json:"exit_code" doc:"Exit code of the last life that ended by exiting; null when there is none."`
	Signal     *string           `json:"signal" doc:"Signal that ended the last life, for example SIGKILL; null when there is none."`
	Reason     Reason            `json:"reason" doc:"Why the last life ended; empty when none has."`
	NextRun    *time.Time        `json:"next_run" doc:"Next scheduled run; null when there is none."`
	NextRetry  *time.Time        `json:"next_retry" doc:"Next automatic restart; null when there is none."`
	Run        uint64            `json:"run" doc:"Number of the current or last life; 0: none yet."`
	Labels     map[string]string `json:"labels,omitempty" doc:"Labels of the process."`
	WaitsFor   []string          `json:"waits_for,omitempty" doc:"Unmet dependencies, each as \"name (Condition)\"."`
}

// LogLine is one captured line. Msg has no line end and is as the process wrote
// it; bytes that are not UTF-8 are replaced only where JSON is written.
type LogLine struct {
	Time    time.Time `json:"ts" doc:"When the line was captured."`
	Stream  Stream    `json:"stream" doc:"Stream that it was written to."`
	Run     uint64    `json:"run" doc:"The life that wrote it."`
	Msg     string    `json:"msg" doc:"The line without its end."`
	Partial bool      `json:"partial,omitempty" doc:"The line was longer than the limit; it goes on in the next."`
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
