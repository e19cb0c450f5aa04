package supervisor

import (
	"fmt"
	"strings"
	"time"
)

// ProcessInfo describes one process at one moment. It is a plain value; each call
// returns a fresh one. Null in JSON means "there is none". The doc tags become the
// descriptions in the API's document.
type ProcessInfo struct {
	Name       string            `json:"name" doc:"Unique name."`
	Command    string            `json:"command" doc:"What is run, as one string; an argv is quoted and joined."`
	PID        *int              `json:"pid" doc:"Process id of the leader; null when none runs."`
	Status     Status            `json:"status" doc:"State of the process."`
	Ready      bool              `json:"ready" doc:"It runs, and it is ready where it has a readiness signal."`
	CPUPercent float64           `json:"cpu_percent" doc:"CPU use in percent of one core, of the whole process tree, between the last two samples, which are 1 to 5 s apart; 0 at the first."`
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
	Group      string            `json:"group,omitempty" doc:"Name in the manifest, of a replica and of a run under concurrencyPolicy Allow."`
	EndTime    *time.Time        `json:"end_time,omitempty" doc:"When the last life that ended did; absent before the first end."`
	StatusText string            `json:"status_text,omitempty" doc:"What the process says of itself by sd_notify STATUS."`
	Probes     []ProbeInfo       `json:"probes,omitempty" doc:"State of its probes and its readiness signal in this life."`
	Memory     *MemoryInfo       `json:"memory,omitempty" doc:"Its memory limit, and who enforces it; absent without a limit."`
	CPUSeconds float64           `json:"cpu_seconds,omitempty" doc:"CPU time of all lives with their whole trees, ended descendants included, in seconds; it never goes back."`
	TreeSize   int               `json:"tree_size,omitempty" doc:"Number of living processes in its tree, itself included."`
	Threads    int               `json:"threads,omitempty" doc:"Number of threads in its tree."`
	LastLog    []LogLine         `json:"last_log,omitempty" doc:"What the life that ended last wrote last, at most ten lines, when it has failed. Only in the answers about one process, not in lists."`
}

// Called is what an answer to a change calls the process, of whose name it was asked: a new
// run under concurrencyPolicy Allow by its own name, replicas, of which it shows the first, by
// theirs.
func (p *ProcessInfo) Called(asked string) string {
	if p.Group == asked && strings.HasPrefix(p.Name, asked+".") {
		return p.Name
	}
	return asked
}

// EndedBefore tells that exit code, signal and reason are those of a life before the one that
// goes on now: who shows them to a person says so.
func (p *ProcessInfo) EndedBefore() bool {
	return p.Reason != "" && (p.PID != nil || p.Status == StatusStarting)
}

// ProbeInfo is where one probe stands in the current life.
type ProbeInfo struct {
	Probe     string     `json:"probe" doc:"startup, liveness, readiness, or signal for a readiness signal."`
	OK        bool       `json:"ok" doc:"Its verdict, after the thresholds."`
	Failures  int        `json:"failures" doc:"Failures in a row."`
	Message   string     `json:"message,omitempty" doc:"Why the last attempt failed; empty when it did not."`
	Time      *time.Time `json:"time,omitempty" doc:"When the last attempt ended; absent before the first."`
	Successes int        `json:"successes" doc:"Successes in a row."`
}

// ProbeResult is what one attempt of a probe has found that somebody asked for.
type ProbeResult struct {
	Process string    `json:"process" doc:"The process that was probed: of replicas and of runs, which."`
	Run     uint64    `json:"run" doc:"Number of its life."`
	Probe   ProbeKind `json:"probe" doc:"The probe that was made."`
	Success bool      `json:"success" doc:"Whether the attempt succeeded. It counts for nothing: neither for thresholds and readiness, nor in metrics."`
	Message string    `json:"message,omitempty" doc:"Why it failed; absent when it did not."`
	Seconds float64   `json:"seconds" doc:"How long the attempt took."`
	Time    time.Time `json:"time" doc:"When it ended."`
}

// Word is the result in one word: success or failure.
func (r ProbeResult) Word() string {
	if r.Success {
		return "success"
	}
	return "failure"
}

// ExecResult is how a command has ended that somebody had run in the context of a process.
type ExecResult struct {
	Process         string  `json:"process" doc:"The process in whose context it ran."`
	Run             uint64  `json:"run" doc:"Number of the life in which it ran; 0: the process did not run, and the context was that of its definition."`
	ExitCode        *int    `json:"exit_code" doc:"Exit code; null when a signal ended it."`
	Signal          *string `json:"signal" doc:"Signal that ended it; null when there is none."`
	Reason          Reason  `json:"reason" doc:"Why it ended: Completed, Error, Signaled, OOMKilled, or DeadlineExceeded when its time was up."`
	Error           string  `json:"error,omitempty" doc:"Why the manager has killed it; absent when it did not."`
	Stdout          []byte  `json:"stdout" doc:"What it wrote to stdout, as base64: the first MiB of it."`
	Stderr          []byte  `json:"stderr" doc:"What it wrote to stderr, likewise."`
	StdoutTruncated bool    `json:"stdout_truncated" doc:"It wrote more to stdout than was kept."`
	StderrTruncated bool    `json:"stderr_truncated" doc:"It wrote more to stderr than was kept."`
	Seconds         float64 `json:"seconds" doc:"How long it took."`
}

// Ending tells in words how it has ended.
func (r *ExecResult) Ending() string {
	switch {
	case r.ExitCode != nil:
		return fmt.Sprintf("exit code %d", *r.ExitCode)
	case r.Error != "":
		return r.Error
	case r.Signal != nil:
		return fmt.Sprintf("ended by %s (%s)", *r.Signal, r.Reason)
	}
	return string(r.Reason)
}

// ShellCode is the exit code that a shell would tell: 128+n of a signal, and 124, as
// timeout(1) has it, of a command whose time was up.
func (r *ExecResult) ShellCode() int {
	switch {
	case r.Reason == ReasonDeadlineExceeded:
		return 124
	case r.ExitCode != nil:
		return *r.ExitCode
	case r.Signal != nil:
		if n, err := ParseSignal(*r.Signal); err == nil {
			return 128 + int(n)
		}
	}
	return 1
}

// MemoryInfo is a memory limit.
type MemoryInfo struct {
	LimitMB float64 `json:"limit_mb" doc:"Limit in MiB."`
	By      string  `json:"by" doc:"cgroup: the kernel enforces it; watch: the manager samples and restarts."`
}

// TreeProcess is one living process of a process's tree, with the numbers of the last
// sample.
type TreeProcess struct {
	Process    string       `json:"process" doc:"The process that it belongs to: of replicas and of runs, which."`
	PID        int          `json:"pid" doc:"Process id."`
	PPID       int          `json:"ppid" doc:"Process id of its parent."`
	Depth      int          `json:"depth" doc:"Number of its ancestors in the tree; 0: the leader, or one that lost its parent."`
	Task       string       `json:"task,omitempty" doc:"The exec probe or hook that it belongs to, or exec: a command that somebody has run in its context; absent: the process itself."`
	Name       string       `json:"name" doc:"Name of its program, as the kernel has it."`
	Command    string       `json:"command" doc:"Its arguments, quoted and joined. To a viewer the first one only: arguments may hold secrets. Empty when there are none, or they cannot be read."`
	State      ProcessState `json:"state" doc:"State, as the kernel sees it."`
	UID        *int         `json:"uid" doc:"Effective user id; null when it cannot be read."`
	CPUPercent float64      `json:"cpu_percent" doc:"CPU use in percent of one core between the last two samples, with that of children it has waited for."`
	CPUSeconds float64      `json:"cpu_seconds" doc:"CPU time since it began, with that of children it has waited for, in seconds."`
	MemoryMB   float64      `json:"memory_mb" doc:"Resident memory in MiB; pages that it shares with others count."`
	Threads    int          `json:"threads" doc:"Number of threads."`
	OpenFDs    *int         `json:"open_fds" doc:"Number of open file descriptors; null when that is not permitted."`
	ReadBytes  *uint64      `json:"read_bytes" doc:"Bytes read from storage, with those of children it has waited for; null when that is not permitted."`
	WriteBytes *uint64      `json:"write_bytes" doc:"Bytes written to storage, likewise."`
	StartTime  time.Time    `json:"start_time" doc:"When it began."`
}

// ProcessState is what the kernel says a process is doing.
type ProcessState string

// The states of processes; see proc_pid_stat(5).
const (
	StateRunning  ProcessState = "running"  // on a CPU, or waits for one
	StateSleeping ProcessState = "sleeping" // waits for something and can be interrupted
	StateDisk     ProcessState = "disk"     // waits for something and cannot be interrupted
	StateStopped  ProcessState = "stopped"  // by a signal
	StateTraced   ProcessState = "traced"   // by a debugger
	StateZombie   ProcessState = "zombie"   // has ended, and its parent has not asked how
	StateIdle     ProcessState = "idle"     // a thread of the kernel that waits
	StateOther    ProcessState = "other"
)

// ProcessStates lists them.
func ProcessStates() []ProcessState {
	return []ProcessState{StateRunning, StateSleeping, StateDisk, StateStopped, StateTraced, StateZombie, StateIdle, StateOther}
}

// Event is something that happened to a process, or to the manager.
type Event struct {
	Seq      uint64     `json:"seq" doc:"Number of the event; they have no gaps unless events were filtered out."`
	Time     time.Time  `json:"ts" doc:"When it happened."`
	Type     EventType  `json:"type" doc:"What happened."`
	Name     string     `json:"name,omitempty" doc:"The process; absent when it is about the manager."`
	Run      uint64     `json:"run,omitempty" doc:"Number of the life."`
	Status   Status     `json:"status,omitempty" doc:"Status after it."`
	Ready    bool       `json:"ready" doc:"Whether it is ready after it."`
	PID      *int       `json:"pid,omitempty" doc:"Process id of the leader, while one lives."`
	Reason   Reason     `json:"reason,omitempty" doc:"Why a life, or the run, has ended."`
	ExitCode *int       `json:"exit_code,omitempty" doc:"Exit code of the life that has ended by exiting."`
	Signal   *string    `json:"signal,omitempty" doc:"Signal that has ended the life."`
	NextRun  *time.Time `json:"next_run,omitempty" doc:"Next scheduled time."`
	Message  string     `json:"message,omitempty" doc:"More, in words."`
}

// EventType is what happened.
type EventType string

// The event types.
const (
	EventStatus   EventType = "status"   // its status has changed, or a new life has begun
	EventReady    EventType = "ready"    // it has become ready, or is not any more
	EventEnded    EventType = "ended"    // a life has ended
	EventDeleted  EventType = "deleted"  // it is not known any more
	EventManifest EventType = "manifest" // a manifest was applied or refused
	EventShutdown EventType = "shutdown" // the manager begins to end
)

// EventTypes lists them.
func EventTypes() []EventType {
	return []EventType{EventStatus, EventReady, EventEnded, EventDeleted, EventManifest, EventShutdown}
}

// LifeRecord is one life that has ended.
type LifeRecord struct {
	Name      string     `json:"name" doc:"The process; of a run under concurrencyPolicy Allow NAME.RUN."`
	Run       uint64     `json:"run" doc:"Number of the life."`
	StartTime *time.Time `json:"start_time" doc:"When it began; null when it could not be started."`
	EndTime   time.Time  `json:"end_time" doc:"When nothing of it was left."`
	ExitCode  *int       `json:"exit_code" doc:"Exit code; null when a signal ended it or it could not be started."`
	Signal    *string    `json:"signal" doc:"Signal that ended it; null when there is none."`
	Reason    Reason     `json:"reason" doc:"Why it ended."`
	Error     string     `json:"error,omitempty" doc:"Why it could not be started, or what was wrong when the manager ended it."`
	Log       []LogLine  `json:"log" doc:"Its last lines, at most ten."`
}

// Change is one difference between the manifest in force and another one.
type Change struct {
	Name   string     `json:"name" doc:"The process; empty for a setting of the whole manifest."`
	Action ChangeKind `json:"action" doc:"What becomes of it."`
	Fields []string   `json:"fields,omitempty" doc:"Paths of what differs, for example env[2].value. Values are not shown."`
	Note   string     `json:"note,omitempty" doc:"What is to be known about it, in words."`
}

// ChangeKind is what becomes of a process when a manifest is applied.
type ChangeKind string

// The kinds.
const (
	ChangeAdded     ChangeKind = "added"
	ChangeRemoved   ChangeKind = "removed"   // stopped and forgotten
	ChangeUpdated   ChangeKind = "updated"   // without a restart
	ChangeRestarted ChangeKind = "restarted" // a running life ends for it
)

// ManifestInfo is the manifest in force.
type ManifestInfo struct {
	Source      string     `json:"source" doc:"file, api, or none."`
	Path        string     `json:"path" doc:"File or directory that is watched; empty when there is none."`
	Revision    string     `json:"revision" doc:"Hash of the text in force."`
	AppliedTime *time.Time `json:"applied_time" doc:"When it came into force; null without a manifest."`
	Error       string     `json:"error" doc:"What is wrong with the newest text, which is not in force then; empty when nothing is."`
	GraceSecs   int64      `json:"terminationGracePeriodSeconds" doc:"Seconds for the whole shutdown."`
	ExitPolicy  ExitPolicy `json:"exitPolicy" doc:"When the manager exits by itself."`
	Processes   []Spec     `json:"processes" doc:"The processes, in manifest order, with their defaults. Those made by callers are not among them."`
}

// SystemInfo describes the manager.
type SystemInfo struct {
	Version      string    `json:"version" doc:"Version of the program."`
	PID          int       `json:"pid" doc:"Its own process id."`
	Init         bool      `json:"init" doc:"It is PID 1; otherwise it is a subreaper."`
	StartTime    time.Time `json:"start_time" doc:"When it began."`
	Processes    int       `json:"processes" doc:"Number of processes that it knows."`
	ShuttingDown bool      `json:"shutting_down" doc:"It is ending."`
	Trees        string    `json:"trees" doc:"How the members of a process tree are found: cgroup or proc."`
	TreesWhy     string    `json:"trees_why" doc:"Why it is so, in words."`
	Limits       string    `json:"limits" doc:"Who enforces resources: cgroup or watch."`
	LimitsWhy    string    `json:"limits_why" doc:"Why it is so, in words."`
	Controllers  []string  `json:"controllers" doc:"Controllers of the cgroup that limits are enforced with."`

	Container *ContainerInfo `json:"container,omitempty" doc:"What the whole container uses and may use; absent when it is not known."`
}

// ContainerInfo is what the container that the manager runs in uses, whoever started it,
// and what it may use. What is not known is 0, and absent in JSON.
type ContainerInfo struct {
	MemoryMB      float64 `json:"memory_mb,omitempty" doc:"Memory in use in MiB, without inactive page cache."`
	MemoryBy      string  `json:"memory_by,omitempty" doc:"Whose memory_mb is: cgroup, the container's; host, the whole machine's, because no cgroup counts it."`
	MemoryLimitMB float64 `json:"memory_limit_mb,omitempty" doc:"Memory that there is in MiB."`
	MemoryLimitBy string  `json:"memory_limit_by,omitempty" doc:"Whose memory_limit_mb is: cgroup, the container's limit; host, the whole machine's, because the container has no limit below."`
	CPUSeconds    float64 `json:"cpu_seconds,omitempty" doc:"CPU time of the container in seconds, since its cgroup was made; it never goes back."`
	CPUs          float64 `json:"cpus,omitempty" doc:"Cores that may be used: those of the manager's affinity, or the quota of the cgroup if that is less."`
	Tasks         int     `json:"tasks,omitempty" doc:"Living processes and their threads in the container."`
	TasksLimit    int     `json:"tasks_limit,omitempty" doc:"How many of them there may be; absent: no limit."`
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
	// ReadErrors counts what /proc should have told of the processes and did not: numbers
	// of this snapshot may be too small since it last went up.
	ReadErrors uint64
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
	Group     string // name in the manifest, of a replica and of a run under concurrencyPolicy Allow
	Own       bool   // has series of its own; others are summed in Snapshot.Other
	Status    Status
	Up        bool // its leader lives
	Ready     bool
	Essential bool
	Cron      bool
	// Readiness: it has a readinessProbe or a readiness signal, and is wanted: what the
	// manifest suspends counts only while it runs, started by hand.
	Readiness bool

	MemoryLimit   uint64                // bytes; 0: none
	Probes        map[ProbeCount]uint64 // attempts that have ended
	CPUUser       time.Duration         // whole tree, reaped descendants included
	CPUSystem     time.Duration
	ResidentBytes uint64
	TreeSize      int // living processes
	Threads       int
	// Unsampled: it lives, and memory, TreeSize and Threads are not known: it is younger
	// than the last sample, or /proc does not show it.
	Unsampled bool
	// HasDetails is false when the next three are not known, for one member of the tree at
	// least: nobody has asked yet, or it is not permitted.
	HasDetails bool
	OpenFDs    int
	ReadBytes  uint64 // from storage, over all lives and reaped descendants, like CPU
	WriteBytes uint64
	// Measured where the spec's metrics ask for it; 0: not known, or nothing lives.
	ProportionalBytes uint64
	WorkingSetBytes   uint64

	StartTime    time.Time // zero: never started
	Restarts     map[Reason]uint64
	Exits        map[Reason]uint64
	LastExitCode *int // 128+n for a signal

	LogBytes   map[Stream]uint64
	LogDropped uint64 // bytes a sink did not take in time

	CronRuns         map[CronResult]uint64
	CronLastSuccess  time.Time // zero: none
	CronNext         time.Time // zero: not armed
	DeadlineExceeded uint64
}

// ProbeCount is what one counter of probe results counts.
type ProbeCount struct {
	Probe string // startup, liveness, readiness
	OK    bool
}

// CronResult says what became of one scheduled time.
type CronResult string

// The cron results.
const (
	CronSucceeded CronResult = "succeeded"
	CronFailed    CronResult = "failed"
	CronSkipped   CronResult = "skipped"  // Forbid, and the last run was not over
	CronReplaced  CronResult = "replaced" // Replace ended it for the next one
	CronMissed    CronResult = "missed"   // the machine was paused; it was too late, or another time stands for it
)
