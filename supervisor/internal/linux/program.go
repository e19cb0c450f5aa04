package linux

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultPath is searched when the environment has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// findProgram returns the path to execute, as execvp would find it in the child.
func findProgram(c *Command) (string, error) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return "", fmt.Errorf("cannot start: the command is empty: %w", unix.EINVAL)
	}
	if err := checkBytes(c); err != nil {
		return "", err
	}
	name := c.Argv[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	search := searchPath(c.Env)
	var denied error
	for dir := range strings.SplitSeq(search, ":") {
		if dir == "" {
			dir = "."
		}
		candidate := dir + "/" + name
		switch err := executable(inDir(c.Dir, candidate)); err {
		case nil:
			return candidate, nil
		case unix.EACCES:
			denied = fmt.Errorf("exec %q: %w%s", candidate, err, forNobody(inDir(c.Dir, candidate)))
		}
	}
	if denied != nil {
		return "", denied
	}
	if err := checkDir(c.Dir); err != nil { // a relative PATH has no meaning without it
		return "", err
	}
	return "", fmt.Errorf("exec %q: %w in PATH %q", name, unix.ENOENT, search)
}

func searchPath(env []string) string {
	search := defaultPath
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			search = v
		}
	}
	return search
}

// checkBytes refuses what cannot be handed to a program.
func checkBytes(c *Command) error {
	for i, a := range c.Argv {
		if strings.IndexByte(a, 0) >= 0 {
			return fmt.Errorf("exec %q: argument %d holds a NUL byte: %w", c.Argv[0], i, unix.EINVAL)
		}
	}
	for _, kv := range c.Env {
		if strings.IndexByte(kv, 0) >= 0 {
			name, _, _ := strings.Cut(kv, "=")
			return fmt.Errorf("exec %q: environment variable %q holds a NUL byte: %w", c.Argv[0], name, unix.EINVAL)
		}
	}
	return nil
}

// inDir is where a path leads that the child looks up after it went to dir.
func inDir(dir, path string) string {
	if dir == "" || filepath.IsAbs(path) {
		return path
	}
	return dir + "/" + path
}

func executable(path string) error {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return unix.EACCES
	}
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
}

// warm reads the beginning of the program before it is executed. If its file system
// hangs, it is here that we wait, where the Go runtime can go on without us, and not
// between fork and exec, where it cannot. Errors are left to exec, which tells them
// better.
func warm(c *Command, path string) {
	path = inDir(c.Dir, path)
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return
	}
	var head [64]byte
	_, _ = unix.Pread(fd, head[:], 0)
	_ = unix.Close(fd)
}

// checkDir tells what is wrong with a working directory.
func checkDir(dir string) error {
	if dir == "" {
		return nil
	}
	var st unix.Stat_t
	err := unix.Stat(dir, &st)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		err = unix.ENOTDIR
	}
	if err == nil {
		err = unix.Faccessat(unix.AT_FDCWD, dir, unix.X_OK, unix.AT_EACCESS)
	}
	if err != nil {
		return fmt.Errorf("working directory %q: %w", dir, err)
	}
	return nil
}

// explain says in words why fork or exec failed.
func explain(c *Command, path string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EACCES), errors.Is(err, unix.ELOOP):
		if dirErr := checkDir(c.Dir); dirErr != nil {
			return dirErr
		}
		if errors.Is(err, unix.ENOENT) && executable(inDir(c.Dir, path)) == nil {
			return fmt.Errorf("exec %q: %s: %w", path, missingInterpreter(inDir(c.Dir, path)), err)
		}
		if errors.Is(err, unix.EACCES) && isDirectory(inDir(c.Dir, path)) {
			return fmt.Errorf("exec %q: it is a directory: %w", path, err)
		}
		if errors.Is(err, unix.ENOENT) && byShell(c.Argv) {
			return fmt.Errorf("exec %q: %w (it runs a command that is one string; where there is no shell, write a list: [PROGRAM, ARGUMENT])", path, err)
		}
		if errors.Is(err, unix.EACCES) {
			return fmt.Errorf("exec %q: %w%s", path, err, forNobody(inDir(c.Dir, path)))
		}
	case errors.Is(err, unix.ENOEXEC):
		return fmt.Errorf("exec %q: %w (built for another machine, or a script without a first line such as #!/bin/sh)", path, err)
	case errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("exec %q: %w (the limit of processes is reached)", path, err)
	}
	return fmt.Errorf("exec %q: %w", path, err)
}

// byShell reports whether an argv is that of a command in one string.
func byShell(argv []string) bool {
	return len(argv) == 3 && argv[0] == "/bin/sh" && argv[1] == "-c"
}

// forNobody says of a file that no user may execute that this is so.
func forNobody(path string) string {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&0o111 != 0 {
		return ""
	}
	return fmt.Sprintf(" (nobody may execute it: its mode is %04o)", st.Mode&0o7777)
}

func isDirectory(path string) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR
}

// missingInterpreter tells what an existing program needs that does not exist.
func missingInterpreter(path string) string {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "its interpreter"
	}
	defer func() { _ = unix.Close(fd) }()
	var head [256]byte
	n, _ := unix.Pread(fd, head[:], 0)
	if line, ok := bytes.CutPrefix(head[:max(n, 0)], []byte("#!")); ok {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		if words := bytes.Fields(line); len(words) > 0 {
			return fmt.Sprintf("its interpreter %q", words[0])
		}
	}
	return "its program loader (built for another C library?)"
}
