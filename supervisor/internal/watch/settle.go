package watch

import "time"

const (
	// still is how long nothing may happen before what happened counts as done.
	still = 200 * time.Millisecond
	// patience bounds the wait for a writer that never rests.
	patience = 2 * time.Second
)

// settle turns bursts of touches into one deadline each. It has no clock and no
// timer. The zero value has no burst.
type settle struct {
	first, last time.Time // of the burst; zero: none
}

// touch says that something has happened.
func (s *settle) touch(now time.Time) {
	if s.first.IsZero() {
		s.first = now
	}
	s.last = now
}

// due is when the burst ends if nothing more happens; zero: there is none.
func (s *settle) due() time.Time {
	if s.first.IsZero() {
		return time.Time{}
	}
	quiet, late := s.last.Add(still), s.first.Add(patience)
	if late.Before(quiet) {
		return late
	}
	return quiet
}

// over reports whether a burst has ended.
func (s *settle) over(now time.Time) bool { return !s.first.IsZero() && !now.Before(s.due()) }

// clear forgets the burst.
func (s *settle) clear() { *s = settle{} }
