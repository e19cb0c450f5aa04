package telnet

import (
	"slices"
	"sync"
)

// strangers are the connections that have not given a secret yet, oldest first. When
// the house is full the oldest one makes room: silent connections must not keep out
// somebody who knows the secret.
type strangers struct {
	mu   sync.Mutex
	list []*session // guarded by mu
}

func (s *strangers) add(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, x)
}

// remove forgets one that has authenticated or has gone.
func (s *strangers) remove(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.list, x); i >= 0 {
		s.list = slices.Delete(s.list, i, i+1)
	}
}

// evict closes the oldest one and gives its place free; false: there is none.
func (s *strangers) evict() bool {
	s.mu.Lock()
	if len(s.list) == 0 {
		s.mu.Unlock()
		return false
	}
	x := s.list[0]
	s.list = slices.Delete(s.list, 0, 1)
	s.mu.Unlock()
	_ = x.conn.Close()
	x.leave()
	return true
}
