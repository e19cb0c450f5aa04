package convert

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// script makes a command of a run or up file. One that only executes a program becomes
// that program; one for a shell is taken over as it stands; others are run where they are.
func (r *s6Reader) script(p *process, file string, isUp bool) error {
	text, err := r.d.readFile(file)
	if isMissing(err) {
		return r.d.failf(file, 0, "it is missing")
	}
	if err != nil {
		return err
	}
	script := string(text)
	interpreter := shebang(script)
	if isUp && (interpreter == nil || path.Base(interpreter[0]) == "execlineb") {
		// A command line of execline, mostly the path of a script in the image.
		line := strings.Join(meaningful(script), " ")
		words, err := splitWords(line)
		if err != nil || len(words) == 0 {
			return r.d.failf(file, 1, "it is empty, or a quote is open")
		}
		if target := words[len(words)-1]; len(words) <= 2 && strings.HasPrefix(target, "/") && r.d.exists(path.Join(r.root, target)) {
			file = path.Join(r.root, target)
			if text, err = r.d.readFile(file); err != nil {
				return err
			}
			script, interpreter = string(text), shebang(string(text))
		} else {
			return r.execline(p, file, words)
		}
	}
	p.about = append(p.about, headComments(script)...)
	switch {
	case interpreter == nil:
		p.spec.Command.Argv = []string{literal(r.inImage(file))}
		p.note(Changed, 0, path.Base(file), "it has no #! line, and is executed where it is")
	case isShell(interpreter[0]):
		return r.shellScript(p, file, script, interpreter)
	case path.Base(interpreter[0]) == "execlineb":
		words, err := splitWords(strings.Join(meaningful(script), " "))
		if err != nil || len(words) == 0 {
			return r.d.failf(file, 1, "it is empty, or a quote is open")
		}
		return r.execline(p, file, words)
	default:
		p.spec.Command.Argv = []string{literal(r.inImage(file))}
		p.note(Changed, 0, path.Base(file), "it is executed where it is, by %s; it has to stay in the image", interpreter[0])
	}
	return nil
}

// inImage is the path of a file in the image.
func (r *s6Reader) inImage(file string) string {
	if r.root == "." || strings.HasPrefix(file, r.root+"/") && r.database == path.Join(r.root, "etc/s6-overlay/s6-rc.d") {
		return absolute(strings.TrimPrefix(file, r.root))
	}
	return absolute(file)
}

// shebang are the words of the first line, without with-contenv and env; nil: none.
func shebang(script string) []string {
	first, _, _ := strings.Cut(script, "\n")
	line, ok := strings.CutPrefix(first, "#!")
	if !ok {
		return nil
	}
	words := strings.Fields(line)
	for len(words) > 1 && slices.Contains([]string{"with-contenv", "env", "-S"}, path.Base(words[0])) {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil
	}
	return words
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "dash", "ash"}, path.Base(program))
}

// headComments are those in front of the first command.
func headComments(script string) []string {
	var list []string
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#!") || line == "" {
			continue
		}
		note, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		if note = strings.TrimSpace(note); note != "" && !strings.HasPrefix(note, "shellcheck") {
			list = append(list, note)
		}
	}
	return list
}

// meaningful are the lines that do something.
func meaningful(script string) []string {
	var list []string
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}

// shellScript takes a script over. With one command in it there is no need for a shell.
func (r *s6Reader) shellScript(p *process, file, script string, interpreter []string) error {
	lines := slices.DeleteFunc(meaningful(script), func(l string) bool { return l == "exec 2>&1" || strings.HasPrefix(l, "set -") })
	joined := strings.ReplaceAll(strings.Join(lines, "\n"), "\\\n", " ")
	if one, ok := strings.CutPrefix(joined, "exec "); ok && !strings.Contains(one, "\n") {
		one = strings.TrimSuffix(strings.TrimSpace(one), "2>&1")
		words, err := splitWords(one)
		if err == nil && !strings.ContainsAny(one, "$`|&;<>(){}*?~#!") && len(words) > 0 {
			return r.execline(p, file, words)
		}
	}
	body := strings.TrimSpace(script[strings.IndexByte(script+"\n", '\n'):])
	if body == "" {
		return r.d.failf(file, 1, "there is no command in it")
	}
	if strings.Contains(body, "s6-") || strings.Contains(body, "with-contenv") {
		p.note(Lost, 0, path.Base(file), "it calls programs of s6, which have to stay in the image, or be replaced: s6-setuidgid by securityContext.runAsUser, s6-notifyoncheck by a readinessProbe")
	}
	if path.Base(interpreter[0]) == "sh" && len(interpreter) == 1 {
		p.spec.Command.Shell = body + "\n"
	} else {
		argv := slices.Concat(interpreter, []string{"-c", body + "\n"})
		p.spec.Command.Argv = literals(argv)
	}
	p.spec.KillMode = supervisor.KillMixed
	if besideIt().MatchString(body) && !strings.Contains(body, "cd ") && path.Base(file) == "run" && p.spec.WorkingDir == "" {
		p.spec.WorkingDir = r.inImage(path.Dir(file))
		p.note(Changed, 0, "run", "it begins in its directory, as with s6, which therefore has to stay in the image")
	}
	return nil
}

// besideIt is a path that begins where a script does.
var besideIt = pattern(`(^|[\s"'=(;&|<>])\.{1,2}/`)

// execline takes the words of a command off which s6's and execline's prefixes are read.
func (r *s6Reader) execline(p *process, file string, words []string) error {
	keep := func(why string) error {
		p.spec.Command.Argv = []string{literal(r.inImage(file))}
		if path.Base(file) == "up" { // s6-rc reads it: neither #! nor the right to execute is needed
			p.spec.Command.Argv = append([]string{"/command/execlineb", "-P"}, p.spec.Command.Argv...)
		}
		p.note(Lost, 0, path.Base(file), "%s, so it is executed where it is: it and execline have to stay in the image", why)
		return nil
	}
	for len(words) > 0 {
		switch path.Base(words[0]) {
		case "exec", "with-contenv":
			words = words[1:]
		case "s6-setuidgid", "setuidgid":
			if len(words) < 3 {
				return r.d.failf(file, 1, "%s has no program behind it", words[0])
			}
			user, group, hasGroup := strings.Cut(words[1], ":")
			p.runAs(user)
			if hasGroup {
				p.runAsGroup(group)
			}
			words = words[2:]
		case "fdmove":
			if len(words) < 5 || words[1] != "-c" || words[2] != "2" || words[3] != "1" {
				return keep("fdmove is not known here")
			}
			words = words[4:]
		case "cd":
			if len(words) < 3 || !path.IsAbs(words[1]) {
				return keep("cd is not to an absolute path")
			}
			p.spec.WorkingDir, words = path.Clean(words[1]), words[2:]
		case "s6-notifyoncheck":
			rest, ok := r.notifyOnCheck(p, words[1:])
			if !ok {
				return keep("s6-notifyoncheck has options that are not known here")
			}
			words = rest
		default:
			if i := slices.IndexFunc(words, func(w string) bool { return w == "{" || strings.HasPrefix(w, "$") }); i >= 0 || slices.Contains(execlineOnly, path.Base(words[0])) {
				return keep("it is a program of execline")
			}
			p.spec.Command.Argv = literals(words)
			return nil
		}
	}
	return r.d.failf(file, 1, "there is no command in it")
}

// execlineOnly are commands that are no programs without execline.
var execlineOnly = []string{
	"foreground", "background", "if", "ifelse", "ifte", "ifthenelse",
	"importas", //nolint:misspell // it is called so
	"export", "unexport", "define", "elgetpositionals", "backtick", "redirfd", "fdclose", "fdblock", "pipeline", "forx", "loopwhilex", "multisubstitute", "umask", "trap", "wait", "emptyenv", "s6-envdir", "s6-softlimit", "s6-applyuidgid",
}

// notifyOnCheck makes a readinessProbe of -c COMMAND, polled every -w ms, -n times.
func (r *s6Reader) notifyOnCheck(p *process, words []string) ([]string, bool) {
	probe := &supervisor.Probe{PeriodSeconds: new(1)}
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		flag := words[0]
		if flag == "-d" {
			words = words[1:]
			continue
		}
		if len(words) < 2 {
			return nil, false
		}
		n, err := strconv.Atoi(words[1])
		switch {
		case flag == "-c" && strings.TrimSpace(words[1]) != "":
			probe.Exec = &supervisor.ExecAction{Command: supervisor.Command{Shell: words[1]}}
		case flag == "-w" && err == nil && n >= 0 && n < 1<<30:
			probe.PeriodSeconds = new(max(1, (n+999)/1000))
		case flag == "-T" && err == nil && n >= 0 && n < 1<<30:
			probe.TimeoutSeconds = new(max(1, (n+999)/1000))
		case flag == "-s" && err == nil && n >= 0 && n < 1<<30:
			probe.InitialDelaySeconds = (n + 999) / 1000
		case flag == "-n" || flag == "-3" || flag == "-t":
			p.note(Changed, 0, "s6-notifyoncheck "+flag, "a readinessProbe is made as long as the process runs")
		default:
			return nil, false
		}
		words = words[2:]
	}
	if probe.Exec == nil {
		return nil, false
	}
	p.spec.ReadinessProbe = probe
	return words, true
}

// halts are signs of a finish script that ends the container.
var halts = []string{"basedir/bin/halt", "s6-svscanctl -t", "s6-svscanctl", "s6-linux-init-container-results/exitcode", "kill 1", "kill -TERM 1", "/bin/s6-halt"}

// finish makes a hook of a finish script, or the end of the container.
func (r *s6Reader) finish(p *process, file string) error {
	text, err := r.d.readFile(file)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	script := string(text)
	if slices.ContainsFunc(halts, func(h string) bool { return strings.Contains(script, h) }) {
		p.spec.RestartPolicy, p.spec.Essential = supervisor.RestartNever, true
		p.note(Changed, 0, "finish", "it ends the container, which essential: true does, with the exit code of the process; the script is left out, whatever else it does")
		return nil
	}
	interpreter := shebang(script)
	if interpreter == nil || !isShell(interpreter[0]) {
		p.note(Lost, 0, "finish", "it is not for a shell, and left out: write it as lifecycle.postStop, with PM_EXIT_CODE and PM_EXIT_SIGNAL in the environment")
		return nil
	}
	body := strings.TrimSpace(script[strings.IndexByte(script+"\n", '\n'):])
	if body == "" {
		return nil
	}
	signal, begin := `${PM_EXIT_SIGNAL:-0}`, ""
	said := "; PM_EXIT_SIGNAL is a name such as SIGTERM, where s6 gives a number"
	if secondArgument().MatchString(body) {
		signal, begin, said = "$n", signalNumbers, ""
	}
	if strings.Contains(body, "125") {
		p.note(Lost, 0, "finish", "its exit code 125, after which s6 does not restart, means nothing here: say restartPolicyRules with FailJob and the exit codes of the process that it is about")
	}
	body = begin + `set -- "${PM_EXIT_CODE:-256}" "` + signal + `" ` + shellQuote(p.origin) + "\n" + body + "\n"
	command := supervisor.Command{Shell: body}
	if path.Base(interpreter[0]) != "sh" {
		command = supervisor.Command{Argv: literals(slices.Concat(interpreter, []string{"-c", body}))}
	}
	p.lifecycle().PostStop = &supervisor.LifecycleHandler{Exec: &supervisor.ExecAction{Command: command}}
	p.note(Changed, 0, "finish", "it is the postStop hook, whose output is not kept%s", said)
	return nil
}

// secondArgument is the number of the signal that ended a process.
var secondArgument = pattern(`\$(2|\{2)\b`)

// signalNumbers gives the shell the number of a signal that has a name, as s6 does.
const signalNumbers = `case ${PM_EXIT_SIGNAL-} in SIGHUP) n=1;; SIGINT) n=2;; SIGQUIT) n=3;; SIGILL) n=4;; SIGABRT) n=6;; SIGBUS) n=7;;
SIGFPE) n=8;; SIGKILL) n=9;; SIGUSR1) n=10;; SIGSEGV) n=11;; SIGUSR2) n=12;; SIGPIPE) n=13;; SIGALRM) n=14;; SIGTERM) n=15;;
"") n=0;; *) n=$PM_EXIT_SIGNAL;; esac
`
