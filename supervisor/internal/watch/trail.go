package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	// dataLink is the link that the kubelet renames to swap all files of a volume.
	dataLink = "..data"
	// maxLinks is where the kernel gives up too, path_resolution(7).
	maxLinks = 40
)

// trail is what a path leads to, as it was found by following it once.
type trail struct {
	marks []mark              // of everything on the way, each path once
	dirs  map[string]interest // directories to watch, by real path
	files []string            // real paths of the files it leads to
	seen  map[string]bool     // paths in marks
}

// interest says which names in a directory matter.
type interest struct {
	names     map[string]bool
	manifests bool // and those of manifest files and ..data
}

func (i interest) has(name string) bool {
	return i.names[name] || i.manifests && (wanted(name) || name == dataLink)
}

// wanted reports whether a file of this name is read from a manifest directory, see
// manifest.Load.
func wanted(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && name[0] != '.'
}

// mark is how one thing on the way looked.
type mark struct {
	path   string
	info   fs.FileInfo // nil: err
	target string      // of a link
	err    string
}

// same reports whether nothing tells that the thing has changed. The size and the
// time of a directory do not count: they follow files that nobody asked for.
func (m mark) same(o mark) bool {
	if m.path != o.path || m.target != o.target || m.err != o.err || (m.info == nil) != (o.info == nil) {
		return false
	}
	if m.info == nil {
		return true
	}
	return os.SameFile(m.info, o.info) && m.info.Mode() == o.info.Mode() &&
		(m.info.IsDir() || m.info.Size() == o.info.Size() && m.info.ModTime().Equal(o.info.ModTime()))
}

// sameMarks reports whether two looks found the same.
func sameMarks(a, b []mark) bool { return slices.EqualFunc(a, b, mark.same) }

// follow goes where an absolute path leads. It never fails: what cannot be looked at
// is a mark with an error.
func follow(path string) trail {
	t := trail{dirs: map[string]interest{}, seen: map[string]bool{}}
	t.visit(path, true)
	return t
}

// visit follows a path to a file or, if one is read there, to a directory.
func (t *trail) visit(path string, dirs bool) {
	real, info := t.resolve(path)
	switch {
	case info == nil:
	case !info.IsDir():
		t.want(filepath.Dir(real), filepath.Base(real))
		if !slices.Contains(t.files, real) {
			t.files = append(t.files, real)
		}
	case dirs:
		t.list(real)
	}
}

// list follows what is read of a directory: its manifest files, and those of the
// directory that ..data leads to.
func (t *trail) list(dir string) {
	if t.dirs[dir].manifests {
		return
	}
	in := t.dirs[dir]
	in.manifests = true
	t.dirs[dir] = in
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.mark(mark{path: filepath.Join(dir, "*"), err: reason(err)})
		return
	}
	for _, e := range entries {
		if e.Name() == dataLink || wanted(e.Name()) {
			t.visit(filepath.Join(dir, e.Name()), e.Name() == dataLink)
		}
	}
}

// resolve follows links and marks all of them and the end, with the directories in
// which the links lie. Without an end the info is nil.
func (t *trail) resolve(path string) (string, fs.FileInfo) {
	at, rest, links := "/", strings.Split(path, "/"), 0
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		next := filepath.Join(at, name) // at is real, so ".." is its parent
		info, err := os.Lstat(next)
		if err != nil {
			t.missing(at, name, err)
			return "", nil
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		target, err := os.Readlink(next)
		t.want(at, name)
		t.mark(mark{path: next, info: info, target: target})
		if links++; err != nil || links > maxLinks {
			return "", nil
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	info, err := os.Lstat(at)
	if err != nil { // it went away just now
		t.missing(filepath.Dir(at), filepath.Base(at), err)
		return "", nil
	}
	t.mark(mark{path: at, info: info})
	return at, info
}

// missing marks a gap on the way: at/name cannot be looked at.
func (t *trail) missing(at, name string, err error) {
	t.mark(mark{path: filepath.Join(at, name), err: reason(err)})
	if errors.Is(err, syscall.ENOTDIR) {
		at, name = filepath.Dir(at), filepath.Base(at)
	}
	t.want(at, name)
}

func (t *trail) mark(m mark) {
	if !t.seen[m.path] {
		t.seen[m.path] = true
		t.marks = append(t.marks, m)
	}
}

func (t *trail) want(dir, name string) {
	in := t.dirs[dir]
	if in.names == nil {
		in.names = map[string]bool{}
	}
	in.names[name] = true
	t.dirs[dir] = in
}

// reason is the errno of an error, without the path.
func reason(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no.Error()
	}
	return err.Error()
}
