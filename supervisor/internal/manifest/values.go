package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor"
)

// values checks what the tags and types of a struct say of its values: required,
// min, max, the words of enumerations, and that text is text. The zero value of a
// field that is not required means that it is absent.
func (r *report) values(path string, v reflect.Value) {
	for _, f := range fields(v.Type()) {
		value := v.FieldByIndex(f.index)
		switch {
		case !value.IsZero():
			r.value(join(path, f.name), value, f)
		case f.required && !f.zeroCounts():
			r.addf(join(path, f.name), "it is required")
		}
	}
	r.object(path, v.Interface())
}

func (r *report) value(path string, v reflect.Value, f field) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if r.scalar(path, v.Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		r.values(path, v)
	case reflect.Slice:
		for i := range v.Len() {
			r.value(index(path, i), v.Index(i), f)
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			key := iter.Key().String()
			r.plainText(join(path, printable(key)), key)
			r.value(join(path, printable(key)), iter.Value(), f)
		}
	case reflect.String:
		if allowed := enum(v.Type()); allowed == nil {
			r.plainText(path, v.String())
		} else if word := v.String(); word != "" && !slices.Contains(allowed, word) {
			r.addf(path, "%q is not one of %s%s", shorten(word), strings.Join(allowed, ", "), suggest(word, allowed))
		}
	default:
		r.bounds(path, v, f)
	}
}

// scalar checks a value of a type that has a JSON form of its own, and reports
// whether it is one.
func (r *report) scalar(path string, v any) bool {
	switch v := v.(type) {
	case supervisor.Command:
		r.plainText(path, v.Shell)
		for i, arg := range v.Argv {
			r.plainText(index(path, i), arg)
		}
		r.program(path, v)
	case supervisor.ID:
		r.id(path, v)
	case supervisor.PortRef:
		r.portRef(path, v)
	case supervisor.Quantity:
		if _, err := v.Value(); err != nil {
			r.addf(path, "%s", supervisor.WithoutKind(err))
		}
	case supervisor.Umask:
		if v > maxUmask {
			r.addf(path, "%s is no umask: want \"0000\" to \"0777\"", v)
		}
	case supervisor.Rlimit:
		if v.Soft > v.Hard {
			r.addf(path, "soft is more than hard")
		}
	default:
		return false
	}
	return true
}

// bounds compares numbers and durations with the tags min and max.
func (r *report) bounds(path string, v reflect.Value, f field) {
	if f.min == "" && f.max == "" {
		return
	}
	var got float64
	shown := fmt.Sprint(v.Interface())
	if d, ok := v.Interface().(supervisor.Duration); ok {
		got, shown = float64(d), time.Duration(d).String()
	} else if v.CanInt() {
		got = float64(v.Int())
	} else {
		got = v.Float()
	}
	// Written this way round so that NaN is outside.
	if !(got >= bound(f.min) && got <= bound(f.max)) {
		r.addf(path, "%s is out of range: want %s to %s", shown, f.min, f.max)
	}
}

// bound reads the text of a tag: a number or a duration.
func bound(text string) float64 {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic("manifest: bad min or max tag " + text) // a test reads all of them
	}
	return float64(d)
}

// maxString is the kernel's limit for one argument or variable, with its end.
const maxString = 128<<10 - 1

func (r *report) plainText(path, text string) {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		r.addf(path, "it holds a NUL byte, which no argument or variable can")
	case !utf8.ValidString(text):
		r.addf(path, "it is not valid UTF-8")
	case len(text) > maxString:
		r.addf(path, "it is %d bytes long; Linux passes at most %d", len(text), maxString)
	}
}
