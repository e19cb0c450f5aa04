package convert

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// A composeReader reads services whose programs are in this image.
type composeReader struct {
	*yamlReader
	variables  *composeVariables
	expandNote bool // it was said how variables are filled in
}

// readCompose reads the services of a compose file.
func readCompose(d *draft, o Options) error {
	text, err := d.readFile(d.file)
	if err != nil {
		return err
	}
	t, err := d.parseYAML(d.file, text)
	if err != nil {
		return err
	}
	d.about = append(d.about, t.about...)
	r := &composeReader{yamlReader: &yamlReader{d: d, file: d.file}}
	if r.variables, err = d.composeVariables(o.EnvFile); err != nil {
		return err
	}
	r.fill = r.filled
	d.defaults = supervisor.Spec{
		RestartPolicy: supervisor.RestartNever, TerminationGracePeriodSeconds: new(int64(10)),
		RestartBackoff: &supervisor.Backoff{Initial: span(100 * time.Millisecond), Max: seconds(60), Jitter: new(0.0), ResetAfter: seconds(10)},
	}
	d.note(Changed, d.file, 0, "", "services become processes of one container: they share its file system, its image and its network, in which each other's names are localhost, and a port has one owner")
	d.composeOverride()
	services := r.object(t, "services")
	r.take(t, "version")
	d.called, _ = r.text(t, "name")
	r.rest(nil, "", t, composeTopKeys())
	if services == nil {
		r.fail(t, "there are no services in it")
		return r.err
	}
	if err := r.objects(services, r.service); err != nil {
		return err
	}
	r.variables.tell(d)
	return nil
}

func (r *composeReader) service(t *tree) {
	argv, known := r.command(t)
	if !known {
		image := "the one that is built"
		if c := r.take(t, "image"); c != nil {
			image = c.node.Value
		}
		r.d.note(Lost, r.file, t.line, "service "+t.key, "its command is that of its image (%s), which is not known here: it is left out; add a process with the image's ENTRYPOINT and CMD", image)
		return
	}
	p := r.d.add(r.file, t.line, t.key)
	p.about = t.about
	p.spec.Command.Argv = argv
	for _, key := range []string{"image", "build"} {
		if c := r.take(t, key); c != nil {
			r.d.note(Changed, r.file, c.line, key, "its programs have to be in this container's image")
		}
	}
	if yes, c := r.boolean(t, "init"); yes && c != nil {
		p.about = append(p.about, "init: true is what the manager is to every process.")
	}
	r.environment(p, t)
	r.dependsOn(p, t)
	r.healthcheck(p, t)
	r.restart(p, t)
	r.stop(p, t)
	r.rights(p, t)
	r.resources(p, t)
	r.hooks(p, t)
	r.rest(p, "", t, composeServiceKeys())
}

// words reads a command: a list, or a text that is split as by a shell, when the variables
// are in it.
func (r *composeReader) words(c *tree) []string {
	var words []string
	if c.isList() {
		for _, item := range c.left {
			words = append(words, r.value(nil, item, r.raw(item)))
		}
		return words
	}
	in := r.known(c, r.raw(c))
	text, plain := in.plain()
	if !plain {
		text = r.written(nil, c, in)
	}
	words, err := splitWords(text)
	if err != nil {
		r.fail(c, "%v", err)
	}
	if plain {
		words = literals(words)
	}
	return words
}

func (r *composeReader) command(t *tree) (argv []string, known bool) {
	entry, command := r.take(t, "entrypoint"), r.take(t, "command")
	if entry != nil {
		argv = r.words(entry)
	}
	if command != nil {
		argv = append(argv, r.words(command)...)
	}
	return argv, len(argv) > 0
}

func (r *composeReader) environment(p *process, t *tree) {
	if c := r.take(t, "env_file"); c != nil {
		items := []*tree{c}
		if c.isList() {
			items = c.left
		}
		for _, item := range items {
			ref := &supervisor.PathRef{}
			raw := false
			if item.isObject() {
				ref.Path, _ = r.text(item, "path")
				format, _ := r.text(item, "format")
				raw = format == "raw"
				required, c := r.boolean(item, "required")
				ref.Optional = c != nil && !required
				r.rest(p, "env_file ", item, nil)
			} else {
				ref.Path = r.scalar(item)
			}
			if !strings.HasPrefix(ref.Path, "/") {
				ref.Path = absolute(r.d.here(r.file) + "/" + ref.Path)
				p.note(Changed, item.line, "env_file", "it is read at each start, in the container, at %s: mount it there", ref.Path)
			}
			r.compareEnvFile(p, item, ref.Path, raw)
			p.spec.EnvFrom = append(p.spec.EnvFrom, supervisor.EnvFrom{FileRef: ref})
		}
	}
	c := r.take(t, "environment")
	if c == nil {
		return
	}
	for _, item := range c.left {
		name, value, given := item.key, "", !item.isNull()
		if c.isList() {
			name, value, given = strings.Cut(r.raw(item), "=")
		} else if given {
			value = r.raw(item)
		}
		if value = r.value(p, item, value); !given {
			// Without a value it is that of .env, or else the container's own, which every
			// process has.
			value, given = r.variables.get(name)
			value = literal(value)
		}
		if given {
			p.spec.Env = append(p.spec.Env, supervisor.EnvVar{Name: name, Value: value})
		}
	}
}

func (r *composeReader) dependsOn(p *process, t *tree) {
	deps := r.take(t, "depends_on")
	if deps == nil {
		return
	}
	for _, dep := range deps.left {
		d := supervisor.Dependency{Name: dep.key}
		if deps.isList() {
			d.Name = r.scalar(dep)
		}
		if dep.isObject() {
			switch text, c := r.text(dep, "condition"); text {
			case "", "service_started":
			case "service_healthy":
				d.Condition = supervisor.ConditionReady
			case "service_completed_successfully":
				d.Condition = supervisor.ConditionCompleted
			default:
				r.fail(c, "%q is not a condition", text)
			}
			if yes, _ := r.boolean(dep, "restart"); yes {
				p.spec.OnDependencyRestart = supervisor.DependencyRestartRestart
			}
			if yes, c := r.boolean(dep, "required"); c != nil && !yes {
				p.note(Changed, c.line, "depends_on "+d.Name, "a dependency is always required")
			}
			r.rest(p, "depends_on "+d.Name+" ", dep, nil)
		}
		p.spec.DependsOn = append(p.spec.DependsOn, d)
	}
}

func (r *composeReader) duration(t *tree, key string) (time.Duration, *tree) {
	text, c := r.text(t, key)
	if c == nil {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if n, bad := strconv.Atoi(text); err != nil && bad == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < 0 || d > 87600*time.Hour {
		r.fail(c, "%q is not a duration", text)
		return 0, nil
	}
	return d, c
}

// wholeSeconds is at least 1, for a probe.
func wholeSeconds(d time.Duration) *int {
	n := max(1, int(math.Ceil(d.Seconds())))
	return &n
}

func (r *composeReader) healthcheck(p *process, t *tree) {
	h := r.object(t, "healthcheck")
	if h == nil {
		return
	}
	disabled, _ := r.boolean(h, "disable")
	test := r.take(h, "test")
	probe := &supervisor.Probe{PeriodSeconds: new(30), TimeoutSeconds: new(30)}
	if d, c := r.duration(h, "interval"); c != nil {
		probe.PeriodSeconds = wholeSeconds(d)
	}
	if d, c := r.duration(h, "timeout"); c != nil {
		probe.TimeoutSeconds = wholeSeconds(d)
	}
	if n := r.integer(h, "retries", 3, 1); n != 3 {
		probe.FailureThreshold = &n
	}
	if d, c := r.duration(h, "start_period"); c != nil {
		p.note(Changed, c.line, "start_period", "%s: failures before the first success do no harm to a readinessProbe", d)
	}
	r.rest(p, "healthcheck ", h, map[string]string{"start_interval": "a probe has one period"})
	if disabled || test == nil {
		return
	}
	words := []string{"CMD-SHELL"}
	if test.isList() {
		words = nil
		for _, item := range test.left {
			words = append(words, r.raw(item))
		}
	} else {
		words = append(words, r.raw(test))
	}
	switch {
	case len(words) > 0 && words[0] == "NONE":
		return
	case len(words) > 1 && words[0] == "CMD":
		var argv []string
		for _, w := range words[1:] {
			argv = append(argv, r.value(p, test, w))
		}
		probe.Exec = &supervisor.ExecAction{Command: supervisor.Command{Argv: argv}}
	case len(words) == 2 && words[0] == "CMD-SHELL" && words[1] != "":
		probe.Exec = &supervisor.ExecAction{Command: supervisor.Command{Shell: r.known(test, words[1]).shell()}}
	default:
		r.fail(test, "want CMD, CMD-SHELL or NONE and what belongs to it")
		return
	}
	p.spec.ReadinessProbe = probe
}
