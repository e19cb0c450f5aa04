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
		if err := sc.listChildren(); err == nil {
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

// listChildren fills pids with our direct children: each thread has its own.
func (sc *scanner) listChildren() error {
	tasks, err := unix.Open("/proc/self/task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	sc.tids, err = sc.numbers(tasks, sc.tids[:0])
	_ = unix.Close(tasks)
	if err != nil {
		return err
	}
	sc.pids = sc.pids[:0]
	read := 0
	for _, tid := range sc.tids {
		path := append(sc.env[:0], "self/task/"...)
		path = strconv.AppendInt(path, int64(tid), 10)
		path = append(path, "/children\x00"...)
		sc.env = path
		switch err := sc.appendChildren(path); err {
		case nil:
			read++
		case unix.ENOENT, unix.ESRCH: // the thread has ended, or there are no lists
		default:
			return err
		}
	}
	if read == 0 {
		sc.noLists = true
		return unix.ENOENT
	}
	return nil
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
