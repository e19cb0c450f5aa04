package convert

import (
	"bytes"
	"strings"
)

// A section of a supervisord.conf, as Python's configparser reads it for supervisord:
// later values win, names of options are lower case, what is indented goes on with the
// value before it, " ;" and " #" begin a comment.
type section struct {
	name    string
	file    string
	line    int
	about   []string // comments in front of it
	options []*option
	byKey   map[string]*option
}

type option struct {
	key, value string
	line       int
	used       bool
}

// take returns an option and marks it as known; nil when it is not there.
func (s *section) take(key string) *option {
	o := s.byKey[key]
	if o != nil {
		o.used = true
	}
	return o
}

func (s *section) set(key, value string, line int) *option {
	if o := s.byKey[key]; o != nil {
		o.value, o.line = value, line
		return o
	}
	o := &option{key: key, value: value, line: line}
	if s.byKey == nil {
		s.byKey = map[string]*option{}
	}
	s.byKey[key] = o
	s.options = append(s.options, o)
	return o
}

// parseINI reads a file; sections of the same name are one.
func (d *draft) parseINI(file string, text []byte) ([]*section, error) {
	var list []*section
	var current *section
	var last *option
	var more, about []string // more: lines that go on with the value of the last option
	byName := map[string]*section{}
	indent := 0
	number := 0
	for raw := range bytes.SplitSeq(text, []byte("\n")) {
		number++
		line := string(raw)
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			if note := strings.TrimSpace(strings.TrimLeft(trimmed, "#;")); note != "" && last == nil || strings.TrimLeft(line, " \t") == line && note != "" {
				about = append(about, note)
			}
			continue
		}
		value := stripComment(line)
		body := strings.TrimSpace(value)
		if body == "" {
			if len(about) > 0 && last == nil {
				about = append(about, "")
			}
			continue
		}
		at := len(value) - len(strings.TrimLeft(value, " \t"))
		switch {
		case last != nil && at > indent:
			more = append(more, body)
		case strings.HasPrefix(body, "[") && strings.Contains(body, "]"):
			name := body[1:strings.LastIndex(body, "]")]
			last.goOn(&more)
			current, last = byName[name], nil
			if current == nil {
				current = &section{name: name, file: file, line: number}
				byName[name] = current
				list = append(list, current)
			}
			current.about = append(current.about, about...)
			about = nil
		case current == nil:
			return nil, d.failf(file, number, "%q stands in front of the first [section]", body)
		default:
			i := strings.IndexAny(body, "=:")
			if i < 1 {
				return nil, d.failf(file, number, "%q is neither a [section] nor an option (want KEY=VALUE)", body)
			}
			last.goOn(&more)
			last = current.set(strings.ToLower(strings.TrimSpace(body[:i])), strings.TrimSpace(body[i+1:]), number)
			indent = at
			current.about = append(current.about, about...)
			about = nil
		}
	}
	last.goOn(&more)
	return list, nil
}

// goOn adds the lines that were collected to a value; there may be no option, and no lines.
func (o *option) goOn(lines *[]string) {
	if o != nil && len(*lines) > 0 {
		o.value += "\n" + strings.Join(*lines, "\n")
	}
	*lines = nil
}

// stripComment cuts off what a ";" or "#" behind a blank begins.
func stripComment(line string) string {
	for i := 1; i < len(line); i++ {
		if (line[i] == ';' || line[i] == '#') && (line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}
