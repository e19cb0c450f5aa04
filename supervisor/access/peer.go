package access

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Peer describes the other end of a connection for a log line: "host:port", or
// "unix" with the process and user that opened it, as the kernel tells: "unix
// pid=42 uid=1000". A process of another PID namespace has no pid here. It looks
// through wrappers that have a NetConn method.
func Peer(c net.Conn) string {
	for {
		if u, ok := c.(*net.UnixConn); ok {
			return unixPeer(u)
		}
		wrapper, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = wrapper.NetConn()
	}
	addr := c.RemoteAddr()
	switch {
	case addr == nil:
		return "unknown"
	case addr.Network() == "unix":
		return "unix"
	}
	return addr.String()
}

func unixPeer(c *net.UnixConn) string {
	raw, err := c.SyscallConn()
	if err != nil {
		return "unix"
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	switch {
	case err != nil || credErr != nil:
		return "unix"
	case cred.Pid == 0:
		return fmt.Sprintf("unix uid=%d", cred.Uid)
	}
	return fmt.Sprintf("unix pid=%d uid=%d", cred.Pid, cred.Uid)
}
