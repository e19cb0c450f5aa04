package convert

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor"
)

var errPairs = errors.New(`want KEY="value" pairs with commas between`)

// environmentTokens splits as Python's shlex.shlex does with the characters that
// supervisord adds to words: quotes are kept and mean nothing inside a word, there is no
// escape, and a comment with the end of its line is as if it were not there.
func environmentTokens(text string) ([]string, error) {
	var tokens []string
	var word strings.Builder
	for i, size := 0, 0; i < len(text); i += size {
		c, n := utf8.DecodeRuneInString(text[i:])
		size = n
		one := text[i : i+n]
		quote := c == '"' || c == '\''
		switch {
		case quote && word.Len() == 0:
			end := strings.IndexByte(text[i+1:], text[i])
			if end < 0 {
				return nil, errOpenQuote
			}
			size = end + 2
			tokens = append(tokens, text[i:i+size])
		case c == '#':
			size = len(text) - i
			if next := strings.IndexByte(text[i:], '\n'); next >= 0 {
				size = next + 1
			}
		case quote || isMark(c) || strings.Contains(nameRunes+"_/.+-():", one):
			word.WriteString(one)
		case strings.Contains(" \t\r\n", one):
			tokens = flushWord(tokens, &word)
		default:
			tokens = append(flushWord(tokens, &word), one)
		}
	}
	return flushWord(tokens, &word), nil
}

func flushWord(tokens []string, word *strings.Builder) []string {
	if word.Len() > 0 {
		tokens = append(tokens, word.String())
		word.Reset()
	}
	return tokens
}

// maxUnrolled bounds numprocs that become processes of their own.
const maxUnrolled = 200

// program reads one [program:].
func (d *draft) program(s *section, name string, groups map[string]string) error {
	r := &programReader{d: d, s: s, name: name, group: groups[name]}
	numprocs, start := r.integer("numprocs", 1, 1), r.integer("numprocs_start", 0, 0)
	pattern := "%(program_name)s"
	if o := s.take("process_name"); o != nil {
		pattern = o.value
	}
	if r.err != nil {
		return r.err
	}
	if numprocs > 1 && !strings.Contains(pattern, "%(process_num)") {
		return d.failf(s.file, s.line, "[%s] has numprocs=%d, and no %%(process_num) in its process_name", s.name, numprocs)
	}
	var text strings.Builder
	for _, key := range []string{"command", "environment", "directory"} {
		if o := s.take(key); o != nil {
			text.WriteString(o.value + "\n")
		}
	}
	exact := !strings.Contains(strings.NewReplacer("%(process_num)d", "", "%(process_num)s", "").Replace(text.String()), "%(process_num)")
	if numprocs == 1 || exact && start == 0 && numprocs <= maxProcesses {
		p := d.add(s.file, s.line, name)
		num := strconv.Itoa(start)
		if numprocs > 1 {
			num = indexMark + "PM_PROCESS_INDEX"
			p.spec.Replicas = &numprocs
			p.note(Changed, s.line, "numprocs", "the processes are %s-0 to %s-%d, and %s means all of them", name, name, numprocs-1, name)
		}
		r.fill(p, num, numprocs)
		if pattern != "%(program_name)s" && numprocs == 1 {
			p.origin = r.text("process_name", pattern, num, numprocs)
		}
		return r.err
	}
	if numprocs > maxUnrolled {
		return d.failf(s.file, s.line, "[%s] has numprocs=%d, and numbers that replicas do not have: at most %d can be written out", s.name, numprocs, maxUnrolled)
	}
	for n := start; n < start+numprocs && r.err == nil; n++ {
		p := d.add(s.file, s.line, r.text("process_name", pattern, strconv.Itoa(n), numprocs))
		r.fill(p, strconv.Itoa(n), numprocs)
		p.label("program", name)
		if n == start {
			p.note(Changed, s.line, "numprocs", "each of the %d is a process of its own, because its numbers are not those of replicas (0, 1, 2): pmclient list -labels program=%s", numprocs, properName(name))
		} else {
			p.about, p.notes = nil, nil // the same as at the first
		}
	}
	return r.err
}

// A programReader reads the options of one program; the first error stays.
type programReader struct {
	d           *draft
	s           *section
	name, group string
	err         error
}

func (r *programReader) fail(o *option, format string, args ...any) {
	if r.err == nil {
		r.err = r.d.failf(r.s.file, o.line, o.key+": "+format, args...)
	}
}

func (r *programReader) expansions(num string, numprocs int) expansions {
	group := r.group
	if group == "" {
		group = r.name
	}
	return expansions{
		"here": r.d.here(r.s.file), "program_name": r.name, "group_name": group,
		"process_num": num, "numprocs": strconv.Itoa(numprocs),
	}
}

// pieces expands an option; host_node_name is a variable of most containers.
func (r *programReader) pieces(o *option, num string, numprocs int) []piece {
	e := r.expansions(num, numprocs)
	e["host_node_name"] = indexMark + "HOSTNAME"
	list, err := e.expand(o.value)
	if err != nil {
		r.fail(o, "%v", err)
	}
	return list
}

func (r *programReader) text(key, value, num string, numprocs int) string {
	o := &option{key: key, value: value, line: r.s.line}
	list := r.pieces(o, num, numprocs)
	if hasEnv(list) {
		text, names := marked(list)
		return unmarked(text, names)
	}
	return plainText(list)
}

// known returns the text of an option whose value must be known here; what depends on
// the environment is noted and counts as absent.
func (r *programReader) known(p *process, key string) (string, *option) {
	o := r.s.take(key)
	if o == nil {
		return "", nil
	}
	list := r.pieces(o, "0", 1)
	if hasEnv(list) {
		text := o.value + " depends on the environment, and this setting cannot: give it here"
		if p == nil {
			r.d.note(Lost, r.s.file, o.line, "["+r.s.name+"] "+key, "%s", text)
		} else {
			p.note(Lost, o.line, key, "%s", text)
		}
		return "", nil
	}
	return plainText(list), o
}

// integer reads a number; it must not be below the least.
func (r *programReader) integer(key string, absent, least int) int {
	text, o := r.known(nil, key)
	if o == nil {
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > 1_000_000 {
		r.fail(o, "%q is not a number from %d to 1000000", text, least)
		return absent
	}
	return n
}

func (r *programReader) boolean(p *process, key string, absent bool) bool {
	text, o := r.known(p, key)
	if o == nil {
		return absent
	}
	truth, err := boolean(text)
	if err != nil {
		r.fail(o, "%q is neither true nor false", text)
	}
	return truth
}

// fill reads everything but numprocs and the name.
func (r *programReader) fill(p *process, num string, numprocs int) {
	p.about = append(p.about, r.s.about...)
	if r.group != "" {
		p.label("group", r.group)
	}
	r.command(p, num, numprocs)
	if o := r.s.take("environment"); o != nil {
		env, err := supervisordEnvironment(o.value, r.expansions(num, numprocs))
		if err != nil {
			r.fail(o, "%v", err)
		}
		p.spec.Env = env
	}
	r.restart(p)
	r.stop(p)
	r.rights(p)
	r.logs(p)
	if !r.boolean(p, "autostart", true) {
		p.spec.Suspend = true
	}
	if text, o := r.known(p, "priority"); o != nil {
		if _, err := strconv.Atoi(text); err != nil {
			r.fail(o, "%q is not a number", text)
		}
		r.d.note(Changed, r.s.file, o.line, "priority", "everything starts and stops side by side here; where one must wait for another, say dependsOn")
	}
	if o := r.s.take("serverurl"); o != nil {
		p.note(Lost, o.line, o.key, "SUPERVISOR_SERVER_URL is not set; pmclient finds the manager by PM_SOCKET")
	}
	for _, o := range r.s.options {
		if !o.used && num != "" {
			p.note(Lost, o.line, o.key, "it is not known here, and not to supervisord 4.2")
		}
	}
}

func (r *programReader) command(p *process, num string, numprocs int) {
	o := r.s.take("command")
	if o == nil || strings.TrimSpace(o.value) == "" {
		if r.err == nil {
			r.err = r.d.failf(r.s.file, r.s.line, "[%s] has no command", r.s.name)
		}
		return
	}
	text, names := marked(r.pieces(o, num, numprocs))
	words, err := splitWords(text)
	if err == nil && len(words) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		r.fail(o, "%v", err)
		return
	}
	for i, w := range words {
		if c := []rune(w); len(c) == 1 && isMark(c[0]) {
			if name := unmarked(w, names); !strings.HasPrefix(name, "$(PM_") && name != "$(HOSTNAME)" {
				p.note(Changed, o.line, o.key, "%s is one argument here, also when there are blanks in its value, at which supervisord splits it", name)
			}
		}
		words[i] = unmarked(w, names)
	}
	p.spec.Command.Argv = words
	dir := r.s.take("directory")
	if dir == nil {
		return
	}
	list := r.pieces(dir, num, numprocs)
	switch text := plainText(list); {
	case hasEnv(list):
		full, names := marked(list)
		p.note(Changed, dir.line, "directory", "workingDir cannot depend on the environment, so a shell changes to it")
		p.spec.Command.Argv = append([]string{"/bin/sh", "-c", `cd "$1" && shift && exec "$@"`, "sh", unmarked(full, names)}, words...)
	case path.IsAbs(text):
		p.spec.WorkingDir = path.Clean(text)
	default:
		p.note(Lost, dir.line, "directory", "%s is relative to where supervisord was started: give workingDir as an absolute path", text)
	}
}

func (r *programReader) restart(p *process) {
	startsecs, retries := r.integer("startsecs", 1, 0), r.integer("startretries", 3, 0)
	if startsecs > 1 {
		p.spec.RestartBackoff = &supervisor.Backoff{ResetAfter: seconds(startsecs)}
	}
	if retries != 3 {
		p.spec.MaxRestarts = &retries
	}
	policy, o := r.known(p, "autorestart")
	switch truth, err := boolean(policy); {
	case o == nil || strings.EqualFold(policy, "unexpected"):
	case err != nil:
		r.fail(o, "%q is not true, false or unexpected", policy)
	case truth:
		p.spec.RestartPolicy = supervisor.RestartAlways
	default:
		p.spec.RestartPolicy, p.spec.MaxRestarts = supervisor.RestartNever, nil
		if startsecs > 0 {
			p.note(Changed, o.line, o.key, "supervisord would still start again, up to %d times, what ends within %d s; here it is not", retries, startsecs)
		}
	}
	if startsecs == 0 && p.spec.RestartPolicy != supervisor.RestartNever {
		p.note(Changed, r.s.take("startsecs").line, "startsecs", "0: supervisord starts it again without delay and end; here after 0 s, and after a million times no more")
		p.spec.RestartBackoff = &supervisor.Backoff{Initial: seconds(0), Max: seconds(0)}
		p.spec.MaxRestarts = new(1_000_000)
	}
	r.exitCodes(p)
}

func (r *programReader) exitCodes(p *process) {
	text, o := r.known(p, "exitcodes")
	if o == nil {
		return
	}
	zero := false
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		switch {
		case err != nil || n < 0 || n > 255:
			r.fail(o, "%q is not a list of exit codes", text)
			return
		case n == 0:
			zero = true
		case !slices.Contains(p.spec.SuccessExitCodes, n):
			p.spec.SuccessExitCodes = append(p.spec.SuccessExitCodes, n)
		}
	}
	if !zero && p.spec.RestartPolicy == "" {
		p.spec.RestartPolicy = supervisor.RestartOnFailure // said again, because rules want it beside them
		p.spec.RestartPolicyRules = []supervisor.RestartRule{{
			Action: supervisor.RuleRestart, ExitCodes: &supervisor.RestartOnCode{Operator: supervisor.CodeIn, Values: []int{0}},
		}}
	}
}

func (r *programReader) stop(p *process) {
	if text, o := r.known(p, "stopsignal"); o != nil {
		sig, err := supervisor.ParseSignal(text)
		if err != nil {
			r.fail(o, "%q is not a signal", text)
			return
		}
		if sig != supervisor.SIGTERM {
			p.lifecycle().StopSignal = sig.String()
		}
	}
	if wait := r.integer("stopwaitsecs", 10, 0); wait != 10 {
		p.spec.TerminationGracePeriodSeconds = new(int64(wait))
	}
	asGroup := r.boolean(p, "stopasgroup", false)
	if asGroup {
		p.spec.KillMode = supervisor.KillGroup
	}
	kill := r.s.take("killasgroup")
	if !r.boolean(p, "killasgroup", asGroup) && kill != nil {
		p.note(Changed, kill.line, kill.key, "SIGKILL takes the whole tree here, but with killMode Process")
	}
}

func (r *programReader) rights(p *process) {
	if text, o := r.known(p, "user"); o != nil {
		p.runAs(text)
		r.d.note(Changed, r.s.file, o.line, "user", "HOME, USER and LOGNAME are those of the user here; supervisord leaves its own")
	}
	if text, o := r.known(p, "umask"); o != nil {
		n, err := strconv.ParseUint(text, 8, 32)
		if err != nil || n > 0o777 {
			r.fail(o, "%q is not octal", text)
			return
		}
		p.spec.Umask = new(supervisor.Umask(n))
	}
}
