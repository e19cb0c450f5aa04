package manifest

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// What the types that have a JSON form of their own may look like. None of them may
// let through what their UnmarshalJSON refuses: its words know no path.

func (r *report) walkCommand(path string, v any) (any, bool) {
	switch v.(type) {
	case nil:
		return nil, false
	case string:
		return v, true
	case []any:
		return r.walkSlice(path, v, reflect.TypeFor[[]string]())
	}
	r.wrongType(path, "a list of strings (executed as it stands) or one string (run by the shell)", v)
	return nil, false
}

func (r *report) walkDuration(path string, v any) (any, bool) {
	text, ok := v.(string)
	if !ok {
		r.addf(path, "want a duration in quotes with a unit, such as \"300ms\" or \"1m30s\", got %s", describe(v))
		return nil, false
	}
	if _, err := time.ParseDuration(text); err != nil {
		r.addf(path, "%q is not a duration (want a number with a unit, such as \"300ms\" or \"1m30s\")", shorten(text))
		return nil, false
	}
	return text, true
}

// walkNumberOrText takes a whole number of at least 0, or a string.
func (r *report) walkNumberOrText(path, want string, v any) (any, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return r.walkWhole(path, v)
	}
	r.wrongType(path, want, v)
	return nil, false
}

// walkWhole takes a whole number of at least 0.
func (r *report) walkWhole(path string, n json.Number) (any, bool) {
	if strings.HasPrefix(n.String(), "-") {
		r.addf(path, "want a number of at least 0, got %s", n)
		return nil, false
	}
	return r.walkNumber(path, n, reflect.TypeFor[int64]())
}

// walkPort refuses a number in quotes, as Kubernetes does: it would be a name.
func (r *report) walkPort(path string, v any) (any, bool) {
	if text, ok := v.(string); ok && text != "" && strings.Trim(text, "0123456789") == "" {
		r.addf(path, "want a port number or the name of a port, got a number in quotes: remove the quotes")
		return nil, false
	}
	return r.walkNumberOrText(path, "a port number or the name of a port", v)
}

func (r *report) walkQuantity(path string, v any) (any, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		if f, err := v.Float64(); err != nil || math.IsInf(f, 0) {
			r.addf(path, "the number %s is too large", v)
			return nil, false
		}
		return v, true
	}
	r.wrongType(path, "a quantity such as 2, 500m, 1G or 128Mi", v)
	return nil, false
}

func (r *report) walkUmask(path string, v any) (any, bool) {
	text, ok := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		if written, ok := r.text.scalar(path); ok {
			r.addf(path, "want octal digits in quotes, such as \"022\": YAML 1.1 reads %s as the number %s, so that what is meant would be a guess", written, n)
		} else {
			r.addf(path, "want octal digits in quotes, such as \"022\", got the number %s", n)
		}
		return nil, false
	}
	if !ok {
		r.wrongType(path, "octal digits in quotes, such as \"022\"", v)
		return nil, false
	}
	if n, err := strconv.ParseUint(text, 8, 32); err != nil || n > maxUmask {
		r.addf(path, "%q is no umask: want octal digits, from \"0000\" to \"0777\"", shorten(text))
		return nil, false
	}
	return text, true
}

// maxUmask: umask(2) looks at the nine bits of permissions only.
const maxUmask = 0o777

const wantRlimit = "a number of at least 0, \"unlimited\", or an object {soft, hard}"

func (r *report) walkRlimit(path string, v any) (any, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		return r.walkLimit(path, wantRlimit, v)
	}
	out := map[string]any{}
	for _, key := range []string{"soft", "hard"} {
		value, given := object[key]
		if !given {
			r.addf(path, "want both soft and hard")
			return nil, false
		}
		if value, ok := r.walkLimit(join(path, key), "a number of at least 0, or \"unlimited\"", value); ok {
			out[key] = value
		}
	}
	for key := range object {
		if key != "soft" && key != "hard" {
			r.addf(join(path, printable(key)), "unknown field%s", suggest(key, []string{"soft", "hard"}))
		}
	}
	return out, len(out) == 2 && r.ordered(path, out["soft"], out["hard"])
}

// ordered reports a soft limit above the hard one, which setrlimit(2) refuses.
func (r *report) ordered(path string, soft, hard any) bool {
	number := func(v any) float64 {
		if n, ok := v.(json.Number); ok {
			f, _ := n.Float64()
			return f
		}
		return math.Inf(1)
	}
	if number(soft) > number(hard) {
		r.addf(path, "soft is more than hard")
		return false
	}
	return true
}

func (r *report) walkLimit(path, want string, v any) (any, bool) {
	switch v := v.(type) {
	case json.Number:
		return r.walkWhole(path, v)
	case string:
		if v == "unlimited" {
			return v, true
		}
		r.addf(path, "want %s, got %q", want, shorten(v))
		return nil, false
	}
	r.wrongType(path, want, v)
	return nil, false
}
