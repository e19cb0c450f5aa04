package convert

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// composeVariables are what docker compose fills in when it loads its file: those of the
// .env beside it. Those of the shell in which somebody calls compose are not known here.
type composeVariables struct {
	*filler
	file      string          // empty: there is none
	defaulted map[string]bool // what has its default in the manifest
}

// composeVariables reads the file that is given, or the .env beside the compose file.
func (d *draft) composeVariables(given string) (*composeVariables, error) {
	v := &composeVariables{filler: newFiller(nil), defaulted: map[string]bool{}}
	beside := path.Join(path.Dir(d.file), ".env")
	switch {
	case given != "":
		v.file = given
	case d.exists(beside):
		v.file = beside
	default:
		return v, nil
	}
	var err error
	if v.values, err = d.readDotenv(v.file, nil, false); err != nil {
		return nil, err
	}
	if _, set := v.values["COMPOSE_FILE"]; set {
		d.note(Lost, v.file, 0, "COMPOSE_FILE", "only one file is converted: convert the joined file, which docker compose config prints")
	}
	return v, nil
}

// get is the value of a variable.
func (v *composeVariables) get(name string) (string, bool) {
	value, known := v.values[name]
	if known {
		v.used[name] = true
	}
	return value, known
}

// profiles reports whether COMPOSE_PROFILES has one of a service's.
func (v *composeVariables) profiles(of []string) bool {
	active, _ := v.get("COMPOSE_PROFILES")
	for name := range strings.SplitSeq(active, ",") {
		if name = strings.TrimSpace(name); name == "*" || slices.Contains(of, name) {
			return true
		}
	}
	return len(of) == 0
}

// tell says which of them stand in the manifest now.
func (v *composeVariables) tell(d *draft) {
	names := func(of map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(of)), ", ") }
	if len(v.used) > 0 {
		d.note(Changed, v.file, 0, "", "%s: filled in here, as compose does; a change of the file changes nothing any more. A secret among them is better read at each start: envFrom", names(v.used))
	}
	if len(v.defaulted) > 0 {
		d.note(Changed, d.file, 0, "", "%s: the defaults are written, as compose takes them where nothing sets these; where the container sets NAME, write $(NAME)", names(v.defaulted))
	}
}

// raw is a single value as it stands in the file.
func (r *composeReader) raw(c *tree) string {
	if !c.isScalar() {
		r.fail(c, "want a single value")
		return ""
	}
	return c.node.Value
}

// known puts in what is known.
func (r *composeReader) known(c *tree, text string) interpolation {
	in := interpolate(text)
	if in.odd != "" {
		r.fail(c, "%q is not a variable (want ${NAME}, ${NAME:-default} and so on, or $$ for a dollar sign)", in.odd)
		return nothing
	}
	in, err := r.variables.fill(in)
	if err != nil {
		r.fail(c, "%v", err)
		return nothing
	}
	return in
}

// filled is a setting that has to be known when the manifest is written.
func (r *composeReader) filled(c *tree) string {
	in := r.known(c, c.node.Value)
	text, known := in.defaults()
	if !known {
		where := r.variables.file
		if where == "" {
			where = path.Join(path.Dir(r.file), ".env")
		}
		r.fail(c, "%s has to be known for it, and %s does not tell it: add it there, or give another file by -env-file", in.shell(), r.d.show(where))
	}
	return text
}

// value is a text that may have variables of the container in it.
func (r *composeReader) value(p *process, c *tree, text string) string {
	return r.written(p, c, r.known(c, text))
}

func (r *composeReader) written(p *process, c *tree, in interpolation) string {
	if _, known := in.defaults(); !known && !r.expandNote {
		r.expandNote = true
		r.d.note(Changed, r.file, c.line, c.key, "$NAME is filled in at each start, from the container, and what is not set stays as $(NAME); compose takes it from its own environment or .env when it loads the file, and makes it empty")
	}
	return in.expanding(func(m remark) {
		switch {
		case m.defaulted != "":
			r.variables.defaulted[m.defaulted] = true
		case p == nil:
			r.d.note(Lost, r.file, c.line, c.key, "%s", m.text)
		default:
			p.note(Lost, c.line, c.key, "%s", m.text)
		}
	})
}

// compareEnvFile says what in a file is another value here, where values are data.
func (r *composeReader) compareEnvFile(p *process, c *tree, file string, raw bool) {
	name := inRoot(file)
	if !r.d.exists(name) {
		return
	}
	theirs, err := r.d.readDotenv(name, r.variables.values, raw)
	if err != nil {
		r.err = cmp.Or(r.err, err)
		return
	}
	text, err := r.d.readFile(name)
	if err != nil {
		r.err = cmp.Or(r.err, err)
		return
	}
	ours, err := manifest.Dotenv(text)
	if err != nil {
		p.note(Lost, c.line, "env_file", "%s cannot be read here: %v", file, err)
		return
	}
	var differ []string
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		if value, ok := ours[key]; !ok || value != theirs[key] {
			differ = append(differ, key)
		}
	}
	if len(differ) > 0 {
		p.note(Lost, c.line, "env_file", "%s: compose fills in variables and escapes in %s; here a value is data: write what it comes to", file, strings.Join(differ, ", "))
	}
}
