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

	"github.com/processmanager/processmanager/supervisor"
)

// Load reads a manifest: a file, or a directory of *.yaml and *.yml files (not
// those whose name begins with a dot, nor directories within). A directory
// without such a file is an empty set that stays up. The error is [Errors] when
// the content is wrong, else that of the operating system, wrapped.
func Load(path string) (*supervisor.Set, error) {
	files, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	return Parse(files)
}

func read(path string) ([]File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return readDir(path, readFile)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return []File{{path, data}}, nil
}

// readFile stops one byte past the limit, for Parse to refuse.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// dataLink is the link that the kubelet renames over to swap all files of a
// volume at once; the files one sees are links through it.
const dataLink = "..data"

// maxTries bounds the attempts to read between two swaps.
const maxTries = 10

var errSwapped = errors.New("its files were replaced while they were read, again and again")

// readDir reads all files of one state of the directory. In a mounted ConfigMap,
// Secret or projected volume it finds out which directory ..data means, reads
// from there, and begins anew when it means another one afterwards.
func readDir(dir string, readFile func(string) ([]byte, error)) ([]File, error) {
	for range maxTries {
		target, err := linkTarget(dir)
		if err != nil {
			return nil, err
		}
		files, err := readOnce(dir, target, readFile)
		if now, _ := linkTarget(dir); now == target {
			return files, err
		}
	}
	return nil, &fs.PathError{Op: "read", Path: dir, Err: errSwapped}
}

// linkTarget returns what ..data points to, or nothing when there is no such link.
func linkTarget(dir string) (string, error) {
	link := filepath.Join(dir, dataLink)
	info, err := os.Lstat(link)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return os.Readlink(link)
}

func readOnce(dir, target string, readFile func(string) ([]byte, error)) ([]File, error) {
	paths, err := list(dir, target)
	if err != nil {
		return nil, err
	}
	if len(paths) > maxFiles {
		return nil, &fs.PathError{Op: "read", Path: dir, Err: fmt.Errorf("it has %d files, at most %d are allowed", len(paths), maxFiles)}
	}
	var files []File
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		info, err := os.Stat(paths[name])
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			continue
		case !info.Mode().IsRegular():
			return nil, &fs.PathError{Op: "read", Path: paths[name], Err: errors.New("it is not a regular file")}
		}
		data, err := readFile(paths[name])
		if err != nil {
			return nil, err
		}
		files = append(files, File{filepath.Join(dir, name), data})
	}
	return files, nil
}

// list returns the manifest files by name, with the path to read each from.
func list(dir, target string) (map[string]string, error) {
	paths := map[string]string{}
	if target != "" {
		real := target
		if !filepath.IsAbs(real) {
			real = filepath.Join(dir, target)
		}
		if err := add(paths, real, func(fs.DirEntry) bool { return true }); err != nil {
			return nil, err
		}
	}
	err := add(paths, dir, func(e fs.DirEntry) bool {
		if target == "" || e.Type()&fs.ModeSymlink == 0 {
			return true
		}
		// What goes through ..data was listed above; after a swap links may be left
		// over that lead nowhere.
		to, err := os.Readlink(filepath.Join(dir, e.Name()))
		return err != nil || !strings.HasPrefix(to, dataLink+"/")
	})
	return paths, err
}

func add(paths map[string]string, dir string, wanted func(fs.DirEntry) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if (ext == ".yaml" || ext == ".yml") && e.Name()[0] != '.' && wanted(e) {
			paths[e.Name()] = filepath.Join(dir, e.Name())
		}
	}
	return nil
}
