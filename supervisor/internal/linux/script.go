package linux

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// ScriptByShell is a Command.Resolve. It has a script without a first line such as
// "#!/bin/sh", which the kernel does not execute, run by /bin/sh, as execvp(3) and every
// shell do. A program for another machine stays what it is: an error.
func ScriptByShell(c *Command) error {
	path, err := findProgram(c)
	if err != nil || executable(inDir(c.Dir, path)) != nil || !isPlainText(inDir(c.Dir, path)) {
		return nil // nothing to change; what is wrong is told by the spawn
	}
	c.Argv = append([]string{"/bin/sh", path}, c.Argv[1:]...)
	return nil
}

// isPlainText reports whether a file begins as a text without "#!". What holds a NUL
// byte is none.
func isPlainText(path string) bool {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }()
	var head [256]byte
	n, err := unix.Pread(fd, head[:], 0)
	text := head[:max(n, 0)]
	known := bytes.HasPrefix(text, []byte("#!")) || bytes.HasPrefix(text, []byte("\x7fELF"))
	return err == nil && !known && bytes.IndexByte(text, 0) < 0
}
