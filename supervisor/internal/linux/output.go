package linux

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// PipeOutput is a pipe that we write to, such as the container's stdout, which can also
// be written to without waiting. It leaves the open file as it is: O_NONBLOCK would be
// seen by everybody who has it open.
type PipeOutput struct {
	*os.File
	fd    int
	never atomic.Bool // the kernel cannot (before 6.4)
	big   atomic.Bool
}

// OutputOf returns w, as a PipeOutput where it is a pipe. Its descriptor must stay open.
func OutputOf(w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok || f == nil {
		return w
	}
	var st unix.Stat_t
	raw, err := f.SyscallConn()
	if err != nil {
		return w
	}
	number := -1
	if err := raw.Control(func(fd uintptr) {
		if unix.Fstat(int(fd), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO {
			number = int(fd)
		}
	}); err != nil || number < 0 {
		return w
	}
	return &PipeOutput{File: f, fd: number}
}

// TryWrite writes as much of p as the pipe has room for, and returns how much that was;
// with an error, where Write is to be used for the rest.
func (o *PipeOutput) TryWrite(p []byte) (int, error) {
	if o.never.Load() {
		return 0, errors.ErrUnsupported
	}
	n := 0
	for n < len(p) {
		part := [1][]byte{p[n:]}
		m, err := unix.Pwritev2(o.fd, part[:], -1, unix.RWF_NOWAIT)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN || err == nil && m == 0:
			if !o.big.Swap(true) && o.enlarge() {
				continue
			}
			return n, unix.EAGAIN
		case err != nil:
			if err == unix.EOPNOTSUPP || err == unix.ENOSYS {
				o.never.Store(true)
			}
			return n, err
		}
		n += m
	}
	return n, nil
}

// enlarge gives a pipe that was found full more room, so that a flood is carried in large
// pieces. It is refused when this user's pages for pipes are used up: then it stays small.
func (o *PipeOutput) enlarge() bool {
	size, err := unix.FcntlInt(uintptr(o.fd), unix.F_GETPIPE_SZ, 0)
	if err != nil || size >= busySize {
		return false
	}
	_, err = unix.FcntlInt(uintptr(o.fd), unix.F_SETPIPE_SZ, busySize)
	return err == nil
}
