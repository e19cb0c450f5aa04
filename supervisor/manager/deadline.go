package manager

import (
	"container/heap"
	"time"
)

// slot is an entry's place in a heap of moments.
type slot struct {
	entry *entry
	at    time.Time
	index int // 1-based; 0: not in the heap
}

// moments is a heap of slots, the earliest first.
type moments []*slot

func (h moments) Len() int           { return len(h) }
func (h moments) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h moments) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

// Push implements heap.Interface.
func (h *moments) Push(x any) {
	s := x.(*slot) // only set pushes
	*h = append(*h, s)
	s.index = len(*h)
}

// Pop implements heap.Interface.
func (h *moments) Pop() any {
	old := *h
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	s.index = 0
	return s
}

// set gives the slot its moment; the zero time takes it out.
func (h *moments) set(s *slot, at time.Time) {
	switch {
	case at.IsZero() && s.index > 0:
		heap.Remove(h, s.index-1)
		s.at = at
	case at.IsZero():
	case s.index == 0:
		s.at = at
		heap.Push(h, s)
	case !s.at.Equal(at):
		s.at = at
		heap.Fix(h, s.index-1)
	}
}

// first returns the earliest slot, nil when there is none.
func (h moments) first() *slot {
	if len(h) == 0 {
		return nil
	}
	return h[0]
}
