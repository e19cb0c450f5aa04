package linux

import (
	"bytes"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// procStat is what one /proc/PID/stat says, as far as it is used here.
type procStat struct {
	pid, ppid, pgrp, sid int
	start                uint64 // clock ticks after boot; with pid it names a process for good
	user, system         uint64 // clock ticks, with the children it waited for
	rss                  uint64 // pages
	threads              int
	state                byte

	owner   *life // set by settle
	settled bool

	// Set by the sampler.
	clock   int64   // CPU time in nanoseconds before it was read; 0: not known
	same    bool    // an earlier pass saw the same process
	kept    bool    // and it has not run since, so that this is what that pass read
	percent float64 // of one core
	details
}

// dead reports whether it is a zombie: gone, but not waited for. One whose first
// thread has ended while others run looks like it, and is alive.
func (p *procStat) dead() bool {
	return (p.state == 'Z' || p.state == 'X') && p.threads <= 1
}

// parseStat reads a /proc/PID/stat. The name in it can hold anything, also blanks
// and parentheses: the fields begin after the last one.
func parseStat(text []byte, p *procStat) bool {
	open := bytes.IndexByte(text, ' ')
	shut := bytes.LastIndexByte(text, ')')
	if open < 1 || shut < open || shut+2 >= len(text) {
		return false
	}
	pid, ok := number(text[:open])
	if !ok {
		return false
	}
	*p = procStat{pid: int(pid), state: text[shut+2]}
	field := 0
	for rest := bytes.TrimRight(text[shut+2:], "\n"); len(rest) > 0 && field <= 21; field++ {
		var word []byte
		word, rest, _ = bytes.Cut(rest, []byte{' '})
		if !p.setField(field, word) {
			return false
		}
	}
	return field == 22
}

// setField takes the n-th field after the name; the state is field 0.
func (p *procStat) setField(n int, word []byte) bool {
	switch n {
	case 1, 2, 3, 11, 12, 13, 14, 17, 19, 21:
	default:
		return true
	}
	v, ok := number(word)
	switch n {
	case 1:
		p.ppid = int(v)
	case 2:
		p.pgrp = int(v)
	case 3:
		p.sid = int(v)
	case 11, 13:
		p.user += v
	case 12, 14:
		p.system += v
	case 17:
		p.threads = int(v)
	case 19:
		p.start = v
	case 21:
		p.rss = v
	}
	return ok
}

// number reads a decimal number; a negative one (no process group: -1) counts as 0.
func number(word []byte) (uint64, bool) {
	if len(word) > 1 && word[0] == '-' {
		_, ok := number(word[1:])
		return 0, ok
	}
	if len(word) == 0 || len(word) > 20 {
		return 0, false
	}
	var v uint64
	for _, c := range word {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, true
}

// scanner reads /proc with buffers that it keeps. One goroutine uses it at a time.
type scanner struct {
	self     int
	proc     int // descriptor of /proc, when opened
	opened   bool
	noLists  bool // this kernel has no task/TID/children
	noSizes  bool // this kernel does not tell the number of descriptors by a size
	failures uint64
	torn     bool                 // the last readStats could not open what was there, though it was permitted
	unsure   bool                 // the last settle met a process in the middle of exec
	lists    func(*scanner) error // in place of listChildren, where a test runs on a kernel without
	clock    func(pid int) int64  // cpuClock, or a test's; only the sampler's has one

	pids  []int
	begun begun // when pids was read; the sampler's only
	list  []procStat
	index map[int]int // pid → place in list
	dents []byte
	text  []byte
	env   []byte
	todo  []int
}

func (sc *scanner) open() error {
	if sc.opened {
		return nil
	}
	fd, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	sc.proc, sc.opened = fd, true
	sc.dents, sc.text = make([]byte, 32<<10), make([]byte, 4<<10)
	sc.index = make(map[int]int)
	return nil
}

func (sc *scanner) close() {
	if sc.opened {
		_ = unix.Close(sc.proc)
		sc.opened = false
	}
}

// listProcesses fills pids with all processes that /proc shows, in order of number.
func (sc *scanner) listProcesses() error {
	if err := sc.open(); err != nil {
		return err
	}
	if _, err := unix.Seek(sc.proc, 0, unix.SEEK_SET); err != nil {
		return err
	}
	var err error
	sc.pids, err = sc.numbers(sc.proc, sc.pids[:0])
	slices.Sort(sc.pids) // as they are already, where it is the kernel that lists them
	return err
}

// numbers appends the names in a directory that are numbers.
func (sc *scanner) numbers(dir int, to []int) ([]int, error) {
	for {
		n, err := unix.Getdents(dir, sc.dents)
		if err != nil || n <= 0 {
			return to, err
		}
		for name, _, rest, more := nextDirent(sc.dents[:n]); more; name, _, rest, more = nextDirent(rest) {
			if v, ok := number(name); ok && v > 0 {
				to = append(to, int(v))
			}
		}
	}
}

// readStats fills list from pids. Processes that vanish meanwhile are left out.
func (sc *scanner) readStats() {
	sc.list, sc.torn = sc.list[:0], false
	clear(sc.index)
	for _, pid := range sc.pids {
		var p procStat
		if sc.stat(pid, &p) {
			sc.index[pid] = len(sc.list)
			sc.list = append(sc.list, p)
		}
	}
}

// stat reads one process.
func (sc *scanner) stat(pid int, p *procStat) bool {
	var name [32]byte
	path := strconv.AppendUint(name[:0], uint64(pid), 10)
	path = append(path, "/stat\x00"...)
	text, err := sc.readAt(path, sc.text)
	if err != nil {
		if err != unix.ENOENT && err != unix.ESRCH {
			sc.failures++
			sc.torn = sc.torn || err != unix.EACCES && err != unix.EPERM
		}
		return false
	}
	if !parseStat(text, p) {
		sc.failures++
		return false
	}
	return true
}

// readAt reads the beginning of a file under /proc. path ends with a NUL byte: this
// way nothing is allocated.
func (sc *scanner) readAt(path, buf []byte) ([]byte, error) {
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(sc.proc), uintptr(unsafe.Pointer(&path[0])),
		unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	n, _, errno := unix.Syscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	_, _, _ = unix.Syscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return buf[:n], nil
}
