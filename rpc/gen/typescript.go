package main

import (
	_ "embed" // the template
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed typescript.tmpl
var typescriptTemplate string

// typescriptClient makes the whole of clients/typescript/processmanager.ts: the template
// has what does not depend on the document.
func typescriptClient(d *apiDocument) ([]byte, error) {
	return fill("TypeScript", typescriptTemplate, d, template.FuncMap{
		"type": tsType, "named": tsName, "lower": lower, "doc": tsDoc, "required": slices.Contains[[]string],
	})
}

// tsName is the name of a component. Event is already a word of the browser's.
func tsName(name string) string {
	if name == "Event" {
		return "ProcessEvent"
	}
	return name
}

func lower(word string) string { return strings.ToLower(word[:1]) + word[1:] }

// tsType is the type of a schema.
func tsType(s apiSchema) (string, error) {
	if name := s.component(); name != "" {
		return tsName(name), nil
	}
	words, null := s.words()
	var list []string
	switch {
	case len(s.Enum) > 0:
		for _, word := range s.Enum {
			list = append(list, strconv.Quote(word))
		}
	case len(s.AnyOf) > 0:
		for _, one := range s.AnyOf {
			kind, err := tsType(one)
			if err != nil {
				return "", err
			}
			list = append(list, kind)
		}
	case s.Const != nil:
		list = append(list, fmt.Sprint(s.Const))
	default:
		for _, word := range words {
			kind, err := tsWord(word, s)
			if err != nil {
				return "", err
			}
			if !slices.Contains(list, kind) {
				list = append(list, kind)
			}
		}
	}
	if null {
		list = append(list, "null")
	}
	if len(list) == 0 {
		return "", fmt.Errorf("there is no TypeScript type for the schema %+v", s)
	}
	return strings.Join(list, " | "), nil
}

// tsWord is the type of one of a schema's types.
func tsWord(word string, s apiSchema) (string, error) {
	switch word {
	case "string", "boolean", "number":
		return word, nil
	case "integer":
		return "number", nil
	case "array":
		kind, err := tsType(*s.Items)
		if strings.Contains(kind, " ") {
			kind = "(" + kind + ")"
		}
		return kind + "[]", err
	case "object":
		return tsObject(s)
	}
	return "", fmt.Errorf("there is no TypeScript type for %q", word)
}

// tsObject is the type of an object without a name.
func tsObject(s apiSchema) (string, error) {
	if s.Properties == nil {
		if s.AdditionalProperties == nil {
			return "Record<string, unknown>", nil
		}
		kind, err := tsType(*s.AdditionalProperties)
		return "Record<string, " + kind + ">", err
	}
	var fields []string
	for _, f := range s.Properties.list {
		kind, err := tsType(f.Value)
		if err != nil {
			return "", err
		}
		mark := "?"
		if slices.Contains(s.Required, f.Name) {
			mark = ""
		}
		fields = append(fields, f.Name+mark+": "+kind)
	}
	return "{ " + strings.Join(fields, "; ") + " }", nil
}

var endOfComment = regexp.MustCompile(`\*/`)

// tsDoc is a comment in front of a declaration.
func tsDoc(indent, text string) string {
	text = endOfComment.ReplaceAllString(text, "* /")
	if one := indent + "/** " + text + " */"; len(one) <= 100 {
		return one
	}
	return indent + "/**\n" + wrap(text, indent+" *", 100) + "\n" + indent + " */"
}
