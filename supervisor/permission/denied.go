// Package permission explains "permission denied" at a file: who asked, whose the file or the
// folder in front of it is, and its mode. It looks at the file system, which the contract in
// package supervisor does not.
package permission

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Denied says why this user got "permission denied" at a path: who asks, who may, and which
// folder on the way keeps him out if it is not the file itself. What he may not do is told in
// words, such as "read it". It asks the file system, and so tells what holds by now.
func Denied(path, do string) string {
	me := fmt.Sprintf("this user (uid %d, gid %d)", os.Geteuid(), os.Getegid())
	info, err := os.Stat(path)
	if err == nil {
		return fmt.Sprintf("%s may not %s (%s)", me, do, rightsOf(info))
	}
	if dir, info := closed(path); info != nil {
		return fmt.Sprintf("%s may not enter %s (%s)", me, dir, rightsOf(info))
	}
	return fmt.Sprintf("%s may not %s", me, do)
}

// DeniedRead is Denied for a file that is to be read, with what to do.
func DeniedRead(path string) string {
	return Denied(path, "read it") + "; change its mode or owner (in a Pod: defaultMode, fsGroup)"
}

// closed is the first folder on the way to a path that this user may not enter, if
// it is on the way by names and not behind a link.
func closed(path string) (dir string, info fs.FileInfo) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", nil
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil {
			if _, err := os.Stat(dir + "/."); err != nil {
				return dir, info
			}
			return "", nil
		}
		if dir == filepath.Dir(dir) {
			return "", nil
		}
	}
}

// rightsOf is whose a file is, and its mode.
func rightsOf(info fs.FileInfo) string {
	mode := fmt.Sprintf("mode %04o", info.Mode().Perm())
	if uid, gid, ok := ownerOf(info); ok {
		return fmt.Sprintf("uid %d, gid %d, %s", uid, gid, mode)
	}
	return mode
}
