package convert

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

func looksLikePebble(text []byte) bool {
	t, err := (&draft{}).parseYAML("", text)
	if err != nil {
		return false
	}
	for _, key := range []string{"services", "checks", "log-targets"} {
		section := t.get(key)
		if section == nil {
			continue
		}
		for _, s := range section.left {
			if s.get("override") != nil {
				return true
			}
		}
	}
	return false
}

// A pebbleReader has the layers joined.
type pebbleReader struct {
	*yamlReader
	services, checks map[string]*tree
	order            []string
	checkOrder       []string
	byName           map[string]*process
	// Of checks, by name: its level, whether it is disabled, and whether a service acts on it.
	ready, alive, off, named map[string]bool
}

// readPebble reads layers with pebble's defaults.
func readPebble(d *draft, _ Options) error {
	files := []string{d.file}
	if info, err := fs.Stat(d.fsys, d.file); err == nil && info.IsDir() {
		if files = layerFiles(d.fsys, d.file); len(files) == 0 {
			return d.failf(d.file, 0, "there is no layer in it (want NNN-NAME.yaml, here or under layers/)")
		}
	}
	r := &pebbleReader{
		yamlReader: &yamlReader{d: d}, services: map[string]*tree{}, checks: map[string]*tree{},
		byName: map[string]*process{},
		ready:  map[string]bool{}, alive: map[string]bool{}, off: map[string]bool{}, named: map[string]bool{},
	}
	for _, file := range files {
		if err := r.layer(file); err != nil {
			return err
		}
	}
	if len(r.services) == 0 {
		return d.failf(d.file, 0, "there are no services in it")
	}
	d.exitPolicy = supervisor.ExitNever
	d.defaults = supervisor.Spec{
		RestartBackoff:                &supervisor.Backoff{Initial: span(500 * time.Millisecond), Max: seconds(30), ResetAfter: seconds(30)},
		TerminationGracePeriodSeconds: new(int64(5)),
		KillMode:                      supervisor.KillGroup,
	}
	d.note(Changed, d.file, 0, "", "pebble never ends by itself but for on-success and on-failure, hence exitPolicy Never")
	d.note(Changed, d.file, 0, "", "pebble takes a service whose first second goes well for started; a failed start is tried again here as any other end is")
	for _, name := range r.order {
		r.service(name, r.services[name])
	}
	for _, name := range r.order {
		r.ordering(r.byName[name], r.services[name])
	}
	r.lookAtChecks()
	for _, name := range r.order {
		r.onCheckFailure(r.byName[name], r.services[name])
		r.rest(r.byName[name], "", r.services[name], map[string]string{"workload": noEqual})
	}
	r.looseChecks()
	return r.err
}

func (r *pebbleReader) service(name string, t *tree) {
	p := r.d.add(t.file, t.line, name)
	r.byName[name] = p
	p.about = t.about
	for _, key := range []string{"summary", "description"} {
		if text, c := r.text(t, key); c != nil {
			p.about = append(p.about, strings.Split(strings.TrimSpace(text), "\n")...)
		}
	}
	p.spec.Command.Argv = r.command(p, t)
	if text, c := r.text(t, "startup"); c == nil || text != "enabled" {
		p.spec.Suspend = true
	}
	p.spec.Env = r.environment(t)
	if dir, c := r.text(t, "working-dir"); c != nil {
		p.spec.WorkingDir = dir
	}
	r.user(p, t)
	r.ends(p, t)
	r.delays(p, t)
}

// command splits the words; those in brackets are defaults of arguments.
func (r *pebbleReader) command(p *process, t *tree) []string {
	text, c := r.text(t, "command")
	if c == nil {
		r.fail(t, "it has no command")
		return nil
	}
	words, err := splitWords(text)
	if err != nil {
		r.fail(c, "%v", err)
		return nil
	}
	var argv []string
	for _, w := range words {
		if p != nil && (w == "[" || w == "]") {
			p.noteOn(Changed, c, "command", "arguments cannot be given at a start; those in [ ] are its arguments now")
			continue
		}
		argv = append(argv, literal(w))
	}
	if len(argv) == 0 {
		r.fail(c, "it is empty")
	}
	return argv
}

func (r *pebbleReader) environment(t *tree) []supervisor.EnvVar {
	c := r.object(t, "environment")
	if c == nil {
		return nil
	}
	var env []supervisor.EnvVar
	for _, v := range c.left {
		value := ""
		if !v.isNull() {
			value = r.scalar(v)
		}
		env = append(env, supervisor.EnvVar{Name: v.key, Value: literal(value)})
	}
	return env
}

func (r *pebbleReader) user(p *process, t *tree) {
	for _, key := range []string{"user", "user-id"} {
		if text, c := r.text(t, key); c != nil {
			p.runAs(text)
		}
	}
	for _, key := range []string{"group", "group-id"} {
		if text, c := r.text(t, key); c != nil {
			p.runAsGroup(text)
		}
	}
}

// ends reads on-success and on-failure.
func (r *pebbleReader) ends(p *process, t *tree) {
	action := func(key string) (string, *tree) {
		text, c := r.text(t, key)
		if c == nil {
			return "restart", t
		}
		switch text {
		case "restart", "ignore", "shutdown", "failure-shutdown", "success-shutdown":
		default:
			r.fail(c, "%q is not restart, ignore, shutdown, success-shutdown or failure-shutdown", text)
		}
		return text, c
	}
	good, goodAt := action("on-success")
	bad, badAt := action("on-failure")
	ends := strings.HasSuffix(good, "shutdown") || strings.HasSuffix(bad, "shutdown")
	p.spec.Essential = ends
	switch {
	case good == "restart" && bad == "restart":
	case bad == "restart":
		p.spec.RestartPolicy = supervisor.RestartOnFailure
	default:
		p.spec.RestartPolicy = supervisor.RestartNever
		if good == "restart" {
			p.noteOn(Lost, badAt, "on-failure", "there is no policy that restarts after a success only: it is not restarted")
		}
	}
	if ends && (good == "ignore" || bad == "ignore") {
		at := goodAt
		if badAt.line > at.line {
			at = badAt
		}
		p.noteOn(Changed, at, "on-success, on-failure", "essential ends the container after either end")
	}
	if good == "failure-shutdown" {
		p.noteOn(Changed, goodAt, "on-success", "the container ends with the exit code of the process, which is 0, and not with 10")
	}
	if bad == "shutdown" || bad == "failure-shutdown" {
		p.noteOn(Changed, badAt, "on-failure", "the container ends with the exit code of the process, and not with 10")
	}
	if bad == "success-shutdown" {
		p.noteOn(Changed, badAt, "on-failure", "the container ends with the exit code of the process, and not with 0")
	}
}

func (r *pebbleReader) duration(t *tree, key string) *supervisor.Duration {
	text, c := r.text(t, key)
	if c == nil {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 87600*time.Hour {
		r.fail(c, "%q is not a duration", text)
		return nil
	}
	return span(d)
}

func (r *pebbleReader) delays(p *process, t *tree) {
	var b supervisor.Backoff
	b.Initial = r.duration(t, "backoff-delay")
	if text, c := r.text(t, "backoff-factor"); c != nil {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f < 1 || f > 1000 || math.IsNaN(f) {
			r.fail(c, "%q is not a number from 1 to 1000", text)
			return
		}
		b.Factor = &f
	}
	limit := t.get("backoff-limit")
	if b.Max = r.duration(t, "backoff-limit"); b.Max != nil && *b.Max > 0 {
		b.ResetAfter = span(max(time.Duration(*b.Max), time.Second))
	}
	initial, greatest := 500*time.Millisecond, 30*time.Second
	if b.Initial != nil {
		initial = time.Duration(*b.Initial)
	}
	if b.Max != nil {
		greatest = time.Duration(*b.Max)
	}
	if initial > greatest {
		at := t
		if limit != nil {
			at = limit
		}
		r.fail(at, "the first delay, %s, is more than the limit, %s", initial, greatest)
	}
	if b != (supervisor.Backoff{}) {
		p.spec.RestartBackoff = &b
	}
	if kill := r.duration(t, "kill-delay"); kill != nil {
		p.spec.TerminationGracePeriodSeconds = graceOf(time.Duration(*kill))
	}
}

// ordering reads after, before and requires.
func (r *pebbleReader) ordering(p *process, t *tree) {
	started := map[string]bool{}
	if c := r.take(t, "after"); c != nil {
		for _, name := range r.list(c) {
			started[name] = true
			p.spec.DependsOn = append(p.spec.DependsOn, supervisor.Dependency{Name: name})
		}
	}
	if c := r.take(t, "before"); c != nil {
		for _, name := range r.list(c) {
			if other := r.byName[name]; other != nil {
				other.spec.DependsOn = append(other.spec.DependsOn, supervisor.Dependency{Name: p.origin})
			} else {
				p.noteOn(Lost, c, "before", "there is no service %q", name)
			}
		}
	}
	if c := r.take(t, "requires"); c != nil {
		for _, name := range r.list(c) {
			if !started[name] {
				p.spec.DependsOn = append(p.spec.DependsOn, supervisor.Dependency{Name: name})
				p.noteOn(Changed, c, "requires", "%s is waited for here; pebble starts both side by side", name)
			}
			if other := r.byName[name]; other != nil && other.spec.Suspend && !p.spec.Suspend {
				other.spec.Suspend = false
				other.note(Changed, c.line, "startup", "it is started because %s requires it", p.origin)
			}
		}
	}
}
