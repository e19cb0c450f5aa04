package main

import (
	_ "embed" // the template
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

//go:embed markdown.tmpl
var markdownTemplate string

// methodsPage makes docs/rpc.md: every method, error, notification and object of the
// answers. What a manifest consists of has a page of its own.
func methodsPage(d *apiDocument) ([]byte, error) {
	return fill("Markdown", markdownTemplate, d, template.FuncMap{
		"type": d.mdType, "cell": mdCell, "objects": d.answerObjects, "request": mdRequest,
		"required": func(s apiSchema, name string) bool { return slices.Contains(s.Required, name) },
		"error":    func(s apiSchema) string { return strings.TrimPrefix(s.Ref, "#/components/errors/") },
		"wrap":     func(text string) string { return wrap(text, "", 150) },
	})
}

func mdCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// ofManifest are the objects that docs/manifest.md describes; Spec stands for all.
const ofManifest = "Spec"

// mdType is a type in words, with links to objects.
func (d *apiDocument) mdType(s apiSchema) (string, error) {
	if name := s.component(); name != "" {
		one := d.schema(name)
		switch {
		case name == ofManifest:
			return "[a process of a manifest](manifest.md#specprocesses)", nil
		case one.Properties != nil:
			return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name)), nil
		case len(one.Enum) > 0:
			return "`" + strings.Join(slices.DeleteFunc(slices.Clone(one.Enum), func(word string) bool { return word == "" }), "` `") + "`", nil
		case one.Description != "" && len(one.AnyOf) > 0:
			return "string or list of strings", nil
		}
		return d.mdType(one)
	}
	words, null := s.words()
	text := strings.Join(words, " or ")
	switch {
	case s.Const != nil:
		text = fmt.Sprint(s.Const)
	case s.Items != nil:
		of, err := d.mdType(*s.Items)
		if err != nil {
			return "", err
		}
		if len(s.Items.component()) == 0 {
			of += "s"
		}
		text = "list of " + of
	case s.AdditionalProperties != nil:
		of, err := d.mdType(*s.AdditionalProperties)
		if err != nil {
			return "", err
		}
		text = "map of " + of + "s"
	case s.Format == "date-time":
		text = "time"
	case s.ContentEncoding != "":
		text = s.ContentEncoding
	case text == "":
		return "", fmt.Errorf("no words for the type %+v", s)
	}
	if null {
		text += " or null"
	}
	return text, nil
}

// answerObjects are the objects of the answers and notifications, in alphabetical order.
func (d *apiDocument) answerObjects() []entry[apiSchema] {
	found := map[string]bool{}
	var look func(s apiSchema)
	look = func(s apiSchema) {
		if name := s.component(); name != "" && name != ofManifest && !found[name] {
			found[name] = true
			look(d.schema(name))
		}
		for _, p := range s.Properties.List() {
			look(p.Value)
		}
		if s.Items != nil {
			look(*s.Items)
		}
	}
	for _, m := range d.Methods {
		look(m.Result.Schema)
	}
	for _, n := range d.Notifications {
		for _, p := range n.Params {
			look(p.Schema)
		}
	}
	return slices.DeleteFunc(slices.Clone(d.Components.Schemas.list), func(e entry[apiSchema]) bool {
		return !found[e.Name] || e.Value.Properties == nil
	})
}

// mdRequest is the request of the first example, as it is sent.
func mdRequest(m apiMethod) (string, error) {
	if len(m.Examples) == 0 {
		return "", nil
	}
	var params []string
	for _, p := range m.Examples[0].Params {
		params = append(params, fmt.Sprintf("%q:%s", p.Name, p.Value))
	}
	text := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, m.Name, strings.Join(params, ","))
	if !json.Valid([]byte(text)) {
		return "", fmt.Errorf("the example of %s is not JSON: %s", m.Name, text)
	}
	var compact strings.Builder
	enc := json.NewEncoder(&compact)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(json.RawMessage(text)); err != nil {
		return "", fmt.Errorf("the example of %s: %w", m.Name, err)
	}
	return strings.TrimSpace(compact.String()), nil
}

// Anchor is where a browser finds the method's heading.
func (m apiMethod) Anchor() string { return strings.ReplaceAll(m.Name, ".", "") }

// Marks tell what kind of method it is.
func (m apiMethod) Marks() string {
	var list []string
	for _, mark := range []struct {
		is   bool
		text string
	}{{m.Changes, "change"}, {m.Waits, "lasts as long as the caller wants"}, {m.WebSocketOnly, "WebSocket only"}} {
		if mark.is {
			list = append(list, mark.text)
		}
	}
	return strings.Join(list, ", ")
}
