package linux

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// adoption is a direct child that we did not spawn, and what was found out about it.
// Its number cannot become another process's before it went through the reaper.
type adoption struct {
	start uint64
	owner *life // nil: nobody's
}

// sighting is a member of a tree, as the last pass over /proc saw it.
type sighting struct {
	start uint64
	owner *life
}

// environMax bounds what is read of an environment.
const environMax = 1 << 20

// settle finds the owner of every process in sc.list. whole says that the list holds
// everybody but perhaps the leaders, so that it replaces what the last pass saw.
func (s *System) settle(sc *scanner, whole bool) {
	sc.todo, sc.unsure = sc.todo[:0], false
	s.mu.Lock()
	s.dropStale(sc)
	for i := range sc.list {
		p := &sc.list[i]
		if l := s.leaders[p.pid]; l != nil {
			p.owner, p.settled = l, true
			continue
		}
		if p.ppid != s.self {
			continue
		}
		known := false
		if s.cgroups == nil || p.dead() { // the dead are in no group any more
			p.owner, known = s.knownOwner(p)
		} else {
			p.owner, known = s.adoptedOwner(p)
		}
		if known {
			p.settled = true
			s.adopt(p)
		} else if !p.dead() { // the dead have no environment any more
			sc.todo = append(sc.todo, i)
		}
	}
	s.mu.Unlock()

	for _, i := range sc.todo {
		p := &sc.list[i]
		if s.settleByTables(sc, p) {
			continue
		}
		id, answer := s.environOwner(sc, p)
		s.mu.Lock()
		p.settled = true
		switch answer {
		case told:
			p.owner = s.lives[id]
			s.adopt(p)
		case silent:
			s.adopt(p)
		case executing: // ask again next time
			sc.unsure = true
		}
		s.mu.Unlock()
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range sc.list {
		s.settleOne(sc, &sc.list[i])
	}
	if whole {
		s.remember(sc)
	}
}

// dropStale removes from the tables what this look disproves. Called with s.mu held.
func (s *System) dropStale(sc *scanner) {
	for pid := range s.adopted {
		if _, ok := sc.index[pid]; !ok {
			delete(s.adopted, pid)
		}
	}
	for i := range sc.list {
		p := &sc.list[i]
		if l := s.groups[p.pid]; l != nil && l.reaped && p.start > l.ended {
			// A process with the number of a leader that was reaped before: the kernel
			// gives a number away only when no group and no session has it any more.
			delete(s.groups, p.pid)
		}
	}
}

// settleOne gives a process the owner of its parent; failing that, its session's.
// Called with s.mu held.
func (s *System) settleOne(sc *scanner, p *procStat) *life {
	if p.settled {
		return p.owner
	}
	p.settled = true // also ends a circle, which a torn picture could show
	if l := s.leaders[p.ppid]; l != nil {
		p.owner = l
	} else if i, ok := sc.index[p.ppid]; ok && p.ppid != s.self {
		p.owner = s.settleOne(sc, &sc.list[i])
	}
	if p.owner == nil {
		p.owner, _ = s.knownOwner(p)
	}
	return p.owner
}

// adopt keeps what was found out about a direct child. Called with s.mu held.
func (s *System) adopt(p *procStat) {
	if !p.dead() && s.leaders[p.pid] == nil {
		s.adopted[p.pid] = adoption{start: p.start, owner: p.owner}
	}
}

// settleByTables asks for the owner of a direct child that is new to us, first of all its
// cgroup. It reports false when only its environment can tell.
func (s *System) settleByTables(sc *scanner, p *procStat) bool {
	if s.cgroups == nil {
		return false // they were asked before
	}
	owner := s.groupOwner(sc, p.pid)
	s.mu.Lock()
	defer s.mu.Unlock()
	known := owner != nil && !owner.over
	if !known {
		owner, known = s.knownOwner(p)
	}
	if known {
		p.owner, p.settled = owner, true
		s.adopt(p)
	}
	return known
}

// groupOwner reads whose life's cgroup a process is in; nil: nobody's.
func (s *System) groupOwner(sc *scanner, pid int) *life {
	r := reader{proc: sc.proc, buf: sc.env}
	found := r.all(pid, "/cgroup")
	sc.env = r.buf
	sc.failures += r.failures
	if !found {
		return nil
	}
	path, ok := parseOwnGroup(r.buf)
	if !ok {
		return nil
	}
	return s.cgroups.owner(path)
}

// adoptedOwner tells what was found out about a direct child before. Called with s.mu
// held.
func (s *System) adoptedOwner(p *procStat) (owner *life, known bool) {
	a, ok := s.adopted[p.pid]
	if !ok || a.start != p.start || a.owner != nil && a.owner.over {
		return nil, false
	}
	return a.owner, true
}

// knownOwner asks the tables, in the order of the package comment but for the cgroup:
// what it was when last seen; its session or its group. Called with s.mu held.
func (s *System) knownOwner(p *procStat) (owner *life, known bool) {
	if owner, known = s.adoptedOwner(p); known {
		return owner, true
	}
	if was, ok := s.seen[p.pid]; ok && was.start == p.start && !was.owner.over {
		return was.owner, true
	}
	owner = s.ownerBySession(p.sid, p.pgrp)
	return owner, owner != nil
}

// ownerBySession tells whose session or group it is; nil: nobody's. Called with s.mu held.
func (s *System) ownerBySession(sid, pgrp int) *life {
	if l := s.sessionOwner(sid); l != nil {
		return l
	}
	return s.groups[pgrp]
}

// sessionOwner tells whose session it is: the life's that began it, or whose member did.
// Called with s.mu held.
func (s *System) sessionOwner(sid int) *life {
	if l := s.groups[sid]; l != nil && l.session {
		return l
	}
	if l := s.sessions[sid]; l != nil && !l.over {
		return l
	}
	return nil
}

// remember replaces the sightings by those of this pass. Called with s.mu held.
func (s *System) remember(sc *scanner) {
	clear(s.seen)
	clear(s.sessions)
	for i := range sc.list {
		p := &sc.list[i]
		if p.owner == nil || p.pid == p.owner.pid {
			continue
		}
		s.seen[p.pid] = sighting{start: p.start, owner: p.owner}
		if p.sid > 0 && p.sid != s.selfSession && p.sid != p.owner.pid {
			s.sessions[p.sid] = p.owner // begun by a member
		}
	}
}

// answer is what an environment says about its process's life.
type answer uint8

const (
	silent    answer = iota // nothing, now and for ever
	told                    // name and number
	executing               // the process is in the middle of exec and has none yet
)

// environOwner reads which life a process was started in. The answer can be long in
// coming, see asides: then it is asked again later.
func (s *System) environOwner(sc *scanner, p *procStat) (Life, answer) {
	r := &reader{proc: sc.proc, buf: sc.env}
	sc.env = nil // it is the reader's until it has ended
	var (
		id   Life
		said answer
	)
	pid := p.pid
	if !s.asides.do(stamp{pid, p.start}, func() { id, said = r.environOwner(pid) }) {
		sc.failures++
		return Life{}, executing
	}
	sc.env = r.buf
	sc.failures += r.failures
	return id, said
}

// reader reads whole files of processes into a buffer that it keeps.
type reader struct {
	proc     int // descriptor of /proc
	buf      []byte
	failures uint64
}

func (r *reader) environOwner(pid int) (Life, answer) {
	if !r.all(pid, "/environ") {
		return Life{}, silent
	}
	if len(r.buf) == 0 {
		// Emptied on purpose, or not set up yet: then there are no arguments either. They
		// come first, so the environment has to be asked once more.
		if !r.all(pid, "/cmdline") || len(r.buf) == 0 {
			return Life{}, executing
		}
		if !r.all(pid, "/environ") {
			return Life{}, silent
		}
	}
	if id, ok := parseOwner(r.buf); ok {
		return id, told
	}
	return Life{}, silent
}

// all reads a file of a process, up to environMax bytes.
func (r *reader) all(pid int, file string) bool {
	var name [32]byte
	path := strconv.AppendUint(name[:0], uint64(pid), 10)
	fd, err := unix.Openat(r.proc, string(append(path, file...)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		if err != unix.ENOENT && err != unix.ESRCH {
			r.failures++ // another user's, and we may not look
		}
		return false
	}
	defer func() { _ = unix.Close(fd) }()
	r.buf = r.buf[:0]
	for len(r.buf) < environMax {
		if len(r.buf) == cap(r.buf) {
			r.buf = append(r.buf, make([]byte, max(16<<10, len(r.buf)))...)[:len(r.buf)]
		}
		n, err := unix.Read(fd, r.buf[len(r.buf):cap(r.buf)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			break
		}
		r.buf = r.buf[:len(r.buf)+n]
	}
	return true
}

// parseOwner finds name and number of a life in an environment. The first variable of
// a name counts, as for getenv(3). A task is named by all three.
func parseOwner(env []byte) (id Life, ok bool) {
	var haveName, haveRun bool
	var task []byte
	for len(env) > 0 && !(haveName && haveRun && task != nil) {
		var kv []byte
		kv, env, _ = bytes.Cut(env, []byte{0})
		if v, found := bytes.CutPrefix(kv, []byte(EnvName+"=")); found && !haveName {
			id.Name, haveName = string(v), len(v) > 0
		} else if v, found := bytes.CutPrefix(kv, []byte(EnvRun+"=")); found && !haveRun {
			gen, err := strconv.ParseUint(string(v), 10, 64)
			id.Gen, haveRun = gen, err == nil
		} else if v, found := bytes.CutPrefix(kv, []byte(EnvTask+"=")); found && task == nil {
			task = v
		}
	}
	if word, gen, isTask := parseTask(string(task)); isTask {
		id.Name, id.Gen = id.Name+"/"+word, gen
	}
	return id, haveName && haveRun
}
