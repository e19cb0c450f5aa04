package linux

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// readStrays fills sc.list with our direct children that are not leaders: what was
// adopted, and spawns in flight. Where the kernel keeps no lists of children
// (CONFIG_PROC_CHILDREN), it is a pass over /proc, which also shows everybody's
// descendants; then whole is true.
func (s *System) readStrays(sc *scanner) (whole bool, err error) {
	if err := sc.open(); err != nil {
		return false, err
	}
	if !sc.noLists {
		list := (*scanner).listChildren
		if sc.lists != nil {
			list = sc.lists
		}
		if err := list(sc); err == nil {
			s.dropLeaders(sc)
			sc.readStats()
			return false, nil
		}
	}
	return true, s.readOthers(sc)
}

// readOthers fills sc.list with all processes but the leaders, which are known.
func (s *System) readOthers(sc *scanner) error {
	if err := sc.listProcesses(); err != nil {
		return err
	}
	s.dropLeaders(sc)
	sc.readStats()
	return nil
}

func (s *System) dropLeaders(sc *scanner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := sc.pids[:0]
	for _, pid := range sc.pids {
		if s.leaders[pid] == nil && pid != s.self {
			kept = append(kept, pid)
		}
	}
	sc.pids = kept
}

// listChildren fills pids with the children of our first thread, which are all that
// can be adopted: the kernel gives an orphan to the first thread of its new parent
// that is not ending, and Go never ends its first. What other threads forked are
// leaders.
func (sc *scanner) listChildren() error {
	var name [64]byte
	path := append(name[:0], "self/task/"...)
	path = strconv.AppendInt(path, int64(sc.self), 10)
	path = append(path, "/children\x00"...)
	sc.pids = sc.pids[:0]
	err := sc.appendChildren(path)
	if err == unix.ENOENT {
		sc.noLists = true
	}
	return err
}

// appendChildren reads one list, which can be longer than the buffer: each number is
// followed by a blank, and one can be cut in two.
func (sc *scanner) appendChildren(path []byte) error {
	fd, err := unix.Openat(sc.proc, string(path[:len(path)-1]), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	pid := 0
	for {
		n, err := unix.Read(fd, sc.text)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return err
		}
		for _, c := range sc.text[:n] {
			switch {
			case c >= '0' && c <= '9':
				pid = pid*10 + int(c-'0')
			case pid > 0:
				sc.pids = append(sc.pids, pid)
				pid = 0
			}
		}
	}
}
