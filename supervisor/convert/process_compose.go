package convert

import (
	"maps"
	"path"
	"slices"
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
	shared     envNames             // of the defaults
	own        envNames             // of the process
	envFrom    []supervisor.EnvFrom // of those that do not refuse it
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
	r.d.note(Changed, r.file, 0, "shutdown", "what does not end gets SIGKILL after 10 s; process-compose waits for ever unless timeout_seconds is given")
	r.d.note(Changed, r.file, 0, "", "the container ends with the exit code of the first that has failed for good; process-compose with 0, unless exit_on_failure or exit_on_end is given")
	r.dotenv(t, path.Join(dir, ".env"))
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
		r.rest(nil, "shell ", s, map[string]string{"elevated_shell_command": "~as whom a process runs, securityContext says", "elevated_shell_argument": "~as whom a process runs, securityContext says"})
	} else {
		r.d.note(Changed, r.file, 0, "", "a command is run by /bin/sh, where process-compose has bash; what looks like bash's own is given to bash")
	}
	processes := r.take(t, "processes")

	r.rest(nil, "", t, map[string]string{
		"log_level": "~for another than info give -log-level to processmanager: debug, info, warn or error", "log_location": "output is on the container's streams; for files give -log-dir, and processes log: {file: true}",
		"log_length": "~64 KiB of each process are kept in memory", "log_configuration": "it is of a joined file; those of the processes have log: {maxSize, maxFiles, maxAge, compress}",
		"ordered_shutdown": "~it is always ordered: dependents end before what they depend on",
		"is_tui_disabled":  "~there is no terminal interface; pmclient shell and the page at GET / show what happens", "env_cmds": "run the commands in the process: NAME=$(command)",
		"extends": "convert the joined file", "log_format": "~process-compose itself does not look at it",
		"file_names": written, "env_file_names": written, "dot_env_vars": written,
	})
	if processes != nil {
		t.left = append(t.left, processes)
	}
}

// dotenv gives the file beside the other one to all processes, or to each that does not
// refuse it.
func (r *pcReader) dotenv(t *tree, file string) {
	if !r.d.exists(inRoot(file)) {
		return
	}
	from := []supervisor.EnvFrom{{FileRef: &supervisor.PathRef{Path: file, Optional: true}}}
	r.d.note(Changed, r.file, 0, ".env", "what it sets wins over the container's environment, which wins there")
	if list := t.get("processes"); list != nil && slices.ContainsFunc(list.left, func(p *tree) bool { return p.get("is_dotenv_disabled") != nil }) {
		r.envFrom = from
		return
	}
	r.d.defaults.EnvFrom = from
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
	if refuses, _ := r.boolean(t, "is_dotenv_disabled"); !refuses {
		p.spec.EnvFrom = slices.Clone(r.envFrom)
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
		"original_config": written, "replica_num": written, "replica_name": written, "executable": written, "args": written,
		"env_file":               "say envFrom: [{fileRef: {path: …}}]",
		"is_elevated":            "say securityContext: {runAsUser: root}; the manager has to be root for it",
		"launch_timeout_seconds": "a start is over when fork and exec are; startupProbe bounds what comes then",
		"disable_ansi_colors":    "~output is kept as it was written",
		"is_foreground":          "there is no terminal interface to run it in; start it by pmclient start",
	})
}

func (r *pcReader) flags(p *process, t *tree) {
	p.spec.Suspend, _ = r.boolean(t, "disabled")
	if yes, c := r.boolean(t, "is_disabled"); c != nil {
		p.spec.Suspend = yes // the same as a text, into which a variable can be put; it wins
	}
	if yes, c := r.boolean(t, "is_interactive"); yes {
		p.spec.TTY = true
		p.note(Changed, c.line, c.key, "it has a terminal, and nobody who types there")
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
