package convert

import (
	"strconv"
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

func (r *composeReader) resources(p *process, t *tree) {
	limits := supervisor.ResourceList{}
	take := func(t *tree, key string, to **supervisor.Quantity, memory bool) {
		text, c := r.text(t, key)
		if c == nil {
			return
		}
		if memory {
			text = strings.ToLower(strings.TrimSuffix(strings.ToLower(text), "b"))
			text = strings.NewReplacer("k", "Ki", "m", "Mi", "g", "Gi").Replace(text)
		}
		q := supervisor.Quantity(text)
		if _, err := q.Milli(); err != nil {
			r.fail(c, "%q is not an amount", text)
			return
		}
		*to = &q
	}
	take(t, "mem_limit", &limits.Memory, true)
	take(t, "cpus", &limits.CPU, false)
	take(t, "pids_limit", &limits.PIDs, false)
	replicas := r.integer(t, "scale", 1, 0)
	if deploy := r.object(t, "deploy"); deploy != nil {
		replicas = r.integer(deploy, "replicas", replicas, 0)
		if res := r.object(deploy, "resources"); res != nil {
			if l := r.object(res, "limits"); l != nil {
				take(l, "memory", &limits.Memory, true)
				take(l, "cpus", &limits.CPU, false)
				take(l, "pids", &limits.PIDs, false)
				r.rest(p, "limits ", l, nil)
			}
			r.rest(p, "resources ", res, map[string]string{"reservations": "say resources: {requests: …}"})
		}
		r.rest(p, "deploy ", deploy, map[string]string{"restart_policy": "say restartPolicy, restartBackoff and maxRestarts"})
	}
	if limits != (supervisor.ResourceList{}) {
		p.spec.Resources = &supervisor.Resources{Limits: limits}
	}
	if replicas != 1 {
		p.spec.Replicas = &replicas
		p.note(Changed, t.line, "replicas", "they share the network: each needs a port of its own, by $(PM_PROCESS_INDEX)")
	}
	if n, c := r.text(t, "oom_score_adj"); c != nil {
		v, err := strconv.Atoi(n)
		if err != nil {
			r.fail(c, "%q is not a number", n)
		}
		p.spec.OOMScoreAdj = &v
	}
	if u := r.object(t, "ulimits"); u != nil {
		r.ulimits(p, u)
	}
}

func (r *composeReader) ulimits(p *process, u *tree) {
	p.spec.Rlimits = map[string]supervisor.Rlimit{}
	number := func(c *tree, text string) uint64 {
		if text == "-1" {
			return supervisor.Unlimited
		}
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			r.fail(c, "%q is not a number", text)
		}
		return n
	}
	for _, c := range u.left {
		if !c.isObject() {
			n := number(c, r.scalar(c))
			p.spec.Rlimits[c.key] = supervisor.Rlimit{Soft: n, Hard: n}
			continue
		}
		soft, _ := r.text(c, "soft")
		hard, _ := r.text(c, "hard")
		l := supervisor.Rlimit{Soft: number(c, soft), Hard: number(c, hard)}
		if l.Soft > l.Hard {
			r.fail(c, "soft is more than hard")
		}
		p.spec.Rlimits[c.key] = l
	}
}
