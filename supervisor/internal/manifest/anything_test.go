package manifest

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

// anything is what a person may write where something else is wanted.
var anything = []string{
	"null", "true", "0", "-0.0", "-1", "1", "1.5", "1e3", "1e30", "010", "18446744073709551616", `""`, "x", `"5"`, `"-0"`, `"\u0000"`, "1s", "-1s", "/x", "NaN",
	"[]", "[null]", "[[]]", "[x]", "[1]", "{}", "{a: b}", "{a: 1}", "{soft: 1, hard: 2}", "{soft: null, hard: x}", "{name: x}", "{path: /x}", "{port: x}",
}

// Whatever is written at whatever field, it is taken or refused with a path: no value
// goes past the walk that the decoder behind it cannot read, and what is taken holds.
func TestAnythingAtAnyField(t *testing.T) {
	count := 0
	seen := map[reflect.Type]bool{} // a probe is a probe
	var visit func(typ reflect.Type, wrap func(inner string) string)
	visit = func(typ reflect.Type, wrap func(inner string) string) {
		for _, value := range anything {
			count++
			text := header + "spec: {processes: [{name: a, command: [x], " + wrap(value) + "}]}\n"
			set, err := Parse([]File{{"x", []byte(text)}})
			switch {
			case err != nil && strings.Contains(err.Error(), ": cannot be read: "):
				t.Errorf("%s: %v", wrap(value), err)
			case err == nil:
				for _, spec := range set.Processes {
					if err := CheckSpec(spec); err != nil {
						t.Errorf("%s was taken: %v", wrap(value), err)
					}
					if again, err := reread(spec); err != nil || len(CompareSpecs(spec, again)) > 0 {
						t.Errorf("%s was taken, and is not the same when written and read again: %v, %q", wrap(value), err, CompareSpecs(spec, again))
					}
				}
			}
		}
		switch typ.Kind() {
		case reflect.Pointer:
			visit(typ.Elem(), wrap)
		case reflect.Slice:
			visit(typ.Elem(), func(inner string) string { return wrap("[" + inner + "]") })
		case reflect.Map:
			visit(typ.Elem(), func(inner string) string { return wrap("{nofile: " + inner + "}") })
		case reflect.Struct:
			if typ == reflect.TypeFor[supervisor.Command]() || typ == reflect.TypeFor[supervisor.Rlimit]() || seen[typ] {
				return
			}
			seen[typ] = true
			for _, f := range fields(typ) {
				visit(f.typ, func(inner string) string { return wrap("{" + f.name + ": " + inner + "}") })
			}
		}
	}
	for _, f := range fields(reflect.TypeFor[supervisor.Spec]()) {
		if f.name != "name" && f.name != "command" {
			visit(f.typ, func(inner string) string { return f.name + ": " + inner })
		}
	}
	if count < 5000 {
		t.Errorf("only %d texts were tried: the test has lost sight of the fields", count)
	}
}

// reread writes a spec as JSON and reads it as strictly as a manifest.
func reread(spec supervisor.Spec) (supervisor.Spec, error) {
	var raw map[string]any
	if err := decode(spec, &raw); err != nil {
		return supervisor.Spec{}, err
	}
	var again supervisor.Spec
	err := decode(maps.Clone(raw), &again)
	return again, err
}
