package access

import (
	"net/netip"
	"os"
	"strings"
	"sync"
)

// AllowedHost reports whether a browser may use this name for the manager: it is
// the guard against pages that reach it under a name of their own (DNS
// rebinding) or from a foreign Origin. Allowed are localhost, the machine's own
// host name, IP addresses, and the names in extra; case, a final dot and the port
// do not matter, in extra neither. The host is that of a Host header or of an
// Origin's URL.
func AllowedHost(host string, extra []string) bool {
	name, ok := hostOf(host)
	if !ok {
		return false
	}
	if name == "localhost" || isIP(name) || name == ownHost() {
		return true
	}
	for _, e := range extra {
		if allowed, ok := hostOf(strings.TrimSpace(e)); ok && name == allowed {
			return true
		}
	}
	return false
}

// ownHost is the machine's host name in the form of hostOf, "" when there is
// none.
var ownHost = sync.OnceValue(func() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	name, _ = hostOf(name)
	return name
})

// hostOf returns the host of "host", "host:port", "[v6]", "[v6]:port" or "v6",
// in lower case; false when the text is none of these.
func hostOf(text string) (string, bool) {
	host := text
	switch {
	case strings.HasPrefix(text, "["):
		inside, rest, closed := strings.Cut(text[1:], "]")
		if !closed || rest != "" && !isPort(rest) || !strings.Contains(inside, ":") || !isIP(inside) {
			return "", false
		}
		return strings.ToLower(inside), true
	case isIP(text):
		return strings.ToLower(text), true
	default:
		if i := strings.IndexByte(text, ':'); i >= 0 {
			if !isPort(text[i:]) {
				return "", false
			}
			host = text[:i]
		}
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host, isName(host)
}

func isIP(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// isPort reports whether the text is a colon and up to five digits.
func isPort(text string) bool {
	if len(text) > 6 || text == "" || text[0] != ':' {
		return false
	}
	for _, c := range []byte(text[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isName reports whether the text can be a host name: no sign that means
// something else in a URL or a header.
func isName(text string) bool {
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return text != "" && len(text) <= 253
}
