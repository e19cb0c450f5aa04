package convert

import (
	"maps"
	"path"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// A pcReader reads process-compose.yaml.
type pcReader struct {
	*yamlReader
	vars       map[string]string
	raw        bool // disable_env_expansion: dollar signs are left alone
	shell      []string
	awaited    map[string]bool // somebody waits for its end
	expandNote bool
}

// readProcessCompose reads process-compose.yaml with the defaults of its version 1.
func readProcessCompose(d *draft, _ Options) error {
	text, err := d.readFile(d.file)
	if err != nil {
		return err
	}
	t, err := d.parseYAML(d.file, text)
	if err != nil {
		return err
	}
	d.about = append(d.about, t.about...)
	d.processComposeOverride()
	r := &pcReader{yamlReader: &yamlReader{d: d, file: d.file}, vars: map[string]string{}, awaited: map[string]bool{}}
	r.raw, _ = r.boolean(t, "disable_env_expansion")
	r.readVars(r.object(t, "vars"), r.vars)
	r.project(t)
	list := r.object(t, "processes")
	if list == nil {
		r.fail(t, "there are no processes in it")
		return r.err
	}
	for _, p := range list.left {
		if deps := p.get("depends_on"); deps != nil && deps.isObject() {
			for _, dep := range deps.left {
				if c := dep.get("condition"); c != nil && strings.HasPrefix(c.node.Value, "process_completed") {
					r.awaited[dep.key] = true
				}
			}
		}
	}
	return r.objects(list, r.process)
}

func (r *pcReader) project(t *tree) {
	r.d.defaults = supervisor.Spec{
		RestartPolicy:                 supervisor.RestartNever,
		RestartBackoff:                &supervisor.Backoff{Initial: seconds(1), Factor: new(1.0), Max: seconds(1), Jitter: new(0.0)},
		TerminationGracePeriodSeconds: new(int64(10)),
		KillMode:                      supervisor.KillTree,
	}
	r.d.defaults.Env = r.environment(nil, t)
	dir := r.d.here(r.file)
	r.d.defaults.WorkingDir = dir
	r.d.note(Changed, r.file, 0, "", "processes run in %s, where this file is; process-compose runs them where it was started", dir)
	if dotenv := path.Join(dir, ".env"); r.d.exists(inRoot(dotenv)) {
		r.d.defaults.EnvFrom = []supervisor.EnvFrom{{FileRef: &supervisor.PathRef{Path: dotenv, Optional: true}}}
	}
	for _, key := range []string{"version", "is_strict"} {
		r.take(t, key)
	}
	r.d.called, _ = r.text(t, "name")
	if s := r.object(t, "shell"); s != nil {
		command, _ := r.text(s, "shell_command")
		argument, c := r.text(s, "shell_argument")
		if c == nil {
			argument = "-c"
		}
		if command != "" && (command != "sh" && command != "/bin/sh" || argument != "-c") {
			r.shell = []string{command, argument}
		}
		r.rest(nil, "shell ", s, nil)
	} else {
		r.d.note(Changed, r.file, 0, "", "a command is run by /bin/sh, where process-compose has bash; what looks like bash's own is given to bash")
	}
	processes := r.take(t, "processes")
	r.rest(nil, "", t, map[string]string{
		"log_level": "~the manager's own log has one level", "log_location": "output is on the container's streams; for files give -log-dir, and processes log: {file: true}",
		"log_length": "~64 KiB of each process are kept in memory", "log_configuration": "it is of a joined file; those of the processes have log: {maxSize, maxFiles, maxAge, compress}",
		"ordered_shutdown": "~it is always ordered: dependents end before what they depend on",
		"is_tui_disabled":  "~there is no terminal interface; pmclient shell and the page at GET / show what happens", "env_cmds": "run the commands in the process: NAME=$(command)",
		"extends": "convert the joined file",
	})
	if processes != nil {
		t.left = append(t.left, processes)
	}
}

// readVars reads the variables of templates.
func (r *pcReader) readVars(t *tree, into map[string]string) {
	if t == nil {
		return
	}
	for _, v := range t.left {
		if v.isScalar() {
			into[v.key] = v.node.Value
		}
	}
}

var template = pattern(`\{\{\s*\.?([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// templated puts variables into a text; what is more than a name stays, with a note.
func (r *pcReader) templated(p *process, c *tree, text string, vars map[string]string) string {
	text = template().ReplaceAllStringFunc(text, func(m string) string {
		name := template().FindStringSubmatch(m)[1]
		if value, ok := vars[name]; ok {
			return value
		}
		if name == "PC_REPLICA_NUM" {
			return "${PM_PROCESS_INDEX}"
		}
		return m
	})
	if strings.Contains(text, "{{") && p != nil {
		p.note(Lost, c.line, c.key, "its template {{ }} is not filled in here: write what it stands for")
	}
	return text
}

// pair reads NAME=value items, or an object.
func (r *pcReader) environment(p *process, t *tree) []supervisor.EnvVar {
	c := r.take(t, "environment")
	if c == nil {
		return nil
	}
	var env []supervisor.EnvVar
	add := func(at *tree, name, value string) {
		if !r.raw {
			in := interpolate(value)
			if _, known := in.plain(); !known && !r.expandNote {
				r.expandNote = true
				r.d.note(Changed, r.file, at.line, "environment", "$NAME is filled in at each start, and what is not set stays as $(NAME), where process-compose makes it empty")
			}
			value = in.expanding(func(m remark) {
				r.d.note(Lost, r.file, at.line, name, "%s", m.text)
			})
		} else {
			value = literal(value)
		}
		env = append(env, supervisor.EnvVar{Name: name, Value: value})
	}
	if c.isObject() {
		for _, v := range c.left {
			value := ""
			if !v.isNull() {
				value = r.scalar(v)
			}
			add(v, v.key, value)
		}
		return env
	}
	for _, item := range c.left {
		text := r.templated(p, item, r.scalar(item), r.vars)
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			r.fail(item, "%q is not NAME=value", text)
			return nil
		}
		add(item, name, value)
	}
	return env
}

func (r *pcReader) process(t *tree) {
	p := r.d.add(r.file, t.line, t.key)
	p.about = t.about
	if text, c := r.text(t, "description"); c != nil {
		p.about = append(p.about, strings.Split(strings.TrimSpace(text), "\n")...)
	}
	vars := map[string]string{}
	maps.Copy(vars, r.vars)
	r.readVars(r.object(t, "vars"), vars)
	if n := r.integer(t, "replicas", 1, 0); n != 1 {
		p.spec.Replicas = &n
		p.note(Changed, t.line, "replicas", "they are %s-0 to %s-%d; the index is in PM_PROCESS_INDEX, and in PC_REPLICA_NUM as before", t.key, t.key, n-1)
		p.spec.Env = append(p.spec.Env, supervisor.EnvVar{Name: "PC_REPLICA_NUM", Value: "$(PM_PROCESS_INDEX)"})
	}
	p.spec.Env = append(p.spec.Env, r.environment(p, t)...)
	r.command(p, t, vars)
	r.availability(p, t)
	r.shutdown(p, t)
	r.dependsOn(p, t)
	r.probes(p, t, vars)
	r.flags(p, t)
	r.logs(p, t)
	r.schedule(p, t)
	r.rest(p, "", t, map[string]string{
		"env_file":               "say envFrom: [{fileRef: {path: …}}]",
		"is_dotenv_disabled":     "take envFrom out of defaults, and give it to each process that wants it",
		"is_elevated":            "say securityContext: {runAsUser: root}; the manager has to be root for it",
		"launch_timeout_seconds": "a start is over when fork and exec are; startupProbe bounds what comes then",
		"disable_ansi_colors":    "~output is kept as it was written",
		"is_foreground":          "there is no terminal interface to run it in; start it by pmclient start",
	})
}

// bashisms are signs of a text that sh would not understand.
var bashisms = pattern(`\[\[|<\(|<<<|&>|\bsource |\bfunction |\$\{[A-Za-z_]+(//|\^|,,|:[0-9])|\$'|\bdeclare |\bpipefail\b|\bmapfile\b|\(\(`)

func (r *pcReader) command(p *process, t *tree, vars map[string]string) {
	text, c := r.text(t, "command")
	entry := r.take(t, "entrypoint")
	dir, dirAt := r.text(t, "working_dir")
	switch {
	case c != nil:
		text = r.templated(p, c, text, vars)
		if !r.raw {
			text = interpolate(text).shell() // $NAME and $$NAME both: the shell fills it in
		}
		text = strings.ReplaceAll(text, "PC_REPLICA_NUM", "PM_PROCESS_INDEX")
		if strings.Contains(text, "PC_PROC_NAME") {
			p.spec.Env = append(p.spec.Env, supervisor.EnvVar{Name: "PC_PROC_NAME", Value: literal(p.origin)})
		}
	case entry == nil:
		r.fail(t, "it has no command")
		return
	}
	if dirAt != nil {
		dir = r.templated(p, dirAt, dir, vars)
		plain, known := interpolate(dir).plain()
		switch {
		case known && path.IsAbs(plain):
			p.spec.WorkingDir = path.Clean(plain)
		case known:
			p.spec.WorkingDir = path.Join(r.d.here(r.file), plain)
		case c != nil:
			text = `cd "` + interpolate(dir).shell() + `" && ` + text
			p.note(Changed, dirAt.line, "working_dir", "workingDir cannot depend on the environment, so the shell changes to it")
		default:
			p.note(Lost, dirAt.line, "working_dir", "%s depends on the environment, and workingDir cannot: give it here", dir)
		}
	}
	switch {
	case entry != nil && c == nil:
		for _, word := range r.list(entry) {
			p.spec.Command.Argv = append(p.spec.Command.Argv, interpolate(r.templated(p, entry, word, vars)).expanding(nil))
		}
		if len(p.spec.Command.Argv) == 0 {
			r.fail(entry, "it is empty")
		}
	case len(r.shell) > 0:
		p.spec.Command.Argv = append(literals(r.shell), literal(text))
	case bashisms().MatchString(text):
		p.spec.Command.Argv = []string{"bash", "-c", literal(text)}
	case strings.TrimSpace(text) == "":
		r.fail(c, "it is empty")
	default:
		p.spec.Command.Shell = text
	}
}

func (r *pcReader) availability(p *process, t *tree) {
	a := r.object(t, "availability")
	if a == nil {
		return
	}
	policy, c := r.text(a, "restart")
	switch policy {
	case "", "no":
	case "always":
		p.spec.RestartPolicy = supervisor.RestartAlways
	case "on_failure", "on-failure":
		p.spec.RestartPolicy = supervisor.RestartOnFailure
	case "exit_on_failure":
		if r.awaited[p.origin] {
			p.note(Lost, c.line, "restart", "exit_on_failure: there is no end of the container by a failure only: make who waits for it essential, which then ends it with this exit code")
		} else {
			p.spec.Essential = true
			p.note(Changed, c.line, "restart", "exit_on_failure: essential ends the container after a success, too")
		}
	default:
		r.fail(c, "%q is not no, always, on_failure or exit_on_failure", policy)
	}
	if n := r.integer(a, "backoff_seconds", 1, 0); n > 1 {
		p.spec.RestartBackoff = &supervisor.Backoff{Initial: seconds(n), Max: seconds(n)}
	}
	if n := r.integer(a, "max_restarts", 0, 0); n > 0 && p.spec.RestartPolicy != "" {
		p.spec.MaxRestarts = &n
		r.d.note(Changed, r.file, a.line, "max_restarts", "it counts restarts in a row; a life of 60 s begins the count anew (restartBackoff.resetAfter)")
	}
	if yes, _ := r.boolean(a, "exit_on_end"); yes {
		p.spec.Essential = true
	}
	r.rest(p, "availability ", a, map[string]string{
		"exit_on_skipped": "essential: true ends the container when a dependency has failed for good, too",
	})
}

func (r *pcReader) shutdown(p *process, t *tree) {
	s := r.object(t, "shutdown")
	if s == nil {
		return
	}
	if n := r.integer(s, "timeout_seconds", 10, 0); n != 10 {
		p.spec.TerminationGracePeriodSeconds = new(int64(n))
	}
	if n := r.integer(s, "signal", 15, 1); n != 15 {
		if n > 64 {
			r.fail(s, "%d is not a signal", n)
			return
		}
		p.lifecycle().StopSignal = supervisor.Signal(n).String()
	}
	if yes, c := r.boolean(s, "parent_only"); c != nil && yes {
		p.spec.KillMode = supervisor.KillMixed
		p.note(Changed, c.line, "parent_only", "the rest of the tree is ended when the process has ended")
	}
	if text, c := r.text(s, "command"); c != nil {
		p.lifecycle().PreStop = &supervisor.LifecycleHandler{Exec: &supervisor.ExecAction{Command: supervisor.Command{Shell: interpolate(text).shell()}}}
		p.note(Changed, c.line, "shutdown command", "it is the preStop hook: when it has ended, what still runs gets the stop signal")
	}
	r.rest(p, "shutdown ", s, nil)
}

func pcConditions() map[string]supervisor.Condition {
	return map[string]supervisor.Condition{
		"": supervisor.ConditionStarted, "process_started": supervisor.ConditionStarted, "process_healthy": supervisor.ConditionReady,
		"process_log_ready": supervisor.ConditionReady, "process_completed_successfully": supervisor.ConditionCompleted,
		"process_completed": supervisor.ConditionCompleted,
	}
}

func (r *pcReader) dependsOn(p *process, t *tree) {
	deps := r.take(t, "depends_on")
	if deps == nil {
		return
	}
	for _, dep := range deps.left {
		name := dep.key
		if deps.isList() {
			name = r.scalar(dep)
		}
		text := ""
		if dep.isObject() {
			text, _ = r.text(dep, "condition")
			r.rest(p, "depends_on "+name+" ", dep, nil)
		}
		condition, known := pcConditions()[text]
		if !known {
			r.fail(dep, "%q is not a condition", text)
			return
		}
		if text == "process_completed" {
			p.note(Changed, dep.line, "depends_on "+name, "process_completed: Completed means with success; after a failure for good this process has failed, too")
		}
		p.spec.DependsOn = append(p.spec.DependsOn, supervisor.Dependency{Name: name, Condition: condition})
	}
}

func (r *pcReader) flags(p *process, t *tree) {
	if yes, _ := r.boolean(t, "disabled"); yes {
		p.spec.Suspend = true
	}
	if yes, _ := r.boolean(t, "is_tty"); yes {
		p.spec.TTY = true
	}
	if yes, c := r.boolean(t, "is_daemon"); yes {
		p.note(Lost, c.line, "is_daemon", "a process has to stay in the foreground: what it leaves behind is ended with it")
	}
	for _, key := range []string{"is_elevated", "is_foreground", "disable_ansi_colors"} {
		if c := t.get(key); c != nil && c.node.Value == "false" {
			r.take(t, key)
		}
	}
	if text, c := r.text(t, "namespace"); c != nil && text != "" {
		p.label("namespace", text)
	}
}

func (r *pcReader) schedule(p *process, t *tree) {
	s := r.object(t, "schedule")
	if s == nil {
		return
	}
	if text, c := r.text(s, "cron"); c != nil {
		p.spec.Schedule = text
	}
	if text, c := r.text(s, "interval"); c != nil {
		p.spec.Schedule = "@every " + text
	}
	if p.spec.Schedule == "" {
		r.fail(s, "want cron or interval")
		return
	}
	p.spec.TimeZone, _ = r.text(s, "timezone")
	p.spec.RunOnStart, _ = r.boolean(s, "run_on_start")
	if r.integer(s, "max_concurrent", 1, 0) > 1 {
		p.spec.ConcurrencyPolicy = supervisor.ConcurrencyAllow
		p.note(Changed, s.line, "max_concurrent", "Allow has no bound")
	}
	if p.spec.RestartPolicy == supervisor.RestartAlways {
		p.spec.RestartPolicy = ""
		p.note(Changed, s.line, "restart", "a scheduled process is not restarted always")
	}
	if p.spec.Essential {
		p.spec.Essential = false
		p.note(Lost, s.line, "exit_on_end", "a schedule never ends for good")
	}
	if p.spec.Replicas != nil {
		p.spec.Replicas = nil
		p.note(Lost, s.line, "replicas", "a scheduled process has none")
	}
	r.rest(p, "schedule ", s, nil)
}
