package convert

import (
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// onCheckFailure connects a service with the checks that it names.
func (r *pebbleReader) onCheckFailure(p *process, t *tree) {
	c := r.object(t, "on-check-failure")
	if c == nil {
		return
	}
	for _, entry := range c.left {
		action := r.scalar(entry)
		check := r.checks[entry.key]
		switch {
		case check == nil:
			p.noteOn(Lost, entry, "on-check-failure", "there is no check %q", entry.key)
			continue
		case action == "ignore":
			continue
		case action == "restart":
		case p.spec.LivenessProbe == nil:
			p.spec.RestartPolicy, p.spec.Essential = supervisor.RestartNever, true
			p.noteOn(Changed, entry, "on-check-failure", "%s: the process is ended and, being essential, the container with it; any other end has the same consequence", action)
		}
		if p.spec.LivenessProbe != nil {
			p.noteOn(Lost, entry, "on-check-failure", "a process has one livenessProbe, so the action %s of the check %s is left out", action, entry.key)
			continue
		}
		p.spec.LivenessProbe = r.probe(p, check)
	}
}

// looseChecks are those that no service names. With one service they are about it.
func (r *pebbleReader) looseChecks() {
	for _, name := range r.checkOrder {
		t := r.checks[name]
		if t.get("http") == nil && t.get("tcp") == nil && t.get("exec") == nil {
			continue // taken
		}
		level, _ := r.text(t, "level")
		target := ""
		if e := t.get("exec"); e != nil && e.get("service-context") != nil {
			target = e.get("service-context").node.Value
		}
		if target == "" && len(r.order) == 1 {
			target = r.order[0]
		}
		if p := r.byName[target]; p != nil && p.spec.ReadinessProbe == nil && level != "alive" {
			if p.spec.ReadinessProbe = r.probe(p, t); p.spec.ReadinessProbe != nil {
				p.spec.ReadinessProbe.TerminationGracePeriodSeconds = nil
			}
			continue
		}
		r.d.note(Lost, t.file, t.line, "check "+name, "a check belongs to a process here: write it as readinessProbe (/readyz) or livenessProbe (it restarts) of the one that it is about")
	}
}

// probe reads a check.
func (r *pebbleReader) probe(p *process, t *tree) *supervisor.Probe {
	out := &supervisor.Probe{TimeoutSeconds: new(3)}
	r.take(t, "level")
	for _, f := range []struct {
		key string
		to  **int
	}{{"period", &out.PeriodSeconds}, {"timeout", &out.TimeoutSeconds}} {
		if span := r.duration(t, f.key); span != nil {
			*f.to = new(max(1, int(math.Round(time.Duration(*span).Seconds()))))
		}
	}
	if n := r.integer(t, "threshold", 3, 1); n != 3 {
		out.FailureThreshold = &n
	}
	if text, c := r.text(t, "startup"); c != nil && text == "disabled" {
		p.noteOn(Changed, c, "check "+t.key, "it is disabled in the layer; a probe is always on")
	}
	switch http, tcp, exec := r.object(t, "http"), r.object(t, "tcp"), r.object(t, "exec"); {
	case http != nil:
		out.HTTPGet = r.httpCheck(p, http)
	case tcp != nil:
		out.TCPSocket = &supervisor.TCPSocketAction{Port: supervisor.PortRef(strconv.Itoa(r.integer(tcp, "port", 0, 1)))}
		if host, c := r.text(tcp, "host"); c != nil && host != "localhost" {
			out.TCPSocket.Host = host
		}
		r.rest(p, "check "+t.key+" ", tcp, nil)
	case exec != nil:
		out.Exec = &supervisor.ExecAction{Command: supervisor.Command{Argv: r.command(nil, exec)}}
		r.take(exec, "service-context")
		r.rest(p, "check "+t.key+" ", exec, map[string]string{
			"environment": "it runs with the environment of the process", "working-dir": "it runs in the directory of the process",
			"user": "it runs as the user of the process", "group": "it runs as the user of the process",
		})
	default:
		r.fail(t, "want one of http, tcp and exec")
	}
	r.rest(p, "check "+t.key+" ", t, nil)
	return out
}

func (r *yamlReader) httpCheck(p *process, t *tree) *supervisor.HTTPGetAction {
	text, c := r.text(t, "url")
	u, err := url.Parse(text)
	if c == nil || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		r.fail(t, "want the url of a web server, got %q", text)
		return nil
	}
	a := &supervisor.HTTPGetAction{Port: "80"}
	if u.Scheme == "https" {
		a.Scheme, a.Port = supervisor.SchemeHTTPS, "443"
		p.noteOn(Changed, c, "url", "certificates are not verified, as with the kubelet")
	}
	if u.Port() != "" {
		a.Port = supervisor.PortRef(u.Port())
	}
	if path := u.RequestURI(); path != "/" {
		a.Path = path
	}
	if host := u.Hostname(); host != "localhost" && host != "127.0.0.1" {
		a.Host = host
	}
	r.headers(a, t)
	r.rest(p, "http ", t, nil)
	return a
}

func (r *yamlReader) headers(a *supervisor.HTTPGetAction, t *tree) {
	if h := r.object(t, "headers"); h != nil {
		for _, header := range h.left {
			a.HTTPHeaders = append(a.HTTPHeaders, supervisor.HTTPHeader{Name: header.key, Value: r.scalar(header)})
		}
	}
}
