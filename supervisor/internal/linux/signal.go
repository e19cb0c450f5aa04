package linux

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// killRounds bounds a walk that finds somebody new each time.
const killRounds = 64

// request is a signal that somebody asked for.
type request struct {
	life  *life
	sig   supervisor.Signal
	scope Scope
	cont  bool // followed by SIGCONT, so that a stopped process can hear it
	again bool // walk until a pass finds nobody new

	byGroup bool // the life's cgroup was killed as a whole

	group bool           // the leader's group was signalled as a whole
	hit   map[int]uint64 // who was signalled already, by pid: its start time
}

// Stopping is who is to be asked to end, and by what.
type Stopping struct {
	Life   Life
	Signal supervisor.Signal
	Scope  Scope
}

// Stop sends each of the lives its signal and then SIGCONT, because a stopped process
// does not handle a signal before it goes on. It returns at once; a life that has ended,
// or is ending, is not an error. A life that is still being spawned gets the signal when
// it runs. Nobody is reaped meanwhile, so that the last one is not asked later for the
// deaths of those before.
func (s *System) Stop(list ...Stopping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, to := range list {
		_ = s.ask(to.Life, &request{sig: to.Signal, scope: to.Scope, cont: true})
	}
}

// Kill sends SIGKILL; to a tree, until a walk finds nobody new, and later to everybody
// who turns up before the tree is empty. It returns at once.
func (s *System) Kill(id Life, scope Scope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.ask(id, &request{sig: supervisor.SIGKILL, scope: scope, again: true})
}

// Signal sends sig and nothing else. The error wraps [supervisor.ErrNotRunning] when
// the life is over, or when its leader is, if that is who was meant; otherwise it
// says why the kernel refused. A tree is signalled in the background.
func (s *System) Signal(id Life, sig supervisor.Signal, scope Scope) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ask(id, &request{sig: sig, scope: scope})
}

// ask has a request delivered now or, to who is still being spawned, when it runs.
// Called with s.mu held.
func (s *System) ask(id Life, r *request) error {
	r.life = s.lives[id]
	if r.life == nil {
		return fmt.Errorf("cannot send %s to %q: %w", r.sig, id.Name, supervisor.ErrNotRunning)
	}
	r.life.noteStop(r.sig)
	if !r.life.announced && !r.life.reaped {
		r.life.waiting = append(r.life.waiting, r)
		return nil
	}
	return s.deliver(r)
}

// deliver sends what can be sent at once, and hands the rest to the tree goroutine.
// Called with s.mu held.
func (s *System) deliver(r *request) error {
	l := r.life
	target := l.pid
	switch {
	case r.scope == ScopeLeader && l.reaped:
		return fmt.Errorf("cannot send %s to %q: %w", r.sig, l.Name, supervisor.ErrNotRunning)
	case r.scope == ScopeLeader:
	case r.scope == ScopeGroup && !l.reaped:
		target = -l.pid // our unreaped leader keeps the number
	default:
		s.requests = append(s.requests, r)
		poke(s.treeKick)
		return nil
	}
	return r.kill(target)
}

// kill sends to a number that is known to be the life's. Called with System.mu held.
func (r *request) kill(target int) error {
	err := unix.Kill(target, unix.Signal(r.sig))
	if r.sig == supervisor.SIGKILL {
		r.life.killed = true
	}
	if err == nil && r.cont {
		err = unix.Kill(target, unix.SIGCONT)
	}
	if err != nil && err != unix.ESRCH { // it has ended: that is what signals are for
		return fmt.Errorf("cannot send %s to %q (pid %d): %w", r.sig, r.life.Name, r.life.pid, err)
	}
	return nil
}

// walk signals trees: one pass over /proc for all requests. The members are found
// before anybody is hit, because a child is known by its parent.
func (s *System) walk(requests []*request) {
	sc := &s.tree.scan
	requests = s.killByGroup(requests)
	for round := 0; len(requests) > 0 && round < killRounds; round++ {
		if err := s.readOthers(sc); err != nil { // no /proc: do what can be done
			for _, r := range requests {
				s.hitGroup(r)
			}
			return
		}
		s.settle(sc, true)
		byLife := make(map[*life][]*request, len(requests))
		for _, r := range requests {
			byLife[r.life] = append(byLife[r.life], r)
			if round == 0 {
				s.hitGroup(r)
			}
		}
		fresh := make(map[*request]bool)
		for i := range sc.list {
			p := &sc.list[i]
			if p.owner == nil || p.dead() {
				continue
			}
			for _, r := range byLife[p.owner] {
				if s.hitMember(sc, r, p) {
					fresh[r] = true
				}
			}
		}
		var next []*request
		for _, r := range requests {
			if r.again && fresh[r] {
				next = append(next, r)
			}
		}
		requests = next
	}
}

// hitGroup sends to the leader and its group in one call, if that is meant and safe,
// and remembers a SIGKILL to everybody.
func (s *System) hitGroup(r *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.scope == ScopeTree && !r.life.reaped {
		r.group = r.kill(-r.life.pid) == nil
	}
	if r.again && (r.scope == ScopeTree || r.life.reaped) {
		r.life.doomed = r
	}
}

// hitMember sends to one member, unless that was done before, and reports whether it
// was new.
func (s *System) hitMember(sc *scanner, r *request, p *procStat) bool {
	if start, ok := r.hit[p.pid]; ok && start == p.start {
		return false
	}
	if r.scope == ScopeGroup && p.pgrp != r.life.pid {
		return false
	}
	if r.hit == nil {
		r.hit = make(map[int]uint64)
	}
	r.hit[p.pid] = p.start
	if r.group && p.pgrp == r.life.pid && !r.again {
		return true // once is enough
	}
	sc.send(p, r.sig)
	if r.cont {
		sc.send(p, supervisor.SIGCONT)
	}
	return true
}

// send signals a process that is not a leader of ours and can vanish at any time. Its
// number is proven after it was pinned down, so that whoever gets the number next is
// never hit.
func (sc *scanner) send(p *procStat, sig supervisor.Signal) {
	var now procStat
	fd, err := unix.PidfdOpen(p.pid, 0)
	switch err {
	case nil:
		defer func() { _ = unix.Close(fd) }()
		if sc.stat(p.pid, &now) && now.start == p.start {
			_ = unix.PidfdSendSignal(fd, unix.Signal(sig), nil, 0)
		}
	case unix.ESRCH:
	default: // Linux before 5.3, or refused by a filter of system calls
		if sc.stat(p.pid, &now) && now.start == p.start {
			_ = unix.Kill(p.pid, unix.Signal(sig))
		}
	}
}
