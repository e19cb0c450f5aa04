package main

import (
	_ "embed" // the template
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode"
)

//go:embed python.tmpl
var pythonTemplate string

// pythonClient makes clients/python/processmanager_client/_api.py: types, errors and
// methods. How they get to the manager is written by hand beside it.
func pythonClient(d *apiDocument) ([]byte, error) {
	return fill("Python", pythonTemplate, d, template.FuncMap{
		"type": pyType, "snake": snake, "doc": pyDoc, "fields": pyFields, "arguments": pyArguments,
		"comment": func(text string) string { return wrap(text, "    #:", 96) },
	})
}

// snake is a word as Python writes it: workingDir is working_dir, httpGet http_get,
// runAsUser run_as_user, and class, which is Python's own, class_ (PEP 8).
func snake(word string) string {
	var b strings.Builder
	runes := []rune(word)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	if slices.Contains(pyKeywords, b.String()) {
		b.WriteByte('_')
	}
	return b.String()
}

// pyKeywords are the words in lower case that cannot be names.
var pyKeywords = strings.Fields("and as assert async await break class continue def del elif else except finally for from global " +
	"if import in is lambda nonlocal not or pass raise return try while with yield")

// A pyField is a field of a dataclass.
type pyField struct {
	Name, JSON, Type, Description string
	Required                      bool
}

// pyFields are those of an object, those that must be given first, as a dataclass wants it.
func pyFields(s apiSchema) ([]pyField, error) {
	var list []pyField
	for _, f := range s.Properties.List() {
		kind, err := pyType(f.Value)
		if err != nil {
			return nil, err
		}
		required := slices.Contains(s.Required, f.Name)
		if !required && !strings.HasPrefix(kind, "Optional[") {
			kind = "Optional[" + kind + "]"
		}
		list = append(list, pyField{snake(f.Name), f.Name, kind, f.Value.Description, required})
	}
	slices.SortStableFunc(list, func(a, b pyField) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return list, nil
}

// pyArguments are the arguments of a method behind self.
func pyArguments(m apiMethod) (string, error) {
	var b strings.Builder
	star := false
	for _, p := range m.Params {
		kind, err := pyType(p.Schema)
		if err != nil {
			return "", err
		}
		if p.Schema.component() == "Spec" {
			kind = "Union[Spec, Dict[str, Any]]"
		}
		if p.Required {
			fmt.Fprintf(&b, ", %s: %s", p.Name, kind)
			continue
		}
		if !star {
			b.WriteString(", *")
			star = true
		}
		if !strings.HasPrefix(kind, "Optional[") {
			kind = "Optional[" + kind + "]"
		}
		fmt.Fprintf(&b, ", %s: %s = None", p.Name, kind)
	}
	if !star {
		b.WriteString(", *")
	}
	return b.String() + ", call_timeout: Optional[float] = None", nil
}

// pyType is the type of a schema.
func pyType(s apiSchema) (string, error) {
	if name := s.component(); name != "" {
		return name, nil
	}
	words, null := s.words()
	var list []string
	switch {
	case len(s.Enum) > 0:
		var quoted []string
		for _, word := range s.Enum {
			quoted = append(quoted, strconv.Quote(word))
		}
		list = []string{"Literal[" + strings.Join(quoted, ", ") + "]"}
	case len(s.AnyOf) > 0:
		for _, one := range s.AnyOf {
			kind, err := pyType(one)
			if err != nil {
				return "", err
			}
			list = append(list, kind)
		}
	default:
		for _, word := range words {
			kind, err := pyWord(word, s)
			if err != nil {
				return "", err
			}
			list = append(list, kind)
		}
	}
	switch {
	case len(list) == 0:
		return "", fmt.Errorf("there is no Python type for the schema %+v", s)
	case len(list) > 1:
		list = []string{"Union[" + strings.Join(list, ", ") + "]"}
	}
	if null {
		return "Optional[" + list[0] + "]", nil
	}
	return list[0], nil
}

// pyWord is the type of one of a schema's types.
func pyWord(word string, s apiSchema) (string, error) {
	switch word {
	case "string":
		if s.Format == "date-time" {
			return "datetime", nil
		}
		if s.ContentEncoding == "base64" {
			return "bytes", nil
		}
		return "str", nil
	case "boolean":
		return "bool", nil
	case "integer":
		return "int", nil
	case "number":
		return "float", nil
	case "array":
		kind, err := pyType(*s.Items)
		return "List[" + kind + "]", err
	case "object":
		if s.AdditionalProperties == nil {
			return "Dict[str, Any]", nil
		}
		kind, err := pyType(*s.AdditionalProperties)
		return "Dict[str, " + kind + "]", err
	}
	return "", fmt.Errorf("there is no Python type for %q", word)
}

// pyDoc is a docstring.
func pyDoc(indent, text string) string {
	text = strings.ReplaceAll(text, `\`, `\\`)
	text = strings.ReplaceAll(text, `"""`, `'''`)
	if strings.HasSuffix(text, `"`) {
		text += " "
	}
	if one := indent + `"""` + text + `"""`; len(one) <= 96 {
		return one
	}
	return strings.TrimPrefix(wrap(`"""`+text, indent, 96), "\n") + "\n" + indent + `"""`
}
