package linux

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// discarded takes the signals that are caught only so that children get their
// default action.
var discarded = make(chan os.Signal, 1)

// Prepare makes this process fit to be the parent of others. Call it once, at the
// start of the program, before anything is spawned:
//
//   - no descriptor but 0, 1 and 2 is handed down;
//   - orphaned descendants come to us, also when we are not PID 1;
//   - signals that were ignored when we were started are caught instead, because
//     "ignored" outlives exec and "caught" does not;
//   - the death of a child gives no SIGCHLD, but to who asks for it;
//   - a closed stdout or stderr is a failed write, not the end of the program.
func Prepare() error {
	if err := closeOnExec(); err != nil {
		return fmt.Errorf("cannot mark inherited descriptors close-on-exec: %w", err)
	}
	if os.Getpid() != 1 {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("cannot become the reaper of orphaned descendants: %w", err)
		}
	}
	catch := []os.Signal{unix.SIGPIPE}
	for _, sig := range ignoredSignals() {
		switch {
		case sig == unix.SIGCHLD, sig == unix.SIGURG: // the runtime's, and never inherited as ignored
		case slices.Contains(threadSignals[:], sig):
			if _, err := setAction(sig, nil); err != nil {
				return fmt.Errorf("cannot give signal %d its default action: %w", int(sig), err)
			}
		default:
			catch = append(catch, sig)
		}
	}
	signal.Notify(discarded, catch...)
	if err := dropChildSignal(); err != nil {
		return err
	}
	if os.Getpid() == 1 {
		return shield()
	}
	return nil
}

// unhandled are the signals that would end a program and for which the Go runtime
// installs no handler.
var unhandled = [...]unix.Signal{32, 34}

// shield gives PID 1 a handler that does nothing for each of them. The kernel drops a
// signal without handler that is sent to PID 1, but not when its first thread has that
// signal blocked, as it has for the moment of a fork: then it ends the whole program
// (sig_ignored and complete_signal in the kernel's signal.c). The runtime's own handler
// would end it too. What is caught is not inherited.
func shield() error {
	if nothingAt == 0 {
		return nil
	}
	handler, err := swapAction(unix.SIGURG, nil) // for flags and restorer
	if err != nil {
		return fmt.Errorf("cannot read the handler of SIGURG: %w", err)
	}
	handler[0] = nothingAt
	for _, sig := range unhandled {
		if _, err := setAction(sig, handler); err != nil {
			return fmt.Errorf("cannot give signal %d a handler: %w", int(sig), err)
		}
	}
	return nil
}

// threadSignals belong to the C library's threads. The posix_spawn of glibc, which
// make and others use, hands them down ignored, and os/signal does not touch them.
var threadSignals = [...]unix.Signal{32, 33}

func closeOnExec() error {
	err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err == nil {
		return nil
	}
	// Linux before 5.11, or a filter of system calls that does not know it.
	list, dirErr := os.ReadDir("/proc/self/fd")
	if dirErr != nil {
		return errors.Join(err, dirErr)
	}
	for _, e := range list {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}
