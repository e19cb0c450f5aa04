package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// readUpTo reads a file and stops one byte past the limit, for the caller to refuse.
func readUpTo(limit int64) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, limit+1))
	}
}

// dataLink is the link that the kubelet renames over to swap all files of a
// volume at once; the files one sees are links through it.
const dataLink = "..data"

// maxTries bounds the attempts to read between two swaps.
const maxTries = 10

var errSwapped = errors.New("its files were replaced while they were read, again and again")

// A folder is a directory of which the files with certain names are read. Names that
// begin with two dots are the kubelet's own.
type folder struct {
	path   string
	wanted func(name string) bool
	read   func(path string) ([]byte, error)
	// odd is asked about a wanted name that is not a file: an error, or nil to leave it out.
	odd func(name string, isDir bool) error
}

// files reads all files of one state of the directory, sorted by name. In a mounted
// ConfigMap, Secret or projected volume it finds out which directory ..data means,
// reads from there, and begins anew when it means another one afterwards.
func (d folder) files() ([]File, error) {
	for range maxTries {
		target, err := d.target()
		if err != nil {
			return nil, err
		}
		files, err := d.once(target)
		if now, _ := d.target(); now == target {
			return files, err
		}
	}
	return nil, &fs.PathError{Op: "read", Path: d.path, Err: errSwapped}
}

// target returns what ..data points to, or nothing when there is no such link.
func (d folder) target() (string, error) {
	link := filepath.Join(d.path, dataLink)
	info, err := os.Lstat(link)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return os.Readlink(link)
}

func (d folder) once(target string) ([]File, error) {
	paths, err := d.list(target)
	if err != nil {
		return nil, err
	}
	if len(paths) > maxFiles {
		return nil, &fs.PathError{Op: "read", Path: d.path, Err: fmt.Errorf("it has %d files, at most %d are allowed", len(paths), maxFiles)}
	}
	var files []File
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		info, err := os.Stat(paths[name])
		switch {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			if err := d.odd(name, info.IsDir()); err != nil {
				return nil, err
			}
			continue
		}
		data, err := d.read(paths[name])
		if err != nil {
			return nil, err
		}
		files = append(files, File{filepath.Join(d.path, name), data})
	}
	return files, nil
}

// list returns the wanted names, with the path to read each from.
func (d folder) list(target string) (map[string]string, error) {
	paths := map[string]string{}
	if target != "" {
		real := target
		if !filepath.IsAbs(real) {
			real = filepath.Join(d.path, target)
		}
		if err := d.add(paths, real, func(fs.DirEntry) bool { return true }); err != nil {
			return nil, err
		}
	}
	err := d.add(paths, d.path, func(e fs.DirEntry) bool {
		if target == "" || e.Type()&fs.ModeSymlink == 0 {
			return true
		}
		// What goes through ..data was listed above; after a swap links may be left
		// over that lead nowhere.
		to, err := os.Readlink(filepath.Join(d.path, e.Name()))
		return err != nil || !strings.HasPrefix(to, dataLink+"/")
	})
	return paths, err
}

func (d folder) add(paths map[string]string, dir string, fresh func(fs.DirEntry) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "..") && d.wanted(e.Name()) && fresh(e) {
			paths[e.Name()] = filepath.Join(dir, e.Name())
		}
	}
	return nil
}
