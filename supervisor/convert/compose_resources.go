package convert

import (
	"math"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// resources reads what a service may use and is to have, in the service itself and in deploy.
func (r *composeReader) resources(p *process, t *tree) {
	var res supervisor.Resources
	r.amount(t, "mem_limit", &res.Limits.Memory, true)
	r.amount(t, "cpus", &res.Limits.CPU, false)
	r.amount(t, "pids_limit", &res.Limits.PIDs, false)
	r.amount(t, "mem_reservation", &res.Requests.Memory, true)
	if quota, period := r.float(t, "cpu_quota", 0), r.float(t, "cpu_period", 100_000); quota > 0 {
		res.Limits.CPU = processors(quota / period)
	}
	shares := t.get("cpu_shares")
	if n := r.float(t, "cpu_shares", 0); n > 0 {
		res.Requests.CPU = processors(n / 1024)
	}
	replicas := r.integer(t, "scale", 1, 0)
	if deploy := r.object(t, "deploy"); deploy != nil {
		replicas = r.integer(deploy, "replicas", replicas, 0)
		if of := r.object(deploy, "resources"); of != nil {
			r.amounts(p, of, &res)
		}
		r.restartPolicy(p, deploy)
		r.rest(p, "deploy ", deploy, composeDeployKeys())
	}
	if limit, request := res.Limits.CPU, res.Requests.CPU; shares != nil && limit != nil && request != nil {
		most, _ := limit.Milli()
		if wanted, _ := request.Milli(); wanted > most && most > 0 {
			p.note(Changed, shares.line, shares.key, "%s processors are more than the limit, %s: the request is the limit", *request, *limit)
			res.Requests.CPU = nil
		}
	}
	if res != (supervisor.Resources{}) {
		p.spec.Resources = &res
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

// amounts reads limits and reservations.
func (r *composeReader) amounts(p *process, t *tree, res *supervisor.Resources) {
	if l := r.object(t, "limits"); l != nil {
		r.amount(l, "memory", &res.Limits.Memory, true)
		r.amount(l, "cpus", &res.Limits.CPU, false)
		r.amount(l, "pids", &res.Limits.PIDs, false)
		r.rest(p, "limits ", l, nil)
	}
	if l := r.object(t, "reservations"); l != nil {
		r.amount(l, "memory", &res.Requests.Memory, true)
		r.amount(l, "cpus", &res.Requests.CPU, false)
		r.rest(p, "reservations ", l, map[string]string{"devices": theContainers, "generic_resources": theContainers, "pids": "it is a limit only"})
	}
	r.rest(p, "resources ", t, nil)
}

// amount reads a number; -1 and 0 are no bound, as is its absence. Memory has units of 1024:
// 64m, 64 MB and 64MiB are the same.
func (r *composeReader) amount(t *tree, key string, to **supervisor.Quantity, memory bool) {
	given, c := r.text(t, key)
	if c == nil || given == "-1" {
		return
	}
	text := given
	if memory {
		text = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(text), "b"), "i")
		text = strings.NewReplacer(" ", "", "k", "Ki", "m", "Mi", "g", "Gi", "t", "Ti", "p", "Pi").Replace(text)
	}
	q := supervisor.Quantity(text)
	n, err := q.Milli()
	if err != nil {
		r.fail(c, "%q is not an amount", given)
		return
	}
	if n == 0 {
		return
	}
	*to = &q
}

// float reads a number above 0, or -1 or 0, which are as its absence.
func (r *composeReader) float(t *tree, key string, absent float64) float64 {
	text, c := r.text(t, key)
	if c == nil {
		return absent
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n > 1e9 {
		r.fail(c, "%q is not a number", text)
		return absent
	}
	if n < 1 {
		return absent
	}
	return n
}

// processors writes an amount of CPU, at least a thousandth.
func processors(n float64) *supervisor.Quantity {
	milli := max(1, int64(math.Round(n*1000)))
	q := supervisor.Quantity(strconv.FormatInt(milli, 10) + "m")
	if milli%1000 == 0 {
		q = supervisor.Quantity(strconv.FormatInt(milli/1000, 10))
	}
	return &q
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
