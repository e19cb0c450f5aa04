package manifest

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/processmanager/processmanager/supervisor"
)

// The grammar of names. Where Kubernetes has the thing, it is Kubernetes' grammar.

const (
	digits  = "0123456789"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits
)

// reserved are the variables that the manager sets itself.
var reserved = []string{"PM_PROCESS_NAME", "PM_PROCESS_RUN", "PM_PROCESS_INDEX", "PM_PROCESS_TASK"}

// envName checks the name of a variable, or a part of one: printable ASCII but '='.
// (Kubernetes calls this a relaxed environment variable name.)
func (r *report) envName(at, name string) {
	if name == "" { // reported as required where it is
		return
	}
	if why := badEnvName(name); why != "" {
		r.addf(at, "%s", why)
	}
}

func badEnvName(name string) string {
	odd := func(c rune) bool { return c < ' ' || c > '~' }
	switch {
	case strings.Contains(name, "="):
		return quote(name) + " holds a '=': the name of a variable ends there"
	case strings.ContainsFunc(name, odd):
		return quote(name) + " holds a character that is not printable ASCII"
	case slices.Contains(reserved, name):
		return name + " is set by the manager"
	}
	return ""
}

const maxPortName = 15

// portName checks an IANA service name, RFC 6335 section 5.1, without upper case.
func (r *report) portName(at, name string) {
	if name == "" {
		return
	}
	if !onlyOf(name, lower+digits+"-") || !strings.ContainsAny(name, lower) || len(name) > maxPortName ||
		name[0] == '-' || name[len(name)-1] == '-' || strings.Contains(name, "--") {
		r.addf(at, "%s is not the name of a port: want lower case letters, digits and single '-' inside, at least one letter, at most %d bytes", quote(name), maxPortName)
	}
}

func (r *report) portRef(at string, p supervisor.PortRef) {
	if _, ok := p.Number(); ok {
		return
	}
	if onlyOf(string(p), digits) {
		r.addf(at, "%s is out of range: want a port from 1 to 65535", quote(string(p)))
		return
	}
	r.portName(at, string(p))
}

// onlyOf reports whether a text is made of these bytes.
func onlyOf(text, allowed string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return !strings.ContainsRune(allowed, c) })
}

// id checks a user or group. What /etc/passwd cannot hold cannot be a name.
func (r *report) id(at string, id supervisor.ID) {
	text := string(id)
	if _, ok := id.Number(); ok {
		return
	}
	odd := func(c rune) bool {
		return c <= ' ' || c == ':' || c == '/' || c == ',' || unicode.IsSpace(c) || unicode.IsControl(c)
	}
	switch {
	case text == "":
		r.addf(at, "it is empty: want a number or a name")
	case onlyOf(text, digits):
		r.addf(at, "%s is out of range: want 0 to 4294967294", quote(text))
	case text[0] == '-', text[0] == '+', len(text) > 256, strings.ContainsFunc(text, odd):
		r.addf(at, "%s is neither a number nor a name", quote(text))
	}
}

// host checks where a probe connects to; what DNS or an address may hold is found
// out by the attempt.
func (r *report) host(at, host string) {
	odd := func(c rune) bool {
		return strings.ContainsRune("/@?#", c) || unicode.IsSpace(c) || unicode.IsControl(c)
	}
	if strings.ContainsFunc(host, odd) {
		r.addf(at, "%s is not a host: want a name or an address, without scheme, port and path", quote(host))
	}
}

// header checks a header; its value, which may be a secret, is not shown.
func (r *report) header(at string, h supervisor.HTTPHeader) {
	if !onlyOf(h.Name, letters+"-") {
		r.addf(join(at, "name"), "%s is not the name of a header: want letters, digits and '-'", quote(h.Name))
	}
	if strings.ContainsFunc(h.Value, func(c rune) bool { return unicode.IsControl(c) && c != '\t' }) {
		r.addf(join(at, "value"), "it holds a control character, which no header can")
	}
}

const (
	maxLabelPart   = 63
	maxLabelPrefix = 253
)

// label checks a label as Kubernetes does: [prefix/]name and a value, so that one
// selector serves both.
func (r *report) label(at, key, value string) {
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		prefix, name = "", key
	}
	switch {
	case !labelPart(name) || name == "" || prefixed && !subdomain(prefix):
		r.addf(at, "it is not the name of a label: want letters, digits, '-', '_', '.', beginning and ending with a letter or digit, at most %d bytes, with or without a DNS name and '/' in front", maxLabelPart)
	case !labelPart(value):
		r.addf(at, "%s is not the value of a label: want letters, digits, '-', '_', '.', beginning and ending with a letter or digit, at most %d bytes", quote(value), maxLabelPart)
	}
}

func labelPart(text string) bool {
	return len(text) <= maxLabelPart && onlyOf(text, letters+"-_.") && (text == "" || onlyOf(text[:1], letters) && onlyOf(text[len(text)-1:], letters))
}

// subdomain is a DNS name of RFC 1123 in lower case.
func subdomain(text string) bool {
	if len(text) > maxLabelPrefix {
		return false
	}
	for part := range strings.SplitSeq(text, ".") {
		if part == "" || !labelPart(part) || strings.ContainsAny(part, "_") || strings.ToLower(part) != part {
			return false
		}
	}
	return true
}

var errFieldPath = errors.New("want metadata.name or metadata.labels['KEY'] (other fields of a Pod are not known here: hand them down in the environment of the container)")

// parseFieldPath reads a fieldPath; the key is that of the label, when it is one.
func parseFieldPath(text string) (key string, isLabel bool, err error) {
	if text == "metadata.name" {
		return "", false, nil
	}
	rest, ok := strings.CutPrefix(text, "metadata.labels['")
	key, end := strings.CutSuffix(rest, "']")
	if !ok || !end || key == "" || strings.ContainsAny(key, "'") {
		return "", false, errFieldPath
	}
	return key, true, nil
}
