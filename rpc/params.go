package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// A Param is one parameter of a method, read from a field of its Go type.
type Param struct {
	Name     string
	Doc      string
	Required bool
	Type     reflect.Type
	index    int
}

// paramsOf reads the parameters of a struct type, in the order declared. A field
// without omitempty is required.
func paramsOf(t reflect.Type) []Param {
	list := make([]Param, t.NumField())
	for i := range list {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		optional := strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero")
		list[i] = Param{Name: name, Doc: f.Tag.Get("doc"), Required: !optional, Type: f.Type, index: i}
	}
	return list
}

// bind fills the struct that target points to from params by name or by position.
// A null is as good as absent.
func bind(method string, list []Param, raw json.RawMessage, target reflect.Value) *Error {
	given := make([]json.RawMessage, len(list))
	var err error
	switch {
	case raw == nil:
	case raw[0] == '[':
		err = byPosition(list, raw, given)
	default:
		err = byName(list, raw, given)
	}
	for i, p := range list {
		if err != nil {
			break
		}
		switch value := given[i]; {
		case value == nil || bytes.Equal(value, null):
			if p.Required {
				err = fmt.Errorf("parameter %q is missing", p.Name)
			}
		default:
			err = decodeParam(p, value, target.Elem().Field(p.index))
		}
	}
	if err != nil {
		return newError(CodeInvalidParams, "cannot call %s: %v", method, err)
	}
	return nil
}

func byPosition(list []Param, raw json.RawMessage, given []json.RawMessage) error {
	var values []json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	if len(values) > len(list) {
		return fmt.Errorf("want at most %d parameters (%s), got %d", len(list), strings.Join(names(list), ", "), len(values))
	}
	copy(given, values)
	return nil
}

func byName(list []Param, raw json.RawMessage, given []json.RawMessage) error {
	values, err := members(raw)
	if err != nil {
		return err
	}
	for _, v := range values {
		i := indexOf(list, v.key)
		if i < 0 {
			hint := didYouMean(v.key, names(list))
			if hint == "" {
				hint = " (there is " + strings.Join(names(list), ", ") + ")"
			}
			if len(list) == 0 {
				hint = " (there are none)"
			}
			return fmt.Errorf("unknown parameter %q%s", clip(v.key), hint)
		}
		given[i] = v.value
	}
	return nil
}

func indexOf(list []Param, name string) int {
	for i, p := range list {
		if p.Name == name {
			return i
		}
	}
	return -1
}

func names(list []Param) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.Name
	}
	return out
}

// decodeParam reads one value. The value itself is not repeated in the error: it
// could be a secret.
func decodeParam(p Param, raw json.RawMessage, field reflect.Value) error {
	if p.Type == reflect.TypeFor[*supervisor.Spec]() {
		spec, err := supervisor.ParseSpec(p.Name, raw)
		if err != nil {
			return fmt.Errorf("parameter %w", err)
		}
		field.Set(reflect.ValueOf(spec))
		return nil
	}
	err := json.Unmarshal(raw, field.Addr().Interface())
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("parameter %q: want %s, got %s", p.Name, article(p.Type), wrong.Value)
	}
	if p.Type == reflect.TypeFor[time.Time]() || p.Type == reflect.TypeFor[supervisor.Duration]() {
		return fmt.Errorf("parameter %q: want %s", p.Name, article(p.Type))
	}
	return fmt.Errorf("parameter %q: %w", p.Name, err)
}

// article says what a Go type wants, in JSON's words.
func article(t reflect.Type) string {
	if t == reflect.TypeFor[time.Time]() {
		return `a time such as "2026-01-02T15:04:05Z"`
	}
	if t == reflect.TypeFor[supervisor.Duration]() {
		return `a duration with its unit, such as "30s" or "1m30s"`
	}
	if t == reflect.TypeFor[supervisor.Command]() {
		return "a list of strings (executed) or one string (run by the shell)"
	}
	return supervisor.JSONWord(t)
}

// clip keeps a stranger's text short enough for an error or a log line.
func clip(s string) string { return supervisor.Shorten(s, 64) }
