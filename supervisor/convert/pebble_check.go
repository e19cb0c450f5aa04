package convert

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// lookAtChecks reads what is said of each of them beside what it does.
func (r *pebbleReader) lookAtChecks() {
	for _, name := range r.checkOrder {
		t := r.checks[name]
		if text, c := r.text(t, "level"); c != nil && text != "alive" && text != "ready" {
			r.fail(c, "%q is not alive or ready", text)
		} else if text == "ready" {
			r.ready[name] = true
		} else if text == "alive" {
			r.alive[name] = true
		}
		if text, c := r.text(t, "startup"); c != nil && text != "enabled" && text != "disabled" {
			r.fail(c, "%q is not enabled or disabled", text)
		} else if text == "disabled" {
			r.off[name] = true
		}
	}
}

// onCheckFailure connects a service with the checks that it names.
func (r *pebbleReader) onCheckFailure(p *process, t *tree) {
	const key = "on-check-failure"
	c := r.object(t, key)
	if c == nil {
		return
	}
	for _, entry := range c.left {
		name, action := entry.key, r.scalar(entry)
		check := r.checks[name]
		switch {
		case check == nil:
			p.noteOn(Lost, entry, key, "there is no check %q", name)
			continue
		case action == "ignore":
			continue
		case action != "restart" && !strings.HasSuffix(action, "shutdown"):
			r.fail(entry, "%q is not restart, ignore, shutdown, success-shutdown or failure-shutdown", action)
			continue
		}
		r.named[name] = true
		switch {
		case r.off[name]:
			p.noteOn(Changed, entry, key, "the check %s is disabled, and a probe is always on: it is left out", name)
			continue
		case p.spec.LivenessProbe != nil:
			p.noteOn(Lost, entry, key, "a process has one livenessProbe, so the action %s of the check %s is left out", action, name)
		case action == "restart":
			p.noteOn(Changed, entry, key, "%s: as long as it fails, each new life is ended too; pebble waits for a success in between", name)
		default:
			p.spec.RestartPolicy, p.spec.Essential = supervisor.RestartNever, true
			p.noteOn(Changed, entry, key, "%s: the process is ended and, being essential, the container with it, as a failure; pebble ends with 11 (success-shutdown: 0). Any other end has the same consequence", action)
		}
		if p.spec.LivenessProbe == nil {
			p.spec.LivenessProbe = r.probe(p, check)
			period := 10
			if n := p.spec.LivenessProbe.PeriodSeconds; n != nil {
				period = *n
			}
			p.spec.LivenessProbe.InitialDelaySeconds = period // pebble's first attempt is at the end of a period
		}
		if r.ready[name] {
			r.readiness(p, check)
		}
	}
}

// readiness gives a process the probe that a check of the level ready is.
func (r *pebbleReader) readiness(p *process, check *tree) {
	if p.spec.ReadinessProbe != nil {
		p.noteOn(Lost, check, "check "+check.key, "a process has one readinessProbe, which another check is: join them in one command")
		return
	}
	p.spec.ReadinessProbe = r.probe(p, check)
}

// looseChecks are those that no service names. With one service they are about it.
func (r *pebbleReader) looseChecks() {
	for _, name := range r.checkOrder {
		t := r.checks[name]
		if r.named[name] {
			continue
		}
		if r.off[name] {
			r.d.note(Changed, t.file, t.line, "check "+name, "it is disabled, and a probe is always on: it is left out")
			continue
		}
		target := ""
		if e := t.get("exec"); e != nil && e.get("service-context") != nil {
			target = e.get("service-context").node.Value
		}
		if target == "" && len(r.order) == 1 {
			target = r.order[0]
		}
		if p := r.byName[target]; p != nil && p.spec.ReadinessProbe == nil && !r.alive[name] {
			r.readiness(p, t)
			continue
		}
		r.d.note(Lost, t.file, t.line, "check "+name, "a check belongs to a process here: write it as readinessProbe (/readyz) or livenessProbe (it restarts) of the one that it is about")
	}
}

// probe reads a check, of which more than one may be made.
func (r *pebbleReader) probe(p *process, check *tree) *supervisor.Probe {
	t := check.clone()
	out := &supervisor.Probe{}
	for _, f := range []struct {
		key string
		to  **int
	}{{"period", &out.PeriodSeconds}, {"timeout", &out.TimeoutSeconds}} {
		if span := r.duration(t, f.key); span != nil {
			*f.to = new(max(1, int(math.Round(time.Duration(*span).Seconds()))))
		}
	}
	if out.TimeoutSeconds == nil {
		out.TimeoutSeconds = new(3)
		if out.PeriodSeconds != nil { // an attempt is over when the next one begins
			out.TimeoutSeconds = new(min(3, *out.PeriodSeconds))
		}
	}
	if n := r.integer(t, "threshold", 3, 1); n != 3 {
		out.FailureThreshold = &n
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
			"user-id": "it runs as the user of the process", "group-id": "it runs as the user of the process",
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
