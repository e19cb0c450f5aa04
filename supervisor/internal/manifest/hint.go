package manifest

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// elsewhere names the fields of t that have a field of that name: of who has written it one
// level too high. "" when there is none, or when it may mean too many.
func elsewhere(t reflect.Type, key string) string {
	var below []string
	for _, f := range fields(t) {
		typ := f.typ
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Struct && slices.ContainsFunc(fields(typ), func(f field) bool { return f.name == key }) {
			below = append(below, f.name)
		}
	}
	if len(below) == 0 || len(below) > 3 {
		return ""
	}
	slices.Sort(below)
	return ": it belongs under " + alternatives(below)
}

// alternatives writes "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// sample is what an object looks like that has a name: ", such as {name: NAME}".
func sample(t reflect.Type) string {
	if t.Kind() != reflect.Struct || !slices.ContainsFunc(fields(t), func(f field) bool { return f.name == "name" && f.required }) {
		return ""
	}
	if slices.ContainsFunc(fields(t), func(f field) bool { return f.name == "value" }) {
		return "{name: NAME, value: TEXT}"
	}
	return "{name: NAME}"
}

// wantsSample adds a sample to what is wanted, if there is one.
func wantsSample(want, sample string) string {
	if sample == "" {
		return want
	}
	return want + ", such as " + sample
}

// hasUnit reports whether a text is a number with a unit behind it.
func hasUnit(text string) bool {
	unit := strings.TrimLeft(text, "0123456789")
	return unit != text && unit != "" && strings.IndexFunc(unit, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}
