package supervisor

import "time"

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
	Labels  map[string]string `json:"labels,omitempty" doc:"Labels for selecting processes, with the grammar of Kubernetes."`
	Command Command           `json:"command" doc:"A list is an argv and is executed as it stands, after $(NAME) expansion; a string is run by /bin/sh -c."`
	Args    []string          `json:"args,omitempty" doc:"Appended to the argv, or given to the shell string as $1, $2…. $(NAME) expands."`

	WorkingDir string    `json:"workingDir,omitempty" doc:"Directory to start in. Default: the manager's."`
	Env        []EnvVar  `json:"env,omitempty" doc:"Environment, added to the manager's own and to envFrom; later entries win."`
	EnvFrom    []EnvFrom `json:"envFrom,omitempty" doc:"Mounted ConfigMaps, Secrets and dotenv files whose keys become variables; later ones win, env wins over all."`
	InheritEnv *bool     `json:"inheritEnv,omitempty" doc:"Whether the manager's own environment is handed down. Default: true. With false PATH is that of container images, unless something sets it."`
	Stdin      bool      `json:"stdin,omitempty" doc:"Give it the manager's stdin; one process of a manifest may have it. Without it reads end at once."`
	TTY        bool      `json:"tty,omitempty" doc:"Run it on a terminal of its own, so that it writes lines as to a person; stdout and stderr are one stream then."`
	Ports      []Port    `json:"ports,omitempty" doc:"Names for port numbers, which its probes and hooks may use. Nothing is opened or closed by this."`

	RestartPolicy      RestartPolicy `json:"restartPolicy,omitempty" doc:"When an ended process is started again. Default: Always; Never for scheduled ones."`
	RestartPolicyRules []RestartRule `json:"restartPolicyRules,omitempty" doc:"What exits with certain codes lead to, whatever restartPolicy says, which has to be given too. The first rule that matches decides. At most 20."`
	RestartBackoff     *Backoff      `json:"restartBackoff,omitempty" doc:"Delay between restarts."`
	MaxRestarts        *int          `json:"maxRestarts,omitempty" min:"0" max:"1000000" doc:"Consecutive restarts before giving up. Absent: no limit; 0: none."`
	SuccessExitCodes   []int         `json:"successExitCodes,omitempty" min:"1" max:"255" doc:"Exit codes beside 0 that count as success, 1 to 255. A process that a signal has ended has none: 143 is its own exit code, not SIGTERM."`
	Essential          bool          `json:"essential,omitempty" doc:"When this process has ended for good the container stops the rest in order and exits with its code."`
	Suspend            bool          `json:"suspend,omitempty" doc:"Do not start it (and do not run its schedule) until it is started by hand."`
	Replicas           *int          `json:"replicas,omitempty" min:"0" max:"1000" doc:"Run this many, as NAME-0, NAME-1 and so on, each with its index in PM_PROCESS_INDEX. Absent: one, called NAME."`

	DependsOn           []Dependency        `json:"dependsOn,omitempty" doc:"What must have happened elsewhere before the first start."`
	OnDependencyRestart OnDependencyRestart `json:"onDependencyRestart,omitempty" doc:"What happens to this process when one that it depends on begins a new life. Default: Ignore."`

	Readiness      *Readiness `json:"readiness,omitempty" doc:"How the process itself says that it is ready. With a readinessProbe both must agree."`
	StartupProbe   *Probe     `json:"startupProbe,omitempty" doc:"Until it succeeds the process is starting and the other probes wait; when it fails for good the process is ended with StartTimeout."`
	LivenessProbe  *Probe     `json:"livenessProbe,omitempty" doc:"When it fails the process is ended with Unhealthy and its restartPolicy decides."`
	ReadinessProbe *Probe     `json:"readinessProbe,omitempty" doc:"While it fails the process is not ready. It never ends a process."`

	ActiveDeadlineSeconds         *int64     `json:"activeDeadlineSeconds,omitempty" min:"1" max:"315360000" doc:"Seconds a run may last, from its first life over automatic restarts; then it has failed for good."`
	TerminationGracePeriodSeconds *int64     `json:"terminationGracePeriodSeconds,omitempty" min:"0" max:"315360000" doc:"Seconds for preStop and from the stop signal to SIGKILL. Default: 30."`
	KillMode                      KillMode   `json:"killMode,omitempty" doc:"Who gets the stop signal. Default: Mixed for an argv, Tree for a shell string."`
	Lifecycle                     *Lifecycle `json:"lifecycle,omitempty" doc:"What happens at the edges of a life."`

	Schedule                   string            `json:"schedule,omitempty" doc:"Cron schedule: 5 fields, 6 with seconds first, @hourly and the like, or @every 90s."`
	TimeZone                   string            `json:"timeZone,omitempty" doc:"IANA zone of the schedule, for example Europe/Brussels. Default: the local one."`
	RunOnStart                 bool              `json:"runOnStart,omitempty" doc:"Also run it once when the schedule is first armed."`
	ConcurrencyPolicy          ConcurrencyPolicy `json:"concurrencyPolicy,omitempty" doc:"What happens at a scheduled time while the last run goes on. Default: Forbid."`
	StartingDeadlineSeconds    *int64            `json:"startingDeadlineSeconds,omitempty" min:"1" max:"315360000" doc:"How late a scheduled time may still be run, after a pause of the machine; later it is missed. Absent: however late, once."`
	Jitter                     *Duration         `json:"jitter,omitempty" min:"0s" max:"24h" doc:"Delay every scheduled time by a part of this span that is fixed for the name and the host, so that many Pods do not run at once."`
	SuccessfulJobsHistoryLimit *int              `json:"successfulJobsHistoryLimit,omitempty" min:"0" max:"10000" doc:"Finished successful runs that are kept in the history. Default: 3."`
	FailedJobsHistoryLimit     *int              `json:"failedJobsHistoryLimit,omitempty" min:"0" max:"10000" doc:"Finished failed runs that are kept in the history. Default: 1."`

	SecurityContext *SecurityContext  `json:"securityContext,omitempty" doc:"As whom, and with which rights, it runs."`
	Resources       *Resources        `json:"resources,omitempty" doc:"Limits and requests, enforced by a delegated cgroup v2 where there is one; elsewhere memory is watched."`
	Rlimits         map[string]Rlimit `json:"rlimits,omitempty" doc:"Resource limits of setrlimit(2) by their lower-case names: nofile, core, nproc and so on. A number sets both, or an object {soft, hard}; \"unlimited\" is a value."`
	Nice            *int              `json:"nice,omitempty" min:"-20" max:"19" doc:"Scheduling priority; below the manager's own needs CAP_SYS_NICE."`
	IOPriority      *IOPriority       `json:"ioPriority,omitempty" doc:"Priority of its disk I/O, as ionice(1) sets it; RealTime needs CAP_SYS_NICE or CAP_SYS_ADMIN. Of use where the disk's scheduler looks at it, which bfq and mq-deadline do."`
	OOMScoreAdj     *int              `json:"oomScoreAdj,omitempty" min:"-1000" max:"1000" doc:"How willingly the kernel kills it when memory runs out; below the manager's own needs CAP_SYS_RESOURCE."`
	Umask           *Umask            `json:"umask,omitempty" doc:"Permissions that new files do not get, in octal: \"022\"."`

	Metrics Metrics `json:"metrics,omitzero" doc:"What is measured of it beside what costs next to nothing."`

	Log Log `json:"log,omitzero" doc:"true, or an object: what is done with the output beside the ring in memory and the container's stdout and stderr."`
}

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

// ConcurrencyPolicy has Kubernetes' words and meaning; the default is Forbid.
type ConcurrencyPolicy string

// The concurrency policies.
const (
	ConcurrencyForbid  ConcurrencyPolicy = "Forbid"  // skip the new run
	ConcurrencyAllow   ConcurrencyPolicy = "Allow"   // each run is a process NAME.RUN of its own
	ConcurrencyReplace ConcurrencyPolicy = "Replace" // end the old run first
)
