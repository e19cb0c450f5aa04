package manager

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/machine"
)

// The tests in the files trap_*_test.go are about what has bitten other supervisors:
// their names carry the numbers of the traps. Here is what they share.

// scene is a manager in virtual time, with all that was seen of it.
type scene struct {
	*bench
	trace trace
	log   page
	steps []func(old, now machine.Proc) // see every step
}

// play lets a manifest live in virtual time while do looks at it, and then ends it.
func play(t *testing.T, manifest string, do func(t *testing.T, s *scene)) *scene {
	t.Helper()
	s := &scene{}
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Stderr: &s.log}
		if manifest != "" {
			cfg.Set = parse(t, manifest)
		}
		s.bench = newBench(t, cfg)
		s.trace.began = s.began
		s.os.tell = s.trace.process
		s.watch = func(old, now machine.Proc) {
			s.trace.step(old, now)
			for _, see := range s.steps {
				see(old, now)
			}
		}
		do(t, s)
	})
	return s
}

// at is how long the scene has been going on.
func (s *scene) at() time.Duration { return time.Since(s.began) }

// until lets time go by until a moment of the scene.
func (s *scene) until(at time.Duration) { pass(at - s.at()) }

// told lists when something was seen of a process, by a part of its line.
func (s *scene) told(who, part string) []time.Duration {
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	var list []time.Duration
	for _, l := range s.trace.lines {
		if l.who == who && strings.Contains(l.text, part) {
			list = append(list, l.at)
		}
	}
	return list
}

// stat is the numbers of a process.
func (s *scene) stat(name string) supervisor.ProcessStat {
	s.t.Helper()
	snap, err := s.Snapshot(s.t.Context(), supervisor.SnapshotRequest{Usage: true})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range snap.Processes {
		if p.Name == name {
			return p
		}
	}
	s.t.Fatalf("there is no process %s", name)
	return supervisor.ProcessStat{}
}

// ended reports whether the manager has ended.
func (s *scene) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// page keeps what was written.
type page struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}
