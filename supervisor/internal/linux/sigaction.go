package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigaction is the kernel's struct sigaction, see rt_sigaction(2): the handler, then
// flags, on some machines a restorer, and the mask. It is kept as it is.
type sigaction [8]uintptr

// Handlers that are none; see signal(7).
const (
	sigDefault uintptr = 0
	sigIgnore  uintptr = 1
)

// setAction sets what a signal does, and returns what it did. nil is the default. It
// goes behind the back of os/signal, which cannot reset a signal and catch it again.
func setAction(sig unix.Signal, to *sigaction) (*sigaction, error) {
	if to == nil {
		to = &sigaction{sigDefault}
	}
	return swapAction(sig, to)
}

// ignoredSignals asks the kernel, and needs no /proc for it.
func ignoredSignals() []unix.Signal {
	var list []unix.Signal
	for sig := unix.Signal(1); sig <= 64; sig++ {
		if a, err := swapAction(sig, nil); err == nil && a[0] == sigIgnore {
			list = append(list, sig)
		}
	}
	return list
}

// swapAction is rt_sigaction(2); nil changes nothing.
func swapAction(sig unix.Signal, to *sigaction) (*sigaction, error) {
	var before sigaction
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return &before, nil
}
