package machine

import (
	"slices"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// waitEnd is when the first unmet dependency times out; zero: never.
func (p Proc) waitEnd(now time.Time) time.Time {
	var end time.Time
	for _, name := range p.Unmet {
		if n, ok := p.need(name); ok && n.Timeout > 0 {
			if at := now.Add(n.Timeout); end.IsZero() || at.Before(end) {
				end = at
			}
		}
	}
	return end
}

func (p Proc) dependencyMet(name string, now time.Time) (Proc, []Action) {
	i := slices.Index(p.Unmet, name)
	if i < 0 {
		return p, nil
	}
	p.Unmet = slices.Delete(slices.Clone(p.Unmet), i, i+1)
	if p.State != Waiting {
		if p.Rules.Concurrency == supervisor.ConcurrencyAllow {
			return p.runFirst(now) // it has waited for this, in a way
		}
		return p, nil
	}
	if len(p.Unmet) > 0 {
		p.Due = p.waitEnd(p.Since)
		return p, nil
	}
	return p.spawn(now)
}

func (p Proc) dependencyFailed(ev DependencyFailed, now time.Time) (Proc, []Action) {
	if p.State != Waiting || !slices.Contains(p.Unmet, ev.Name) {
		return p, nil
	}
	return p.giveUp(supervisor.ReasonDependencyFailed, ev.Exit, now), nil
}
