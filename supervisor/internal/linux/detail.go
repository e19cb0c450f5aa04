package linux

import (
	"bytes"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// knowledge is what is known of a process's descriptors and storage.
type knowledge uint8

const (
	unasked knowledge = iota
	allowed
	denied // another user's, or one that may not be looked into
)

// details are a process's descriptors and storage.
type details struct {
	told                  knowledge
	asked                 int64 // its clock before it was asked; 0: not known
	fds                   int
	readBytes, writeBytes uint64
}

// detailTurns is in how many passes all processes that run are asked for details, each
// once: it costs as much as everything else that a pass reads.
const detailTurns = 3

// detail fills in the descriptors and the storage of a process: asked now, when it is
// new or it is its turn and it has run, else as they were.
func (sc *scanner) detail(p, then *procStat, pass int) {
	if then != nil && then.told != unasked && !due(p, then, pass) {
		p.details = then.details
		return
	}
	p.asked = p.clock
	var name [32]byte
	path := strconv.AppendUint(name[:0], uint64(p.pid), 10)
	n := len(path)
	p.told = denied
	fds, err := sc.countFDs(append(path, "/fd\x00"...))
	var text []byte
	if err == nil {
		text, err = sc.readAt(append(path[:n], "/io\x00"...), sc.text)
	}
	switch {
	case err == unix.ENOENT || err == unix.ESRCH: // it has ended, and has none any more
		p.told = allowed
	case err == nil && parseIO(text, p):
		p.told, p.fds = allowed, fds
	}
}

// due reports whether a process that has told its details is to be asked again.
func due(p, then *procStat, pass int) bool {
	if p.clock != 0 && p.clock == then.asked {
		return mine(p.pid, pass, fullTurns)
	}
	return mine(p.pid, pass, detailTurns)
}

// countFDs counts the descriptors of a process. The size of the directory is their number
// since Linux 6.2; before, it was 0.
func (sc *scanner) countFDs(path []byte) (int, error) {
	if !sc.noSizes {
		var st unix.Stat_t
		_, _, errno := unix.Syscall6(unix.SYS_NEWFSTATAT, uintptr(sc.proc), uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&st)), 0, 0, 0)
		if errno != 0 {
			return 0, errno
		}
		if st.Size > 0 {
			return int(st.Size), nil
		}
	}
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(sc.proc), uintptr(unsafe.Pointer(&path[0])),
		unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	defer func() { _, _, _ = unix.Syscall(unix.SYS_CLOSE, fd, 0, 0) }()
	n, err := sc.entries(int(fd))
	sc.noSizes = sc.noSizes || n > 0 // the size did not tell of them
	return n, err
}

// entries counts what is in a directory.
func (sc *scanner) entries(dir int) (count int, err error) {
	for {
		n, err := unix.Getdents(dir, sc.dents)
		if err != nil || n <= 0 {
			return max(count-2, 0), err // without itself and its parent
		}
		for _, _, rest, more := nextDirent(sc.dents[:n]); more; _, _, rest, more = nextDirent(rest) {
			count++
		}
	}
}

// parseIO reads what a process took from storage and gave to it, out of /proc/PID/io.
func parseIO(text []byte, p *procStat) bool {
	fields := 0
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte{'\n'})
		to := &p.readBytes
		value, ok := bytes.CutPrefix(line, []byte("read_bytes: "))
		if !ok {
			to = &p.writeBytes
			if value, ok = bytes.CutPrefix(line, []byte("write_bytes: ")); !ok {
				continue
			}
		}
		v, ok := number(value)
		if !ok {
			return false
		}
		*to = v
		fields++
	}
	return fields == 2
}
