package convert

import (
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

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

// interpolate reads the variables that process-compose fills in when it reads the file.
func (r *pcReader) interpolate(text string) interpolation {
	if r.raw {
		return interpolation{text: []string{text}}
	}
	return interpolateBraces(text)
}

// envNames are the names in the list of variables that was asked about last.
type envNames struct {
	list  []supervisor.EnvVar
	names map[string]bool
}

func (n *envNames) has(list []supervisor.EnvVar, name string) bool {
	if len(list) == 0 {
		return false
	}
	if len(n.list) != len(list) || &n.list[0] != &list[0] {
		n.list, n.names = list, make(map[string]bool, len(list))
		for _, v := range list {
			n.names[v.Name] = true
		}
	}
	return n.names[name]
}

// outside tells of variables that the process sets itself, which process-compose does not see
// when it reads the file.
func (r *pcReader) outside(p *process, c *tree, in interpolation) {
	for _, ref := range in.refs {
		if own := r.shared.has(r.d.defaults.Env, ref.name) || p != nil && r.own.has(p.spec.Env, ref.name); !own {
			continue
		}
		const text = "${%s} is the process's own here; process-compose fills it in when it reads the file, from outside"
		if p == nil {
			r.d.note(Changed, c.file, c.line, c.key, text, ref.name)
		} else {
			p.noteOn(Changed, c, c.key, text, ref.name)
		}
	}
}

// expanded writes a text that the manifest expands.
func (r *pcReader) expanded(p *process, c *tree, key string, in interpolation) string {
	note := func(k Kind, text string) {
		if p == nil {
			r.d.note(k, c.file, c.line, key, "%s", text)
		} else {
			p.noteOn(k, c, key, "%s", text)
		}
	}
	r.outside(p, c, in)
	if in.odd != "" {
		note(Lost, in.odd+" is not filled in here: write what it stands for")
	}
	return in.expanding(func(m remark) { note(Lost, m.text) })
}

// environment reads NAME=value items, or an object.
func (r *pcReader) environment(p *process, t *tree) []supervisor.EnvVar {
	c := r.take(t, "environment")
	if c == nil {
		return nil
	}
	var env []supervisor.EnvVar
	add := func(at *tree, name, value string) {
		in := r.interpolate(value)
		if _, known := in.plain(); !known && !r.expandNote {
			r.expandNote = true
			r.d.note(Changed, r.file, at.line, "environment", "${NAME} is filled in at each start, and what is not set stays as $(NAME), where process-compose makes it empty")
		}
		env = append(env, supervisor.EnvVar{Name: name, Value: r.expanded(p, at, name, in)})
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
