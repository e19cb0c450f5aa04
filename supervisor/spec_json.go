package supervisor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxSpecFaults is how many faults of one definition are told at once.
const maxSpecFaults = 20

// ParseSpec reads the definition of one process, as a manifest has it, from one JSON
// object. It is as strict as a manifest: encoding/json alone ignores what it does not
// know, the case of letters and keys that come twice, and stops at the first fault.
// Here each fault is told with its path, which begins with root; no value is repeated,
// it could be a secret. What the fields mean together is checked by whoever uses it.
func ParseSpec(root string, text []byte) (*Spec, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%s: it is not UTF-8", root)
	}
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		if strings.Contains(err.Error(), "after top-level value") {
			return nil, fmt.Errorf("%s: there is something behind the definition (want one JSON object)", root)
		}
		return nil, fmt.Errorf("%s: it is not JSON: %s", root, err.Error())
	}
	text = bytes.TrimSpace(text)
	if text[0] != '{' {
		return nil, fmt.Errorf("%s: want an object", root)
	}
	w := specWalk{}
	w.value(reflect.TypeFor[Spec](), text, root)
	if len(w.faults) > 0 {
		return nil, errors.New(strings.Join(w.faults, "; "))
	}
	spec := &Spec{}
	if err := json.Unmarshal(text, spec); err != nil { // the walk has found all that it could say
		return nil, fmt.Errorf("%s: %w", root, err)
	}
	return spec, nil
}

// A specWalk compares JSON with Go types and collects faults.
type specWalk struct{ faults []string }

func (w *specWalk) fault(path, format string, args ...any) {
	if len(w.faults) < maxSpecFaults {
		w.faults = append(w.faults, path+": "+fmt.Sprintf(format, args...))
	}
}

// value compares a JSON value with the Go type that is to hold it.
func (w *specWalk) value(t reflect.Type, raw json.RawMessage, path string) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" { // as good as absent
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
			text, _, _ := strings.Cut(err.Error(), ": json: cannot") // Go's words are of no use to the caller
			w.fault(path, "%s", text)
		}
		return
	}
	switch {
	case t.Kind() == reflect.Struct && raw[0] == '{':
		w.object(t, raw, path)
	case t.Kind() == reflect.Slice && raw[0] == '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil { // it is valid JSON
			for i, one := range list {
				w.value(t.Elem(), one, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case t.Kind() == reflect.Map && raw[0] == '{':
		w.members(raw, path, func(key string, value json.RawMessage) {
			w.value(t.Elem(), value, path+"."+clipKey(key))
		})
	default:
		if json.Unmarshal(raw, reflect.New(t).Interface()) != nil {
			w.fault(path, "want %s", JSONWord(t))
		}
	}
}

func (w *specWalk) object(t reflect.Type, raw json.RawMessage, path string) {
	known := map[string]reflect.Type{}
	var names []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
		names = append(names, name)
	}
	w.members(raw, path, func(key string, value json.RawMessage) {
		if kind, ok := known[key]; ok {
			w.value(kind, value, path+"."+key)
			return
		}
		hint := ""
		if near := Nearest(key, names); near != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		}
		w.fault(path+"."+clipKey(key), "unknown field%s", hint)
	})
}

// members gives the members of a valid object to each, in their order.
func (w *specWalk) members(raw json.RawMessage, path string, each func(key string, value json.RawMessage)) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token() // the brace
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		key, _ := token.(string)
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		switch {
		case err != nil: // cannot be: it is valid JSON
			w.fault(path, "%v", err)
			return
		case seen[key]:
			w.fault(path+"."+clipKey(key), "it is given twice")
		default:
			each(key, value)
		}
		seen[key] = true
	}
}

// clipKey keeps a stranger's key short enough for an error.
func clipKey(key string) string { return Shorten(key, longestMisspelt) }

// JSONWord says what a Go type wants, in JSON's words.
func JSONWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return JSONWord(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return "an integer"
	case reflect.Float64:
		return "a number"
	case reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "a list, of each " + JSONWord(t.Elem())
	case reflect.Map:
		return "an object, of each value " + JSONWord(t.Elem())
	}
	return "another type"
}
