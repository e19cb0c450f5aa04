//go:build amd64 || arm64

package linux

// Addresses of signal handlers that need nothing of the Go runtime.
var (
	nothingAt uintptr // does nothing
	caughtAt  uintptr // writes the signal's number into caughtFD
)

// caughtFD is the writing end of a pipe that is never closed: a handler may be about
// to use it.
var caughtFD int32 = -1 //nolint:unused // the handler reads it
