package manifest

import (
	"reflect"
	"strings"
	"sync"

	"github.com/processmanager/processmanager/supervisor"
)

// A field is what the tags of a struct field say.
type field struct {
	name     string // in JSON
	index    []int
	typ      reflect.Type
	required bool
	min, max string // empty: no bound
	doc      string
}

var fieldsOf sync.Map // reflect.Type → []field

// fields lists the fields of a struct type in their order, those of embedded
// structs in place.
func fields(t reflect.Type) []field {
	if known, ok := fieldsOf.Load(t); ok {
		return known.([]field)
	}
	var list []field
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		inDefaults := t == reflect.TypeFor[defaults]()
		if inDefaults && name == "name" {
			continue
		}
		list = append(list, field{
			name: name, index: f.Index, typ: f.Type, doc: f.Tag.Get("doc"),
			required: f.Tag.Get("required") == "true" && !inDefaults,
			min:      f.Tag.Get("min"), max: f.Tag.Get("max"),
		})
	}
	fieldsOf.Store(t, list)
	return list
}

// zeroCounts reports whether 0 is a value of a required field: then only the key
// tells whether it is there.
func (f field) zeroCounts() bool { return f.required && f.min == "0" }

// enum returns the words of an enumeration, or nil.
func enum(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[supervisor.RestartPolicy]():
		return words(supervisor.RestartAlways, supervisor.RestartOnFailure, supervisor.RestartNever)
	case reflect.TypeFor[supervisor.Condition]():
		return words(supervisor.ConditionStarted, supervisor.ConditionReady, supervisor.ConditionCompleted)
	case reflect.TypeFor[supervisor.OnDependencyRestart]():
		return words(supervisor.DependencyRestartIgnore, supervisor.DependencyRestartRestart, supervisor.DependencyRestartStop)
	case reflect.TypeFor[supervisor.URIScheme]():
		return words(supervisor.SchemeHTTP, supervisor.SchemeHTTPS)
	case reflect.TypeFor[supervisor.LogFormat]():
		return words(supervisor.LogRaw, supervisor.LogText, supervisor.LogJSON)
	case reflect.TypeFor[supervisor.KillMode]():
		return words(supervisor.KillMixed, supervisor.KillTree, supervisor.KillGroup, supervisor.KillProcess)
	case reflect.TypeFor[supervisor.ConcurrencyPolicy]():
		return words(supervisor.ConcurrencyForbid, supervisor.ConcurrencyAllow, supervisor.ConcurrencyReplace)
	case reflect.TypeFor[supervisor.IOClass]():
		return words(supervisor.IORealTime, supervisor.IOBestEffort, supervisor.IOIdle)
	case reflect.TypeFor[supervisor.RestartAction]():
		return words(supervisor.RuleRestart, supervisor.RuleFailJob)
	case reflect.TypeFor[supervisor.CodeOperator]():
		return words(supervisor.CodeIn, supervisor.CodeNotIn)
	case reflect.TypeFor[supervisor.ExitPolicy]():
		return words(supervisor.ExitWhenDone, supervisor.ExitNever)
	}
	return nil
}

func words[T ~string](list ...T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}
