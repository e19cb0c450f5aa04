package convert

import (
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

func (r *composeReader) rights(p *process, t *tree) {
	if text, c := r.text(t, "user"); c != nil {
		user, group, hasGroup := strings.Cut(text, ":")
		p.runAs(user)
		if hasGroup {
			p.runAsGroup(group)
		}
	}
	if c := r.take(t, "group_add"); c != nil {
		for _, g := range r.list(c) {
			p.security().SupplementalGroups = append(p.security().SupplementalGroups, supervisor.ID(g))
		}
	}
	for _, key := range []string{"cap_add", "cap_drop"} {
		c := r.take(t, key)
		if c == nil {
			continue
		}
		if p.security().Capabilities == nil {
			p.security().Capabilities = &supervisor.Capabilities{}
		}
		list := &p.security().Capabilities.Add
		if key == "cap_drop" {
			list = &p.security().Capabilities.Drop
		}
		for _, name := range r.list(c) {
			*list = append(*list, strings.TrimPrefix(strings.ToUpper(name), "CAP_"))
		}
	}
	if c := r.take(t, "security_opt"); c != nil {
		for _, opt := range r.list(c) {
			if strings.HasPrefix(opt, "no-new-privileges") && !strings.HasSuffix(opt, "false") {
				p.security().AllowPrivilegeEscalation = new(false)
			} else {
				p.note(Lost, c.line, "security_opt", "%s: it is the container's", opt)
			}
		}
	}
	if text, c := r.text(t, "working_dir"); c != nil {
		p.spec.WorkingDir = text
	}
	if yes, _ := r.boolean(t, "tty"); yes {
		p.spec.TTY = true
	}
	if c := r.take(t, "labels"); c != nil {
		r.labels(p, c)
	}
}

func (r *composeReader) labels(p *process, c *tree) {
	for _, item := range c.left {
		key, value := item.key, ""
		if c.isList() {
			key, value, _ = strings.Cut(r.raw(item), "=")
		} else if !item.isNull() {
			value = r.raw(item)
		}
		value = r.known(item, value).shell() // what is not known fits no label
		if proper := properName(key); proper != key || properName(value) != value || len(value) > maxProperName || strings.HasSuffix(key+value, "-") || strings.HasSuffix(key+value, ".") || strings.HasSuffix(key+value, "_") {
			p.note(Lost, item.line, "label "+key, "it does not fit the grammar of Kubernetes' labels")
			continue
		}
		p.label(key, value)
	}
}
