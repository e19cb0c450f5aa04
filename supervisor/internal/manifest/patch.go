package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A patch is a document that changes what the documents before it say, as kubectl's
// strategic merge does:
//
//	objects                        merge key by key
//	null                           takes the key away, so that its default holds
//	env, dependsOn, ports          merge item by item: by name, ports by containerPort
//	other lists, and values        replace
//	$patch: delete                 in a process, or an item that merges: takes it away
//	$patch: replace                in an object: takes the place of the whole; as an item of
//	                               its own in a list that merges: of the whole list
//	another probe action, hook,    takes the place of the one before, as with defaults;
//	signal, source or I/O class    so does a value that of valueFrom
//
// A process is found by its name. What is wrong with the result is reported where the
// text is that it came from: the report of the patched document hands on what is said
// of a place that the patch has written (see [report.moved]).

// directive is the key of an order about the object that it is in.
const directive = "$patch"

const (
	patchDelete  = "delete"
	patchReplace = "replace"
)

// walkPatch keeps what only a patch may hold at a key, null and the directive; false:
// it is a value as any other.
func (r *report) walkPatch(path, key string, value any, out map[string]any) bool {
	switch {
	case !r.patch:
		return false
	case key == directive:
		if field := lastField(path); value == patchDelete && strings.HasSuffix(path, "]") && field != "processes" && keys[field] == "" {
			out[key] = value // so that nothing else is said of the item
			r.addf(join(path, key), "the items of %s have no names to be found by: a patch replaces the whole list", field)
		} else if value == patchDelete || value == patchReplace {
			out[key] = value
			return true
		}
		got := describe(value)
		if word, ok := value.(string); ok {
			got = strconv.Quote(shorten(word))
		}
		r.addf(join(path, key), "want %s or %s, got %s", patchDelete, patchReplace, got)
		return true
	case value == nil:
		out[key] = nil
		return true
	}
	return false
}

// readPatch takes the checked values of a patch; processes need a name to be found by.
func (d *parsedDocument) readPatch(object, spec map[string]any) {
	for _, at := range []struct {
		path   string
		object map[string]any
	}{{"", object}, {"spec", spec}} {
		if _, given := at.object[directive]; given {
			d.report.addf(join(at.path, directive), "it has no meaning here: want it in a process, or in an object or item of one")
		}
	}
	shared, given := spec["defaults"]
	d.shared, _ = shared.(map[string]any)
	d.noDefaults = given && (shared == nil || d.shared[directive] == patchDelete)
	if d.noDefaults {
		d.shared = nil
	}
	list, _ := spec["processes"].([]any)
	if _, empty := spec["processes"]; empty && list == nil {
		d.report.addf("spec.processes", "a patch cannot take all processes away at once: want a list, of processes with $patch: delete for one")
	}
	seen := map[string]bool{}
	for i, item := range list {
		own, _ := item.(map[string]any)
		at := index("spec.processes", i)
		name, _ := own["name"].(string)
		switch {
		case name == "":
			d.report.addf(join(at, "name"), "it is required: the name of the process that is patched")
			continue
		case seen[name]:
			d.report.addf(join(at, "name"), "%q is patched by this document already", shorten(name))
		}
		seen[name] = true
		d.list = append(d.list, listed{at: at, own: own})
	}
}

// applyPatches changes the documents before each patch.
func applyPatches(docs []*parsedDocument) {
	t := targets{byName: map[string][]target{}}
	for _, d := range docs {
		switch {
		case !d.patch:
			t.add(d)
		case len(t.docs) == 0:
			d.report.addf("kind", "there is no %s before this patch: documents count in the order of file name and document, so give it a later name", kind)
		default:
			t.patch(d)
		}
	}
	for _, d := range t.docs {
		d.list = slices.DeleteFunc(d.list, func(p listed) bool { return p.gone })
	}
}

// targets are the documents that a patch may change, and their processes by name.
type targets struct {
	docs   []*parsedDocument
	names  []string
	byName map[string][]target // more than one is an error, which is told elsewhere
}

type target struct {
	doc     *parsedDocument
	process *listed
}

func (t *targets) add(d *parsedDocument) {
	t.docs = append(t.docs, d)
	for i := range d.list {
		name, _ := d.list[i].own["name"].(string)
		t.names = append(t.names, name)
		t.byName[name] = append(t.byName[name], target{d, &d.list[i]})
	}
}

func (t *targets) patch(d *parsedDocument) {
	for _, b := range t.docs {
		if d.noDefaults {
			b.shared = nil
		}
		if d.shared != nil {
			m := merging{from: d.report, into: b.report}
			b.shared = m.object(b.shared, d.shared, "spec.defaults", "spec.defaults")
		}
	}
	s := speller{known: t.names}
	for _, p := range d.list {
		name, _ := p.own["name"].(string)
		found, known := t.byName[name]
		if len(found) == 0 {
			if known {
				d.report.addf(join(p.at, "name"), "a patch before this one has deleted the process %q", shorten(name))
				continue
			}
			d.report.addf(join(p.at, "name"), "there is no process %q before this patch%s", shorten(name), s.suggest(name))
			continue
		}
		if b := found[0]; p.own[directive] == patchDelete {
			b.process.gone, t.byName[name] = true, found[1:]
		} else {
			m := merging{from: d.report, into: b.doc.report}
			b.process.own = m.object(b.process.own, p.own, b.process.at, p.at)
		}
	}
}

// merging puts values of one document into another, and notes where each came from.
type merging struct{ from, into *report }

// moved notes that what is at a path of the patched document came from the patch.
func (m *merging) moved(at, source string) {
	m.into.writes++
	m.into.movedIn(at)[at] = place{m.from, source, m.into.writes}
}

// ways are the keys of which an object has one: with one of them a patch takes the
// place of the others.
var ways = map[string][]string{
	"startupProbe": probeActions, "livenessProbe": probeActions, "readinessProbe": probeActions,
	"postStart": hookActions, "preStop": hookActions, "postStop": hookActions,
	"readiness": {"notify", "fd", "logPattern"}, "env": {"value", "valueFrom"}, "valueFrom": {"fieldRef", "fileKeyRef"},
}

// keys are what the items of lists merge by.
var keys = map[string]string{"env": "name", "dependsOn": "name", "ports": "containerPort"}

// object lays a patch over an object; both stay as they are.
func (m *merging) object(under, over map[string]any, at, source string) map[string]any {
	if over[directive] == patchReplace {
		m.moved(at, source)
		return m.freshObject(over, at, source)
	}
	out := maps.Clone(under)
	if out == nil {
		out = map[string]any{}
	}
	field := lastField(at)
	if given := func(way string) bool { return over[way] != nil }; slices.ContainsFunc(ways[field], given) {
		for _, way := range ways[field] {
			if !given(way) {
				delete(out, way)
			}
		}
	}
	if field == "ioPriority" && over["class"] != nil {
		delete(out, "level")
	}
	for _, key := range slices.Sorted(maps.Keys(over)) {
		value, here, there := over[key], join(at, printable(key)), join(source, printable(key))
		if key == "log" {
			value, out[key] = asLog(value), asLog(out[key])
		}
		switch value := value.(type) {
		case nil:
			m.moved(here, there)
			delete(out, key)
			continue
		case map[string]any:
			if value[directive] == patchDelete {
				m.moved(here, there)
				delete(out, key)
				continue
			}
			if lower, ok := out[key].(map[string]any); ok {
				out[key] = m.object(lower, value, here, there)
				continue
			}
		case []any:
			if lower, _ := out[key].([]any); keys[key] != "" {
				out[key] = m.items(lower, value, keys[key], here, there)
				continue
			}
		}
		if key == directive {
			continue
		}
		m.moved(here, there)
		out[key], _ = m.fresh(value, here, there)
	}
	return out
}

// items lays a list over another, item by item; what is new comes behind.
func (m *merging) items(under, over []any, key, at, source string) []any {
	for i, item := range over {
		switch patch, _ := item.(map[string]any); {
		case patch[directive] == nil || patch[key] != nil:
		case patch[directive] == patchReplace && len(patch) == 1:
			m.moved(at, source)
			return m.freshList(over, at, source)
		default:
			m.from.addf(join(index(source, i), key), "it is required beside %s: it says which item is meant", directive)
		}
	}
	gone := map[string]bool{}
	for _, item := range over {
		if patch, _ := item.(map[string]any); patch[directive] == patchDelete && patch[key] != nil {
			gone[fmt.Sprint(patch[key])] = true
		}
	}
	out := []any{}
	var were []int            // their numbers before
	known := map[string]int{} // of several the last one is in force
	for i, item := range under {
		object, _ := item.(map[string]any)
		id := fmt.Sprint(object[key])
		if object[key] != nil && gone[id] {
			continue
		}
		if object[key] != nil {
			known[id] = len(out)
		}
		out, were = append(out, item), append(were, i)
	}
	if len(out) != len(under) {
		m.into.renumber(at, were)
	}
	for i, item := range over {
		patch, _ := item.(map[string]any)
		if patch[directive] == patchDelete {
			continue
		}
		there := index(source, i)
		if found, ok := known[fmt.Sprint(patch[key])]; ok && patch[key] != nil {
			object, _ := out[found].(map[string]any)
			out[found] = m.object(object, patch, index(at, found), there)
			continue
		}
		here := index(at, len(out))
		m.moved(here, there)
		clean, _ := m.fresh(item, here, there)
		out = append(out, clean)
	}
	return out
}

// fresh is a value where there was none: what a patch orders in it is carried out upon
// itself, and null is as good as absent. False: nothing is left.
func (m *merging) fresh(v any, at, source string) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case map[string]any:
		if v[directive] == patchDelete {
			return nil, false
		}
		return m.freshObject(v, at, source), true
	case []any:
		return m.freshList(v, at, source), true
	}
	return v, true
}

func (m *merging) freshObject(object map[string]any, at, source string) map[string]any {
	out := make(map[string]any, len(object))
	for key, value := range object {
		if key == directive {
			continue
		}
		here, there := join(at, printable(key)), join(source, printable(key))
		if list, ok := value.([]any); ok && keys[key] != "" {
			out[key] = m.items(nil, list, keys[key], here, there)
		} else if clean, ok := m.fresh(value, here, there); ok {
			out[key] = clean
		}
	}
	return out
}

// freshList is a list that merges with nothing: both the order to replace another and what
// is to be deleted are no part of it.
func (m *merging) freshList(list []any, at, source string) []any {
	out := make([]any, 0, len(list))
	for i, item := range list {
		patch, _ := item.(map[string]any)
		if patch[directive] == patchDelete || patch[directive] == patchReplace && len(patch) == 1 {
			continue
		}
		here, there := index(at, len(out)), index(source, i)
		if len(out) != i {
			m.moved(here, there)
		}
		clean, _ := m.fresh(item, here, there)
		out = append(out, clean)
	}
	return out
}
