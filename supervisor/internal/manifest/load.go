package manifest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// Paths are the files and directories that a path stands for: a comma separates them.
func Paths(path string) []string {
	var list []string
	for one := range strings.SplitSeq(path, ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

// Load reads a manifest: [Read], then [Parse].
func Load(path string) (*supervisor.Set, error) {
	files, err := Read(path)
	if err != nil {
		return nil, err
	}
	return Parse(files)
}

// Read returns the text of a manifest: one file, or one consistent state of the
// *.yaml and *.yml files of a directory (not those whose name begins with a dot,
// nor directories within), sorted by name. A directory without such a file gives
// none. Of several paths with a comma between them the files come in that order, so that
// a later one can hold patches for an earlier one. The error wraps that of the operating
// system.
func Read(path string) ([]File, error) {
	var all []File
	paths := Paths(path)
	if len(paths) == 0 { // of variables that are not set, for one
		return nil, fmt.Errorf("cannot read the manifest: %q names no file or directory", path)
	}
	for _, one := range paths {
		files, err := read(one)
		if err != nil {
			return nil, fmt.Errorf("cannot read the manifest: %w%s", err, aboutCommas(path, paths))
		}
		all = append(all, files...)
	}
	return all, nil
}

// aboutCommas says that a comma separates, to who may not have meant one that does.
func aboutCommas(path string, paths []string) string {
	if len(paths) == 1 {
		return ""
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Sprintf("; there is a %q, but a comma separates paths: rename it, or name the directory that it is in", path)
	}
	return fmt.Sprintf(" (one of %d paths: a comma separates them)", len(paths))
}

func read(path string) ([]File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return manifestFolder(path).files()
	}
	data, err := readUpTo(maxFile)(path)
	if err != nil {
		return nil, err
	}
	return []File{{path, data}}, nil
}

func manifestFolder(path string) folder {
	return folder{
		path: path,
		wanted: func(name string) bool {
			ext := filepath.Ext(name)
			return name[0] != '.' && (ext == ".yaml" || ext == ".yml")
		},
		read: readUpTo(maxFile),
		odd: func(name string) error {
			return &fs.PathError{Op: "read", Path: filepath.Join(path, name), Err: errors.New("it is not a regular file")}
		},
	}
}

// revisionBytes makes a revision long enough never to meet its like, and short
// enough to be read aloud.
const revisionBytes = 6

// Revision returns a short hash of names and texts, in hexadecimal: equal for equal
// files in the same order.
func Revision(files []File) string {
	h := sha256.New()
	for _, f := range files {
		for _, part := range [][]byte{[]byte(f.Name), f.Data} {
			var length [8]byte
			binary.BigEndian.PutUint64(length[:], uint64(len(part)))
			h.Write(length[:])
			h.Write(part)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:revisionBytes])
}
