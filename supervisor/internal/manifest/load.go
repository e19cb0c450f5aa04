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
	"github.com/processmanager/processmanager/supervisor/permission"
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
// *.yaml and *.yml files of a directory (not those whose name begins with a dot, nor
// what is in directories within), sorted by name. A directory without such a file gives
// none. What has such a name and is no file is an error. Of several paths with a comma between them the files come in that order, so that
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
			return nil, fmt.Errorf("cannot read the manifest: %w%s%s", err, whoMay(err), aboutCommas(path, paths))
		}
		all = append(all, files...)
	}
	return all, nil
}

// whoMay says why a path may not be read, and what to do.
func whoMay(err error) string {
	var of *fs.PathError
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &of) {
		return ""
	}
	return ": " + permission.DeniedRead(of.Path)
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

// What has the name of a manifest's file.
var (
	errNotFile = errors.New("it is not a regular file")
	// Left out in silence it would be taken for a smaller manifest.
	errDirectory = errors.New("it is a directory, not a file (a container engine makes one where the file to be mounted does not exist)")
)

func manifestFolder(path string) folder {
	return folder{
		path: path,
		wanted: func(name string) bool {
			ext := filepath.Ext(name)
			return name[0] != '.' && (ext == ".yaml" || ext == ".yml")
		},
		read: readUpTo(maxFile),
		odd: func(name string, isDir bool) error {
			if isDir {
				return &fs.PathError{Op: "read", Path: filepath.Join(path, name), Err: errDirectory}
			}
			return &fs.PathError{Op: "read", Path: filepath.Join(path, name), Err: errNotFile}
		},
	}
}

// maxOthers bounds the names that [Others] tells.
const maxOthers = 5

// Others are the names in the directories of a path that are not those of manifests, quoted, with
// commas between: of a key of a ConfigMap without ".yaml", say. It is for errors.
func Others(path string) string {
	var names []string
	for _, one := range Paths(path) {
		entries, _ := os.ReadDir(one) // what cannot be read has no names
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), "..") && !manifestFolder(one).wanted(e.Name()) {
				names = append(names, quote(e.Name()))
			}
		}
	}
	if len(names) > maxOthers {
		names = append(names[:maxOthers], "…")
	}
	return strings.Join(names, ", ")
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
