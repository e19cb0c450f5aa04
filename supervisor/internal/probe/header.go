package probe

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// nameMarks are the characters beside letters and digits in the name of a header
// (RFC 9110, 5.6.2: tchar).
const nameMarks = "!#$%&'*+-.^_`|~"

// requestHeader returns what is given and the defaults. What net/http could not send
// is refused here, in words that point at the manifest.
func requestHeader(given []supervisor.HTTPHeader) (http.Header, error) {
	h := make(http.Header, len(given)+2)
	for _, pair := range given {
		if pair.Name == "" || strings.ContainsFunc(pair.Name, notInName) {
			return nil, invalid("cannot probe by httpGet", fmt.Sprintf("header name %q may have letters, digits and %s only", pair.Name, nameMarks))
		}
		if strings.ContainsFunc(pair.Value, isControl) {
			return nil, invalid("cannot probe by httpGet", fmt.Sprintf("the value of header %q has a control character", pair.Name))
		}
		h.Add(pair.Name, pair.Value)
	}
	if _, ok := h["User-Agent"]; !ok { // an empty one is not sent, by net/http's rule
		h.Set("User-Agent", userAgent)
	}
	if values, ok := h["Accept"]; !ok {
		h.Set("Accept", "*/*")
	} else if len(values) == 1 && values[0] == "" {
		h.Del("Accept")
	}
	return h, nil
}

func notInName(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(nameMarks, r)
}

// isControl says which characters a value must not have (RFC 9110, 5.5).
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
