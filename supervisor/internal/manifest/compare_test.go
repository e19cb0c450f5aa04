package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// filled sets every field of a value to something that is not zero; lists and maps
// get one item.
func filled(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[supervisor.Command]() {
			v.Set(reflect.ValueOf(supervisor.Command{Argv: []string{"x"}}))
			return
		}
		for _, field := range v.Fields() {
			filled(field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		filled(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		item := reflect.New(v.Type().Elem()).Elem()
		filled(item)
		v.SetMapIndex(reflect.ValueOf("k"), item)
	default:
		other(v)
	}
}

// other gives a plain value another value.
func other(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "1") // of a quantity too
	case v.CanInt():
		v.SetInt(v.Int() + 1)
	case v.CanUint():
		v.SetUint(v.Uint() + 1)
	default:
		v.SetFloat(v.Float() + 1)
	}
}

// A leaf is a plain value somewhere in a spec.
type leaf struct {
	path   string
	change func()
}

func leaves(path string, v reflect.Value, change func(reflect.Value)) []leaf {
	here := leaf{path, func() { change(v) }}
	switch v.Kind() {
	case reflect.Pointer:
		return leaves(path, v.Elem(), change)
	case reflect.Slice:
		return leaves(path+"[0]", v.Index(0), change)
	case reflect.Map:
		key := reflect.ValueOf("k")
		item := reflect.New(v.Type().Elem()).Elem()
		item.Set(v.MapIndex(key))
		return leaves(path+".k", item, func(i reflect.Value) {
			change(i)
			v.SetMapIndex(key, item)
		})
	case reflect.Struct:
		switch v.Type() {
		case reflect.TypeFor[supervisor.Command]():
			return leaves(path, v.FieldByName("Argv"), change)
		case reflect.TypeFor[supervisor.Rlimit]():
			soft, hard := v.FieldByName("Soft"), v.FieldByName("Hard")
			return append(leaves(path, soft, func(reflect.Value) { change(soft) }), leaves(path, hard, func(reflect.Value) { change(hard) })...)
		}
		var list []leaf
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			// A map's items are copies: what changes within is changed and put back.
			list = append(list, leaves(join(path, name), v.Field(i), change)...)
		}
		return list
	}
	return []leaf{here}
}

func fullSpec() *supervisor.Spec {
	var s supervisor.Spec
	filled(reflect.ValueOf(&s).Elem())
	return &s
}

// Each field, however deep, that is changed alone is found, and nothing else is: a
// new field cannot be forgotten.
func TestEachFieldIsCompared(t *testing.T) {
	count := len(leaves("", reflect.ValueOf(fullSpec()), other))
	if count < 120 {
		t.Fatalf("only %d values were found: the test has lost sight of the fields", count)
	}
	for i := range count {
		spec := fullSpec()
		l := leaves("", reflect.ValueOf(spec), other)[i]
		if got := CompareSpecs(*spec, *fullSpec()); len(got) > 0 {
			t.Fatalf("two specs that are the same differ in %q", got)
		}
		l.change()
		want := l.path
		if got := CompareSpecs(*spec, *fullSpec()); !slices.Equal(got, []string{want}) {
			t.Errorf("%s was changed, and %q differs", want, got)
		}
	}
}

// Each field that comes or goes is found.
func TestEachFieldComesAndGoes(t *testing.T) {
	typ := reflect.TypeFor[supervisor.Spec]()
	for i, f := range fields(typ) {
		spec := fullSpec()
		reflect.ValueOf(spec).Elem().Field(i).SetZero()
		for _, paths := range [][]string{CompareSpecs(*spec, *fullSpec()), CompareSpecs(*fullSpec(), *spec)} {
			if len(paths) == 0 || slices.ContainsFunc(paths, func(p string) bool { return !within(p, f.name) }) {
				t.Errorf("%s has come or gone, and %q differs", f.name, paths)
			}
		}
	}
}

// The table says of each field what its change means, once.
func TestEachFieldIsInTheTable(t *testing.T) {
	all := slices.Concat(restartFields, liveFields, entryFields)
	var check func(path string, typ reflect.Type)
	check = func(path string, typ reflect.Type) {
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		n := 0
		for _, field := range all {
			if field == path {
				n++
			}
		}
		deeper := slices.ContainsFunc(all, func(field string) bool { return field != path && within(field, path) })
		switch {
		case n == 1 && !deeper:
		case n == 0 && deeper:
			for _, f := range fields(typ) {
				check(join(path, f.name), f.typ)
			}
		default:
			t.Errorf("%s is %d times in restartFields, liveFields and entryFields: want once, there or by its parts", path, n)
		}
	}
	for _, f := range fields(reflect.TypeFor[supervisor.Spec]()) {
		check(f.name, f.typ)
	}
	spec := fullSpec()
	for _, field := range all {
		if !slices.ContainsFunc(leaves("", reflect.ValueOf(spec), other), func(l leaf) bool { return within(l.path, field) }) {
			t.Errorf("the table has %s, and there is no such field", field)
		}
	}
}

func set2(t *testing.T, processes string) *supervisor.Set {
	t.Helper()
	s, err := Parse([]File{{"x", []byte(header + "spec:\n" + processes)}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompare(t *testing.T) {
	const web, db = "  - {name: web, command: [w]}\n", "  - {name: db, command: [d]}\n"
	tests := []struct {
		story, old, now string
		want            []string
	}{
		{"the same", "  processes:\n" + web + db, "  processes:\n" + web + db, nil},
		{"T61 a rename is remove and add", "  processes:\n" + web, "  processes:\n" + db, []string{"removed web", "added db"}},
		{"another order", "  processes:\n" + web + db, "  processes:\n" + db + web, []string{"changed  processes"}},
		{
			"settings of the whole", "  processes: []\n", "  exitPolicy: Never\n  terminationGracePeriodSeconds: 5\n  processes: []\n",
			[]string{"changed  terminationGracePeriodSeconds exitPolicy"},
		},
		{
			"what the child is given", "  processes:\n" + web, "  processes:\n  - {name: web, command: [w, x], env: [{name: A}], umask: \"022\"}\n",
			[]string{"changed! web command[1] env[0] umask"},
		},
		{
			"what the manager goes by", "  processes:\n" + web, "  processes:\n  - {name: web, command: [w], essential: true, livenessProbe: {tcpSocket: {port: 1}}, labels: {a: b}}\n",
			[]string{"changed web labels.a essential livenessProbe"},
		},
		{
			"readiness by a line is the manager's, by a descriptor the child's", "  processes:\n  - {name: a, command: [x], readiness: {logPattern: one}}\n" + web,
			"  processes:\n  - {name: a, command: [x], readiness: {logPattern: two}}\n  - {name: web, command: [w], readiness: {fd: 3}}\n",
			[]string{"changed a readiness.logPattern", "changed! web readiness.fd"},
		},
		{
			"a watchdog more", "  processes:\n  - {name: a, command: [x], readiness: {notify: true}}\n",
			"  processes:\n  - {name: a, command: [x], readiness: {notify: true, watchdogSeconds: 5}}\n",
			[]string{"changed! a readiness.watchdogSeconds"},
		},
		{
			"one replica more", "  processes:\n  - {name: web, command: [w], replicas: 2}\n", "  processes:\n  - {name: web, command: [w], replicas: 3}\n",
			[]string{"added web-2"},
		},
		{"replicas for the first time", "  processes:\n" + web, "  processes:\n  - {name: web, command: [w], replicas: 1}\n", []string{"removed web", "added web-0"}},
		{"none left", "  processes:\n  - {name: web, command: [w], replicas: 1}\n", "  processes:\n  - {name: web, command: [w], replicas: 0}\n", []string{"removed web-0"}},
		{
			"the same amount", "  processes:\n  - {name: a, command: [x], resources: {limits: {cpu: 1, memory: 1Gi}}}\n",
			"  processes:\n  - {name: a, command: [x], resources: {limits: {cpu: 1000m, memory: 1024Mi}}}\n", nil,
		},
		{"a default written out", "  processes:\n" + web, "  processes:\n  - {name: web, command: [w], inheritEnv: true, restartPolicy: Always}\n", nil},
	}
	for _, tt := range tests {
		var got []string
		for _, d := range Compare(set2(t, tt.old), set2(t, tt.now)) {
			restart := ""
			if d.Restart {
				restart = "!"
			}
			got = append(got, strings.TrimSuffix(fmt.Sprintf("%s%s %s %s", d.Kind, restart, d.Name, strings.Join(d.Fields, " ")), " "))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.story, diff)
		}
	}
}

// A set never differs from itself, and what is added one way is removed the other.
func TestCompareIsFair(t *testing.T) {
	draw := func(t *rapid.T, label string) *supervisor.Set {
		set := &supervisor.Set{GracePeriod: time.Duration(rapid.IntRange(0, 1).Draw(t, label+" grace"))}
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID[string]).Draw(t, label)
		for _, name := range names {
			spec := drawSpec(t)
			spec.Name = name
			if rapid.Bool().Draw(t, "replicated") {
				n := rapid.IntRange(0, 3).Draw(t, "replicas")
				spec.Replicas = &n
			}
			set.Processes = append(set.Processes, spec)
		}
		return set
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		if d := Compare(a, a); len(d) > 0 {
			t.Fatalf("a set differs from itself: %+v", d)
		}
		count := func(list []Difference, kind Kind) (n int) {
			for _, d := range list {
				if d.Kind == kind {
					n++
				}
			}
			return n
		}
		there, back := Compare(a, b), Compare(b, a)
		if count(there, Added) != count(back, Removed) || count(there, Removed) != count(back, Added) || count(there, Changed) != count(back, Changed) {
			t.Fatalf("there %+v, back %+v", there, back)
		}
	})
}

func BenchmarkCompare1000(b *testing.B) {
	var set supervisor.Set
	for i := range 1000 {
		spec := fullSpec()
		spec.Name, spec.Replicas = fmt.Sprint(i), nil
		set.Processes = append(set.Processes, *spec)
	}
	b.ReportAllocs()
	for b.Loop() {
		if d := Compare(&set, &set); len(d) > 0 {
			b.Fatal(d)
		}
	}
}
