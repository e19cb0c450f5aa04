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
