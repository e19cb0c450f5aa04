package linux

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// forkThread is a thread that forks, with a descriptor table of its own that is nearly
// empty. A child begins with a copy of its parent's table, and exec closes what it does not
// hand down: of the table that all others share that is two pipes for each process that
// runs, and among thousands it takes longer than all else that a spawn does.
//
//	a spawn worker                              the thread
//	opens what the child is to have
//	sends it through a socket (SCM_RIGHTS)      receives it, forks, executes, closes it
//	receives the pidfd                          sends the pidfd, closes it
//
// The table comes from close_range(2) with CLOSE_RANGE_UNSHARE (Linux 5.9), which the
// filters of container engines let through, as they do not unshare(2). In it are 0, 1, 2, the
// socket, and the descriptors by which the Go runtime waits for others, because it may do so
// on any thread. Nothing else runs here: the runtime puts no other goroutine on a thread that is
// locked, and starts none from it. A descriptor's number means something else
// here than elsewhere, so what runs here must neither use nor finalize an [os.File] of others.
//
// It does one fork at a time; see [forks].
type forkThread struct {
	ours    int // the socket's end of the workers
	its     int // the socket's end of the thread, in its own table
	jobs    chan forkJob
	results chan forked
}

// forkJob is what package syscall is to be given, with the numbers of the workers' table.
type forkJob struct {
	path string
	argv []string
	attr *syscall.ProcAttr
}

type forked struct {
	pid   int
	pidfd bool // one was sent
	err   error
}

// errNotTried is the error of a fork for which something else than fork failed.
var errNotTried = errors.New("nothing was forked")

// startForkThread fails where there is no close_range or no /proc.
func startForkThread() (*forkThread, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot make the fork thread's socket: %w", err)
	}
	t := &forkThread{ours: ends[0], its: ends[1], jobs: make(chan forkJob, 1), results: make(chan forked, 1)}
	began := make(chan error, 1)
	go t.run(began)
	err = <-began
	_ = unix.Close(ends[1]) // the thread has its own
	if err != nil {
		_ = unix.Close(ends[0])
		return nil, err
	}
	return t, nil
}

// close ends the thread.
func (t *forkThread) close() {
	close(t.jobs)
	<-t.results
	_ = unix.Close(t.ours)
}

// fork has the thread fork. The error is errNotTried when it was not tried.
func (t *forkThread) fork(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	if sendFDs(t.ours, handedDown(attr)) != nil {
		return 0, errNotTried
	}
	t.jobs <- forkJob{path, argv, attr}
	result := <-t.results
	if result.pidfd {
		if got, err := receiveFDs(t.ours, 1); err == nil {
			*attr.Sys.PidFD = got[0]
		}
	}
	return result.pid, result.err
}

// run is the thread.
func (t *forkThread) run(began chan<- error) {
	runtime.LockOSThread() // for good: the thread ends with this goroutine, its table with it
	if unix.Gettid() == unix.Getpid() {
		// What all of /proc calls ours is the first thread's. It is kept until another has begun.
		elsewhere := make(chan error, 1)
		go t.run(elsewhere)
		began <- <-elsewhere
		runtime.UnlockOSThread()
		return
	}
	var none unix.Sigset_t // what children begin with; see forkHere
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
	err := takeOwnTable(t.ours, t.its)
	began <- err
	if err != nil {
		return
	}
	for job := range t.jobs {
		t.results <- t.do(job)
	}
	close(t.results)
}

// do forks with what comes through the socket.
func (t *forkThread) do(job forkJob) (result forked) {
	fds, err := receiveFDs(t.its, len(handedDown(job.attr)))
	if err != nil {
		return forked{err: errNotTried}
	}
	pidfd := -1
	attr := withNumbers(job.attr, fds, &pidfd)
	result.pid, result.err = syscall.ForkExec(job.path, job.argv, attr)
	// Before anybody is told, because the end of a pipe is when all have closed it.
	closeAll(fds)
	if pidfd >= 0 {
		result.pidfd = sendFDs(t.its, []int{pidfd}) == nil
		_ = unix.Close(pidfd)
	}
	return result
}

// handedDown lists the descriptors that a fork needs: those of the child, and its cgroup's.
func handedDown(attr *syscall.ProcAttr) []int {
	fds := make([]int, 0, len(attr.Files)+1)
	for _, fd := range attr.Files {
		if fd != notGiven {
			fds = append(fds, int(fd))
		}
	}
	if attr.Sys.UseCgroupFD {
		fds = append(fds, attr.Sys.CgroupFD)
	}
	return fds
}

// withNumbers returns attr with other numbers for what handedDown has listed.
func withNumbers(attr *syscall.ProcAttr, fds []int, pidfd *int) *syscall.ProcAttr {
	other, sys := *attr, *attr.Sys
	other.Sys = &sys
	sys.PidFD = pidfd
	other.Files = slices.Clone(attr.Files)
	for i, fd := range other.Files {
		if fd != notGiven {
			other.Files[i] = uintptr(fds[0])
			fds = fds[1:]
		}
	}
	if sys.UseCgroupFD {
		sys.CgroupFD = fds[0]
	}
	return &other
}

// takeOwnTable gives the calling thread a table of its own, and closes in it all that it
// is not to keep. What goes first makes room to list the rest, should the table be full.
func takeOwnTable(first, socket int) error {
	// The runtime makes what it waits with when it is first needed: now, by waiting.
	<-time.After(1)
	const none = math.MaxInt32 // no descriptor has this number: nothing is closed
	if err := unix.CloseRange(none, none, unix.CLOSE_RANGE_UNSHARE); err != nil {
		return fmt.Errorf("cannot give the fork thread a descriptor table of its own: close_range: %w", err)
	}
	_ = unix.Close(first)
	const dir = "/proc/thread-self/fd"
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot list the fork thread's descriptors: %w", err)
	}
	for _, e := range list {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 || fd == socket {
			continue
		}
		if !mayBeTheRuntimes(os.Readlink(dir + "/" + e.Name())) {
			_ = unix.Close(fd)
		}
	}
	return nil
}

// mayBeTheRuntimes is true of what the runtime waits with, an eventpoll and an eventfd, and
// of what cannot be told. It takes what os.Readlink returns.
func mayBeTheRuntimes(link string, err error) bool {
	return err != nil || strings.HasPrefix(link, "anon_inode:[event")
}

// sendFDs sends descriptors as one message of a unix socket; see unix(7).
func sendFDs(socket int, fds []int) error {
	return retry(func() error { return unix.Sendmsg(socket, []byte{0}, unix.UnixRights(fds...), nil, 0) })
}

// receiveFDs receives what sendFDs sent: so many, or it is an error.
func receiveFDs(socket, want int) ([]int, error) {
	var (
		word [1]byte
		size int
	)
	rights := make([]byte, unix.CmsgSpace(4*want))
	err := retry(func() (err error) {
		_, size, _, _, err = unix.Recvmsg(socket, word[:], rights, unix.MSG_CMSG_CLOEXEC)
		return err
	})
	if err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	if err != nil {
		return nil, err
	}
	var fds []int
	for i := range messages {
		got, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, err
		}
		fds = append(fds, got...)
	}
	if len(fds) != want { // our table, or the one of the whole system, is full
		closeAll(fds)
		return nil, unix.EMFILE
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}
