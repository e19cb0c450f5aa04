package access

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"
)

// fileLook is how long the file of a unix socket may be missing before it is noticed.
// Programs that tidy up /tmp remove what nobody has opened for days.
const fileLook = 10 * time.Second

// unixListener is a unix socket at a path, and another one when its file was removed: a
// socket has no other name, and cannot be given one again.
type unixListener struct {
	path    string
	options UnixOptions
	look    time.Duration
	told    string // what was logged last about the file; Accept's own

	mu     sync.Mutex
	socket *unixSocket
	closed bool
	err    error // of the first Close
}

// unixSocket is one listening socket and the file that it was given.
type unixSocket struct {
	*net.UnixListener
	info fs.FileInfo
}

// Addr returns the address that clients use.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Accept waits for a connection. It is to be called by one goroutine.
func (l *unixListener) Accept() (net.Conn, error) {
	for {
		l.mu.Lock()
		socket := l.socket
		l.mu.Unlock()
		_ = socket.SetDeadline(time.Now().Add(l.look)) // of one that is closed, Accept tells
		c, err := socket.Accept()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return c, err
		}
		l.lookForFile(socket.info)
	}
}

// lookForFile makes the socket anew when its file is gone. A file that is somebody else's
// by now is left to him.
func (l *unixListener) lookForFile(ours fs.FileInfo) {
	info, err := os.Lstat(l.path)
	switch {
	case err == nil && os.SameFile(info, ours):
		l.told = ""
		return
	case err == nil:
		l.tell("the file of a socket was replaced: nobody can reach this manager there; remove what is there now, and it comes back", nil)
		return
	case !errors.Is(err, fs.ErrNotExist):
		l.tell("cannot see whether the file of a socket is still there", err)
		return
	}
	again, err := listenUnix(l.path, l.options)
	if err != nil {
		l.tell("the file of a socket was removed and cannot be made again: nobody can reach this manager there", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		removeOwn(l.path, again.info)
		_ = again.Close() // nobody has it yet
		return
	}
	_ = l.socket.Close() // nobody could reach it any more
	l.socket = again
	l.tell("the file of a socket was removed; it was made again", nil)
	l.told = ""
}

// tell logs what is wrong with the file, once until it changes.
func (l *unixListener) tell(what string, err error) {
	if l.told == what || l.options.Logger == nil {
		return
	}
	l.told = what
	args := []any{"path", l.path}
	if err != nil {
		args = append(args, "error", err)
	}
	l.options.Logger.Warn(what, args...)
}

// Close stops listening and removes the path if it is still this socket. The
// name goes first: who finds no file knows more than who is refused.
func (l *unixListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		removeOwn(l.path, l.socket.info)
		l.err = l.socket.Close()
	}
	return l.err
}

func removeOwn(path string, ours fs.FileInfo) {
	if info, err := os.Lstat(path); err == nil && os.SameFile(info, ours) {
		_ = os.Remove(path)
	}
}
