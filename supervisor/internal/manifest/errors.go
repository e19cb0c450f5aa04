package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// FieldError is one thing that is wrong, with the place where it is. It wraps
// supervisor.ErrInvalid.
type FieldError struct {
	File    string // as it was given; empty: the value did not come from a file
	Path    string // such as spec.processes[2].env[0].name; empty: the whole file
	Message string
	Line    int // in the file, from 1; 0: not known
}

// Error writes "file: path: message (line N)", without what is not known.
func (e *FieldError) Error() string {
	var b strings.Builder
	for _, part := range []string{e.File, e.Path} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	b.WriteString(e.Message)
	if e.Line > 0 {
		fmt.Fprintf(&b, " (line %d)", e.Line)
	}
	return b.String()
}

// Unwrap makes errors.Is(err, supervisor.ErrInvalid) true.
func (e *FieldError) Unwrap() error { return supervisor.ErrInvalid }

// Errors is everything that is wrong, in the order of the files and their lines.
// It is never empty.
type Errors []error

// maxShown bounds the text of Errors, not the list.
const maxShown = 100

// Error writes one error per line.
func (e Errors) Error() string {
	var lines []string
	for i, err := range e {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("and %d more", len(e)-i))
			break
		}
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is and errors.As look at each of them.
func (e Errors) Unwrap() []error { return e }

// A report collects what is wrong in one document. What lies at or under a path
// that was reported already is not reported again: a value that could not be read
// is missing to the checks that follow, and that is not the user's second mistake.
type report struct {
	errs []*FieldError
	bad  map[string]bool // paths that were reported
	over map[string]bool // those and what they lie in
	text *tree           // for lines and scalars as written; nil when there is no text

	patch bool // it is of a patch, which may hold null and directives

	moved  map[string]map[string]place // what a patch has written, by process and by path here
	writes int                         // counts what patches have written
}

func (r *report) addf(path, format string, args ...any) {
	for p := path; ; {
		if r.bad[p] {
			return
		}
		i := strings.LastIndexAny(p, ".[")
		if i < 0 {
			break
		}
		p = p[:i]
	}
	r.mark(path)
	if to, at := r.movedTo(path); to == r {
		path = at
	} else if to != nil {
		to.addf(at, format, args...)
		return
	}
	r.errs = append(r.errs, &FieldError{Path: path, Message: fmt.Sprintf(format, args...), Line: r.text.line(path)})
}

// mark notes that something is wrong at a path.
func (r *report) mark(path string) {
	if r.bad == nil {
		r.bad, r.over = map[string]bool{}, map[string]bool{}
	}
	r.bad[path] = true
	for p := path; !r.over[p]; {
		r.over[p] = true
		p = p[:max(0, strings.LastIndexAny(p, ".["))]
	}
}

// has reports whether something is wrong at the path or under it.
func (r *report) has(path string) bool { return r.over[path] }

// sorted returns the errors in the order of their lines.
func (r *report) sorted(file string) []error {
	slices.SortStableFunc(r.errs, func(a, b *FieldError) int { return a.Line - b.Line })
	var list []error
	for _, e := range r.errs {
		e.File = file
		list = append(list, e)
	}
	return list
}
