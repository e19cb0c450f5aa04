//go:build amd64 || arm64

package linux

// nothingAt is the address of a signal handler that does nothing.
var nothingAt uintptr
