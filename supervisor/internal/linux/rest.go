package linux

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

const (
	restPoll = 100 * time.Millisecond // descendants of others die without a word to us
	// restPatience is how long the rest is waited for without a word, restWord how long it
	// is then from one word to the next.
	restPatience = time.Second
	restWord     = 5 * time.Second
	restGrace    = 2 * time.Second // how long after SIGKILL somebody may still be dying
)

// EndRest ends every remaining descendant, whoever it belonged to: SIGTERM and
// SIGCONT at once, SIGKILL when ctx ends. It returns as soon as nobody is left, at
// the latest about two seconds after ctx has ended, with those that still live. It is
// meant for the very end: whoever is spawned during it is ended too. tell, if not nil, is
// told who is waited for after restPatience and then every restWord, and once who
// is sent SIGKILL.
func (s *System) EndRest(ctx context.Context, tell func(rest []Remnant, killed bool)) []Remnant {
	sc := &scanner{self: s.self}
	defer sc.close()
	if tell == nil {
		tell = func([]Remnant, bool) {}
	}
	asked := make(map[int]uint64)
	patience := time.NewTimer(restPatience)
	defer patience.Stop()
	poll := time.NewTicker(restPoll)
	defer poll.Stop()
	for {
		rest := s.descendants(sc)
		if len(rest) == 0 {
			return nil
		}
		for _, p := range rest {
			if asked[p.pid] != p.start {
				asked[p.pid] = p.start
				sc.send(&p, supervisor.SIGTERM)
				sc.send(&p, supervisor.SIGCONT)
			}
		}
		select {
		case <-ctx.Done():
			tell(sc.remnants(rest), true)
			return s.killRest(sc, poll.C)
		case <-patience.C:
			if ctx.Err() == nil { // else both were due, and the other is what counts
				tell(sc.remnants(rest), false)
				patience.Reset(s.restWord)
			}
		case <-s.restKick:
		case <-poll.C:
		}
	}
}

// killRest sends SIGKILL until nobody is left or time is up.
func (s *System) killRest(sc *scanner, poll <-chan time.Time) []Remnant {
	late := time.NewTimer(restGrace)
	defer late.Stop()
	for {
		rest := s.descendants(sc)
		if len(rest) == 0 {
			return nil
		}
		for _, p := range rest {
			sc.send(&p, supervisor.SIGKILL)
		}
		select {
		case <-late.C:
			return sc.remnants(s.descendants(sc))
		case <-s.restKick:
		case <-poll:
		}
	}
}

func (sc *scanner) remnants(list []procStat) []Remnant {
	var left []Remnant
	for _, p := range list {
		left = append(left, Remnant{PID: p.pid, Command: sc.comm(p.pid)})
	}
	return left
}

// descendants lists everybody alive who descends from us.
func (s *System) descendants(sc *scanner) []procStat {
	err := retry(func() error {
		return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	})
	if err == unix.ECHILD { // no child, no descendant
		return nil
	}
	if sc.listProcesses() != nil {
		return nil
	}
	sc.readStats()
	ours := make(map[int]bool, len(sc.list))
	ours[s.self] = true
	var list []procStat
	for i := range sc.list {
		p := sc.list[i]
		if p.pid != s.self && !p.dead() && sc.descends(p.pid, ours, len(sc.list)) {
			list = append(list, p)
		}
	}
	return list
}

// descends follows the parents of pid until one is in the table known, and extends
// it. limit ends a circle, which a torn picture could show.
func (sc *scanner) descends(pid int, known map[int]bool, limit int) bool {
	if answer, ok := known[pid]; ok {
		return answer
	}
	i, ok := sc.index[pid]
	answer := ok && limit > 0 && sc.descends(sc.list[i].ppid, known, limit-1)
	known[pid] = answer
	return answer
}

// comm reads the kernel's name of a process.
func (sc *scanner) comm(pid int) string {
	path := strconv.AppendInt(nil, int64(pid), 10)
	text, err := sc.readAt(append(path, "/comm\x00"...), sc.text)
	if err != nil {
		return ""
	}
	return string(bytes.TrimRight(text, "\n"))
}
