package main

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// socketHint says who may use a socket that this user may not.
func socketHint(path string) string {
	me := fmt.Sprintf("this user (uid %d, gid %d)", os.Getuid(), os.Getgid())
	info, err := os.Stat(path)
	if err != nil {
		return me + " may not enter its folder"
	}
	owner := ""
	if uid, gid, ok := ownerOf(info); ok {
		owner = fmt.Sprintf("uid %d, gid %d, ", uid, gid)
	}
	return fmt.Sprintf("%s may not use the socket (%smode %04o; the manager's -socket-mode and -socket-group decide)", me, owner, info.Mode().Perm())
}

// ownerOf is who owns a file.
func ownerOf(info fs.FileInfo) (uid, gid uint32, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return stat.Uid, stat.Gid, true
}
