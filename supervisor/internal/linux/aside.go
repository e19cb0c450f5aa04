package linux

import (
	"cmp"
	"sync"
	"time"
)

// asidePatience is how long a read of a process's memory may take. The kernel answers in
// microseconds; what takes longer waits for a lock, perhaps for ever.
const asidePatience = 50 * time.Millisecond

// maxHung bounds the reads that are left behind: each holds a thread.
const maxHung = 32

// stamp names a process for good: its number and when it began.
type stamp struct {
	pid   int
	start uint64
}

// asides makes reads that can hang. The arguments, the environment and the memory map of
// a process are behind a lock of its memory; a process that waits for a dead disk can hold
// it for as long as the disk is dead. Such a read is left behind, with its thread, and that
// process is not asked again before it has returned. The zero value is ready for use, by
// many goroutines.
type asides struct {
	patience time.Duration // how long do waits; 0: asidePatience

	mu   sync.Mutex
	hung map[stamp]struct{}
}

// do runs read in a goroutine and reports whether it ended in time. What read writes to
// belongs to it until it has ended.
func (a *asides) do(of stamp, read func()) bool {
	a.mu.Lock()
	_, hangs := a.hung[of]
	full := len(a.hung) >= maxHung
	a.mu.Unlock()
	if hangs || full {
		return false
	}
	ended := make(chan struct{})
	go func() {
		read()
		a.mu.Lock()
		delete(a.hung, of)
		close(ended) // under the lock: whoever gives up sees it, or is seen
		a.mu.Unlock()
	}()
	late := time.NewTimer(cmp.Or(a.patience, asidePatience))
	defer late.Stop()
	select {
	case <-ended:
		return true
	case <-late.C:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-ended:
		return true
	default:
	}
	if a.hung == nil {
		a.hung = map[stamp]struct{}{}
	}
	a.hung[of] = struct{}{}
	return false
}
