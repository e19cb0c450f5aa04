package linux

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// spawnHangs is how long a spawn may take before another may begin in its place: a
// program on a file system that does not answer must not keep the others waiting.
const spawnHangs = time.Second

// maxWorkers is how many spawns go on side by side. Each keeps a processor until its
// exec is done, because the Go runtime cannot take it away in between.
var maxWorkers = max(2, min(4, runtime.NumCPU()))

// Spawn starts a life. It returns at once; what became of it is reported. Spawns
// begin in the order in which they were asked for.
func (s *System) Spawn(id Life, c Command) {
	if err := s.enqueue(&life{Life: id, cmd: c, reports: s.reports}); err != nil {
		go s.reports.SpawnFailed(id, err)
	}
}

// enqueue puts a life at the end of those that wait to be spawned.
func (s *System) enqueue(l *life) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return supervisor.ErrClosed
	case s.lives[l.Life] != nil:
		return fmt.Errorf("life %d of %q exists already", l.Gen, l.Name)
	}
	process, _, isTask := l.splitTask()
	l.account = s.accounts[process]
	if l.account == nil {
		l.account = &account{}
		s.accounts[process] = l.account
	}
	if !isTask {
		l.account.measures = l.cmd.Measures
	}
	s.lives[l.Life] = l
	s.cgroups.asked(l.Life, l.cmd.Limits)
	s.queue = append(s.queue, l)
	s.hireWorker()
	return nil
}

// hireWorker starts one more worker if there is work and room. Called with s.mu held.
func (s *System) hireWorker() {
	if len(s.queue) > 0 && s.workers-s.hung < maxWorkers {
		s.workers++
		go s.spawnQueued()
	}
}

// spawnQueued is one worker: it spawns until nobody is waiting.
func (s *System) spawnQueued() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.workers-s.hung > maxWorkers {
			s.workers--
			s.mu.Unlock()
			return
		}
		l := s.queue[0]
		s.queue[0] = nil
		s.queue = s.queue[1:]
		s.mu.Unlock()
		s.spawn(l)
	}
}

// spawn starts one life and reports what became of it.
func (s *System) spawn(l *life) {
	slow := time.AfterFunc(spawnHangs, func() { s.spawnIsSlow(l) })
	err := s.forkExec(l)
	slow.Stop()
	s.mu.Lock()
	l.spawned = true
	if l.slow {
		s.hung--
	}
	s.mu.Unlock()
	if err != nil {
		s.spawnFailed(l, err)
		return
	}

	l.reports.Spawned(l.Life, l.pid)
	s.listen(l)
	s.mu.Lock()
	l.announced = true
	for _, r := range l.waiting {
		_ = s.deliver(r)
	}
	l.waiting = nil
	s.mu.Unlock()
	poke(s.treeKick) // it may have ended already
}

func (s *System) spawnIsSlow(l *life) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.spawned {
		l.slow = true
		s.hung++
		s.hireWorker()
	}
}

func (s *System) spawnFailed(l *life, err error) {
	s.mu.Lock()
	delete(s.lives, l.Life)
	l.over = true
	s.mu.Unlock()
	s.cgroups.discard(s, l.leaf)
	l.reports.SpawnFailed(l.Life, err)
}

// forkExec executes the life's program and registers the child.
func (s *System) forkExec(l *life) error {
	p := newSpawning(&l.cmd)
	defer p.close()
	if err := s.prepareSpawn(l, p); err != nil {
		l.out.abandon()
		return err
	}

	s.mu.Lock()
	since := s.takeOff()
	s.mu.Unlock()
	pid, err := s.fork(p)
	cloneErr := err
	if err != nil && p.withoutClone(l, err) {
		s.mu.Lock()
		s.discardFailed(since)
		s.mu.Unlock()
		pid, err = s.fork(p)
	}
	if err == nil {
		s.joinLate(l, pid, p.pidfd, cloneErr)
	}
	if s.beforeLanding != nil {
		s.beforeLanding(pid)
	}
	if err == nil {
		err = s.awaitShim(p, pid, since)
	}
	s.mu.Lock()
	if err != nil {
		if pid == 0 {
			s.discardFailed(since)
		}
		s.land()
		s.recheck = true // its child may have been the dying one that left a check in doubt
		s.mu.Unlock()
		poke(s.treeKick)
		l.out.abandon()
		return p.explainStart(&l.cmd, err)
	}
	s.register(l, pid, p.pidfd, since)
	s.mu.Unlock()

	poke(s.kick)
	if l.out != nil {
		s.pipes.add(l.out)
	}
	return nil
}

// register puts a spawned child into the table, or, if it is dead and reaped
// already, takes its exit out of the parked ones. Called with s.mu held.
func (s *System) register(l *life, pid, pidfd int, since uint64) {
	l.pid = pid
	s.groups[pid] = l
	delete(s.adopted, pid) // a pass over /proc may have looked at it
	delete(s.seen, pid)
	if isReaped(pid, pidfd) {
		p, ok := s.claim(pid, since)
		if !ok { // gave way to a flood of others; never "success"
			p.status = 255 << 8
		}
		l.pid = pid
		s.leaderReaped(l, p.status, &p.used)
	} else {
		s.leaders[pid] = l
	}
	s.land()
}

// isReaped reports whether the child that a spawn returned was waited for already.
// With a pidfd the answer cannot be about another process that has the number now.
func isReaped(pid, pidfd int) bool {
	const peek = unix.WEXITED | unix.WNOHANG | unix.WNOWAIT
	if pidfd >= 0 {
		err := retry(func() error { return unix.Waitid(unix.P_PIDFD, pidfd, nil, peek, nil) })
		if err != unix.EINVAL { // Linux before 5.4 does not know the question
			return err == unix.ECHILD
		}
	}
	return retry(func() error { return unix.Waitid(unix.P_PID, pid, nil, peek, nil) }) == unix.ECHILD
}
