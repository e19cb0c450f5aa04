package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// What package syscall cannot do between fork and exec is done by a shim: this
// program is executed once more, under the name shimName, as the child itself. It does
// the steps that it is given (see shim_step.go), and executes the program that was
// meant, so that no process stands between us and it.
//
//	argument   is
//	0          shimName
//	1          the number of the status pipe
//	2          the steps
//	3, 4       the program, and the working directory
//	5 …        the arguments of the program
//
// The variables come numbered, "0=PATH=/bin", because the Go runtime in the shim
// would listen to those with which a Go program is tuned, and does not keep two of one
// name.
//
//	the status pipe says           it means
//	one byte, then its end         the program was executed
//	a shimFailure, then its end    the step with this index failed
//	its end                        the shim died before it was done

// shimName is the argument 0 that makes this program the shim of a life.
const shimName = "processmanager: setting up"

// shimArgs is how many arguments come before those of the program.
const shimArgs = 5

// shimFailure is a report of shimFailureSize bytes: the index of the step and the
// errno, each as 32 bits, the lower ones first.
const shimFailureSize = 8

// noStep is the index when the shim was given nonsense.
const noStep = 1<<32 - 1

// shimEnv makes the Go runtime in the shim small: one processor, no collector.
var shimEnv = []string{"GOMAXPROCS=1", "GOGC=off"}

// shim is one that is to be started, or runs.
type shim struct {
	steps       []step
	read, write int // ends of the status pipe; -1: closed
}

// throughShim has the command executed by the shim.
func (p *spawning) throughShim(c *Command, steps []step) error {
	if c.Dir != "" {
		steps = append(steps, newStep(opDir))
	}
	steps = append(steps, newStep(opExec))
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("cannot make a pipe for the setup of a process: %w", err)
	}
	p.shim = &shim{steps: steps, read: ends[0], write: ends[1]}
	p.whenOver(p.shim.close)
	number := len(p.attr.Files)
	p.attr.Files = append(p.attr.Files, uintptr(p.shim.write))
	p.attr.Dir = "" // where it goes after it has become the user
	p.argv = append([]string{shimName, strconv.Itoa(number), formatSteps(steps), p.path, c.Dir}, p.argv...)
	env := make([]string, 0, len(shimEnv)+len(p.attr.Env))
	env = append(env, shimEnv...)
	for i, kv := range p.attr.Env {
		env = append(env, strconv.Itoa(i)+"="+kv)
	}
	p.attr.Env = env
	return nil
}

func (h *shim) close() {
	for _, fd := range []*int{&h.read, &h.write} {
		if *fd >= 0 {
			_ = unix.Close(*fd)
			*fd = -1
		}
	}
}

// shimError tells how a shim ended that did not execute the program.
type shimError struct {
	index uint32 // of the step that failed
	errno unix.Errno
	died  unix.WaitStatus // when it failed without a word
	err   error           // when its words could not be read
}

func (e *shimError) Error() string { return fmt.Sprintf("step %d: %v", e.index, e.errno) }

// awaitShim waits until the shim, if there is one, has executed the program. With an
// error, a shimError, the child is gone, and was neither a life nor an orphan.
func (s *System) awaitShim(p *spawning, pid int, since uint64) error {
	if p.shim == nil {
		return nil
	}
	_ = unix.Close(p.shim.write) // the shim's is the only one now
	p.shim.write = -1
	report, err := readStatus(p.shim.read)
	if err == nil && len(report) == 1 {
		return nil
	}
	e := &shimError{died: s.discardChild(pid, p.pidfd, since), err: err}
	if len(report) >= shimFailureSize {
		report = report[len(report)-shimFailureSize:]
		e.index = binary.LittleEndian.Uint32(report)
		e.errno = unix.Errno(binary.LittleEndian.Uint32(report[4:]))
	}
	return e
}

// explainStart says in words why nothing was started.
func (p *spawning) explainStart(c *Command, err error) error {
	var failed *shimError
	switch {
	case p.shim == nil:
		return p.who.explain(c, explain(c, p.path, err))
	case errors.As(err, &failed):
		return p.explainShim(c, failed)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("cannot execute this program once more, to set up %q: /proc/self/exe: %w", p.path, err)
	}
	return explain(c, p.path, err) // for one, too many arguments
}

func (p *spawning) explainShim(c *Command, e *shimError) error {
	switch {
	case e.err != nil:
		return fmt.Errorf("cannot learn whether %q was executed: %w", p.path, e.err)
	case e.errno != 0 && int64(e.index) < int64(len(p.shim.steps)):
		return p.explainStep(c, p.shim.steps[e.index], e.errno)
	case e.errno != 0:
		return fmt.Errorf("cannot set up %q: the steps are not understood: %w (was this program replaced by another version?)", p.path, e.errno)
	case e.died.Signaled():
		return fmt.Errorf("cannot set up %q: ended by signal %d before the program was executed", p.path, int(e.died.Signal()))
	}
	return fmt.Errorf("cannot set up %q: ended with exit code %d before the program was executed", p.path, e.died.ExitStatus())
}

// readStatus reads the status pipe to its end.
func readStatus(fd int) ([]byte, error) {
	var buf [4 * shimFailureSize]byte
	n := 0
	for n < len(buf) {
		got, err := unix.Read(fd, buf[n:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if got == 0 {
			break
		}
		n += got
	}
	return buf[:n], nil
}

// discardPause is how long to wait before asking again whether a killed child is dead.
const discardPause = time.Millisecond

// discardChild ends a child that did not become a life and sees to it that nobody
// counts it. The spawn is still in flight, so that its exit was parked if it was
// reaped.
func (s *System) discardChild(pid, pidfd int, since uint64) unix.WaitStatus {
	var status unix.WaitStatus
	gone := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if isReaped(pid, pidfd) {
			p, _ := s.claim(pid, since)
			status = p.status
			return true
		}
		if got, err := unix.Wait4(pid, &status, unix.WNOHANG, nil); got == pid && err == nil {
			delete(s.adopted, pid) // a pass over /proc may have looked at it
			delete(s.seen, pid)
			return true
		}
		_ = unix.Kill(pid, unix.SIGKILL) // not reaped: the number is its own
		return false
	}
	for !gone() {
		<-time.After(discardPause)
	}
	return status
}
