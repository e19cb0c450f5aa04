package convert

import (
	"strconv"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// restart reads restart, over which deploy.restart_policy goes.
func (r *composeReader) restart(p *process, t *tree) {
	text, c := r.text(t, "restart")
	policy, count, counted := strings.Cut(text, ":")
	switch policy {
	case "", "no":
	case "always", "unless-stopped":
		p.spec.RestartPolicy = supervisor.RestartAlways
	case "on-failure":
		p.spec.RestartPolicy = supervisor.RestartOnFailure
		if !counted {
			return
		}
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 || n > 1_000_000 {
			r.fail(c, "%q is not a number", count)
		} else if n > 0 { // 0 is no bound
			p.spec.MaxRestarts = &n
			p.note(Changed, c.line, c.key, "docker counts all restarts; here a life of 10 s begins the count anew (restartBackoff.resetAfter)")
		}
	default:
		r.fail(c, "%q is not no, always, unless-stopped or on-failure", text)
	}
}

// restartPolicy reads that of deploy. docker compose takes the condition and the attempts of
// it, swarm all: a pause that is always the same, and the time in which attempts are counted.
func (r *composeReader) restartPolicy(p *process, deploy *tree) {
	t := r.object(deploy, "restart_policy")
	if t == nil {
		return
	}
	p.spec.RestartPolicy, p.spec.MaxRestarts = supervisor.RestartAlways, nil
	switch text, c := r.text(t, "condition"); text {
	case "", "any", "always", "unless-stopped":
	case "on-failure":
		p.spec.RestartPolicy = supervisor.RestartOnFailure
	case "none", "no":
		p.spec.RestartPolicy = ""
	default:
		r.fail(c, "%q is not none, on-failure or any", text)
	}
	var b supervisor.Backoff
	if d, c := r.duration(t, "delay"); c != nil {
		b.Initial, b.Factor, b.Max = span(d), new(1.0), span(d)
	}
	if d, c := r.duration(t, "window"); c != nil && d > 0 {
		b.ResetAfter = span(max(d, time.Second))
	}
	n := r.integer(t, "max_attempts", 0, 0)
	r.rest(p, "restart_policy ", t, nil)
	if p.spec.RestartPolicy == "" {
		return
	}
	if n > 0 { // 0 is no bound
		p.spec.MaxRestarts = &n
	}
	if b != (supervisor.Backoff{}) {
		p.spec.RestartBackoff = &b
	}
}

func (r *composeReader) stop(p *process, t *tree) {
	if d, c := r.duration(t, "stop_grace_period"); c != nil {
		p.spec.TerminationGracePeriodSeconds = graceOf(d)
	}
	if text, c := r.text(t, "stop_signal"); c != nil {
		sig, err := supervisor.ParseSignal(text)
		if err != nil {
			r.fail(c, "%q is not a signal", text)
			return
		}
		p.lifecycle().StopSignal = sig.String()
	}
	if c := r.take(t, "profiles"); c != nil && !r.variables.profiles(r.list(c)) {
		p.spec.Suspend = true
		p.note(Changed, c.line, "profiles", "there are none: it is suspended, and pmclient start starts it")
	}
}
