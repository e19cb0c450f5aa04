package manifest

import (
	"fmt"
	"path"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/processmanager/processmanager/supervisor"
)

// object checks what the fields of one object say about each other, whatever
// process it belongs to. What an object lacks is not looked at here where defaults
// may still bring it; see [checkActions].
func (r *report) object(at string, v any) {
	switch v := v.(type) {
	case supervisor.EnvVar:
		r.envName(join(at, "name"), v.Name)
		if v.Value != "" && v.ValueFrom != nil {
			r.addf(join(at, "valueFrom"), "it has a value too: want value or valueFrom")
		}
	case supervisor.EnvSource:
		r.exactlyOne(at, choice{"fieldRef", v.FieldRef != nil}, choice{"fileKeyRef", v.FileKeyRef != nil})
	case supervisor.FieldRef:
		key, isLabel, err := parseFieldPath(v.FieldPath)
		if err != nil {
			r.addf(join(at, "fieldPath"), "%v", err)
		} else if isLabel {
			r.label(join(at, "fieldPath"), key, "")
		}
	case supervisor.FileKeyRef:
		r.absolute(join(at, "path"), v.Path)
		r.envName(join(at, "key"), v.Key)
	case supervisor.EnvFrom:
		r.exactlyOne(at, froms(v)...)
		r.envName(join(at, "prefix"), v.Prefix)
	case supervisor.PathRef:
		r.absolute(join(at, "path"), v.Path)
	case supervisor.Port:
		r.portName(join(at, "name"), v.Name)
	case supervisor.Probe:
		r.atMostOne(at, actions(v)...)
	case supervisor.LifecycleHandler:
		r.atMostOne(at, handlers(v)...)
	case supervisor.Lifecycle:
		r.stopSignal(join(at, "stopSignal"), v.StopSignal)
	case supervisor.ExecAction:
		if v.Command.IsZero() {
			r.addf(join(at, "command"), "it is required: a list (executed) or a string (run by the shell)")
		}
	case supervisor.HTTPGetAction:
		r.host(join(at, "host"), v.Host)
		if strings.ContainsFunc(v.Path, unicode.IsControl) {
			r.addf(join(at, "path"), "%s holds a control character", quote(v.Path))
		}
	case supervisor.TCPSocketAction:
		r.host(join(at, "host"), v.Host)
	case supervisor.HTTPHeader:
		r.header(at, v)
	case supervisor.Readiness:
		r.readiness(at, v)
	case supervisor.SecurityContext:
		r.rights(at, v)
	case supervisor.RestartRule:
		r.restartRule(at, v)
	case supervisor.Resources:
		r.resources(at, v)
	case supervisor.IOPriority:
		if v.Class == supervisor.IOIdle && v.Level != nil {
			r.addf(join(at, "level"), "the class Idle has no levels")
		}
	case supervisor.Log:
		r.log(at, v)
	}
}

// A choice is one of several fields of which one is to be given.
type choice struct {
	name  string
	given bool
}

// exactlyOne says nothing of what is missing where something is wrong already: it may
// be what could not be read.
func (r *report) exactlyOne(at string, all ...choice) {
	if r.atMostOne(at, all...) == 0 && !r.has(at) {
		r, at = r.whoWrote(at, all)
		r.addf(at, "want exactly one of %s", names(all))
	}
}

// atMostOne returns how many are given.
func (r *report) atMostOne(at string, all ...choice) int {
	var given []choice
	for _, c := range all {
		if c.given {
			given = append(given, c)
		}
	}
	if len(given) > 1 {
		r, at = r.whoWrote(at, given)
		r.addf(at, "it has %s: want exactly one of %s", names(given), names(all))
	}
	return len(given)
}

// whoWrote finds where the choice was made: a patch has it in an object of its own.
func (r *report) whoWrote(at string, of []choice) (by *report, object string) {
	for _, c := range of {
		if to, object := r.writerOf(at, c.name); to != nil {
			return to, object
		}
	}
	return r, at
}

func names(choices []choice) string {
	var list []string
	for _, c := range choices {
		list = append(list, c.name)
	}
	return strings.Join(list, ", ")
}

func actions(p supervisor.Probe) []choice {
	return []choice{{"exec", p.Exec != nil}, {"httpGet", p.HTTPGet != nil}, {"tcpSocket", p.TCPSocket != nil}, {"grpc", p.GRPC != nil}}
}

func handlers(h supervisor.LifecycleHandler) []choice {
	return []choice{{"exec", h.Exec != nil}, {"httpGet", h.HTTPGet != nil}, {"sleep", h.Sleep != nil}}
}

func froms(e supervisor.EnvFrom) []choice {
	return []choice{{"configMapRef", e.ConfigMapRef != nil}, {"secretRef", e.SecretRef != nil}, {"fileRef", e.FileRef != nil}}
}

func signals(s supervisor.Readiness) []choice {
	return []choice{{"notify", s.Notify}, {"fd", s.FD != 0}, {"logPattern", s.LogPattern != ""}}
}

// maxPattern keeps a regular expression, and what it compiles to, small.
const maxPattern = 4 << 10

func (r *report) readiness(at string, s supervisor.Readiness) {
	r.atMostOne(at, signals(s)...)
	if s.LogPattern == "" {
		return
	}
	at = join(at, "logPattern")
	if len(s.LogPattern) > maxPattern {
		r.addf(at, "it is %d bytes long, at most %d are allowed", len(s.LogPattern), maxPattern)
		return
	}
	if _, err := regexp.Compile(s.LogPattern); err != nil {
		why := err.Error()
		if e, ok := err.(*syntax.Error); ok { //nolint:errorlint // Compile returns it bare
			why = e.Code.String()
			if e.Expr != "" {
				why = fmt.Sprintf("%s: %q", why, shorten(e.Expr))
			}
		}
		r.addf(at, "it is not a regular expression as RE2 has it: %s", why)
	}
}

func (r *report) stopSignal(at, text string) {
	if text == "" {
		return
	}
	if _, err := supervisor.ParseSignal(text); err != nil {
		r.addf(at, "%s", supervisor.WithoutKind(err))
	}
}

func (r *report) program(at string, c supervisor.Command) {
	if argv := c.Argv; len(argv) > 0 && argv[0] == "" {
		r.addf(index(at, 0), "it is empty: want the program to execute")
	}
	if text := c.Shell; text != "" && strings.TrimSpace(text) == "" {
		r.addf(at, "it is blank: want a list (executed) or a string (run by the shell)")
	}
}

func (r *report) rights(at string, s supervisor.SecurityContext) {
	c := s.Capabilities
	if c == nil {
		return
	}
	at = join(at, "capabilities")
	for _, l := range []struct {
		name string
		caps []string
	}{{"add", c.Add}, {"drop", c.Drop}} {
		for i, name := range l.caps {
			if _, ok := supervisor.CapabilityNumber(name); !ok && !strings.EqualFold(name, supervisor.AllCapabilities) {
				known := append(supervisor.CapabilityNames(), supervisor.AllCapabilities)
				r.addf(index(join(at, l.name), i), "there is no capability %q%s (want a name such as NET_BIND_SERVICE, or ALL)",
					shorten(name), suggest(strings.TrimPrefix(strings.ToUpper(name), "CAP_"), known))
			}
		}
	}
	if s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
		for i, name := range c.Add {
			if strings.EqualFold(strings.TrimPrefix(strings.ToUpper(name), "CAP_"), "SYS_ADMIN") {
				r.addf(index(join(at, "add"), i), "with SYS_ADMIN it can give itself any right: it cannot go with allowPrivilegeEscalation: false, as in Kubernetes")
			}
		}
	}
}

// maxRuleCodes is Kubernetes' limit.
const maxRuleCodes = 255

// restartRule checks what Kubernetes does; of a FailJob rule what it does in a Job's
// podFailurePolicy.
func (r *report) restartRule(at string, rule supervisor.RestartRule) {
	if rule.ExitCodes == nil {
		return
	}
	at = join(at, "exitCodes.values")
	values := rule.ExitCodes.Values
	switch n := len(values); {
	case n == 0 && values != nil:
		r.addf(at, "it is empty: want at least one exit code")
	case n > maxRuleCodes:
		r.addf(at, "there are %d, at most %d are allowed", n, maxRuleCodes)
	}
	seen := map[int]bool{}
	for i, code := range values {
		if seen[code] {
			r.addf(index(at, i), "%d is given twice", code)
		}
		seen[code] = true
		if code == 0 && rule.Action == supervisor.RuleFailJob && rule.ExitCodes.Operator == supervisor.CodeIn {
			r.addf(index(at, i), "0 is a success, which no FailJob makes a failure, as in a Job's podFailurePolicy")
		}
	}
}

// minMemory is less than any process lives in. Kubernetes takes less, and the
// container runtime refuses it then.
const minMemory = 1 << 20

func (r *report) resources(at string, s supervisor.Resources) {
	type pair struct {
		name          string
		limit, wanted *supervisor.Quantity
	}
	for _, p := range []pair{
		{"cpu", s.Limits.CPU, s.Requests.CPU}, {"memory", s.Limits.Memory, s.Requests.Memory},
	} {
		if p.limit == nil || p.wanted == nil {
			continue
		}
		limit, err1 := p.limit.Milli()
		wanted, err2 := p.wanted.Milli()
		if err1 == nil && err2 == nil && wanted > limit {
			r.addf(join(at, "requests."+p.name), "%s is more than its limit, which is %s", *p.wanted, *p.limit)
		}
	}
	if m := s.Limits.Memory; m != nil {
		if n, err := m.Value(); err == nil && n > 0 && n < minMemory {
			r.addf(join(at, "limits.memory"), "%q is %d bytes, in which nothing can run: want at least 1Mi (m is a thousandth, M a million, Mi 1048576)", *m, n)
		}
	}
	if s.Requests.PIDs != nil {
		r.addf(join(at, "requests.pids"), "pids is a limit only: want it under limits")
	}
}

// minLogSize keeps rotation from being all that is done.
const minLogSize = 64 << 10

func (r *report) log(at string, l supervisor.Log) {
	if l.MaxSize != nil {
		if n, err := l.MaxSize.Value(); err == nil && n < minLogSize {
			r.addf(join(at, "maxSize"), "%q is %d bytes: want at least 64Ki", *l.MaxSize, n)
		}
	}
	if l.RateLimit != nil {
		if n, err := l.RateLimit.Value(); err == nil && n == 0 {
			r.addf(join(at, "rateLimit"), "0 would pass on nothing: want bytes in a second, such as 1Mi, or no rateLimit")
		}
	}
}

func (r *report) absolute(at, dir string) {
	if dir != "" && !path.IsAbs(dir) {
		r.addf(at, "%q is not absolute: want a path from /", shorten(dir))
	}
}
