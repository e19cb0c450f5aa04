package convert

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// An s6Reader reads a tree.
type s6Reader struct {
	d        *draft
	root     string // where etc lies
	database string // s6-rc.d; empty: there is none
	services map[string]*s6Service
	order    []string
}

// An s6Service is a directory of s6-rc.d.
type s6Service struct {
	name, dir, kind string
	members         []string // of a bundle
	dependencies    []string
	process         *process
}

// readS6 reads s6-overlay's directories under the one of the name: an image's root, or
// s6-rc.d or services.d itself.
func readS6(d *draft, _ Options) error {
	r := &s6Reader{d: d, root: d.file, services: map[string]*s6Service{}}
	legacy := ""
	for _, dir := range []string{"etc/s6-overlay/s6-rc.d", "s6-rc.d", "."} {
		if full := path.Join(d.file, dir); r.database == "" && r.isDatabase(full) {
			r.database = full
		}
	}
	for _, dir := range []string{"etc/services.d", "services.d", "."} {
		if full := path.Join(d.file, dir); legacy == "" && r.database != full && r.isServices(full) {
			legacy = full
		}
	}
	d.exitPolicy = supervisor.ExitNever
	d.defaults = supervisor.Spec{
		// s6-supervise lets a second pass after every death, however long the life was.
		RestartBackoff: &supervisor.Backoff{Initial: seconds(1), Factor: new(1.0), Max: seconds(1), Jitter: new(0.0), ResetAfter: span(24 * time.Hour)},
	}
	d.note(Changed, d.file, 0, "", "s6-overlay runs the image's CMD beside the services and ends with it: add it as a process with restartPolicy: Never and essential: true, or remove exitPolicy")
	d.note(Changed, d.file, 0, "timeout-kill", "what does not end gets SIGKILL after 30 s (terminationGracePeriodSeconds); s6 waits for ever unless it is told otherwise")
	d.note(Changed, d.file, 0, "with-contenv", "every process has the container's environment")
	if r.database != "" {
		if err := r.readDatabase(); err != nil {
			return err
		}
	}
	if err := r.readLegacy(legacy); err != nil {
		return err
	}
	if len(d.processes) == 0 {
		return d.failf(d.file, 0, "there are no services in it (want etc/s6-overlay/s6-rc.d, etc/services.d or etc/cont-init.d under it, or one of them)")
	}
	return nil
}

// entries lists a directory; one that is not there is empty.
func (r *s6Reader) entries(dir string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(r.d.fsys, dir)
	if isMissing(err) {
		return nil, nil
	}
	if len(list) > maxFiles {
		return nil, r.d.failf(dir, 0, "there are more than %d files in it", maxFiles)
	}
	return list, err
}

func (r *s6Reader) isDatabase(dir string) bool {
	list, err := r.entries(dir)
	return err == nil && slices.ContainsFunc(list, func(e fs.DirEntry) bool { return r.d.exists(path.Join(dir, e.Name(), "type")) })
}

func (r *s6Reader) isServices(dir string) bool {
	list, err := r.entries(dir)
	return err == nil && slices.ContainsFunc(list, func(e fs.DirEntry) bool { return r.d.exists(path.Join(dir, e.Name(), "run")) })
}

// word reads a file of one line; missing is empty.
func (r *s6Reader) word(name string) (string, error) {
	text, err := r.d.readFile(name)
	if isMissing(err) {
		return "", nil
	}
	return string(bytes.TrimSpace(text)), err
}

func (r *s6Reader) number(name string) (n int, given bool, err error) {
	text, err := r.word(name)
	if err != nil || text == "" {
		return 0, false, err
	}
	n, err = strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, false, r.d.failf(name, 1, "%q is not a number", text)
	}
	return n, true, nil
}

func (r *s6Reader) readDatabase() error {
	list, err := r.entries(r.database)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !e.IsDir() {
			continue
		}
		s := &s6Service{name: e.Name(), dir: path.Join(r.database, e.Name())}
		if s.kind, err = r.word(path.Join(s.dir, "type")); err != nil {
			return err
		}
		if s.dependencies, err = r.names(s.dir, "dependencies"); err != nil {
			return err
		}
		switch s.kind {
		case "bundle":
			if s.members, err = r.names(s.dir, "contents"); err != nil {
				return err
			}
		case "longrun", "oneshot":
		case "":
			if s.name != "user" && s.name != "user2" {
				return r.d.failf(path.Join(s.dir, "type"), 0, "it is missing: want longrun, oneshot or bundle")
			}
			s.kind = "bundle"
			if s.members, err = r.names(s.dir, "contents"); err != nil {
				return err
			}
		default:
			return r.d.failf(path.Join(s.dir, "type"), 1, "%q is not longrun, oneshot or bundle", s.kind)
		}
		r.services[s.name] = s
		r.order = append(r.order, s.name)
	}
	wanted := map[string]bool{}
	for _, top := range []string{"user", "user2"} {
		r.want(top, wanted)
	}
	for _, name := range r.order {
		if s := r.services[name]; s.kind != "bundle" {
			if err := r.service(s, wanted); err != nil {
				return err
			}
		}
	}
	return nil
}

// names reads NAME.d, a directory of empty files, and NAME, a list.
func (r *s6Reader) names(dir, what string) ([]string, error) {
	var names []string
	list, err := r.entries(path.Join(dir, what+".d"))
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	text, err := r.word(path.Join(dir, what))
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			names = append(names, line)
		}
	}
	return names, err
}

// want marks a service and all that it needs.
func (r *s6Reader) want(name string, wanted map[string]bool) {
	s := r.services[name]
	if s == nil || wanted[name] {
		return
	}
	wanted[name] = true
	for _, other := range slices.Concat(s.members, s.dependencies) {
		r.want(other, wanted)
	}
}

// concrete are the services behind a name: itself, or the members of a bundle.
func (r *s6Reader) concrete(name string, seen map[string]bool) []string {
	s := r.services[name]
	if s == nil || s.kind != "bundle" {
		return []string{name}
	}
	if seen[name] {
		return nil
	}
	seen[name] = true
	var list []string
	for _, m := range s.members {
		list = append(list, r.concrete(m, seen)...)
	}
	return list
}

// s6Known are the files of a service directory that are read.
var s6Known = []string{"type", "run", "up", "finish", "dependencies", "dependencies.d", "notification-fd", "timeout-kill", "timeout-up", "down-signal", "contents", "contents.d"}

// s6Notes are files of a service directory that a note is about.
func s6Notes() map[string]string {
	return map[string]string{
		"down":             "what a oneshot does at its end is not done here: put it into lifecycle.preStop or postStop of a process that runs until then",
		"timeout-down":     "terminationGracePeriodSeconds bounds a stop",
		"timeout-finish":   "a postStop hook is bounded by the grace period",
		"max-death-tally":  "maxRestarts bounds restarts in a row",
		"flag-essential":   "there is no such protection from a stop",
		"producer-for":     "output is not piped into a logger: it is on the container's streams, in memory, and with log: {file: true} in a rotated file",
		"consumer-for":     "output is not piped into a logger: see the one whose output it is",
		"pipeline-name":    "there are no pipelines",
		"data":             "files beside the scripts are not looked at",
		"env":              "its variables are not read: envFrom: [{configMapRef: {path: …}}] reads such a directory",
		"flag-newpidns":    "there are no namespaces per process",
		"lock-fd":          "there is no lock",
		"nosetsid":         "a process has a session of its own",
		"flag-recommended": "there is nothing like it here",
		"instance":         "see replicas", "instances": "see replicas", "template": "see replicas",
	}
}

func (r *s6Reader) service(s *s6Service, wanted map[string]bool) error {
	list, err := r.entries(s.dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == "consumer-for" }) {
		r.d.note(Lost, s.dir, 0, "consumer-for", "it logs the output of another one, which nothing does here: that is on the container's streams, in memory, and with log: {file: true} in a rotated file. It is left out")
		return nil
	}
	p := r.d.add(s.dir, 0, s.name)
	s.process = p
	for _, e := range list {
		if slices.Contains(s6Known, e.Name()) {
			continue
		}
		why, known := s6Notes()[e.Name()]
		if !known {
			why = "this file is not known here"
		}
		p.note(Lost, 0, e.Name(), "%s", why)
	}
	script := "run"
	if s.kind == "oneshot" {
		script = "up"
		p.spec.RestartPolicy = supervisor.RestartNever
	}
	if err := r.script(p, path.Join(s.dir, script), s.kind == "oneshot"); err != nil {
		return err
	}
	if !wanted[s.name] {
		p.spec.Suspend = true
		p.note(Changed, 0, "", "it is in no bundle that is started (user, user2), so it is suspended")
	}
	for _, dep := range s.dependencies {
		for _, name := range r.concrete(dep, map[string]bool{}) {
			if other := r.services[name]; other == nil && name == "base" {
				continue // s6-overlay's own first step
			} else if other == nil && strings.HasPrefix(name, "legacy-") {
				p.note(Changed, 0, "dependency on "+name, "it is s6-overlay's own step, and not waited for: depend on the scripts of cont-init.d that matter")
				continue
			} else if other != nil && r.isConsumer(other) {
				continue
			} else {
				p.spec.DependsOn = append(p.spec.DependsOn, supervisor.Dependency{Name: name, Condition: r.condition(other)})
			}
		}
	}
	return r.settings(p, s.dir, s.kind == "oneshot")
}

func (r *s6Reader) isConsumer(s *s6Service) bool {
	_, err := fs.Stat(r.d.fsys, path.Join(s.dir, "consumer-for"))
	return err == nil
}

// condition is what "up" means for a service.
func (r *s6Reader) condition(s *s6Service) supervisor.Condition {
	switch {
	case s == nil:
		return ""
	case s.kind == "oneshot":
		return supervisor.ConditionCompleted
	case r.d.exists(path.Join(s.dir, "notification-fd")):
		return supervisor.ConditionReady
	}
	return ""
}

// settings reads the small files of a service directory.
func (r *s6Reader) settings(p *process, dir string, oneshot bool) error {
	fd, given, err := r.number(path.Join(dir, "notification-fd"))
	if err != nil {
		return err
	}
	if given && !oneshot {
		if fd < 3 || fd > 255 {
			return r.d.failf(path.Join(dir, "notification-fd"), 1, "%d is not a descriptor from 3 to 255", fd)
		}
		if p.spec.ReadinessProbe == nil { // s6-notifyoncheck has become a probe
			p.spec.Readiness = &supervisor.Readiness{FD: fd}
		}
	}
	ms, given, err := r.number(path.Join(dir, "timeout-kill"))
	if err != nil {
		return err
	}
	if given && ms > 0 {
		p.spec.TerminationGracePeriodSeconds = new(int64((ms + 999) / 1000))
	}
	ms, given, err = r.number(path.Join(dir, "timeout-up"))
	if err != nil {
		return err
	}
	if given && ms > 0 && oneshot {
		p.spec.ActiveDeadlineSeconds = new(int64((ms + 999) / 1000))
	} else if given && ms > 0 {
		p.note(Lost, 0, "timeout-up", "a startupProbe bounds the time until a process is there")
	}
	signal, err := r.word(path.Join(dir, "down-signal"))
	if err != nil || signal == "" {
		return errors.Join(err, r.finish(p, path.Join(dir, "finish")))
	}
	sig, err := supervisor.ParseSignal(signal)
	if err != nil {
		return r.d.failf(path.Join(dir, "down-signal"), 1, "%q is not a signal", signal)
	}
	p.lifecycle().StopSignal = sig.String()
	return r.finish(p, path.Join(dir, "finish"))
}
