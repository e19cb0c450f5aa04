package metrics

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// stuckAfter is how long the manager's loop may leave a question unanswered.
const stuckAfter = 5 * time.Second

// errNoAnswer says that the manager did not answer in time.
var errNoAnswer = errors.New("the manager does not answer")

// asker asks the manager for snapshots, one question at a time: who comes while
// one is open waits for the same answer. A stuck manager so costs one goroutine,
// however often it is probed.
type asker struct {
	control supervisor.Control
	usage   bool // what the processes use is of interest

	mu   sync.Mutex // guards open
	open *question  // nil: none
}

// question is one round trip to the manager. The answer may be read when done is
// closed.
type question struct {
	began time.Time
	done  chan struct{}
	snap  *supervisor.Snapshot
	err   error
}

// ask returns a snapshot that is begun now or still on its way, waiting at most
// patience. Who asks need not be there any more: net/http takes a client that has ended its
// side, as nc -N does, for one that has gone, and a wrong 503 is a container that is killed.
func (a *asker) ask(patience time.Duration) (*supervisor.Snapshot, error) {
	q := a.join()
	if !q.wait(patience) {
		return nil, errNoAnswer
	}
	if errors.Is(q.err, context.DeadlineExceeded) {
		return nil, errNoAnswer
	}
	return q.snap, q.err
}

// alive reports whether the manager answers within stuckAfter from the moment it
// was asked. Any answer counts, a refusal too.
func (a *asker) alive() bool {
	q := a.join()
	return q.wait(stuckAfter-time.Since(q.began)) && !errors.Is(q.err, context.DeadlineExceeded)
}

// join returns the open question, or opens one.
func (a *asker) join() *question {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = &question{began: time.Now(), done: make(chan struct{})}
		go a.answer(a.open)
	}
	return a.open
}

// answer asks the manager. The context is nobody's: the answer belongs to all
// who wait.
func (a *asker) answer(q *question) {
	ctx, cancel := context.WithTimeout(context.Background(), stuckAfter)
	defer cancel()
	q.snap, q.err = a.control.Snapshot(ctx, supervisor.SnapshotRequest{Usage: a.usage})
	a.mu.Lock()
	a.open = nil
	a.mu.Unlock()
	close(q.done)
}

// wait reports whether the answer came in time. One that is there already counts
// whatever the clock says.
func (q *question) wait(patience time.Duration) bool {
	select {
	case <-q.done:
		return true
	default:
	}
	timer := time.NewTimer(max(patience, 0))
	defer timer.Stop()
	select {
	case <-q.done:
		return true
	case <-timer.C:
		return false
	}
}
