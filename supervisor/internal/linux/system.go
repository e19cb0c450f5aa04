package linux

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// System owns every child of this program: it is the only one that forks, waits
// and signals. All methods may be called from any goroutine. There is one System
// per program, because there is one set of children per program.
type System struct {
	reports  Reports
	self     int
	orphans  atomic.Uint64
	failures atomic.Uint64

	selfSession int

	// mu is the child table's. It is held over kill and over non-blocking waits, so
	// that looking up and signalling, and waiting and removing, exclude each other:
	// the pid of a leader in the table is never a stranger's. It is never held over
	// fork, exec, reading of files, or a report.
	mu       sync.Mutex
	closed   bool
	lives    map[Life]*life
	leaders  map[int]*life    // not yet reaped
	groups   map[int]*life    // by the number of the group and session that the life began; until it is over
	adopted  map[int]adoption // living direct children that we did not spawn, as far as looked at
	seen     map[int]sighting // members of trees at the last pass over /proc
	sessions map[int]*life    // sessions that members began, at the last pass
	accounts map[string]*account
	parked   []parkedExit // exits of unknown pids while spawns are in flight
	flying   int          // spawns between fork and registration
	seq      uint64       // orders parked exits and spawns
	strays   uint64       // counts reaped pids that were not leaders
	exits    []*life      // reaped leaders that the tree goroutine has not seen
	recheck  bool         // a stray was reaped: a draining life may be empty now
	drains   bool         // the tree goroutine had draining lives when it was last done
	requests []*request   // signals to trees

	queue   []*life // lives that wait to be spawned, first in first out
	workers int     // spawning now
	hung    int     // of these, the ones that take too long to be counted
	forks   forks
	null    int // descriptor of /dev/null; -1: not opened yet

	buried  buried // who was reaped lately
	untyped []byte // of the manager's stdin, see typing

	tree    tree
	pipes   *pipes
	usage   usage
	asides  asides
	senders senders

	container container

	cgroups     *cgroups    // nil: there are none that are ours
	containment Containment // without cgroups
	plain       bool        // cgroups are not wanted

	treeKick chan struct{} // something for the tree goroutine
	kick     chan struct{} // there may be children now
	restKick chan struct{} // somebody was reaped
	restWord time.Duration // see EndRest
	quit     chan struct{}
	done     sync.WaitGroup // of all goroutines but the reaper and spawns

	reaperDone chan struct{}
	trouble    func(error) // the reaper's own; nil: nobody wants to know, or was told

	// beforeLanding is called between exec and registration, by tests that make this
	// moment long.
	beforeLanding func(pid int)
}

// life is the record of one life, from Spawn until its tree is empty.
type life struct {
	Life
	cmd     Command
	reports Reports
	account *account
	out     *capture // nil: output is not captured
	leaf    *leaf    // its cgroup, set before it is spawned; nil: it has none
	ears             // what else is heard of it, and typed to it

	// Guarded by System.mu.
	pid       int  // 0: not spawned yet
	session   bool // it began a session, not only a group
	announced bool // Spawned was reported
	slow      bool // its spawn hangs and is not counted among the workers
	spawned   bool // its spawn has returned, well or not
	reaped    bool
	over      bool
	exit      Exit
	ended     uint64     // when it was reaped, in clock ticks after boot
	missed    int        // passes in a row that did not show its leader
	waiting   []*request // signals asked for before it was spawned
	killed    bool       // we sent SIGKILL to its leader

	askedToStop atomic.Bool // by a signal that was sent through us; see terminal

	// The tree goroutine's own.
	reported  bool     // Exited was reported
	groupGone bool     // once true it stays true: the number may be somebody else's later
	doomed    *request // SIGKILL to the tree: also for who turns up after the walk
	undecided int      // checks in a row that a dying stray made doubtful
}

// New starts a System. Call [Prepare] before it.
func New(r Reports, options ...Option) *System {
	s := &System{
		reports:  r,
		self:     os.Getpid(),
		null:     -1,
		lives:    make(map[Life]*life),
		leaders:  make(map[int]*life),
		groups:   make(map[int]*life),
		adopted:  make(map[int]adoption),
		seen:     make(map[int]sighting),
		sessions: make(map[int]*life),
		accounts: make(map[string]*account),
		treeKick: make(chan struct{}, 1),
		kick:     make(chan struct{}, 1),
		restKick: make(chan struct{}, 1),
		restWord: restWord,
		quit:     make(chan struct{}),

		reaperDone: make(chan struct{}),
	}
	s.selfSession, _ = unix.Getsid(0)
	for _, set := range options {
		set(s)
	}
	s.openCgroups()
	s.pipes = newPipes()
	s.usage.based = time.Now()
	s.tree.scan.self, s.usage.scan.self, s.senders.scan.self = s.self, s.self, s.self
	s.usage.scan.clock = cpuClock
	s.done.Add(2)
	go s.reap()
	go s.watchTrees()
	go func() {
		defer s.done.Done()
		s.pipes.read()
	}()
	return s
}

// WithTrouble has tell told, once and by a goroutine that waits for it, when children cannot
// be waited for.
func WithTrouble(tell func(error)) Option {
	return func(s *System) { s.trouble = tell }
}

// Close ends the goroutines and returns when they have ended. What still runs is
// left alone; nothing is reported any more, but a spawn in flight. This is to be the
// last thing that a program stops.
func (s *System) Close() {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.queue = nil
	s.mu.Unlock()
	if again {
		s.done.Wait()
		return
	}
	close(s.quit)
	s.pipes.stop()
	s.stopListening()
	s.done.Wait()
	s.wakeReaper()
	s.forks.close()
	s.closeCgroups()
	s.pipes.close()
	s.tree.scan.close()
	s.usage.close()
	s.senders.scan.close()
	if s.null >= 0 {
		_ = unix.Close(s.null)
	}
}

// Orphans counts the reaped children that were not spawned here.
func (s *System) Orphans() uint64 { return s.orphans.Load() }

// poke makes sure that the goroutine behind ch looks at its work once more.
func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// retry calls f until it is not interrupted.
func retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
