package linux

import (
	"bytes"
	"time"
)

// To list the processes is a fifth of a pass when most of them sleep. The kernel tells the
// number that it gave away last in our PID namespace (ns_last_pid, where it can checkpoint
// processes). As long as that is the same nobody has begun, and the last list holds everybody
// who lives; who has ended meanwhile is found missing when it is asked for its clock.
//
// A number is given away a moment before its process can be seen, so a list is kept only if
// the number had been the same for clockLag when it was made. What else could be missed, one
// with a number of its own choice (clone3 with set_tid) or as many new ones as there are
// numbers, is seen by the list of one in fullTurns passes.

// lastPIDFile is below /proc.
const lastPIDFile = "sys/kernel/ns_last_pid\x00"

// begun is what is known of a list of processes.
type begun struct {
	last  uint64    // the number given away last before the list was read; 0: not known
	since time.Time // when that was seen first
	whole bool      // it holds everybody who had begun
}

// listBegun fills pids like listProcesses, or leaves it as it is when nobody has begun since.
// Who has ended since can still be in it.
func (sc *scanner) listBegun(pass int, now time.Time) error {
	b := &sc.begun
	last := sc.lastPID()
	if last != b.last {
		*b = begun{last: last, since: now}
	}
	if b.whole && !mine(0, pass, fullTurns) {
		return nil
	}
	b.whole = last != 0 && now.Sub(b.since) >= clockLag
	if err := sc.listProcesses(); err != nil {
		b.whole = false
		return err
	}
	return nil
}

// lastPID is the number that was given away last in our PID namespace; 0: it is not told.
func (sc *scanner) lastPID() uint64 {
	if sc.open() != nil {
		return 0
	}
	text, err := sc.readAt([]byte(lastPIDFile), sc.text)
	if err != nil {
		return 0
	}
	n, ok := number(bytes.TrimSpace(text))
	if !ok {
		return 0
	}
	return n
}
