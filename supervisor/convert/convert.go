package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of what is read.
const (
	maxFile      = 1 << 20 // bytes
	maxFiles     = 2000
	maxProcesses = 1000
)

// Options say what the source itself does not.
type Options struct {
	From    string // a format; empty: by name and content
	EnvFile string // of a compose file, in place of the .env beside it
	// Show, if any, is how a file of the file system is called in notes and errors.
	Show       func(name string) string
	UserColumn bool // a crontab has the user in front of the command, as /etc/crontab has
}

// Result is a manifest, and what in it needs a look.
type Result struct {
	Manifest []byte
	Format   string
	Notes    []Note
}

// Count tells how many comments of a kind are in the manifest: notes that say the same of
// several lines are one.
func (r *Result) Count(k Kind) int {
	seen := map[Note]bool{}
	for _, note := range r.Notes {
		if note.Line = 0; note.Kind == k {
			seen[note] = true
		}
	}
	return len(seen)
}

// Error is what could not be understood.
type Error struct {
	File string
	Line int // from 1; 0: the whole file
	Text string
}

// Error writes file:line: text.
func (e *Error) Error() string { return at(e.File, e.Line) + ": " + e.Text }

func at(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// A format is one row of the table in the package comment.
type format struct {
	name string
	// fits tells from the base name, or from the text of a file, whether it is this
	// format; formats are asked in the order of the table.
	named func(base string) bool
	looks func(text []byte) bool
	read  func(d *draft, o Options) error
}

func formats() []format {
	never := func(string) bool { return false }
	nothing := func([]byte) bool { return false }
	return []format{
		{"supervisord", func(b string) bool { return strings.HasPrefix(b, "supervisord") && !isYAML(b) }, looksLikeSupervisord, readSupervisord},
		{"procfile", func(b string) bool {
			return b == "Procfile" || strings.HasPrefix(b, "Procfile.") || strings.HasSuffix(b, ".procfile")
		}, nothing, readProcfile},
		{"process-compose", func(b string) bool { return strings.HasPrefix(b, "process-compose") && isYAML(b) }, hasKey("processes"), readProcessCompose},
		{"pebble", never, looksLikePebble, readPebble},
		{"compose", func(b string) bool {
			return (strings.HasPrefix(b, "compose") || strings.HasPrefix(b, "docker-compose")) && isYAML(b)
		}, hasKey("services"), readCompose},
		{"supercronic", never, looksLikeSupercronic, func(d *draft, o Options) error { return readCrontab(d, o, true) }},
		{"crontab", func(b string) bool { return strings.Contains(b, "crontab") || strings.HasSuffix(b, ".cron") }, looksLikeCrontab, func(d *draft, o Options) error { return readCrontab(d, o, false) }},
		{"s6", never, nothing, readS6},
	}
}

// Formats are the names that Options.From may have.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

func isYAML(base string) bool {
	return strings.HasSuffix(base, ".yaml") || strings.HasSuffix(base, ".yml")
}

// Convert reads the file or directory of the name, and what it refers to, from fsys,
// whose root is taken for the root of the image: absolute paths in it begin there. The
// error is an [Error], one of package fs, or of options.
func Convert(fsys fs.FS, name string, o Options) (*Result, error) {
	d := &draft{fsys: fsys, file: name, show: o.Show}
	if d.show == nil {
		d.show = func(name string) string { return name }
	}
	result, err := d.convert(name, o)
	d.showError(err)
	return result, err
}

func (d *draft) convert(name string, o Options) (*Result, error) {
	f, err := choose(d, o)
	if err != nil {
		return nil, err
	}
	d.format = f.name
	if o.EnvFile != "" && f.name != "compose" {
		return nil, fmt.Errorf("-env-file belongs to a compose file, and %s is taken for %s", d.show(name), f.name)
	}
	if err := f.read(d, o); err != nil {
		return nil, err
	}
	if err := d.finish(); err != nil {
		return nil, err
	}
	d.showNotes()
	text, err := d.accepted()
	if err != nil {
		return nil, err
	}
	if err := d.readsBack(text); err != nil {
		return nil, &Error{File: name, Text: err.Error()}
	}
	return &Result{Manifest: text, Format: f.name, Notes: d.allNotes()}, nil
}

// Text converts the text of one file, which refers to no other. Without Options.From
// its content has to tell what it is.
func Text(name string, text []byte, o Options) (*Result, error) {
	return Convert(oneFile{name, text}, name, o)
}

// choose finds the format.
func choose(d *draft, o Options) (format, error) {
	all := formats()
	if o.From != "" {
		for _, f := range all {
			if f.name == o.From {
				return f, nil
			}
		}
		return format{}, fmt.Errorf("unknown format %q (want one of %s)", o.From, strings.Join(Formats(), ", "))
	}
	info, err := fs.Stat(d.fsys, d.file)
	if err != nil {
		return format{}, err
	}
	if info.IsDir() {
		want := "s6"
		if isLayers(d.fsys, d.file) {
			want = "pebble"
		}
		return all[slices.IndexFunc(all, func(f format) bool { return f.name == want })], nil
	}
	text, err := d.readFile(d.file)
	if err != nil {
		return format{}, err
	}
	base := path.Base(d.file)
	// A crontab with years in it is supercronic's, whatever it is called.
	for _, f := range all {
		if f.named(base) && (f.name != "crontab" || !looksLikeSupercronic(text)) {
			return f, nil
		}
	}
	for _, f := range all {
		if f.looks(text) {
			return f, nil
		}
	}
	return format{}, &Error{File: d.file, Text: "it is not clear what it is: say so by -from (one of " + strings.Join(Formats(), ", ") + ")"}
}

// readFile reads a file of text within the limits.
func (d *draft) readFile(name string) ([]byte, error) {
	if d.files++; d.files > maxFiles {
		return nil, &Error{File: name, Text: fmt.Sprintf("more than %d files are referred to", maxFiles)}
	}
	f, err := d.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: name, Text: "it is not a file"}
	}
	if info.Size() > maxFile {
		return nil, &Error{File: name, Text: fmt.Sprintf("it has %d bytes, at most %d are read", info.Size(), maxFile)}
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		return nil, err
	}
	text := bytes.TrimPrefix(b.Bytes(), []byte("\ufeff"))
	switch {
	case len(text) > maxFile:
		return nil, &Error{File: name, Text: fmt.Sprintf("it has more than %d bytes", maxFile)}
	case !utf8.Valid(text):
		return nil, &Error{File: name, Text: "it is not UTF-8 text"}
	case bytes.IndexByte(text, 0) >= 0:
		return nil, &Error{File: name, Text: "it holds a NUL byte"}
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), nil
}

// exists reports whether there is such a file; what cannot be looked at is not there.
func (d *draft) exists(name string) bool {
	info, err := fs.Stat(d.fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// isMissing reports that a file is not there, and nothing worse.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid)
}
