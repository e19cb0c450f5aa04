package telnet

import (
	"sync"

	"github.com/processmanager/processmanager/telnet/heroscript"
)

// queue holds the statements of one connection that wait for their turn, bounded
// in bytes: who sends faster than statements are performed is read no further.
type queue struct {
	limit int // bytes; one statement always fits

	mu      sync.Mutex // guards what follows
	changed *sync.Cond
	waiting []heroscript.Chunk
	bytes   int
	running bool // the statement that next returned last is being performed
	closed  bool
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// put appends a statement, and waits while the queue is full. It returns false
// when the queue is closed.
func (q *queue) put(c heroscript.Chunk) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.bytes > 0 && q.bytes+len(c.Text) > q.limit && !q.closed {
		q.changed.Wait()
	}
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, c)
	q.bytes += len(c.Text)
	q.changed.Broadcast()
	return true
}

// next waits for a statement and returns it; false when there will be none.
func (q *queue) next() (heroscript.Chunk, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running = false
	for len(q.waiting) == 0 && !q.closed {
		q.changed.Wait()
	}
	if len(q.waiting) == 0 {
		return heroscript.Chunk{}, false
	}
	c := q.waiting[0]
	q.waiting = q.waiting[1:]
	q.bytes -= len(c.Text)
	q.running = true
	q.changed.Broadcast()
	return c, true
}

// close ends the queue; what waits is still returned by next.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// drop ends the queue and forgets what waits.
func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.waiting, q.bytes = true, nil, 0
	q.changed.Broadcast()
}

// busy reports whether a statement waits or is being performed.
func (q *queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running || len(q.waiting) > 0
}
