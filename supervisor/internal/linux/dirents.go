package linux

import (
	"bytes"
	"encoding/binary"
)

// Where the fields of a struct linux_dirent64 are; see getdents64(2).
const (
	direntSize = 16
	direntType = 18
	direntName = 19
)

// nextDirent takes the first entry off what getdents64 has filled: its name, its type (one
// of unix.DT_*, where the file system tells it) and what follows. more is false at the end.
func nextDirent(block []byte) (name []byte, kind byte, rest []byte, more bool) {
	if len(block) <= direntName {
		return nil, 0, nil, false
	}
	size := int(binary.NativeEndian.Uint16(block[direntSize:]))
	if size <= direntName || size > len(block) {
		return nil, 0, nil, false
	}
	name = block[direntName:size]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return name, block[direntType], block[size:], true
}
