package convert

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

func (r *pcReader) probes(p *process, t *tree, vars map[string]string) {
	if probe := r.object(t, "liveness_probe"); probe != nil {
		p.spec.LivenessProbe = r.probe(p, "liveness_probe", probe, vars)
		p.noteOn(Changed, probe, "liveness_probe", "when it fails, it ends the process; process-compose only writes that down, unless is_daemon")
	}
	if probe := r.object(t, "readiness_probe"); probe != nil {
		p.spec.ReadinessProbe = r.probe(p, "readiness_probe", probe, vars)
		if p.spec.LivenessProbe != nil {
			p.noteOn(Changed, probe, "readiness_probe", "when it fails, process-compose ends the process; here liveness_probe does")
		} else if p.spec.ReadinessProbe != nil {
			live := *p.spec.ReadinessProbe
			live.SuccessThreshold = nil // of a livenessProbe it is 1
			p.spec.LivenessProbe = &live
			p.noteOn(Changed, probe, "readiness_probe", "when it fails, process-compose ends the process, hence the livenessProbe; without that it is not ready, and goes on")
		}
	}
	if text, c := r.text(t, "ready_log_line"); c != nil && text != "" {
		p.spec.Readiness = &supervisor.Readiness{LogPattern: regexp.QuoteMeta(text)}
	}
}

func (r *pcReader) probe(p *process, key string, t *tree, vars map[string]string) *supervisor.Probe {
	out := &supervisor.Probe{InitialDelaySeconds: r.integer(t, "initial_delay_seconds", 0, 0)}
	for _, f := range []struct {
		key    string
		to     **int
		absent int
	}{
		{"period_seconds", &out.PeriodSeconds, 10},
		{"timeout_seconds", &out.TimeoutSeconds, 1},
		{"success_threshold", &out.SuccessThreshold, 1},
		{"failure_threshold", &out.FailureThreshold, 3},
	} {
		if n := r.integer(t, f.key, f.absent, 0); n != f.absent && n != 0 {
			*f.to = new(n)
		}
	}
	if key == "liveness_probe" && out.SuccessThreshold != nil {
		p.note(Changed, t.line, key+" success_threshold", "for liveness it is always 1")
		out.SuccessThreshold = nil
	}
	switch exec, get := r.object(t, "exec"), r.object(t, "http_get"); {
	case exec != nil:
		text, c := r.text(exec, "command")
		if c == nil || strings.TrimSpace(text) == "" {
			r.fail(exec, "it has no command")
			return nil
		}
		text = r.interpolate(r.templated(p, c, text, vars)).shell()
		if dir, c := r.text(exec, "working_dir"); c != nil {
			text = `cd "` + r.interpolate(dir).shell() + `" && ` + text
		}
		out.Exec = &supervisor.ExecAction{Command: supervisor.Command{Shell: text}}
		r.rest(p, key+" exec ", exec, nil)
	case get != nil:
		out.HTTPGet = r.httpGet(p, key, get, vars)
	default:
		r.fail(t, "want one of exec and http_get")
	}
	r.rest(p, key+" ", t, nil)
	return out
}

func (r *pcReader) httpGet(p *process, key string, t *tree, vars map[string]string) *supervisor.HTTPGetAction {
	a := &supervisor.HTTPGetAction{}
	r.take(t, "num_port") // what process-compose makes of port
	text, c := r.text(t, "port")
	if c != nil {
		text = r.templated(p, c, text, vars)
	}
	if n, ok := port(text); ok {
		a.Port = supervisor.PortRef(strconv.Itoa(n))
	} else if c == nil {
		r.fail(t, "it has no port")
		return nil
	} else {
		a.Port = "80"
		p.note(Lost, c.line, key+" port", "%s is not a number here: give it", text)
	}
	a.Path, _ = r.text(t, "path")
	if host, c := r.text(t, "host"); c != nil && host != "localhost" && host != "127.0.0.1" {
		a.Host = host
	}
	if scheme, c := r.text(t, "scheme"); c != nil {
		switch strings.ToLower(scheme) {
		case "http":
		case "https":
			a.Scheme = supervisor.SchemeHTTPS
		default:
			r.fail(c, "%q is neither http nor https", scheme)
		}
	}
	r.headers(a, t)
	if text, c := r.text(t, "status_code"); c != nil {
		p.note(Lost, c.line, key+" status_code", "%s: 200 to 399 is success here", text)
	}
	r.rest(p, key+" http_get ", t, nil)
	return a
}
