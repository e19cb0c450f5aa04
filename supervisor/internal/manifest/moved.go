package manifest

import (
	"maps"
	"strings"
)

// renumber follows the items of a list of which some are gone; were are the numbers that
// those which are left had before.
func (r *report) renumber(at string, were []int) {
	all, before, after := r.movedIn(at), map[string]place{}, map[string]place{}
	numbers := map[string]int{}
	for now, was := range were {
		old, is := index(at, was), index(at, now)
		numbers[old] = now
		if from, ok := r.resolve(old); ok {
			after[is] = from
		} else if now != was {
			after[is] = place{r, old, 0}
		}
	}
	for path, from := range all {
		if !strings.HasPrefix(path, at+"[") {
			continue
		}
		before[path] = from
		end := len(at) + strings.IndexByte(path[len(at):], ']') + 1
		if now, left := numbers[path[:end]]; left && end < len(path) {
			after[index(at, now)+path[end:]] = from
		}
	}
	maps.DeleteFunc(all, func(path string, _ place) bool { _, ok := before[path]; return ok })
	maps.Copy(all, after)
}

// movedIn is the part of moved that a path belongs to: that of its process, or of all that
// is in none.
func (r *report) movedIn(path string) map[string]place {
	process := path[:strings.IndexByte(path, ']')+1]
	if !strings.HasPrefix(process, "spec.processes[") {
		process = ""
	}
	if r.moved == nil {
		r.moved = map[string]map[string]place{}
	}
	if r.moved[process] == nil {
		r.moved[process] = map[string]place{}
	}
	return r.moved[process]
}

// asLog is a log as an object: true and false stand for one.
func asLog(v any) any {
	if file, ok := v.(bool); ok {
		return map[string]any{"file": file}
	}
	return v
}

// lastField is the field that a path ends in, without the number of an item.
func lastField(path string) string {
	if i := strings.LastIndexByte(path, '['); i >= 0 && strings.HasSuffix(path, "]") {
		path = path[:i]
	}
	return path[strings.LastIndexByte(path, '.')+1:]
}

// A place is one in the text of a document.
type place struct {
	report *report
	path   string
	write  int // the later of two holds; 0: it is where it was, under another number
}

// resolve finds where the text is that the value at a path came from: what was written
// last of it or of what it is in.
func (r *report) resolve(path string) (last place, found bool) {
	for p := path; r.moved != nil; {
		if from, ok := r.movedIn(p)[p]; ok && (!found || from.write > last.write) {
			last, found = place{from.report, from.path + path[len(p):], from.write}, true
		}
		i := strings.LastIndexAny(p, ".[")
		if i < 0 {
			return last, found
		}
		p = p[:i]
	}
	return last, found
}

// movedTo finds where the text is that the value at a path came from; nil: where it
// seems to be.
func (r *report) movedTo(path string) (to *report, at string) {
	last, _ := r.resolve(path)
	return last.report, last.path
}

// writerOf finds the patch that has written a field of an object, and the object's place in
// it; nil: the object is where it seems to be, field and all.
func (r *report) writerOf(at, field string) (to *report, object string) {
	to, path := r.movedTo(join(at, field))
	object, whole := strings.CutSuffix(path, "."+field)
	if to == r || !whole {
		return nil, ""
	}
	return to, object
}

// listed is one item of spec.processes.
type listed struct {
	at   string
	own  map[string]any
	gone bool // a patch has deleted it
}

// takenAway reports whether a patch has null for a value of the whole set.
func (d *parsedDocument) takenAway(field string) bool {
	value, given := d.settings[field]
	return d.patch && given && value == nil
}
