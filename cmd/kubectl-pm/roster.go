package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/top"
)

// podSource asks the Pods that there are. Looks come one after the other; the screen acts and
// follows logs meanwhile.
type podSource struct {
	fleet *fleet   // its pods are those of the start
	last  []answer // of the last Look; read when no other is under way

	mu     sync.Mutex
	pods   []*pod    // that were listed last; nil: those of the start
	listed time.Time // when
}

// current is the fleet of this moment. The list of Pods is made again every listInterval; when
// that fails, the error says why, and those that were known are asked.
func (s *podSource) current(ctx context.Context) (*fleet, error) {
	var lost error
	if time.Since(s.listed) >= listInterval {
		limited, cancel := context.WithTimeout(ctx, s.fleet.timeout)
		defer cancel()
		pods, err := s.fleet.chosen.list(limited, s.fleet.kubectl)
		if lost = err; err == nil {
			s.replace(pods)
			s.listed = time.Now()
		}
	}
	now := *s.fleet
	now.pods = s.known()
	return &now, lost
}

func (s *podSource) known() []*pod {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pods == nil {
		return s.fleet.pods
	}
	return s.pods
}

// replace takes a new list. What is known of a Pod that was there before is kept.
func (s *podSource) replace(pods []*pod) {
	for _, p := range pods {
		if old := find(s.known(), p.label); old != nil {
			if container := old.settled(); slices.Contains(p.containers, container) {
				p.known = container
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pods = append([]*pod{}, pods...)
}

func (s *podSource) podOf(id top.ID) (*pod, error) {
	if p := find(s.known(), id.Pod); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is no Pod %s any more", id.Pod)
}

func find(pods []*pod, label string) *pod {
	if i := slices.IndexFunc(pods, func(p *pod) bool { return p.label == label }); i >= 0 {
		return pods[i]
	}
	return nil
}
