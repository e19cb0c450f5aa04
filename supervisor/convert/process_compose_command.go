package convert

import (
	"path"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// bashisms are signs of a text that sh would not understand.
var bashisms = pattern(`\[\[|<\(|<<<|&>|\bsource |\bfunction |\$\{[A-Za-z_]+(//|\^|,,|:[0-9])|\$'|\bdeclare |\bpipefail\b|\bmapfile\b|\(\(`)

func (r *pcReader) command(p *process, t *tree, vars map[string]string) {
	text, c := r.text(t, "command")
	entry := r.take(t, "entrypoint")
	dir, dirAt := r.text(t, "working_dir")
	switch {
	case c != nil:
		text = r.templated(p, c, text, vars)
		in := r.interpolate(text)
		r.outside(p, c, in)
		text = in.shell() // ${NAME}, $NAME and $$NAME: the shell fills it in
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
		plain, known := r.interpolate(dir).plain()
		switch {
		case known && path.IsAbs(plain):
			p.spec.WorkingDir = path.Clean(plain)
		case known:
			p.spec.WorkingDir = path.Join(r.d.here(r.file), plain)
		case c != nil:
			text = `cd "` + r.interpolate(dir).shell() + `" && ` + text
			p.note(Changed, dirAt.line, "working_dir", "workingDir cannot depend on the environment, so the shell changes to it")
		default:
			p.note(Lost, dirAt.line, "working_dir", "%s depends on the environment, and workingDir cannot: give it here", dir)
		}
	}
	switch {
	case entry != nil && c == nil:
		for _, word := range r.list(entry) {
			p.spec.Command.Argv = append(p.spec.Command.Argv, r.expanded(p, entry, "entrypoint", r.interpolate(r.templated(p, entry, word, vars))))
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
