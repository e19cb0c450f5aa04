package linux

import (
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// The variables by which a process that was adopted is given back to its life.
// The caller of [System.Spawn] puts them into Command.Env.
const (
	EnvName = "PM_PROCESS_NAME" // Life.Name
	EnvRun  = "PM_PROCESS_RUN"  // Life.Gen, decimal
)

// Life names one life of one process. Numbers are never reused for a name.
type Life struct {
	Name string
	Gen  uint64
}

// Command is what a life executes.
type Command struct {
	Argv []string // Argv[0] without a slash is looked up in the PATH of Env
	Env  []string // the complete environment, "K=V"
	Dir  string   // empty: the manager's

	// Output takes what the life writes. With nil, stdin, stdout and stderr are
	// handed over as they are; otherwise stdin is /dev/null.
	Output Output

	// Foreground is only looked at when Output is nil: the child gets a process
	// group of its own in the manager's session, and that group the terminal, when
	// stdin is the manager's terminal. In every other case the child gets a session
	// of its own.
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
