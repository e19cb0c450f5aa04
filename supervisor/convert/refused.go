package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// What the manifest does not take is left out and told. Readers do not ask what it takes
// (how a variable may be called, what can be a user): the manifest's own parser says so
// of the whole text, and by the path of what it refuses it is found and taken out here.
//
//	What is refused                            What becomes of it
//	the command or an argument                 the process is left out
//	as whom or when it runs (safeguards)       that is left out, and the process is suspended
//	an item of a list, or something in one     the item is left out
//	a part of another program's command        what would run it is left out
//	anything else                              the field is left out
//
// Leaving something out may leave something that is refused in turn, such as a probe
// without an action; so it is done again until nothing is.

// safeguards are the fields without which a process would do harm.
var safeguards = []string{"securityContext", "schedule", "timeZone"}

// maxPasses is more than a value lies deep.
const maxPasses = 12

// accepted writes the manifest, without what its parser refuses.
func (d *draft) accepted() ([]byte, error) {
	for pass := 0; ; pass++ {
		text := d.render()
		_, err := manifest.Parse([]manifest.File{{Name: "the manifest", Data: text}})
		if err == nil {
			return text, nil
		}
		if pass == maxPasses || !d.leaveOut(err) {
			return nil, &Error{File: d.file, Text: fmt.Sprintf("what it would become is refused: %v", err)}
		}
	}
}

// leaveOut takes out what an error of the parser is about; false: there was nothing.
func (d *draft) leaveOut(err error) (some bool) {
	var all manifest.Errors
	if !errors.As(err, &all) {
		return false
	}
	const shared = -1
	refused := map[int][]*manifest.FieldError{}
	for _, err := range all {
		var e *manifest.FieldError
		if !errors.As(err, &e) {
			continue
		}
		if path, ok := strings.CutPrefix(e.Path, "spec.defaults."); ok {
			refused[shared] = append(refused[shared], &manifest.FieldError{Path: path, Message: e.Message})
			continue
		}
		rest, _ := strings.CutPrefix(e.Path, "spec.processes[")
		number, path, ok := strings.Cut(rest, "].")
		if i, err := strconv.Atoi(number); ok && err == nil && i < len(d.processes) {
			refused[i] = append(refused[i], &manifest.FieldError{Path: path, Message: e.Message})
		}
	}
	if list := refused[shared]; list != nil {
		some = d.leaveOutOfDefaults(list)
	}
	var left []*process
	for i, p := range d.processes {
		keep := true
		if list := refused[i]; list != nil {
			var changed bool
			changed, keep = d.leaveOutOf(p, list)
			some = some || changed
		}
		if keep {
			left = append(left, p)
		}
	}
	d.processes = left
	return some
}

func (d *draft) leaveOutOfDefaults(refused []*manifest.FieldError) bool {
	spec, taken := without(d.defaults, refused)
	d.defaults = spec
	for _, t := range taken {
		end := ""
		if slices.Contains(safeguards, t.field) {
			end = ", and every process is suspended: say it in another way, and remove suspend"
			for _, p := range d.processes {
				p.spec.Suspend = true
			}
		}
		d.note(Lost, d.show(d.file), 0, t.name, "%s: it is left out%s", t.why, end)
	}
	return len(taken) > 0
}

// leaveOutOf reports whether something was taken, and whether the process can be kept.
func (d *draft) leaveOutOf(p *process, refused []*manifest.FieldError) (some, keep bool) {
	for _, e := range refused {
		if field := fieldOf(e.Path); field == "command" || field == "args" {
			d.note(Lost, d.show(p.file), p.line, "process "+p.spec.Name, "%s: %s: it is left out; add a process with a command that can be run", e.Path, e.Message)
			return true, false
		}
	}
	spec, taken := without(p.spec, refused)
	p.spec = spec
	for _, t := range taken {
		end := ""
		if slices.Contains(safeguards, t.field) {
			p.spec.Suspend = true
			end = ", and the process is suspended: say it in another way, and remove suspend"
		}
		p.notes = append(p.notes, Note{Kind: Lost, File: d.show(p.file), Line: p.line, Key: t.name, Text: t.why + ": it is left out" + end})
	}
	return len(taken) > 0, true
}

// fieldOf is the field of a spec that a path begins with.
func fieldOf(path string) string {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return path
}

// Something taken is one value that was taken out of a spec.
type taken struct {
	field string // of the spec, in which it was
	name  string // for people
	why   string
}

// gone stands for an item that is taken out of a list when all are.
type gone struct{}

// without is the spec without the smallest values that have to go, and which they were.
func without(spec supervisor.Spec, refused []*manifest.FieldError) (supervisor.Spec, []taken) {
	text, err := json.Marshal(spec)
	if err != nil {
		return spec, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var whole map[string]any
	if err := dec.Decode(&whole); err != nil {
		return spec, nil
	}
	var list []taken
	for _, e := range refused {
		if name, ok := take(whole, e.Path); ok {
			list = append(list, taken{field: fieldOf(e.Path), name: name, why: e.Message})
		}
	}
	if len(list) == 0 {
		return spec, nil
	}
	var out supervisor.Spec
	if text, err = json.Marshal(swept(whole)); err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return spec, nil
	}
	return out, list
}

// A place is where a value lies: a key of an object, or an item of a list.
type place struct {
	object map[string]any
	key    string
	list   []any
	index  int
	path   string // up to and with it
}

func (p place) value() any {
	if p.list != nil {
		return p.list[p.index]
	}
	return p.object[p.key]
}

// take takes out what a path leads to, see the table above. Of a path whose end is not
// there, because it is required, the last that is there goes.
func take(whole map[string]any, path string) (name string, ok bool) {
	way := walk(whole, path)
	if len(way) == 0 {
		return "", false
	}
	at := len(way) - 1
	for i := len(way) - 1; i >= 0; i-- {
		if way[i].list != nil {
			at = i
			break
		}
	}
	for i := 1; i < len(way); i++ {
		if way[i].list == nil && way[i].key == "command" {
			at = i - 1
			break
		}
	}
	p := way[at]
	if _, already := p.value().(gone); already {
		return "", false
	}
	name = p.path
	if o, isObject := p.value().(map[string]any); isObject && p.list != nil {
		if text, isText := o["name"].(string); isText {
			name = strings.TrimSuffix(name, fmt.Sprintf("[%d]", p.index)) + " " + strconv.Quote(supervisor.Shorten(text, 80))
		}
	}
	if p.list != nil {
		p.list[p.index] = gone{}
	} else {
		delete(p.object, p.key)
	}
	return name, true
}

// walk follows a path as far as it goes.
func walk(whole map[string]any, path string) (way []place) {
	var v any = whole
	done := ""
	for path != "" {
		var p place
		switch at := v.(type) {
		case map[string]any:
			key, shown := longestKey(at, path)
			if shown == "" {
				return way
			}
			p = place{object: at, key: key}
			path = path[len(shown):]
			done = strings.TrimPrefix(done+"."+shown, ".")
		case []any:
			number, rest, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")
			i, err := strconv.Atoi(number)
			if err != nil || i < 0 || i >= len(at) {
				return way
			}
			p = place{list: at, index: i}
			path = rest
			done += "[" + number + "]"
		default:
			return way
		}
		path = strings.TrimPrefix(path, ".")
		p.path = done
		way = append(way, p)
		v = p.value()
	}
	return way
}

// longestKey finds the key that a path begins with; a key may itself hold dots.
func longestKey(object map[string]any, path string) (key, shown string) {
	for k := range object {
		s := manifest.PathKey(k)
		rest, ok := strings.CutPrefix(path, s)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && (len(s) > len(shown) || len(s) == len(shown) && k < key) {
			key, shown = k, s
		}
	}
	return key, shown
}

// swept is a value without what is gone, and without what is empty after that.
func swept(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			inner = swept(inner)
			list, isList := inner.([]any)
			object, isObject := inner.(map[string]any)
			if isList && len(list) == 0 && len(v[key].([]any)) > 0 || isObject && len(object) == 0 {
				delete(v, key)
				continue
			}
			v[key] = inner
		}
		return v
	case []any:
		out := []any{}
		for _, item := range v {
			if _, isGone := item.(gone); !isGone {
				out = append(out, swept(item))
			}
		}
		return out
	}
	return v
}
