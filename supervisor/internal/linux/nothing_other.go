//go:build !amd64 && !arm64

package linux

const nothingAt uintptr = 0 // none was written for this machine
