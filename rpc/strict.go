package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// maxFaults is how many faults of one object are told at once.
const maxFaults = 20

// strictly reads a parameter that is an object with fields of its own. encoding/json
// alone ignores what it does not know, and the case of letters, and stops at the first
// fault; here each is told with its path, as for a manifest.
func strictly(p Param, raw json.RawMessage, field reflect.Value) error {
	w := walk{}
	w.value(p.Type, raw, p.Name)
	if len(w.faults) > 0 {
		return errors.New("parameter " + strings.Join(w.faults, "; "))
	}
	return json.Unmarshal(raw, field.Addr().Interface())
}

// A walk collects faults.
type walk struct{ faults []string }

func (w *walk) fault(path, format string, args ...any) {
	if len(w.faults) < maxFaults {
		w.faults = append(w.faults, path+": "+fmt.Sprintf(format, args...))
	}
}

// value compares a JSON value with the Go type that is to hold it.
func (w *walk) value(t reflect.Type, raw json.RawMessage, path string) {
	raw = bytes.TrimSpace(raw)
	if bytes.Equal(raw, null) { // as good as absent
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
		list, err := members(raw)
		if err != nil {
			w.fault(path, "%v", err)
		}
		for _, m := range list {
			w.value(t.Elem(), m.value, path+"."+clip(m.key))
		}
	default:
		if json.Unmarshal(raw, reflect.New(t).Interface()) != nil {
			w.fault(path, "want %s", article(t))
		}
	}
}

func (w *walk) object(t reflect.Type, raw json.RawMessage, path string) {
	list, err := members(raw)
	if err != nil {
		w.fault(path, "%v", err)
	}
	known := paramsOf(t)
	for _, m := range list {
		if i := indexOf(known, m.key); i >= 0 {
			w.value(known[i].Type, m.value, path+"."+m.key)
		} else {
			w.fault(path+"."+clip(m.key), "unknown field%s", didYouMean(m.key, names(known)))
		}
	}
}
