//go:build !amd64 && !arm64

package linux

// None were written for this machine.
const (
	nothingAt uintptr = 0
	caughtAt  uintptr = 0
)

var caughtFD int32 = -1
