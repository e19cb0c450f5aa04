package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// walk compares plain values with a Go type and reports every unknown field and
// every value of the wrong type, with its path; a JSON decoder would stop at the
// first. It returns the value without what is wrong, so that the checks that
// follow can go on, and false when nothing is left. As in Kubernetes, an object
// or list that is null is absent; a string, number or boolean must have a value.
func (r *report) walk(path string, v any, t reflect.Type) (any, bool) {
	if t.Kind() == reflect.Pointer {
		return r.walk(path, v, t.Elem())
	}
	switch t {
	case reflect.TypeFor[supervisor.Command]():
		return r.walkCommand(path, v)
	case reflect.TypeFor[supervisor.Log]():
		if b, ok := v.(bool); ok {
			return b, true
		}
	case reflect.TypeFor[supervisor.Duration]():
		return r.walkDuration(path, v)
	case reflect.TypeFor[supervisor.ID]():
		return r.walkNumberOrText(path, "a number or a name", v)
	case reflect.TypeFor[supervisor.PortRef]():
		return r.walkPort(path, v)
	case reflect.TypeFor[supervisor.Quantity]():
		return r.walkQuantity(path, v)
	case reflect.TypeFor[supervisor.Umask]():
		return r.walkUmask(path, v)
	case reflect.TypeFor[supervisor.Rlimit]():
		return r.walkRlimit(path, v)
	}
	switch t.Kind() {
	case reflect.Struct:
		return r.walkStruct(path, v, t)
	case reflect.Map:
		return r.walkMap(path, v, t)
	case reflect.Slice:
		return r.walkSlice(path, v, t)
	case reflect.String:
		return r.walkString(path, v, t)
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			return b, true
		}
		if v == "true" || v == "false" {
			r.addf(path, "want true or false, got a string: remove the quotes")
			return nil, false
		}
		r.wrongType(path, "true or false", v)
		return nil, false
	default:
		return r.walkNumber(path, v, t)
	}
}

func (r *report) walkStruct(path string, v any, t reflect.Type) (any, bool) {
	if v == nil {
		return nil, false
	}
	object, ok := v.(map[string]any)
	if !ok {
		want := wantsSample("an object", sample(t))
		if t == reflect.TypeFor[supervisor.Log]() {
			want = "true, false or an object"
		}
		r.wrongType(path, want, v)
		return nil, false
	}
	known := fields(t)
	out := make(map[string]any, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		i := slices.IndexFunc(known, func(f field) bool { return f.name == key })
		if (i >= 0 || key == directive) && r.walkPatch(path, key, object[key], out) {
			continue
		}
		if i < 0 {
			if meant := r.unknown(path, key, t); meant != "" && object[meant] == nil {
				r.mark(join(path, meant)) // it is not missing, it is misspelt
			}
			continue
		}
		if value, ok := r.walk(join(path, key), object[key], known[i].typ); ok {
			out[key] = value
		}
	}
	for _, f := range known {
		if _, given := object[f.name]; !given && f.zeroCounts() && !r.patch {
			r.addf(join(path, f.name), "it is required")
		}
	}
	return out, true
}

// unknown reports a field that there is not, and returns the one that was probably meant.
func (r *report) unknown(path, key string, t reflect.Type) (meant string) {
	if key == "name" && t == reflect.TypeFor[defaults]() {
		r.addf(join(path, key), "a name cannot have a default: each process has its own")
		return ""
	}
	var names []string
	for _, f := range fields(t) {
		names = append(names, f.name)
	}
	if why := foreign(t, key); why != "" {
		r.addf(join(path, key), "%s", why)
		return ""
	}
	hint := suggest(key, names)
	if hint == "" {
		hint = elsewhere(t, key)
	}
	if hint == "" && (key == "true" || key == "false") {
		hint = " (YAML 1.1 reads on, off, yes and no as booleans: quote a key)"
	}
	r.addf(join(path, printable(key)), "unknown field%s", hint)
	return supervisor.Nearest(key, names)
}

func (r *report) walkMap(path string, v any, t reflect.Type) (any, bool) {
	if v == nil {
		return nil, false
	}
	object, ok := v.(map[string]any)
	if !ok {
		r.wrongType(path, "an object", v)
		return nil, false
	}
	out := make(map[string]any, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !r.text.wrote(path, key) {
			r.addf(join(path, printable(key)), "a key was read as %s, because YAML 1.1 takes it for a boolean or a number: quote it", key)
			continue
		}
		if r.walkPatch(path, key, object[key], out) {
			continue
		}
		if value, ok := r.walk(join(path, printable(key)), object[key], t.Elem()); ok {
			out[key] = value
		}
	}
	return out, true
}

// walkSlice keeps the number of items, so that the paths of the others stay
// right.
func (r *report) walkSlice(path string, v any, t reflect.Type) (any, bool) {
	if v == nil {
		return nil, false
	}
	list, ok := v.([]any)
	if !ok {
		r.notList(path, v, t.Elem())
		return nil, false
	}
	out := make([]any, len(list))
	for i, item := range list {
		at := index(path, i)
		if item == nil {
			r.addf(at, "the item is empty: remove it or give it a value")
		} else if value, ok := r.walk(at, item, t.Elem()); ok {
			out[i] = value
		}
	}
	return out, true
}

func (r *report) notList(path string, v any, item reflect.Type) {
	switch v.(type) {
	case string, bool, json.Number:
		if scalar := item.Kind() != reflect.Struct && item.Kind() != reflect.Map; scalar {
			r.addf(path, "want a list, got %s: put it in brackets", describe(v))
			return
		}
	}
	want := "a list"
	if one := sample(item); one != "" {
		want = wantsSample(want, "["+one+"]")
	}
	r.wrongType(path, want, v)
}

func (r *report) walkString(path string, v any, t reflect.Type) (any, bool) {
	if text, ok := v.(string); ok {
		return text, true
	}
	if allowed := enum(t); allowed != nil {
		r.wrongType(path, "one of "+strings.Join(allowed, ", "), v)
		return nil, false
	}
	switch v.(type) {
	case nil:
		r.addf(path, "it has no value: remove the key, or write \"\" for an empty string (an unquoted ~ or null is no value either)")
	case bool, json.Number:
		r.quoteIt(path, v)
	default:
		r.wrongType(path, "a string", v)
	}
	return nil, false
}

// quoteIt shows the scalar as it was written, unless it may be a secret.
func (r *report) quoteIt(path string, v any) {
	class := "a number"
	if _, ok := v.(bool); ok {
		class = "a boolean"
	}
	written, ok := r.text.scalar(path)
	if !ok || strings.Contains(path, "env[") || strings.Contains(path, "httpHeaders[") {
		r.addf(path, "want a string, but YAML 1.1 reads this as %s: quote it", class)
		return
	}
	value := ""
	if n, ok := v.(json.Number); ok && n.String() != written {
		value = fmt.Sprintf(" (%s)", n)
	}
	r.addf(path, "want a string, but YAML 1.1 reads %s as %s%s: quote it, \"%s\"", written, class, value, written)
}

func (r *report) walkNumber(path string, v any, t reflect.Type) (any, bool) {
	n, ok := v.(json.Number)
	if !ok {
		want := "a whole number"
		if t.Kind() == reflect.Float64 {
			want = "a number"
		}
		if text, isText := v.(string); isText {
			if _, err := strconv.ParseFloat(text, 64); err == nil {
				r.addf(path, "want %s, got a string: remove the quotes", want)
				return nil, false
			}
			if hasUnit(text) {
				r.addf(path, "want %s, got a string: leave the unit out", want)
				return nil, false
			}
		}
		r.wrongType(path, want, v)
		return nil, false
	}
	if t.Kind() == reflect.Float64 {
		return n, true
	}
	f, err := n.Float64()
	switch {
	case err != nil || math.Abs(f) >= math.MaxInt64:
		r.addf(path, "the number %s is too large", n)
	case f != math.Trunc(f):
		r.addf(path, "want a whole number, got %s", n)
	default:
		return n, true // what was written 1e3 is 1000 by now
	}
	return nil, false
}

func (r *report) wrongType(path, want string, v any) {
	if v == nil {
		r.addf(path, "it has no value: want %s, or remove the key", want)
		return
	}
	r.addf(path, "want %s, got %s", want, describe(v))
}

// describe names a value without showing text, which may be a secret.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case bool:
		return fmt.Sprintf("the boolean %t", v)
	case json.Number:
		return "the number " + v.String()
	case string:
		return "a string"
	case []any:
		return "a list"
	}
	return "an object"
}

// printable makes a key safe for an error line.
func printable(key string) string {
	quoted := strconv.Quote(shorten(key))
	if quoted != `"`+key+`"` || key == "" {
		return quoted
	}
	return key
}

// PathKey is a key of a map as it stands in the path of a [FieldError].
func PathKey(key string) string { return printable(key) }

// quote shows a text that may be long in an error line.
func quote(text string) string { return strconv.Quote(shorten(text)) }

func shorten(text string) string { return supervisor.Shorten(text, 80) }
