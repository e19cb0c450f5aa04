package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/processmanager/processmanager/supervisor/permission"
)

// A source is where variables come from: a directory with a file for each key, as
// ConfigMaps and Secrets are mounted, or a dotenv file.
type source struct {
	isDir bool
	keys  []string // for all at once, in the order of the file names, or of the dotenv file
	value map[string]string
	notes []string // what was left out
}

// sources holds what was read for one start. A directory is read once, whatever
// refers to it, so that all its variables are of one state of the Secret.
type sources map[string]*source

// errMissing is what optional forgives.
var errMissing = errors.New("it does not exist (with optional: true it need not)")

// read returns the source at a path. The error tells no value and wraps nothing of
// package fs, for a missing Secret is not a missing program; it is errMissing when
// there is nothing at the path.
func (s sources) read(path string) (*source, error) {
	if known := s[path]; known != nil {
		return known, nil
	}
	info, err := os.Stat(path)
	var src *source
	switch {
	case err != nil:
		return nil, plainError(path, err)
	case info.IsDir():
		src, err = readKeys(path)
	case info.Mode().IsRegular():
		src, err = readDotenv(path)
	default:
		err = errors.New("it is neither a file nor a directory")
	}
	if err != nil {
		return nil, err
	}
	s[path] = src
	return src, nil
}

// plainError is an error of the operating system about a source in short words. Which of its
// files may not be read, and by whom, is told.
func plainError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return errMissing
	}
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		text := inner.Err.Error()
		if errors.Is(err, fs.ErrPermission) {
			text += ": " + permission.DeniedRead(inner.Path)
			if inner.Path != path {
				text = filepath.Base(inner.Path) + ": " + text
			}
		}
		return errors.New(text)
	}
	return errors.New(err.Error())
}

// readKeys reads a directory. A hidden file is to be had by its key only. Directories
// are left out in silence.
func readKeys(path string) (*source, error) {
	src := &source{isDir: true, value: map[string]string{}}
	d := folder{
		path:   path,
		wanted: func(string) bool { return true },
		read:   readUpTo(maxString),
		odd: func(name string, isDir bool) error {
			if !isDir {
				src.notes = append(src.notes, fmt.Sprintf("%s is not a regular file", quote(name)))
			}
			return nil
		},
	}
	files, err := d.files()
	if err != nil {
		return nil, plainError(path, err)
	}
	for _, f := range files {
		key := filepath.Base(f.Name)
		src.value[key] = string(f.Data)
		if key[0] != '.' {
			src.keys = append(src.keys, key)
		}
	}
	return src, nil
}

func readDotenv(path string) (*source, error) {
	data, err := readUpTo(maxDotenv)(path)
	if err != nil {
		return nil, plainError(path, err)
	}
	list, err := parseDotenv(data)
	if err != nil {
		return nil, err
	}
	src := &source{value: map[string]string{}}
	for _, v := range list {
		if _, again := src.value[v.name]; !again {
			src.keys = append(src.keys, v.name)
		}
		src.value[v.name] = v.value
	}
	return src, nil
}

// dataKey reports whether a name can be a key of a ConfigMap or Secret; see
// ConfigMap.data in the API of Kubernetes.
func dataKey(name string) bool { return onlyOf(name, letters+"-_.") }

// usable returns why a value cannot be that of a variable.
func usable(name, value string) error {
	switch {
	case bytes.IndexByte([]byte(value), 0) >= 0:
		return errors.New("it holds a NUL byte, which no variable can")
	case len(name)+1+len(value) > maxString:
		return fmt.Errorf("it is longer than the %d bytes that Linux passes, with its name: %w", maxString, syscall.E2BIG)
	}
	return nil
}
