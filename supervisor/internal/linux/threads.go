package linux

import (
	"runtime"
	"sync"
)

// spareThreads are more than the program was seen to use at a time. Each costs about 8 KiB.
const spareThreads = 24

// KeepThreads makes threads now, which the Go runtime keeps for good. It makes further ones
// when all are in system calls, and ends the program with exit code 2 when the kernel
// refuses: the limit of pids of a container is one for all, so that a child that forks
// without end would take PID 1 with it. What is there already needs no leave.
func KeepThreads() {
	var all, begun sync.WaitGroup
	begun.Add(spareThreads)
	for range spareThreads {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread() // else the thread would end with us
			begun.Done()
			begun.Wait() // each has a thread of its own now
		})
	}
	all.Wait()
}
