package convert

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// Kind says how much of a setting has come over.
type Kind string

// The kinds.
const (
	Lost    Kind = "TODO" // it has no equal
	Changed Kind = "NOTE" // it has, but something about it is different
)

// Note is something that a reader of the manifest has to know about a setting.
type Note struct {
	Kind    Kind
	Process string // empty: it is about more than one
	File    string
	Line    int    // 0: not one line
	Key     string // the setting; empty: it is about something that is done without being said
	Text    string
}

// String is the note as it stands in the manifest, on one line.
func (n Note) String() string {
	var b strings.Builder
	b.WriteString(string(n.Kind) + " " + at(n.File, n.Line) + ": ")
	if n.Key != "" {
		b.WriteString(n.Key + ": ")
	}
	b.WriteString(n.Text)
	return b.String()
}

// A draft is a manifest in the making.
type draft struct {
	fsys   fs.FS
	file   string // in fsys
	show   func(name string) string
	files  int // read so far
	format string
	called string // what the whole calls itself; empty: as its file

	about      []string // comments of the source that belong to no process
	notes      []Note
	defaults   supervisor.Spec
	grace      *int64
	exitPolicy supervisor.ExitPolicy
	processes  []*process
}

// A process is one entry in the making.
type process struct {
	spec    supervisor.Spec
	file    string
	line    int
	origin  string   // what it was called where it comes from
	about   []string // comments of the source
	notes   []Note
	members []string // names that stand for this one beside its origin
}

// where the whole thing lies in the image: the directory as an absolute path.
func (d *draft) here(file string) string { return absolute(path.Dir(file)) }

func absolute(name string) string { return path.Clean("/" + name) }

// inRoot is an absolute path as a name in the file system.
func inRoot(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name == "" {
		return "."
	}
	return name
}

func (d *draft) note(k Kind, file string, line int, key, format string, args ...any) {
	d.notes = append(d.notes, Note{Kind: k, File: file, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

func (p *process) note(k Kind, line int, key, format string, args ...any) {
	p.notes = append(p.notes, Note{Kind: k, File: p.file, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// showNotes calls the files of the notes as their reader does.
func (d *draft) showNotes() {
	lists := [][]Note{d.notes}
	for _, p := range d.processes {
		lists = append(lists, p.notes)
	}
	for _, notes := range lists {
		for i := range notes {
			notes[i].File = d.show(notes[i].File)
		}
	}
}

// showError does the same for an error, and all that are in it.
func (d *draft) showError(err error) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked here
	case *Error:
		e.File = d.show(e.File)
	case *fs.PathError:
		e.Path = d.show(e.Path)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			d.showError(inner)
		}
	case interface{ Unwrap() error }:
		d.showError(e.Unwrap())
	}
}

// noteOn is about a part of a file that need not be the one the process is from.
func (p *process) noteOn(k Kind, c *tree, key, format string, args ...any) {
	p.notes = append(p.notes, Note{Kind: k, File: c.file, Line: c.line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// add begins a process. Its name is made of the origin when everything is read.
func (d *draft) add(file string, line int, origin string) *process {
	p := &process{file: file, line: line, origin: origin}
	d.processes = append(d.processes, p)
	return p
}

func (d *draft) failf(file string, line int, format string, args ...any) error {
	return &Error{File: file, Line: line, Text: fmt.Sprintf(format, args...)}
}

// allNotes are those of the whole, then those of the processes in their order.
func (d *draft) allNotes() []Note {
	all := slices.Clone(d.notes)
	for _, p := range d.processes {
		for _, n := range p.notes {
			n.Process = p.spec.Name
			all = append(all, n)
		}
	}
	return all
}

// finish gives names and connects the processes.
func (d *draft) finish() error {
	if len(d.processes) > maxProcesses {
		return d.failf(d.file, 0, "it has more than %d processes", maxProcesses)
	}
	names := d.rename()
	for _, p := range d.processes {
		d.connect(p, names)
	}
	d.breakCycles()
	d.completable()
	return nil
}

// rename makes the names that a manifest may have, each used once.
func (d *draft) rename() map[string]*process {
	byOrigin, taken := map[string]*process{}, map[string]bool{}
	for _, p := range d.processes {
		for _, origin := range append([]string{p.origin}, p.members...) {
			if _, known := byOrigin[origin]; !known {
				byOrigin[origin] = p
			}
		}
	}
	for _, p := range d.processes {
		name := properName(p.origin)
		base := name
		for n := 2; taken[name] || d.hidden(name, taken, p); n++ {
			suffix := "-x" + strconv.Itoa(n) // not -2: that could be a replica's
			name = base[:min(len(base), supervisor.MaxName-len(suffix))] + suffix
		}
		taken[name] = true
		if name != p.origin {
			p.note(Changed, p.line, "name", "%s is called %s here", strconv.Quote(p.origin), name)
		}
		p.spec.Name = name
	}
	return byOrigin
}

// hidden reports whether a name is that of a replica or of a run of another process,
// or the replicas' names are.
func (d *draft) hidden(name string, taken map[string]bool, p *process) bool {
	stem := strings.TrimRight(name, "0123456789")
	if stem != name && (strings.HasSuffix(stem, "-") || strings.HasSuffix(stem, ".")) && taken[stem[:len(stem)-1]] {
		return true
	}
	if p.spec.Replicas == nil && p.spec.Schedule == "" {
		return false
	}
	if len(name) > supervisor.MaxName-11 {
		return true
	}
	for other := range taken {
		if rest, ok := strings.CutPrefix(other, name); ok && rest != "" && (rest[0] == '-' || rest[0] == '.') && strings.Trim(rest[1:], "0123456789") == "" {
			return true
		}
	}
	return false
}

const nameRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// maxProperName leaves room for a replica's or run's number.
const maxProperName = supervisor.MaxName - 11

// properName is the nearest name that a manifest may have.
func properName(text string) string {
	var b strings.Builder
	for _, c := range text {
		if !strings.ContainsRune(nameRunes+"_.-", c) {
			c = '-'
		}
		b.WriteRune(c)
	}
	name := strings.TrimLeft(b.String(), "_.-")
	if len(name) > maxProperName {
		name = name[:maxProperName]
	}
	if name == "" {
		return "process"
	}
	return name
}

// connect gives dependencies the names of what they are on, and lets go of those that
// are on nothing.
func (d *draft) connect(p *process, byOrigin map[string]*process) {
	var list []supervisor.Dependency
	for _, dep := range p.spec.DependsOn {
		target := byOrigin[dep.Name]
		switch {
		case target == nil:
			p.note(Lost, p.line, "dependency on "+strconv.Quote(dep.Name), "there is no such process in what was converted, so it does not wait for it: add it, or leave it out")
		case target == p:
			p.note(Lost, p.line, "dependency on itself", "it would never start: it is left out")
		default:
			dep.Name = target.spec.Name
			if i := slices.IndexFunc(list, func(o supervisor.Dependency) bool { return o.Name == dep.Name }); i >= 0 {
				if list[i].Condition == "" {
					list[i].Condition = dep.Condition
				}
				continue
			}
			list = append(list, dep)
		}
	}
	p.spec.DependsOn = list
	if len(list) == 0 {
		p.spec.OnDependencyRestart = ""
	}
}

// breakCycles leaves out the dependencies that close a cycle.
func (d *draft) breakCycles() {
	byName, done, open := map[string]*process{}, map[*process]bool{}, map[*process]bool{}
	for _, p := range d.processes {
		byName[p.spec.Name] = p
	}
	var visit func(p *process)
	visit = func(p *process) {
		if done[p] {
			return
		}
		open[p] = true
		p.spec.DependsOn = slices.DeleteFunc(p.spec.DependsOn, func(dep supervisor.Dependency) bool {
			target := byName[dep.Name]
			if open[target] {
				p.note(Lost, p.line, "dependency on "+strconv.Quote(dep.Name), "it closes a circle, in which nothing could start: it is left out")
				return true
			}
			visit(target)
			return false
		})
		if len(p.spec.DependsOn) == 0 {
			p.spec.OnDependencyRestart = ""
		}
		open[p], done[p] = false, true
	}
	for _, p := range d.processes {
		visit(p)
	}
}

// completable lets nobody wait for the end of what is always restarted.
func (d *draft) completable() {
	byName := map[string]*process{}
	for _, p := range d.processes {
		byName[p.spec.Name] = p
	}
	for _, p := range d.processes {
		for i, dep := range p.spec.DependsOn {
			t := byName[dep.Name].spec
			policy := t.RestartPolicy
			if policy == "" {
				policy = d.defaults.RestartPolicy
			}
			endless := (policy == "" || policy == supervisor.RestartAlways) && t.MaxRestarts == nil && t.Schedule == ""
			if dep.Condition == supervisor.ConditionCompleted && endless {
				p.note(Lost, p.line, "dependency on "+strconv.Quote(dep.Name), "it is restarted always and so never Completed: this waits for its start")
				p.spec.DependsOn[i].Condition = supervisor.ConditionStarted
			}
		}
	}
}

// Small helpers for optional fields.

//go:fix inline
func ptr[T any](v T) *T { return new(v) }

func seconds(n int) *supervisor.Duration { return span(time.Duration(n) * time.Second) }

func span(d time.Duration) *supervisor.Duration { return new(supervisor.Duration(d)) }

func (p *process) lifecycle() *supervisor.Lifecycle {
	if p.spec.Lifecycle == nil {
		p.spec.Lifecycle = &supervisor.Lifecycle{}
	}
	return p.spec.Lifecycle
}

func (p *process) security() *supervisor.SecurityContext {
	if p.spec.SecurityContext == nil {
		p.spec.SecurityContext = &supervisor.SecurityContext{}
	}
	return p.spec.SecurityContext
}

func (p *process) runAs(user string) {
	id := supervisor.ID(user)
	p.security().RunAsUser = &id
}

func (p *process) runAsGroup(group string) {
	id := supervisor.ID(group)
	p.security().RunAsGroup = &id
}

// graceOf rounds up.
func graceOf(d time.Duration) *int64 {
	n := int64((d + time.Second - 1) / time.Second)
	return &n
}

// pattern compiles an expression when it is first asked for: a manager never does.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

func (p *process) label(key, value string) {
	value = strings.TrimRight(properName(value), "_.-")
	if p.spec.Labels == nil {
		p.spec.Labels = map[string]string{}
	}
	p.spec.Labels[key] = value
}
