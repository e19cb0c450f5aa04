package manager

import (
	"slices"

	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// The bounds for processes that callers have made.
const (
	maxOwned = 100  // with metric series of their own
	maxEnded = 1000 // ended ones that are kept
)

// retire keeps the newest of the API-made processes that have ended, and forgets
// the others.
func (l *loop) retire(e *entry) {
	if e.origin != fromAPI || e.retired == (e.idle() && !e.gone) {
		return
	}
	if e.retired = !e.retired; !e.retired { // started again, or deleted
		l.ended = slices.DeleteFunc(l.ended, func(o *entry) bool { return o == e })
		return
	}
	l.ended = append(l.ended, e)
	if len(l.ended) > maxEnded {
		oldest := l.ended[0]
		l.ended = slices.Delete(l.ended, 0, 1)
		oldest.retired = false
		l.step(oldest, machine.Delete{})
	}
}
