package linux

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// The names that we use below our own group. No process's group can have that of
// managerGroup.
const (
	groupPrefix  = "pm."
	managerGroup = "pm-manager" // where we are ourselves, once controllers are switched on
)

// factsMax bounds what is read of a file under /proc that lists mounts or groups.
const factsMax = 1 << 20

// findCgroups opens our own group, if it is one where we may make groups and put
// processes into them. The error says why not, in words for an operator.
func findCgroups() (*cgroups, error) {
	own, err := readFacts("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("cannot read /proc/self/cgroup: %w", err)
	}
	group, ok := parseOwnGroup(own)
	if !ok {
		return nil, errors.New("there is no cgroup v2: /proc/self/cgroup has no line of hierarchy 0")
	}
	mounts, err := readFacts("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("cannot read /proc/self/mountinfo: %w", err)
	}
	dir, ok := findPlace(mounts, group)
	if !ok {
		return nil, fmt.Errorf("no cgroup v2 file system is mounted that shows our group %s", group)
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open our cgroup %s: %w", dir, err)
	}
	c := &cgroups{
		fd: fd, place: dir, prefix: strings.TrimSuffix(group, "/"),
		names: map[string]*processGroup{}, leaves: map[string]*life{},
		enabled: map[string]bool{}, refused: map[string]error{},
		linger: groupLinger, sweepNow: make(chan struct{}, 1),
	}
	if err := c.occupy(); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	c.publishFirst()
	return c, nil
}

// occupy makes sure that our own group is ours to use, and no other manager's. That a
// folder can be made proves little: where a container is given no cgroup file system,
// its place is often an empty tmpfs. That a process may be put into a group is not
// tried with ourselves, because moving a process halts all forks of the machine for
// milliseconds; the same permissions are asked for.
func (c *cgroups) occupy() error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(c.fd, &fs); err != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
		return fmt.Errorf("%s is not a cgroup v2 file system", c.place)
	}
	// The kernel lets nobody move a process who may not write here, the common ancestor.
	if err := unix.Faccessat(c.fd, "cgroup.procs", unix.W_OK, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("our cgroup %s is not delegated: cannot write cgroup.procs: %w", c.place, err)
	}
	if err := unix.Flock(c.fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another manager has its cgroups in %s: %w", c.place, err)
	}
	err := unix.Mkdirat(c.fd, managerGroup, 0o755)
	if err != nil && err != unix.EEXIST {
		return fmt.Errorf("our cgroup %s is not delegated: cannot make a group in it: %w", c.place, err)
	}
	var buf [64]byte
	kind, err := c.readFile(managerGroup+"/cgroup.type", buf[:])
	if err == nil && string(bytes.TrimSpace(kind)) != "domain" {
		err = fmt.Errorf("a group in it is of the type %q, not domain", bytes.TrimSpace(kind))
	}
	if err == nil {
		err = unix.Faccessat(c.fd, managerGroup+"/cgroup.procs", unix.W_OK, unix.AT_EACCESS)
	}
	if err != nil {
		_ = unix.Unlinkat(c.fd, managerGroup, unix.AT_REMOVEDIR)
		return fmt.Errorf("our cgroup %s cannot have groups with processes: %w", c.place, err)
	}
	c.top = unix.Faccessat(c.fd, "cgroup.type", unix.F_OK, 0) == unix.ENOENT
	if err := unix.Faccessat(c.fd, managerGroup+"/cgroup.kill", unix.W_OK, unix.AT_EACCESS); err != nil {
		c.noKill.Store(true) // Linux before 5.14
	}
	c.noClone.Store(!hasClone3())
	return nil
}

// hasClone3 asks whether clone3 may be called, without arguments, which are always
// wrong. Filters of system calls refuse it, because they cannot look into its arguments:
// the default ones of container engines do.
func hasClone3() bool {
	_, _, errno := unix.RawSyscall(unix.SYS_CLONE3, 0, 0, 0)
	return errno == unix.EINVAL
}

// readFacts reads a file under /proc.
func readFacts(name string) ([]byte, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	return readToEnd(fd)
}

// readToEnd reads a file, up to factsMax bytes.
func readToEnd(fd int) ([]byte, error) {
	text := make([]byte, 0, 8<<10)
	for len(text) < factsMax {
		if len(text) == cap(text) {
			text = append(text, make([]byte, len(text))...)[:len(text)]
		}
		n, err := unix.Read(fd, text[len(text):cap(text)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return text, err
		}
		text = text[:len(text)+n]
	}
	return text, nil
}

// parseOwnGroup finds the cgroup v2 in a /proc/PID/cgroup (cgroups(7)): the line of
// hierarchy 0, which has no list of controllers. The group of a dead process may be
// removed and is none.
func parseOwnGroup(text []byte) (group string, ok bool) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if name, found := bytes.CutPrefix(line, []byte("0::")); found {
			return string(name), bytes.HasPrefix(name, []byte("/")) && !bytes.HasSuffix(name, []byte(" (deleted)"))
		}
	}
	return "", false
}

// findPlace finds the directory of a group in a /proc/PID/mountinfo (proc(5)). Each
// line holds: mount, parent, device, root, mount point, options, optional fields, "-",
// type, source, options of the file system. A later mount hides an earlier one.
func findPlace(mounts []byte, group string) (dir string, ok bool) {
	return findMount(mounts, group, func(after string) bool { return strings.HasPrefix(after, "cgroup2 ") })
}

// findMount does it for the hierarchy that is told by what stands behind the "-".
func findMount(mounts []byte, group string, is func(after string) bool) (dir string, ok bool) {
	for line := range bytes.Lines(mounts) {
		before, after, found := strings.Cut(string(bytes.TrimSuffix(line, []byte("\n"))), " - ")
		fields := strings.Fields(before)
		if !found || len(fields) < 6 || !is(after) {
			continue
		}
		root, point := unescape(fields[3]), unescape(fields[4])
		// A root that begins with /.. is outside of our cgroup namespace.
		if below, inside := belowPrefix(group, strings.TrimSuffix(root, "/")); inside && path.IsAbs(point) {
			dir, ok = path.Join(point, below), true
		}
	}
	return dir, ok
}

// unescape reads the octal numbers for blanks, newlines and backslashes of a mountinfo.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if v, ok := octal(s[i+1 : i+4]); ok {
				out.WriteByte(v)
				i += 3
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func octal(digits string) (byte, bool) {
	v := 0
	for _, d := range digits {
		if d < '0' || d > '7' {
			return 0, false
		}
		v = v*8 + int(d-'0')
	}
	return byte(v), v < 256
}

// belowPrefix returns what of a group's path is below another group, without a slash
// at its beginning. A path that leads up again is below nothing.
func belowPrefix(group, prefix string) (below string, ok bool) {
	rest, ok := strings.CutPrefix(group, prefix)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	rest = strings.Trim(rest, "/")
	return rest, rest != ".." && !strings.HasPrefix(rest, "../")
}

// leafOf returns the first two names of a path.
func leafOf(below string) string {
	if first := strings.IndexByte(below, '/'); first >= 0 {
		if second := strings.IndexByte(below[first+1:], '/'); second >= 0 {
			return below[:first+1+second]
		}
	}
	return below
}

// keyed finds a number in a file with lines of a key and a value, such as
// cgroup.events and memory.events.
func keyed(text []byte, key string) (v uint64, ok bool) {
	for line := range bytes.Lines(text) {
		word, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte{' '})
		if string(word) == key {
			return natural(value)
		}
	}
	return 0, false
}

// natural reads a number that cannot be negative.
func natural(word []byte) (uint64, bool) {
	if len(word) > 0 && word[0] == '-' {
		return 0, false
	}
	return number(word)
}
