package convert

import (
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// hooks are the commands at the edges of a container's life. Here each edge has one.
func (r *composeReader) hooks(p *process, t *tree) {
	if c := r.take(t, "post_start"); c != nil {
		if hook := r.hook(p, c); hook != nil {
			p.lifecycle().PostStart = hook
			p.note(Changed, c.line, c.key, "it is done after each start; docker compose does it when it starts the container itself, and not when docker restarts it")
		}
	}
	if c := r.take(t, "pre_stop"); c != nil {
		if hook := r.hook(p, c); hook != nil {
			p.lifecycle().PreStop = hook
			p.note(Changed, c.line, c.key, "it has its time out of the grace period, and a failure of it holds up nothing")
		}
	}
}

// hook is a command that does what a list of them does; nil: the list is empty.
func (r *composeReader) hook(p *process, c *tree) *supervisor.LifecycleHandler {
	if !c.isList() {
		r.fail(c, "want a list")
		return nil
	}
	var argv, texts []string
	for _, item := range c.left {
		if !item.isObject() {
			r.fail(item, "want an object")
			return nil
		}
		command := r.take(item, "command")
		if command == nil {
			r.fail(item, "it has no command")
			return nil
		}
		context := r.hookContext(p, item)
		r.hookRights(p, c.key+" ", item)
		r.rest(p, c.key+" ", item, nil)
		if len(c.left) == 1 && context == "" {
			argv = r.words(command)
			break
		}
		text := context + r.shellWords(command)
		if len(c.left) > 1 && strings.HasPrefix(text, "cd ") {
			text = "(" + text + ")" // the next one is where the process is
		}
		texts = append(texts, text)
	}
	switch {
	case len(argv) > 0:
		return &supervisor.LifecycleHandler{Exec: &supervisor.ExecAction{Command: supervisor.Command{Argv: argv}}}
	case len(texts) > 0:
		return &supervisor.LifecycleHandler{Exec: &supervisor.ExecAction{Command: supervisor.Command{Shell: strings.Join(texts, " && ")}}}
	}
	return nil
}

// hookContext is what the shell does in front of a command: its directory, its variables.
func (r *composeReader) hookContext(p *process, t *tree) string {
	var b strings.Builder
	if c := r.take(t, "working_dir"); c != nil {
		b.WriteString("cd " + r.shellWord(c, r.raw(c)) + " && ")
	}
	c := r.take(t, "environment")
	if c == nil {
		return b.String()
	}
	for _, v := range c.left {
		name, value, given := v.key, "", !v.isNull()
		if c.isList() {
			name, value, given = strings.Cut(r.raw(v), "=")
		} else if given {
			value = r.raw(v)
		}
		if value = r.shellWord(v, value); !given {
			value, given = r.variables.get(name)
			value = shellQuote(value)
		}
		switch {
		case !isEnvName(name):
			p.note(Lost, v.line, "hook's environment", "%q is no name that the shell can give to a hook", name)
		case given:
			b.WriteString(name + "=" + value + " ")
		}
	}
	return b.String()
}

// hookRights compares as whom a hook runs with the process, which decides it here.
func (r *composeReader) hookRights(p *process, prefix string, t *tree) {
	if yes, c := r.boolean(t, "privileged"); yes {
		p.note(Lost, c.line, prefix+"privileged", "a hook has the rights of the process")
	}
	user, c := r.text(t, "user")
	if c == nil {
		return
	}
	as := ""
	if s := p.spec.SecurityContext; s != nil && s.RunAsUser != nil {
		as = string(*s.RunAsUser)
		if s.RunAsGroup != nil {
			as += ":" + string(*s.RunAsGroup)
		}
	}
	if user != as {
		p.note(Lost, c.line, prefix+"user "+user, "a hook runs as the user of the process")
	}
}

// shellWords writes a command for the shell.
func (r *composeReader) shellWords(c *tree) string {
	var words []string
	if c.isList() {
		for _, item := range c.left {
			words = append(words, r.shellWord(item, r.raw(item)))
		}
		return strings.Join(words, " ")
	}
	in := r.known(c, r.raw(c))
	text, plain := in.plain()
	if !plain {
		return in.shell() // it splits its variables as compose does
	}
	split, err := splitWords(text)
	if err != nil {
		r.fail(c, "%v", err)
	}
	for _, word := range split {
		words = append(words, shellQuote(word))
	}
	return strings.Join(words, " ")
}

// shellWord writes a text as one word of the shell, which puts in what is not known yet.
func (r *composeReader) shellWord(c *tree, text string) string {
	in := r.known(c, text)
	if plain, ok := in.plain(); ok {
		return shellQuote(plain)
	}
	for i, part := range in.text {
		in.text[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(part)
	}
	return `"` + in.shell() + `"`
}
