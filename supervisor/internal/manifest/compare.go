package manifest

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// A Difference is what one process, or the set as a whole, has otherwise in a newer
// set.
type Difference struct {
	Name string // of the process, a replica by its own; empty: a setting of the whole set
	Kind Kind
	// Fields are the paths of what differs when Kind is Changed, in the order of the
	// fields: env[2].value. They never hold a value.
	Fields []string
	// Restart is true when a life that goes on cannot take over what has changed,
	// because it concerns what is executed.
	Restart bool
}

// Kind tells in which way something differs.
type Kind string

// The kinds.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// The table of what a change of a field of a process means. A path that holds
// another one is looked at more closely. A test compares the table with the fields
// of supervisor.Spec.
var (
	// restartFields are what the child is given.
	restartFields = []string{
		"command", "args", "workingDir", "env", "envFrom", "inheritEnv", "stdin", "tty",
		"readiness.notify", "readiness.fd", "readiness.watchdogSeconds",
		"securityContext", "rlimits", "nice", "ioPriority", "oomScoreAdj", "umask",
	}
	// liveFields are what the manager goes by.
	liveFields = []string{
		"labels", "ports", "restartPolicy", "restartPolicyRules", "restartBackoff", "maxRestarts", "successExitCodes", "essential", "suspend",
		"dependsOn", "onDependencyRestart", "readiness.logPattern", "startupProbe", "livenessProbe", "readinessProbe",
		"activeDeadlineSeconds", "terminationGracePeriodSeconds", "killMode", "lifecycle",
		"schedule", "timeZone", "runOnStart", "concurrencyPolicy", "startingDeadlineSeconds", "jitter",
		"successfulJobsHistoryLimit", "failedJobsHistoryLimit", "resources", "metrics", "log",
	}
	// entryFields make another process, or more of them.
	entryFields = []string{"name", "replicas"}
)

// Compare tells in what two sets differ, replica by replica: first the settings of
// the whole set, then what is gone in the old order, then what is new or changed in
// the new order. Amounts that are written otherwise but are the same do not differ.
// The order of the processes is a setting of the whole set, with the path processes.
// The sets have their defaults and are not changed.
func Compare(old, now *supervisor.Set) []Difference {
	before, after := expanded(old), expanded(now)
	var list []Difference
	if fields := compareSets(old, now, before, after); len(fields) > 0 {
		list = append(list, Difference{Kind: Changed, Fields: fields})
	}
	was, is := byName(before), byName(after)
	for _, s := range before {
		if is[s.Name] == nil {
			list = append(list, Difference{Name: s.Name, Kind: Removed})
		}
	}
	for _, s := range after {
		first := was[s.Name]
		if first == nil {
			list = append(list, Difference{Name: s.Name, Kind: Added})
			continue
		}
		if fields := CompareSpecs(*first, *s); len(fields) > 0 {
			list = append(list, Difference{Name: s.Name, Kind: Changed, Fields: fields, Restart: slices.ContainsFunc(fields, concernsChild)})
		}
	}
	return list
}

// CompareSettings returns the paths of the settings of the whole set that differ, as
// Compare has them under the empty name.
func CompareSettings(old, now *supervisor.Set) []string {
	return compareSets(old, now, expanded(old), expanded(now))
}

// CompareSpecs returns the paths of the fields in which two processes differ.
func CompareSpecs(old, now supervisor.Spec) []string {
	if reflect.DeepEqual(old, now) { // mostly: and many times faster than to build paths
		return nil
	}
	var c comparison
	c.structs("", reflect.ValueOf(old), reflect.ValueOf(now))
	return c.paths
}

func expanded(set *supervisor.Set) []*supervisor.Spec {
	var list []*supervisor.Spec
	for i := range set.Processes {
		replicas := Replicas(set.Processes[i])
		for j := range replicas {
			list = append(list, &replicas[j])
		}
	}
	return list
}

func byName(list []*supervisor.Spec) map[string]*supervisor.Spec {
	m := make(map[string]*supervisor.Spec, len(list))
	for _, s := range list {
		m[s.Name] = s
	}
	return m
}

func compareSets(old, now *supervisor.Set, before, after []*supervisor.Spec) []string {
	var fields []string
	if old.GracePeriod != now.GracePeriod {
		fields = append(fields, "terminationGracePeriodSeconds")
	}
	if old.ExitPolicy != now.ExitPolicy {
		fields = append(fields, "exitPolicy")
	}
	common := func(list []*supervisor.Spec, other map[string]*supervisor.Spec) []string {
		var names []string
		for _, s := range list {
			if other[s.Name] != nil {
				names = append(names, s.Name)
			}
		}
		return names
	}
	if !slices.Equal(common(before, byName(after)), common(after, byName(before))) {
		fields = append(fields, "processes")
	}
	return fields
}

// concernsChild reports whether a path is of something that the child is given.
func concernsChild(path string) bool {
	return slices.ContainsFunc(restartFields, func(field string) bool { return within(path, field) })
}

// within reports whether a path is that of the field or lies under it.
func within(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// A comparison collects the paths of what differs.
type comparison struct{ paths []string }

func (c *comparison) add(path string) { c.paths = append(c.paths, path) }

func (c *comparison) structs(path string, a, b reflect.Value) {
	for _, f := range fields(a.Type()) {
		c.values(join(path, f.name), a.FieldByIndex(f.index), b.FieldByIndex(f.index))
	}
}

func (c *comparison) values(path string, a, b reflect.Value) {
	if a.Kind() == reflect.Pointer {
		if a.IsNil() == b.IsNil() {
			if !a.IsNil() {
				c.values(path, a.Elem(), b.Elem())
			}
			return
		}
		zero := reflect.Zero(a.Type().Elem())
		if !lookedInto(path) {
			c.add(path)
		} else if a.IsNil() {
			c.values(path, zero, b.Elem())
		} else {
			c.values(path, a.Elem(), zero)
		}
		return
	}
	if old, ok := a.Interface().(supervisor.Command); ok {
		c.commands(path, old, b.Interface().(supervisor.Command))
		return
	}
	switch a.Kind() {
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[supervisor.Rlimit]() {
			c.plain(path, a, b)
			return
		}
		c.structs(path, a, b)
	case reflect.Slice:
		c.lists(path, a, b)
	case reflect.Map:
		c.maps(path, a, b)
	default:
		c.plain(path, a, b)
	}
}

// lookedInto reports whether the table tells parts of an object apart, so that its
// parts are named when it comes or goes as a whole.
func lookedInto(path string) bool {
	inner := func(field string) bool { return field != path && within(field, path) }
	return slices.ContainsFunc(restartFields, inner) || slices.ContainsFunc(liveFields, inner)
}

func (c *comparison) plain(path string, a, b reflect.Value) {
	if q, ok := a.Interface().(supervisor.Quantity); ok && sameAmount(q, b.Interface().(supervisor.Quantity)) {
		return
	}
	if a.Interface() != b.Interface() {
		c.add(path)
	}
}

// sameAmount: nothing here is measured in less than thousandths.
func sameAmount(a, b supervisor.Quantity) bool {
	n, err1 := a.Milli()
	m, err2 := b.Milli()
	return err1 == nil && err2 == nil && n == m
}

func (c *comparison) commands(path string, a, b supervisor.Command) {
	if a.Shell != "" || b.Shell != "" || len(a.Argv) == 0 || len(b.Argv) == 0 {
		if a.Shell != b.Shell || !slices.Equal(a.Argv, b.Argv) {
			c.add(path)
		}
		return
	}
	c.lists(path, reflect.ValueOf(a.Argv), reflect.ValueOf(b.Argv))
}

// lists compares item by item; an item that the other list does not have differs as
// a whole.
func (c *comparison) lists(path string, a, b reflect.Value) {
	for i := range max(a.Len(), b.Len()) {
		if at := index(path, i); i < a.Len() && i < b.Len() {
			c.values(at, a.Index(i), b.Index(i))
		} else {
			c.add(at)
		}
	}
}

func (c *comparison) maps(path string, a, b reflect.Value) {
	keys := map[string]bool{}
	for _, m := range []reflect.Value{a, b} {
		for _, key := range m.MapKeys() {
			keys[key.String()] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		key := reflect.ValueOf(name)
		if old, now := a.MapIndex(key), b.MapIndex(key); old.IsValid() && now.IsValid() {
			c.values(join(path, name), old, now)
		} else {
			c.add(join(path, name))
		}
	}
}

// NeedsRestart reports whether one of the fields, as CompareSpecs returns them, concerns
// what is executed.
func NeedsRestart(fields []string) bool { return slices.ContainsFunc(fields, concernsChild) }
