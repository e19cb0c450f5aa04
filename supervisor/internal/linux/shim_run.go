package linux

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// init is where a shim leaves the way of the program. It is here, and not in a main,
// so that no program or test with this package in it can forget it, and as early as
// can be: most other packages of the program are not set up yet. Every other start
// pays for the comparison of one string.
//
// While packages are set up, the goroutine is bound to the first thread.
func init() {
	if len(os.Args) >= shimArgs && os.Args[0] == shimName {
		runShim()
	}
}

// shimRun is what the shim has ready before its first step. From then on it allocates
// nothing, because a limit of memory or of threads that it sets for the program holds
// for itself, too.
type shimRun struct {
	status   int
	steps    []step
	groups   []uint32
	oom      int // descriptor of oom_score_adj
	oomText  []byte
	path     *byte
	dir      *byte
	argv     []*byte
	env      []*byte
	prepared [shimFailureSize]byte
}

// runShim does the steps and executes the program. It does not return.
func runShim() {
	r := &shimRun{oom: -1}
	var err error
	if r.status, err = strconv.Atoi(os.Args[1]); err != nil || r.status < 3 {
		fmt.Fprintln(os.Stderr, "processmanager: this name is for processes that are being set up")
		unix.Exit(70)
	}
	unix.CloseOnExec(r.status)
	// The Go runtime has raised the soft limit of open files, and gives it back only to
	// what it executes itself. This fails on purpose, having done that.
	_ = syscall.Exec("", []string{""}, nil)
	if err := r.prepare(os.Args, os.Environ()); err != nil {
		r.fail(noStep, unix.EINVAL)
	}
	for i := range r.steps {
		if errno := r.do(&r.steps[i]); errno != 0 {
			r.fail(uint32(i), errno)
		}
	}
	r.fail(noStep, unix.ENOEXEC) // there was no opExec
}

// prepare reads the arguments and makes everything that takes memory.
func (r *shimRun) prepare(args, environ []string) error {
	var err error
	if r.steps, err = parseSteps(args[2]); err != nil {
		return err
	}
	if r.path, err = unix.BytePtrFromString(args[3]); err != nil {
		return err
	}
	if r.dir, err = unix.BytePtrFromString(args[4]); err != nil {
		return err
	}
	if r.argv, err = syscall.SlicePtrFromStrings(args[shimArgs:]); err != nil {
		return err
	}
	var env []string
	for _, kv := range environ {
		number, value, found := strings.Cut(kv, "=")
		if _, err := strconv.Atoi(number); err == nil && found {
			env = append(env, value)
		}
	}
	if r.env, err = syscall.SlicePtrFromStrings(env); err != nil {
		return err
	}
	for i, s := range r.steps {
		switch s.op { //nolint:exhaustive // those that need something beforehand
		case opJoin:
			unix.CloseOnExec(int(s.args[0]))
		case opGroup:
			r.groups = append(r.groups, uint32(s.args[0]))
		case opOOM:
			r.oomText = strconv.AppendInt(nil, s.args[0], 10)
			if r.oom, err = unix.Open("/proc/self/oom_score_adj", unix.O_WRONLY|unix.O_CLOEXEC, 0); err != nil {
				errno, _ := err.(unix.Errno) //nolint:errorlint // the bare error of a system call
				r.fail(uint32(i), errno)
			}
		}
	}
	return nil
}

// What ioprio_set(2) wants; see linux/ioprio.h.
const (
	ioWhoProcess = 1
	ioClassShift = 13
)

// do does one step: for the calling thread, or for the whole process where only that
// exists. The thread becomes the whole process with exec.
func (r *shimRun) do(s *step) unix.Errno {
	a, b := uintptr(s.args[0]), uintptr(s.args[1])
	switch s.op {
	case opJoin:
		zero := [1]byte{'0'} // who writes
		return raw(unix.SYS_WRITE, a, uintptr(unsafe.Pointer(&zero)), 1)
	case opOOM:
		return raw(unix.SYS_WRITE, uintptr(r.oom), uintptr(unsafe.Pointer(&r.oomText[0])), uintptr(len(r.oomText)))
	case opRlimit:
		limit := unix.Rlimit{Cur: uint64(s.args[1]), Max: uint64(s.args[2])}
		return raw(unix.SYS_PRLIMIT64, 0, a, uintptr(unsafe.Pointer(&limit)))
	case opNice:
		return raw(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, a)
	case opIONice:
		return raw(unix.SYS_IOPRIO_SET, ioWhoProcess, 0, a<<ioClassShift|b)
	case opUmask:
		_ = raw(unix.SYS_UMASK, a, 0, 0) // cannot fail
		return 0
	case opBound:
		return raw(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, a, 0)
	case opKeepCaps:
		return raw(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1, 0)
	case opGroup: // collected by prepare
		return 0
	case opSetGroups:
		var first unsafe.Pointer
		if len(r.groups) > 0 {
			first = unsafe.Pointer(&r.groups[0])
		}
		return raw(unix.SYS_SETGROUPS, uintptr(len(r.groups)), uintptr(first), 0)
	case opGID:
		return raw(unix.SYS_SETRESGID, a, a, a)
	case opUID:
		return raw(unix.SYS_SETRESUID, a, a, a)
	case opAmbientClear:
		return raw(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0)
	case opCaps:
		return setCaps(uint64(a), uint64(b))
	case opAmbient:
		return raw(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, a)
	case opNoNewPrivs:
		return raw(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0)
	case opDir:
		return raw(unix.SYS_CHDIR, uintptr(unsafe.Pointer(r.dir)), 0, 0)
	case opExec:
		var mark [1]byte
		_ = raw(unix.SYS_WRITE, uintptr(r.status), uintptr(unsafe.Pointer(&mark)), 1)
		return raw(unix.SYS_EXECVE, uintptr(unsafe.Pointer(r.path)), uintptr(unsafe.Pointer(&r.argv[0])), uintptr(unsafe.Pointer(&r.env[0])))
	case opCount:
	}
	return unix.ENOSYS
}

// raw makes a system call of this thread alone, without a word to the Go runtime.
func raw(number, a, b, c uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall6(number, a, b, c, 0, 0, 0)
	return errno
}

// setCaps sets the permitted and effective capabilities, and the inheritable ones.
func setCaps(permitted, inheritable uint64) unix.Errno {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(permitted), Permitted: uint32(permitted), Inheritable: uint32(inheritable)},
		{Effective: uint32(permitted >> 32), Permitted: uint32(permitted >> 32), Inheritable: uint32(inheritable >> 32)},
	}
	return raw(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
}

// fail reports and ends. It does not return.
func (r *shimRun) fail(index uint32, errno unix.Errno) {
	binary.LittleEndian.PutUint32(r.prepared[:], index)
	binary.LittleEndian.PutUint32(r.prepared[4:], uint32(errno))
	_ = raw(unix.SYS_WRITE, uintptr(r.status), uintptr(unsafe.Pointer(&r.prepared)), shimFailureSize)
	for {
		_ = raw(unix.SYS_EXIT_GROUP, 1, 0, 0)
	}
}
