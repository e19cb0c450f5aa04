package linux

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The variables by which a process that was adopted is given back to its life.
// The caller of [System.Spawn] puts them into Command.Env.
//
// A task has the variables of the process's life, and EnvTask beside them.
const (
	EnvName = "PM_PROCESS_NAME" // Life.Name, without the part from the slash
	EnvRun  = "PM_PROCESS_RUN"  // Life.Gen, decimal; of a task, that of the life it is about
	EnvTask = "PM_PROCESS_TASK" // of a task: the part of Life.Name after the slash, a dot, Life.Gen
)

// Life names one life of one process. Numbers are never reused for a name. A task, a
// probe or a hook of a process, has a life of its own: its name is that of the process,
// a slash and a word ("web/liveness"), which is never a process's name. See
// [System.Exec].
type Life struct {
	Name string
	Gen  uint64
}

// Command is what a life executes.
type Command struct {
	Argv []string // Argv[0] without a slash is looked up in the PATH of Env
	Env  []string // the complete environment, "K=V"
	Dir  string   // empty: the manager's

	// Resolve, when not nil, is called before anything else is done with the command,
	// where waiting for a disk holds up nobody else: it may fill in what is to be read
	// from files. Its error is that of the spawn.
	Resolve func(*Command) error

	// Output takes what the life writes. With nil, stdin, stdout and stderr are
	// handed over as they are; otherwise stdin is /dev/null.
	Output Output

	// Stdin hands over the manager's stdin, instead of /dev/null, also with Output.
	// TTY, with Output, runs the life on a new terminal: all it writes comes on stdout,
	// and with Stdin what the manager reads from its stdin is typed there.
	Stdin, TTY bool

	// ReadyFD, when over 2, is a descriptor to which the life may write a line to say
	// that it is ready, as s6 has it; then OnReady is called, once.
	ReadyFD int
	OnReady func()

	// Notify, when not nil, gets each message that a member of the life's tree sends as
	// sd_notify(3) does. NOTIFY_SOCKET is added to the environment. Calls come one at a
	// time from a goroutine of the [System], and end before the life's end is reported.
	// NotifyRefused, if not nil, is told in the same way, in words, why one is not handed on.
	Notify        func(message string)
	NotifyRefused func(why string)

	Identity Identity
	Setup    Setup
	Limits   Limits
	Measures Measures

	// Foreground is only looked at when Output is nil: the child gets a process
	// group of its own in the manager's session, and that group the session's terminal
	// when it is its turn: there is job control. In every other case the child gets a
	// session of its own.
	Foreground bool
}

// Output takes what one life writes. One call is made at a time per life, from
// goroutines of the [System]; back pressure is its own business, but while it
// blocks, nobody's output is read.
type Output interface {
	// Write takes a chunk, which is valid during the call only.
	Write(stream supervisor.Stream, chunk []byte)
	// End says that nothing more will come on the stream: the moment to flush a last
	// line without a newline. It is called once for each stream.
	End(stream supervisor.Stream)
}

// Exit tells how a leader ended.
type Exit struct {
	Code   int               // 0 to 255, when Signal is 0
	Signal supervisor.Signal // that ended it; 0: it exited by itself
	OOM    bool              // Signal is SIGKILL, by the kernel, because memory was short; see [Limits]

	// What the leader used, with the children it waited for.
	CPUUser   time.Duration
	CPUSystem time.Duration
}

// Reports takes what happened. Calls come from goroutines of the [System], for one
// life in the order of the table in the package comment, and must not block for
// long: while one is held, no other exit is reported.
type Reports interface {
	// Spawned: the program was executed.
	Spawned(life Life, pid int)
	// SpawnFailed: no program was executed; nothing else follows. The error says what
	// was tried and why it failed; fs.ErrNotExist and fs.ErrPermission are found by
	// errors.Is.
	SpawnFailed(life Life, err error)
	// Exited: the leader has ended and was reaped. left counts the other living
	// members of its tree; 0 means that nothing is left and that all output was
	// delivered and ended.
	Exited(life Life, exit Exit, left int)
	// TreeEmpty follows an Exited whose left was not 0: now nothing is left, and all
	// output was delivered and ended.
	TreeEmpty(life Life)
}

// Scope says who gets a signal.
type Scope uint8

// The scopes.
const (
	ScopeLeader Scope = iota // the process that was spawned
	ScopeGroup               // its process group
	ScopeTree                // everyone: leader, descendants, adopted descendants
	ScopeRest                // the tree without the leader
)

// Remnant is a process that [System.EndRest] could not end.
type Remnant struct {
	PID     int
	Command string // the kernel's name of it, at most 15 bytes
}

// Identity is as whom a life runs; the zero value is the manager's own identity.
// Names are looked up in /etc/passwd and /etc/group.
type Identity struct {
	User   supervisor.ID   // empty: the manager's
	Group  supervisor.ID   // empty: the user's of /etc/passwd, else 0; without User the manager's
	Groups []supervisor.ID // beside those that /etc/group gives the user
	// NonRoot makes user 0 an error.
	NonRoot bool
	// With User, HOME, USER and LOGNAME of Command.Env are replaced by the user's. Keep
	// names those of them that are to stay: what was asked for by name.
	Keep []string
}

// Setup is what is set in the child between fork and exec, beside its identity. The
// zero value sets nothing.
type Setup struct {
	AddCaps, DropCaps []string // without CAP_; ALL
	NoNewPrivs        bool
	Rlimits           map[string]supervisor.Rlimit // by lower-case names
	Nice              *int
	IOPriority        *supervisor.IOPriority // its Level is given, but for the class Idle
	OOMScoreAdj       *int
	Umask             *supervisor.Umask
}

// Limits are what a process may use with its tree; 0: no limit. They hold for all
// lives and tasks of a name together. Without a cgroup with the controllers they are
// not enforced here, see [System.Containment].
type Limits struct {
	Memory      int64 // bytes: memory.max
	CPU         int64 // thousandths of a processor, in each tenth of a second: cpu.max
	PIDs        int64 // processes and threads: pids.max
	MemoryAsked int64 // bytes that are reclaimed last: memory.low
	CPUAsked    int64 // thousandths of a processor, as Kubernetes' weight: cpu.weight; 0: as CPU
}

// Containment tells how trees are found and limits enforced.
type Containment struct {
	Groups      bool     // each life has a cgroup of its own
	GroupsWhy   string   // why, or why not, in words
	Controllers []string // that limits are enforced with: cpu, memory, pids; sorted
	LimitsWhy   string   // why, or why not, in words
}
