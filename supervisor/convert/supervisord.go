package convert

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

func looksLikeSupervisord(text []byte) bool {
	return bytes.Contains(text, []byte("[program:")) || bytes.Contains(text, []byte("[supervisord]"))
}

// readSupervisord reads a supervisord.conf. Defaults and meanings are those of
// supervisord 4.2.
func readSupervisord(d *draft, _ Options) error {
	text, err := d.readFile(d.file)
	if err != nil {
		return err
	}
	sections, err := d.parseINI(d.file, text)
	if err != nil {
		return err
	}
	if sections, err = d.include(sections); err != nil {
		return err
	}
	d.exitPolicy = supervisor.ExitNever
	d.defaults = supervisordDefaults()
	d.note(Changed, d.file, 0, "", "supervisord never ends by itself, hence exitPolicy Never. Remove it, or make a process essential, so that the container ends with its processes and their exit code.")
	d.note(Changed, d.file, 0, "", "failed starts are tried again after 1, 2, 4 s, where supervisord waits 1, 2, 3 s.")
	d.note(Changed, d.file, 0, "", "a stop reaches everything that a process has started; supervisord leaves descendants behind.")
	groups := map[string]string{}
	programs := 0
	for _, s := range sections {
		if err := d.supervisordSection(s, groups, &programs); err != nil {
			return err
		}
	}
	for _, s := range sections {
		if name, ok := strings.CutPrefix(s.name, "program:"); ok {
			if err := d.program(s, strings.TrimSpace(name), groups); err != nil {
				return err
			}
		}
	}
	if programs == 0 {
		d.note(Changed, d.file, 0, "", "there is no [program:] in it")
	}
	return nil
}

// supervisordDefaults is what a [program:] has that says nothing.
func supervisordDefaults() supervisor.Spec {
	return supervisor.Spec{
		RestartPolicy: supervisor.RestartOnFailure,
		RestartBackoff: &supervisor.Backoff{
			Initial: seconds(1), Max: seconds(60), Jitter: new(0.0), ResetAfter: seconds(1),
		},
		MaxRestarts:                   new(3),
		TerminationGracePeriodSeconds: new(int64(10)),
	}
}

// include adds the files of [include], which may not include others.
func (d *draft) include(sections []*section) ([]*section, error) {
	i := slices.IndexFunc(sections, func(s *section) bool { return s.name == "include" })
	if i < 0 {
		return sections, nil
	}
	s := sections[i]
	files := s.take("files")
	if files == nil {
		return nil, d.failf(s.file, s.line, "[include] has no files")
	}
	pieces, err := expansions{"here": d.here(d.file)}.expand(files.value)
	if err != nil {
		return nil, d.failf(s.file, files.line, "files: %v", err)
	}
	text, names := marked(pieces)
	for pattern := range strings.FieldsSeq(text) {
		if strings.ContainsFunc(pattern, isMark) {
			d.note(Lost, s.file, files.line, "files", "%s depends on the environment: what it names was not read", unmarked(pattern, names))
			continue
		}
		if !path.IsAbs(pattern) {
			pattern = path.Join(d.here(d.file), pattern)
		}
		found, err := fs.Glob(d.fsys, inRoot(pattern))
		if err != nil {
			return nil, d.failf(s.file, files.line, "files: %s is not a pattern", pattern)
		}
		if len(found) == 0 {
			d.note(Lost, s.file, files.line, "files", "%s names no file here: convert where its files are, or give the image's root by -root", pattern)
		}
		for _, name := range found {
			data, err := d.readFile(name)
			if err != nil {
				return nil, err
			}
			more, err := d.parseINI(name, data)
			if err != nil {
				return nil, err
			}
			for _, m := range more {
				sections = joinSection(sections, m)
			}
		}
	}
	return sections, nil
}

// joinSection adds a section of an included file; one that is there already gets its
// options.
func joinSection(list []*section, more *section) []*section {
	for _, s := range list {
		if s.name == more.name {
			for _, o := range more.options {
				s.set(o.key, o.value, o.line)
			}
			s.about = append(s.about, more.about...)
			s.file, s.line = more.file, more.line
			return list
		}
	}
	return append(list, more)
}

// supervisordSection reads what is no program.
func (d *draft) supervisordSection(s *section, groups map[string]string, programs *int) error {
	kind, name, _ := strings.Cut(s.name, ":")
	command := ""
	if o := s.take("command"); o != nil {
		command = " (" + o.value + ")"
	}
	if kind != "program" {
		d.about = append(d.about, s.about...)
	}
	switch kind {
	case "program":
		*programs++
	case "include":
	case "supervisord":
		return d.supervisordItself(s)
	case "group":
		o := s.take("programs")
		if o == nil {
			return d.failf(s.file, s.line, "[%s] has no programs", s.name)
		}
		for member := range strings.SplitSeq(o.value, ",") {
			groups[strings.TrimSpace(member)] = name
		}
		d.note(Changed, s.file, s.line, "["+s.name+"]", "a group is a label here: pmclient list -labels group=%s", properName(name))
		if o := s.take("priority"); o != nil {
			d.note(Lost, s.file, o.line, "["+s.name+"] priority", "groups have no order: say by dependsOn who waits for whom")
		}
	case "eventlistener":
		d.note(Lost, s.file, s.line, "["+s.name+"]", "there is no protocol for event listeners, so its program%s is left out. What most of them are for: essential: true ends the container when a process has failed for good, livenessProbe restarts what hangs, pmclient events and events.subscribe tell what happens.", command)
	case "fcgi-program":
		d.note(Lost, s.file, s.line, "["+s.name+"]", "no socket is opened for a program here, so it%s is left out: let it, or spawn-fcgi, open its own", command)
	case "unix_http_server":
		d.note(Changed, s.file, s.line, "["+s.name+"]", "there are sockets without asking for them: -socket, -rpc-socket and -socket-mode of processmanager choose others")
	case "inet_http_server":
		d.note(Lost, s.file, s.line, "["+s.name+"]", "ports are flags: give -rpc-addr and -secret-file to processmanager")
	case "supervisorctl":
		d.note(Changed, s.file, s.line, "["+s.name+"]", "pmclient finds the manager's socket by itself, or by -socket, -rpc and -secret-file")
	case "rpcinterface":
		d.note(Changed, s.file, s.line, "["+s.name+"]", "the API is JSON-RPC, at -rpc-socket and -rpc-addr; XML-RPC is not spoken")
	default:
		d.note(Lost, s.file, s.line, "["+s.name+"]", "this section is not known to supervisord 4.2 either")
	}
	return nil
}

// daemonSettings are the options of [supervisord], but for environment, user and umask.
func daemonSettings() map[string]string {
	return map[string]string{
		"childlogdir": "give -log-dir to processmanager, and log: {file: true} to processes",
		"strip_ansi":  "output is kept as it was written",
		"directory":   "start processmanager in that directory, or give processes a workingDir",
		"minfds":      "limits are set per process: rlimits: {nofile: N}", "minprocs": "limits are set per process: rlimits: {nproc: N}",
	}
}

// daemonOnly are options of [supervisord] that ask for nothing of a container's PID 1.
func daemonOnly() map[string]string {
	return map[string]string{
		"logfile": "the manager's own log is on stderr", "logfile_maxbytes": "the manager's own log is on stderr",
		"logfile_backups": "the manager's own log is on stderr", "loglevel": "for another than info give -log-level to processmanager: debug, info, warn or error",
		"pidfile": "there is no pid file", "identifier": "the metadata has a name", "nocleanup": "nothing is cleaned up",
		"silent": "the manager's own log is short",
	}
}

func (d *draft) supervisordItself(s *section) error {
	for _, o := range s.options {
		switch o.key {
		case "nodaemon":
			if truth, err := boolean(o.value); err != nil || !truth {
				d.note(Changed, s.file, o.line, o.key, "processmanager always stays in the foreground")
			}
		case "user":
			if strings.Contains(o.value, "%") {
				d.note(Lost, s.file, o.line, o.key, "%s is not known here: run the container as that user", o.value)
				continue
			}
			d.note(Changed, s.file, o.line, o.key, "every process is run as %s; the manager itself stays who it is, so run the container as that user", o.value)
			d.defaults.SecurityContext = &supervisor.SecurityContext{RunAsUser: new(supervisor.ID(o.value))}
		case "umask":
			n, err := strconv.ParseUint(o.value, 8, 32)
			if err != nil || n > 0o777 {
				return d.failf(s.file, o.line, "umask: %q is not octal", o.value)
			}
			d.defaults.Umask = new(supervisor.Umask(n))
		case "environment":
			env, err := supervisordEnvironment(o.value, expansions{"here": d.here(s.file)})
			if err != nil {
				return d.failf(s.file, o.line, "environment: %v", err)
			}
			d.defaults.Env = env
		default:
			if why, harmless := daemonOnly()[o.key]; harmless {
				d.note(Changed, s.file, o.line, o.key, "%s", why)
				continue
			}
			why, known := daemonSettings()[o.key]
			if !known {
				why = "it is not known here"
			}
			d.note(Lost, s.file, o.line, o.key, "%s", why)
		}
	}
	return nil
}

// boolean reads what supervisord takes for one.
func boolean(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, strconv.ErrSyntax
}

// supervisordEnvironment reads KEY="value",KEY2=value, as supervisord's lexer does.
func supervisordEnvironment(text string, e expansions) ([]supervisor.EnvVar, error) {
	pieces, err := e.expand(text)
	if err != nil {
		return nil, err
	}
	full, names := marked(pieces)
	tokens, err := environmentTokens(full)
	if err != nil {
		return nil, err
	}
	var env []supervisor.EnvVar
	at := map[string]int{}
	for i := 0; i < len(tokens); i += 4 {
		if i+2 >= len(tokens) || tokens[i+1] != "=" {
			return nil, errPairs
		}
		v := supervisor.EnvVar{Name: tokens[i], Value: unmarked(strings.Trim(tokens[i+2], `'"`), names)}
		if j, known := at[v.Name]; known {
			env[j] = v
			continue
		}
		at[v.Name] = len(env)
		env = append(env, v)
	}
	return env, nil
}
