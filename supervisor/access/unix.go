package access

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/processmanager/processmanager/supervisor/permission"
)

// MaxUnixPath is the greatest length of a unix socket's path, in bytes: the
// kernel's address has room for 108 with a NUL.
const MaxUnixPath = 107

// DefaultUnixMode is the mode of a unix socket for which none is asked.
const DefaultUnixMode fs.FileMode = 0o600

// ErrInUse is wrapped by the error of [ListenUnix] when a program answers at the
// path.
var ErrInUse = errors.New("another program answers there")

// UnixOptions says who may open a unix socket.
type UnixOptions struct {
	Mode  fs.FileMode // permission bits; 0: DefaultUnixMode
	Group string      // name or number; "": that of the process

	// Logger is told when the file was removed and what became of it; nil: nobody.
	Logger *slog.Logger
}

// ListenUnix listens on a unix socket. The socket gets its final mode and group
// before it gets its name, whatever the umask: it is bound in a private directory
// beside the path and linked to its place. A socket left behind at the path is
// replaced when connecting to it is refused; one that answers is not
// ([ErrInUse]), and a file that is not a socket is never touched. Close removes
// the path only if it is still this socket.
//
// Errors say "cannot listen on PATH: …" and wrap the system's, so a caller can
// tell a missing or read-only directory with errors.Is.
//
// A socket whose file somebody has removed, which nobody can reach any more, is made
// again within ten seconds while Accept waits.
func ListenUnix(path string, o UnixOptions) (net.Listener, error) {
	full, err := checkUnixPath(path)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	l := &unixListener{path: full, options: o, look: fileLook}
	if l.socket, err = listenUnix(full, o); err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	return l, nil
}

func listenUnix(path string, o UnixOptions) (*unixSocket, error) {
	mode, gid, err := o.resolve()
	if err != nil {
		return nil, err
	}
	if err := checkParent(filepath.Dir(path)); err != nil {
		return nil, err
	}
	defer lockDir(filepath.Dir(path))()
	if err := probe(path); err != nil {
		return nil, err
	}
	private, err := os.MkdirTemp(filepath.Dir(path), ".pm-")
	if err != nil {
		return nil, unwritable(filepath.Dir(path), err)
	}
	defer os.RemoveAll(private)
	l, err := bind(private)
	if err != nil {
		return nil, err
	}
	born := filepath.Join(private, socketName)
	info, err := dress(born, mode, gid)
	if err == nil {
		err = place(born, path, private)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return &unixSocket{UnixListener: l, info: info}, nil
}

// unwritable says why nothing can be made in a directory, and what to do.
func unwritable(dir string, err error) error {
	why := fmt.Errorf("its directory cannot be written: %w", reason(err))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s; change its mode or owner, or choose another path", why, permission.Denied(dir, "write to it"))
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w; mount a volume there (a tmpfs, an emptyDir), or choose another path", why)
	}
	return why
}

func checkUnixPath(path string) (string, error) {
	if path == "" {
		return "", errors.New("the path is empty")
	}
	if path[0] == '@' || strings.ContainsRune(path, 0) {
		return "", errors.New("abstract sockets have no permissions; give the path of a file")
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if len(full) > MaxUnixPath {
		return "", fmt.Errorf("the path is %d bytes long, a unix socket allows %d; choose a shorter one", len(full), MaxUnixPath)
	}
	return full, nil
}

func checkParent(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the directory %s does not exist; make it or choose another path: %w", dir, fs.ErrNotExist)
	case errors.Is(err, fs.ErrPermission):
		return unwritable(dir, err)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	}
	return nil
}

// resolve returns the permission bits and the group id, -1 for "as it is".
func (o UnixOptions) resolve() (fs.FileMode, int, error) {
	mode := o.Mode
	if mode == 0 {
		mode = DefaultUnixMode
	}
	if mode&^fs.ModePerm != 0 {
		return 0, 0, fmt.Errorf("the mode %v has more than permission bits", o.Mode)
	}
	if o.Group == "" {
		return mode, -1, nil
	}
	if gid, err := strconv.ParseUint(o.Group, 10, 31); err == nil {
		return mode, int(gid), nil
	}
	group, err := user.LookupGroup(o.Group)
	if err != nil {
		return 0, 0, fmt.Errorf("there is no group %q; give a group that exists, or a number", o.Group)
	}
	gid, err := strconv.Atoi(group.Gid)
	if err != nil {
		return 0, 0, fmt.Errorf("the group %q has the odd id %q", o.Group, group.Gid)
	}
	return mode, gid, nil
}

// socketName is the socket's name in its private directory.
const socketName = "s"

// bind makes the listening socket in a directory that nobody else can enter. A
// path that is too long for an address is reached through the open directory.
func bind(private string) (*net.UnixListener, error) {
	address := filepath.Join(private, socketName)
	if len(address) > MaxUnixPath {
		dir, err := os.Open(private)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		address = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		return nil, opReason(err)
	}
	l.SetUnlinkOnClose(false) // it would remove by name, whoever has the name by then
	return l, nil
}

// dress gives the socket its group and mode.
func dress(socket string, mode fs.FileMode, gid int) (fs.FileInfo, error) {
	if gid >= 0 {
		if err := os.Chown(socket, -1, gid); err != nil {
			return nil, fmt.Errorf("the socket cannot be given to the group %d: %w", gid, reason(err))
		}
	}
	if err := os.Chmod(socket, mode); err != nil {
		return nil, fmt.Errorf("the socket cannot get the mode %04o: %w", mode, reason(err))
	}
	return os.Lstat(socket)
}

// place gives the socket its name. Linking fails when the name is taken, so of
// two programs that start together one wins. A stale socket is moved away first
// and asked once more there: if the other program has taken the name since the
// first question, it gets it back.
func place(born, path, private string) error {
	const tries = 3 // somebody else may come between each time
	for range tries {
		err := os.Link(born, path)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, fs.ErrExist):
			return placeWithoutLinks(born, path, err)
		}
		if err := probe(path); err != nil {
			return err
		}
		if err := takeAway(path, filepath.Join(private, "old")); err != nil {
			return err
		}
	}
	return ErrInUse
}

// lockDir keeps other managers from placing a socket in a directory at the same time: while
// one has a stale socket's successor in its hands, for [takeAway], a third one would find
// the name free. Anybody who can open the directory can hold the lock, and some file
// systems have none, so it is not waited for long; place is nearly right without.
func lockDir(dir string) (unlock func()) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {}
	}
	const tries, pause = 50, 4 * time.Millisecond
	for range tries {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:forbidigo // package os has no locks, and this one is about no process
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		<-time.After(pause)
	}
	return func() { _ = f.Close() } // which gives it free
}

// takeAway removes a stale socket by way of a private name, and gives it back if
// it turns out not to be stale.
func takeAway(path, private string) error {
	err := os.Rename(path, private)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("the socket left behind cannot be removed: %w", linkReason(err))
	}
	if err := probeAt(private); err != nil {
		_ = os.Link(private, path) // if a third one has the name by now, it keeps it
		return err
	}
	return os.Remove(private)
}

// placeWithoutLinks is for file systems that have no hard links.
func placeWithoutLinks(born, path string, cause error) error {
	if err := probe(path); err != nil {
		return err
	}
	if err := os.Rename(born, path); err != nil {
		return fmt.Errorf("the socket cannot get its name: %w", linkReason(cause))
	}
	return nil
}

// probe returns nil when the path is free or holds a socket at which nobody
// listens.
func probe(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return unwritable(filepath.Dir(path), err)
	case err != nil:
		return reason(err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("there is a file that is not a socket (%s); remove it or choose another path", kind(info.Mode()))
	}
	return probeAt(path)
}

// probeAt asks whether anybody listens. Only "connection refused" and "no such
// file" mean no: a full queue or a missing permission is no proof.
func probeAt(path string) error {
	if len(path) > MaxUnixPath {
		dir, err := os.Open(filepath.Dir(path))
		if err != nil {
			return err
		}
		defer dir.Close()
		path = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		c.Close()
		return fmt.Errorf("%w; stop it or choose another path", ErrInUse)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w, but it is too busy to accept; stop it or choose another path", ErrInUse)
	}
	return fmt.Errorf("there is a socket, and nobody can tell whether it is in use: %w; remove it or choose another path", opReason(err))
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a regular file"
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return mode.Type().String()
}

func linkReason(err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
