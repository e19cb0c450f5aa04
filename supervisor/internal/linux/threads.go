package linux

import (
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// spareThreads are more than the program was seen to use at a time. Each costs about 8 KiB.
const spareThreads = 24

// KeepThreads makes threads now, which the Go runtime keeps for good. It makes further ones
// when all are in system calls, and ends the program with exit code 2 when the kernel
// refuses: the limit of pids of a container is one for all, so that a child that forks
// without end would take PID 1 with it. What is there already needs no leave.
//
// For the same reason none is made for which there may be no room: of what is left below
// the limits half stays for the children.
func KeepThreads() { keepThreads(min(spareThreads, freePlaces(2*spareThreads)/2)) }

func keepThreads(n int) {
	var all, begun sync.WaitGroup
	begun.Add(n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread() // else the thread would end with us
			begun.Done()
			begun.Wait() // each has a thread of its own now
		})
	}
	all.Wait()
}

// freePlaces counts how many more tasks the kernel lets us have, up to a number. The limits
// are in several places, not all of which we can see: the cgroups around ours, those of our
// user. So it takes the places, with processes that do nothing, and gives them back. The
// reaper does not see these: their end gives no SIGCHLD.
func freePlaces(most int) int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before) != nil { // a child would run our handlers
		return 0
	}
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	children := make([]int, 0, most)
	for len(children) < most {
		pid, ok := idleChild()
		if !ok {
			break
		}
		children = append(children, pid)
	}
	for _, pid := range children {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	for _, pid := range children {
		_ = retry(func() error { _, err := unix.Wait4(pid, nil, unix.WCLONE, nil); return err })
	}
	return len(children)
}

// idleChild forks a child that does nothing but wait for its end. It shares our table of
// descriptors, so that it holds no pipe open. In it there is no Go runtime to rely on:
// system calls only, and nothing that needs more stack. Its death signal, should the program
// end in the middle, is harmless: it comes when the thread of the caller ends, which is locked.
//
//go:noinline
//go:norace
//go:nocheckptr
func idleChild() (pid int, ok bool) {
	child, _, errno := unix.RawSyscall6(unix.SYS_CLONE, unix.CLONE_FILES|unix.CLONE_FS, 0, 0, 0, 0, 0)
	if errno != 0 {
		return 0, false
	}
	if child != 0 {
		return int(child), true
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0, 0)
	for {
		_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}
