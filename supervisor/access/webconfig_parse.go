package access

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/bcrypt"

	"github.com/processmanager/processmanager/supervisor"
)

// MaxWebConfigBytes is the greatest size of a web config file.
const MaxWebConfigBytes = 64 << 10

// maxHashCost bounds what one password may cost: at 14 bcrypt takes about a second,
// and twice as long with each step.
const maxHashCost = 14

// webDocument is what a web config file says.
type webDocument struct {
	tls     *tlsRules // nil: no TLS
	noHTTP2 bool
	headers map[string]string
	users   map[string][]byte // bcrypt hashes by name; nil: nobody is asked
}

// webKey is one key of the format: taken by a function, or refused with a reason.
type webKey struct {
	take func(path string, n *yaml.Node)
	why  string
}

// webParser collects faults, so that all of them are told at once.
type webParser struct {
	file   string
	doc    webDocument
	faults []webFault
}

type webFault struct {
	line int
	text string
}

// parseWebConfig reads the text of a web config file. An error names all faults,
// each as FILE:LINE: KEY: what is wrong. No value is part of one: it may be a
// secret in the wrong place.
func parseWebConfig(file string, text []byte) (*webDocument, error) {
	p := &webParser{file: file}
	root, err := oneDocument(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", file, err)
	}
	p.mapping("", root, p.top())
	if len(p.faults) == 0 && p.doc.tls == nil && p.doc.users == nil {
		p.fault(root, "", "it asks for neither TLS nor a password (want tls_server_config, basic_auth_users, or both)")
	}
	if len(p.faults) == 0 {
		return &p.doc, nil
	}
	slices.SortStableFunc(p.faults, func(a, b webFault) int { return a.line - b.line })
	list := make([]error, len(p.faults))
	for i, f := range p.faults {
		list[i] = fmt.Errorf("%s:%d: %s", file, f.line, f.text)
	}
	return nil, errors.Join(list...)
}

// oneDocument parses YAML. Its error begins with a line number.
func oneDocument(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("1: the file is empty")
		}
		return nil, yamlFault(err)
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("%d: a second document (want one)", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlFault(err)
	}
	return first.Content[0], nil
}

// yamlFault puts the line first. What the library quotes from the file is left out.
func yamlFault(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, what, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			line, text = n, what
		}
	}
	if strings.Contains(text, "anchor") {
		text = "anchors and aliases are not taken here (quote a text that begins with * or &)"
	}
	return fmt.Errorf("%d: this is not YAML: %s", line, text)
}

func (p *webParser) fault(n *yaml.Node, path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	p.faults = append(p.faults, webFault{n.Line, text})
}

// top is the table of the format: every key that it has, taken or refused.
func (p *webParser) top() map[string]webKey {
	return map[string]webKey{
		"tls_server_config":  {take: p.tlsServer},
		"http_server_config": {take: p.httpServer},
		"basic_auth_users":   {take: p.users},
		"rate_limit":         {why: "scrapes are bounded already: 16 at the same time, and who guesses passwords is held back"},
	}
}

// mapping walks a mapping by a table of its keys.
func (p *webParser) mapping(path string, n *yaml.Node, keys map[string]webKey) {
	p.each(path, n, func(at string, key, value *yaml.Node) {
		found, known := keys[key.Value]
		switch {
		case !known:
			if near := supervisor.Nearest(key.Value, slices.Sorted(maps.Keys(keys))); near != "" {
				p.fault(key, at, "unknown key (did you mean %q?)", near)
				return
			}
			p.fault(key, at, "unknown key (want one of %s)", strings.Join(takenKeys(keys), ", "))
		case found.take == nil:
			p.fault(key, at, "this key is not taken here: %s", found.why)
		default:
			found.take(at, value)
		}
	})
}

func takenKeys(keys map[string]webKey) []string {
	var taken []string
	for name, key := range keys {
		if key.take != nil {
			taken = append(taken, name)
		}
	}
	slices.Sort(taken)
	return taken
}

// each calls f for every pair of a mapping that is not there twice.
func (p *webParser) each(path string, n *yaml.Node, f func(at string, key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fault(n, path, "want keys with values, indented and with \": \" between")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			p.fault(key, path, "a key must be a text")
			continue
		}
		at := printable(key.Value)
		if path != "" {
			at = path + "." + at
		}
		if line, twice := seen[key.Value]; twice {
			p.fault(key, at, "it is there already, in line %d", line)
			continue
		}
		seen[key.Value] = key.Line
		f(at, key, value)
	}
}

// printable keeps a key from breaking the line that names it.
func printable(key string) string {
	key = supervisor.Shorten(key, 64)
	quoted := strconv.Quote(key)
	if quoted[1:len(quoted)-1] == key {
		return key
	}
	return quoted
}

// text takes a text that is not empty.
func (p *webParser) text(to *string) func(string, *yaml.Node) {
	return func(path string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Value == "" {
			p.fault(n, path, "want a text (quote what YAML takes for something else)")
			return
		}
		*to = n.Value
	}
}

// word takes one of a few words, or says why a word of the format is refused.
func word[T any](p *webParser, words map[string]T, refused map[string]string, to *T) func(string, *yaml.Node) {
	return func(path string, n *yaml.Node) {
		value, known := words[n.Value]
		switch why := refused[n.Value]; {
		case known && n.Kind == yaml.ScalarNode:
			*to = value
		case why != "":
			p.fault(n, path, "%s is not taken here: %s", n.Value, why)
		default:
			p.fault(n, path, "want one of %s", strings.Join(slices.Sorted(maps.Keys(words)), ", "))
		}
	}
}

var tlsVersions = map[string]uint16{"TLS12": tls.VersionTLS12, "TLS13": tls.VersionTLS13}

var oldVersions = map[string]string{
	"TLS10": "it is deprecated by RFC 8996",
	"TLS11": "it is deprecated by RFC 8996",
}

var clientAuthTypes = map[string]tls.ClientAuthType{
	"NoClientCert":               tls.NoClientCert,
	"VerifyClientCertIfGiven":    tls.VerifyClientCertIfGiven,
	"RequireAndVerifyClientCert": tls.RequireAndVerifyClientCert,
}

var weakAuthTypes = map[string]string{
	"RequestClientCert":    "nobody would check the certificate (want RequireAndVerifyClientCert)",
	"RequireClientCert":    "nobody would check the certificate (want RequireAndVerifyClientCert)",
	"RequireAnyClientCert": "nobody would check the certificate (want RequireAndVerifyClientCert)",
}

func (p *webParser) tlsServer(path string, n *yaml.Node) {
	const inline = "give a file, which is read again when it changes"
	r := &tlsRules{min: tls.VersionTLS12}
	auth, before := tls.ClientAuthType(-1), len(p.faults)
	p.mapping(path, n, map[string]webKey{
		"cert_file":           {take: p.text(&r.files.Cert)},
		"key_file":            {take: p.text(&r.files.Key)},
		"client_ca_file":      {take: p.text(&r.files.ClientCA)},
		"client_auth_type":    {take: word(p, clientAuthTypes, weakAuthTypes, &auth)},
		"client_allowed_sans": {take: p.list(&r.sans)},
		"min_version":         {take: word(p, tlsVersions, oldVersions, &r.min)},
		"max_version":         {take: word(p, tlsVersions, oldVersions, &r.max)},

		"cert":      {why: inline + " (cert_file)"},
		"key":       {why: inline + " (key_file)"},
		"client_ca": {why: inline + " (client_ca_file)"},

		"cipher_suites":               {why: "Go's own choice holds, which leaves weak ones out; those of TLS 1.3 cannot be chosen"},
		"curve_preferences":           {why: "Go's own choice holds"},
		"prefer_server_cipher_suites": {why: "Go orders them by itself and ignores it since 1.17"},
	})
	if len(p.faults) == before { // else it would tell consequences
		p.tlsTogether(path, n, r, auth)
	}
	p.doc.tls = r
}

// tlsTogether checks what belongs together.
func (p *webParser) tlsTogether(path string, n *yaml.Node, r *tlsRules, auth tls.ClientAuthType) {
	if r.files.Cert == "" || r.files.Key == "" {
		p.fault(n, path, "cert_file and key_file are needed, both")
	}
	if r.max != 0 && r.max < r.min {
		p.fault(n, path, "max_version is below min_version: nobody could connect")
	}
	r.auth = max(auth, tls.NoClientCert)
	verified := r.auth != tls.NoClientCert
	switch {
	case r.files.ClientCA != "" && auth < 0:
		p.fault(n, path, "client_ca_file does nothing without client_auth_type (want RequireAndVerifyClientCert)")
	case r.files.ClientCA != "" && !verified:
		p.fault(n, path, "client_ca_file contradicts client_auth_type NoClientCert")
	case r.files.ClientCA == "" && verified:
		p.fault(n, path, "client_auth_type needs client_ca_file: whose certificates are good")
	}
	if len(r.sans) > 0 && r.auth != tls.RequireAndVerifyClientCert {
		p.fault(n, path, "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert")
	}
}

// list takes a list of texts that is not empty.
func (p *webParser) list(to *[]string) func(string, *yaml.Node) {
	return func(path string, n *yaml.Node) {
		if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
			p.fault(n, path, "want a list of texts")
			return
		}
		for i, item := range n.Content {
			var text string
			p.text(&text)(fmt.Sprintf("%s[%d]", path, i), item)
			*to = append(*to, text)
		}
	}
}

func (p *webParser) httpServer(path string, n *yaml.Node) {
	http2 := true
	p.mapping(path, n, map[string]webKey{
		"http2":   {take: p.boolean(&http2)},
		"headers": {take: p.headers},
	})
	p.doc.noHTTP2 = !http2
}

func (p *webParser) boolean(to *bool) func(string, *yaml.Node) {
	return func(path string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(to) != nil {
			p.fault(n, path, "want true or false")
		}
	}
}

func (p *webParser) headers(path string, n *yaml.Node) {
	p.doc.headers = map[string]string{}
	anything := func(string) string { return "" }
	oneOf := func(words ...string) func(string) string {
		return func(v string) string {
			if slices.Contains(words, v) {
				return ""
			}
			return "want " + strings.Join(words, " or ")
		}
	}
	keys := map[string]webKey{}
	for name, check := range map[string]func(string) string{
		"Content-Security-Policy":   anything,
		"Strict-Transport-Security": anything,
		"X-Content-Type-Options":    oneOf("nosniff"),
		"X-Frame-Options":           oneOf("deny", "sameorigin"),
		"X-XSS-Protection":          anything,
	} {
		keys[name] = webKey{take: func(path string, n *yaml.Node) {
			if n.Kind == yaml.ScalarNode && n.Value == "" {
				return // blank means unset
			}
			value := n.Value
			if n.Kind != yaml.ScalarNode || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
				p.fault(n, path, "want one line of text")
			} else if wrong := check(value); wrong != "" {
				p.fault(n, path, "%s", wrong)
			} else {
				p.doc.headers[name] = value
			}
		}}
	}
	p.mapping(path, n, keys)
}

func (p *webParser) users(path string, n *yaml.Node) {
	p.doc.users = map[string][]byte{}
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		p.fault(n, path, "there are no users: it would let everybody in (leave it out if that is meant)")
	}
	p.each(path, n, func(at string, key, value *yaml.Node) {
		if key.Value == "" || strings.Contains(key.Value, ":") {
			p.fault(key, at, "a user's name is not empty and has no colon (RFC 7617)")
		}
		cost, err := bcrypt.Cost([]byte(value.Value))
		switch {
		case value.Kind != yaml.ScalarNode || err != nil || len(value.Value) != 60:
			p.fault(value, at, "want a bcrypt hash of the password, 60 characters that begin with $2y$ (htpasswd -nBC 10 \"\" makes one)")
		case cost > maxHashCost:
			p.fault(value, at, "the cost %d of this hash is too high: each wrong password would cost the manager seconds (want 10, at most %d)", cost, maxHashCost)
		default:
			p.doc.users[key.Value] = []byte(value.Value)
		}
	})
}
