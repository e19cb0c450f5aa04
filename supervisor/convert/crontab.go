package convert

import (
	"errors"
	"path"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/schedule"
)

var (
	cronField   = pattern(`^[0-9*,/?~-]+$`)
	cronNamed   = pattern(`(?i)^[0-9*,/?#-]*([a-z]{3}[0-9a-z*,/?#-]*|[0-9]*[lw])?$`)
	cronYear    = pattern(`^(\*|(19|20)[0-9]{2}([,-](19|20)[0-9]{2})*)$`)
	cronSetting = pattern(`^\s*("[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$`)
)

// usualUsers are those of most images.
var usualUsers = []string{"root", "www-data", "nobody", "daemon", "app", "nginx", "apache", "postgres", "mysql", "redis", "node", "django", "abc", "backup"}

// cronLines are the lines of a crontab that are neither empty, comment nor setting.
func cronLines(text []byte) [][]string {
	var list [][]string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || cronSetting().MatchString(line) {
			continue
		}
		line, _ = quiet(line)
		list = append(list, strings.Fields(line))
	}
	return list
}

// looksLikeSupercronic reports whether a line has seven fields of time.
func looksLikeSupercronic(text []byte) bool {
	for _, f := range cronLines(text) {
		if len(f) > 7 && looksLikeTime(f[:5]) && cronField().MatchString(f[5]) && cronYear().MatchString(f[6]) {
			return true
		}
	}
	return false
}

func looksLikeCrontab(text []byte) bool {
	lines := cronLines(text)
	for _, f := range lines {
		if !(len(f) > 5 && looksLikeTime(f[:5]) || len(f) > 1 && strings.HasPrefix(f[0], "@")) {
			return false
		}
	}
	return len(lines) > 0
}

func looksLikeTime(fields []string) bool {
	for i, f := range fields {
		if !cronField().MatchString(f) && (i < 2 || !cronNamed().MatchString(f)) {
			return false
		}
	}
	return true
}

// hasUserColumn goes by where the file lies, then by what stands there.
func hasUserColumn(file string, text []byte) bool {
	name := absolute(file)
	if strings.HasSuffix(name, "/etc/crontab") || strings.HasSuffix(path.Dir(name), "/etc/cron.d") || strings.HasSuffix(path.Dir(name), "cron.d") {
		return true
	}
	lines := cronLines(text)
	for _, f := range lines {
		at := 5
		if strings.HasPrefix(f[0], "@") {
			at = 1
		}
		known := false
		for _, u := range usualUsers {
			known = known || len(f) > at+1 && f[at] == u
		}
		if !known {
			return false
		}
	}
	return len(lines) > 0
}

// A crontab is being read.
type cronReader struct {
	d           *draft
	supercronic bool
	userColumn  bool
	env         cronEnv
	shell, zone string
	zoneLine    int
	delay       time.Duration // RANDOM_DELAY
	jobs        int           // lines with a schedule
	full        bool          // no more jobs can be taken
}

// readCrontab reads cron's table, or supercronic's.
func readCrontab(d *draft, o Options, supercronic bool) error {
	text, err := d.readFile(d.file)
	if err != nil {
		return err
	}
	r := &cronReader{d: d, supercronic: supercronic, userColumn: o.UserColumn}
	if !supercronic && !o.UserColumn && hasUserColumn(d.file, text) {
		r.userColumn = true
		d.note(Changed, d.file, 0, "", "the word behind the schedule is taken for the user, as in /etc/crontab and /etc/cron.d")
	}
	if supercronic {
		d.note(Changed, d.file, 0, "", "a run that is due while the last one goes on is skipped, as with supercronic, which waits for it; for its -overlapping, say concurrencyPolicy: Allow")
	} else {
		d.defaults.ConcurrencyPolicy = supervisor.ConcurrencyAllow
		d.note(Changed, d.file, 0, "", "cron starts a job also while its last run goes on, hence concurrencyPolicy Allow; remove it where that was not meant: runs are then skipped (Forbid)")
		d.note(Changed, d.file, 0, "", "jobs have the container's environment, where cron gives them nearly none, and its working directory, where cron has the user's home")
	}
	var comments cronComments
	var bad []error
	number := 0
	for raw := range strings.SplitSeq(string(text), "\n") {
		number++
		line := strings.TrimSpace(raw)
		if line == "" {
			comments.heading()
			continue
		}
		if note, ok := strings.CutPrefix(line, "#"); ok {
			comments.add(note)
			continue
		}
		if m := cronSetting().FindStringSubmatch(line); m != nil {
			comments.heading()
			if err := r.setting(strings.Trim(m[1], `"'`), m[2], number); err != nil {
				bad = append(bad, err)
			}
			continue
		}
		if err := r.job(line, number, comments.job()); err != nil {
			bad = append(bad, err)
		}
		if r.full {
			break
		}
	}
	d.about = append(d.about, comments.end()...)
	r.shareEnv()
	if r.jobs == 0 {
		d.note(Changed, d.file, 0, "", "there is no job in it")
	}
	return errors.Join(bad...)
}

// shareEnv moves the variables to the defaults when all jobs have the same.
func (r *cronReader) shareEnv() {
	if len(r.d.processes) == 0 || r.env.differ {
		return
	}
	r.d.defaults.Env = r.env.given
	for _, p := range r.d.processes {
		p.spec.Env = nil
	}
}

// setting reads NAME=value, which holds for the lines below it.
func (r *cronReader) setting(name, value string, line int) error {
	if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	switch {
	case name == "CRON_TZ":
		if _, err := schedule.Zone(value); err != nil {
			return r.d.failf(r.d.file, line, "CRON_TZ: %q is not a time zone", value)
		}
		r.zone, r.zoneLine = value, line
		return nil
	case name == "RANDOM_DELAY" && !r.supercronic:
		return r.randomDelay(value, line)
	case name == "SHELL":
		r.shell = value
	case name == "MAILTO" || name == "MAILFROM":
		r.d.note(Lost, r.d.file, line, name, "no mail is sent: output is on the container's streams, and a failed run is in pmclient history, the metric processmanager_cron_runs_total and events")
		return nil
	}
	r.env.set(name, literal(value))
	return nil
}

// job reads one line with a schedule.
func (r *cronReader) job(line string, number int, about []string) error {
	if r.jobs++; r.jobs > maxProcesses {
		r.full = true
		return r.d.failf(r.d.file, number, "it has more than %d jobs", maxProcesses)
	}
	text, silent := line, false
	if !r.supercronic {
		text, silent = quiet(line)
	}
	when, rest, year := r.columns(text)
	user := ""
	if r.userColumn {
		user, rest = firstWord(rest)
	}
	if rest == "" {
		return r.d.failf(r.d.file, number, "%q has no command behind its schedule", line)
	}
	leaveOut := func(key, why string) error {
		r.d.note(Lost, r.d.file, number, key, "%s, so this job is left out: %s", why, line)
		r.d.about = append(r.d.about, about...)
		return nil
	}
	if year != "" && year != "*" {
		return leaveOut("year "+year, "a schedule has no years")
	}
	plain, late, known := when, time.Duration(0), true
	if !r.supercronic {
		var err error
		if plain, late, known, err = spread(when); err != nil {
			return r.d.failf(r.d.file, number, "%v", err)
		}
	}
	if !known {
		return leaveOut("schedule "+when, "~ is known here as the whole of the minutes or hours only")
	}
	if plain != "@reboot" {
		if _, err := schedule.Parse(plain, r.zone); err != nil {
			if strings.ContainsAny(plain, "LW#") && r.supercronic {
				return leaveOut("schedule "+when, "L, W and # are not known here")
			}
			if errors.Is(err, schedule.ErrNever) {
				return leaveOut("schedule "+when, schedule.ErrNever.Error())
			}
			return r.d.failf(r.d.file, number, "%s", supervisor.WithoutKind(err))
		}
	}
	p := r.d.add(r.d.file, number, jobName(rest))
	p.about = about
	if silent {
		p.note(Changed, number, "-", "cronie does not write such a job to the syslog; its runs are in pmclient history here, as all are")
	}
	r.when(p, plain, number)
	if late > 0 {
		p.note(Changed, number, "schedule", "%s: jitter chooses a time out of the range, which is the same each day for the job and the host", when)
	}
	r.moved(p, late)
	p.about = append(p.about, r.manifestCanDo(rest)...)
	r.command(p, rest, number)
	r.user(p, user, number)
	return r.giveEnv(p, number)
}

// columns cuts a line into its schedule and what stands behind it. Only supercronic has
// years, and seconds.
func (r *cronReader) columns(line string) (when, rest, year string) {
	rest = line
	count := 5
	if strings.HasPrefix(line, "@") {
		count = 1
		if strings.HasPrefix(line, "@every ") {
			count = 2
		}
	} else if f := strings.Fields(line); r.supercronic && len(f) > 7 && looksLikeTime(f[:5]) && cronNamed().MatchString(f[5]) && cronYear().MatchString(f[6]) {
		count = 7
	} else if r.supercronic && len(f) > 6 && cronYear().MatchString(f[5]) {
		count = 6
	}
	for range count {
		word := ""
		word, rest = firstWord(rest)
		when = strings.TrimSpace(when + " " + word)
	}
	when, year = r.reading(when, count)
	return when, rest, year
}

// user reads USER, USER:GROUP and BSD's USER/CLASS.
func (r *cronReader) user(p *process, text string, number int) {
	if text == "" {
		return
	}
	name, _, classed := strings.Cut(text, "/")
	name, group, hasGroup := strings.Cut(name, ":")
	if classed {
		p.note(Lost, number, "user", "login classes are not known here")
	}
	p.runAs(name)
	if hasGroup {
		p.runAsGroup(group)
	}
}

// reading gives the fields the order that they have here: supercronic has a year at the
// end, and with seven fields the seconds in front.
func (r *cronReader) reading(when string, count int) (text, year string) {
	if count < 6 {
		return when, ""
	}
	i := strings.LastIndexByte(when, ' ')
	return when[:i], when[i+1:]
}

func (r *cronReader) when(p *process, when string, number int) {
	if when == "@reboot" {
		p.spec.RestartPolicy = supervisor.RestartNever
		p.note(Changed, number, when, "it runs once at each start of the container")
		return
	}
	p.spec.Schedule, p.spec.TimeZone = when, r.zone
	f := strings.Fields(when)
	if n := len(f); n >= 5 && (strings.HasPrefix(f[n-3], "*/") && f[n-1] != "*" || strings.HasPrefix(f[n-1], "*/") && f[n-3] != "*") {
		p.note(Changed, number, "schedule", "a day of the month and a day of the week with a step: crons do not agree whether both must match; here one is enough")
	}
}

func firstWord(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimSpace(text[i:])
}

// command takes the text for the shell. For cron a % ends the command, and what follows
// is its input, with a line for each further %.
func (r *cronReader) command(p *process, text string, number int) {
	if !r.supercronic {
		if command, input, ok := splitPercent(text); ok {
			p.note(Changed, number, "%", "what stands behind the first %% is the input of the command, as for cron")
			end := "EOF"
			for strings.Contains("\n"+input+"\n", "\n"+end+"\n") {
				end += "_"
			}
			text = "{ " + command + "\n} <<'" + end + "'\n" + input + "\n" + end
		} else {
			text = command
		}
	}
	if shell := r.shell; shell != "" && shell != "/bin/sh" && shell != "sh" {
		p.spec.Command.Argv = []string{literal(shell), "-c", literal(text)}
		p.spec.KillMode = supervisor.KillTree
		return
	}
	p.spec.Command.Shell = text
}

// splitPercent cuts at the first % that has no backslash, and makes \% a %.
func splitPercent(text string) (command, input string, found bool) {
	var parts []string
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '%':
			b.WriteByte('%')
			i++
		case text[i] == '%':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(text[i])
		}
	}
	parts = append(parts, b.String())
	return strings.TrimSpace(parts[0]), strings.Join(parts[1:], "\n"), len(parts) > 1
}
