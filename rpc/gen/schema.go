package main

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/processmanager/processmanager/rpc"
	"github.com/processmanager/processmanager/supervisor"
)

// schema is the part of JSON Schema that our types need.
type schema struct {
	Ref                  string      `json:"$ref,omitempty"`
	Description          string      `json:"description,omitempty"`
	Type                 any         `json:"type,omitempty"` // a word, or words
	Format               string      `json:"format,omitempty"`
	ContentEncoding      string      `json:"contentEncoding,omitempty"`
	Const                any         `json:"const,omitempty"`
	Enum                 []string    `json:"enum,omitempty"`
	Items                *schema     `json:"items,omitempty"`
	Minimum              *int        `json:"minimum,omitempty"`
	Properties           *properties `json:"properties,omitempty"`
	Required             []string    `json:"required,omitempty"`
	AdditionalProperties *schema     `json:"additionalProperties,omitempty"`
	AllOf                []*schema   `json:"allOf,omitempty"`
	AnyOf                []*schema   `json:"anyOf,omitempty"`
}

// schemas reflects Go types, and collects the named ones.
type schemas struct{ named map[string]*schema }

// of returns the schema of a type as encoding/json writes it.
func (s *schemas) of(t reflect.Type) *schema {
	if enum, ok := words[t]; ok {
		s.named[t.Name()] = &schema{Type: "string", Enum: enum}
		return &schema{Ref: "#/components/schemas/" + t.Name()}
	}
	if t == reflect.TypeFor[time.Time]() {
		return &schema{Type: "string", Format: "date-time"}
	}
	if written, ok := writtenAs()[t]; ok {
		s.named[t.Name()] = written(s)
		return &schema{Ref: "#/components/schemas/" + t.Name()}
	}
	if t == reflect.TypeFor[rpc.SignalText]() {
		return &schema{Type: []string{"string", "integer"}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		out := s.of(t.Elem())
		if word, ok := out.Type.(string); ok {
			out.Type = []string{word, "null"}
		}
		return out // what is behind a $ref is left out by omitempty, never null
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int, reflect.Int64:
		return &schema{Type: "integer"}
	case reflect.Uint64, reflect.Uint32:
		return &schema{Type: "integer", Minimum: new(int)}
	case reflect.Float64:
		return &schema{Type: "number"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &schema{Type: "string", ContentEncoding: "base64"}
		}
		return &schema{Type: "array", Items: s.of(deref(t.Elem()))}
	case reflect.Map:
		return &schema{Type: "object", AdditionalProperties: s.of(t.Elem())}
	case reflect.Struct:
		return s.object(t)
	}
	panic(fmt.Sprintf("no schema for %s", t))
}

// deref drops the pointer of a list's elements: they are never null.
func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func (s *schemas) object(t reflect.Type) *schema {
	if _, done := s.named[t.Name()]; !done {
		s.named[t.Name()] = &schema{} // for one that holds itself
		*s.named[t.Name()] = *s.fields(t)
	}
	return &schema{Ref: "#/components/schemas/" + t.Name()}
}

// fields is the schema of a struct without its name.
func (s *schemas) fields(t reflect.Type) *schema {
	out := &schema{Type: "object", Properties: &properties{}}
	for f := range t.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		field := s.of(f.Type)
		if field.Ref != "" { // beside $ref draft 7 ignores everything
			field = &schema{AllOf: []*schema{field}}
		}
		field.Description = f.Tag.Get("doc")
		out.Properties.add(name, field)
		if opts == "" && !(t == reflect.TypeFor[supervisor.Spec]() && name == "name") { // process.start has it already
			out.Required = append(out.Required, name)
		}
	}
	return out
}

// properties keep the order of the Go fields.
type properties struct {
	names   []string
	schemas []*schema
}

func (p *properties) add(name string, s *schema) {
	p.names, p.schemas = append(p.names, name), append(p.schemas, s)
}

// MarshalJSON implements json.Marshaler.
func (p *properties) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	for i, name := range p.names {
		raw, err := marshal(p.schemas[i])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%q:%s", name, raw)
	}
	return []byte("{" + strings.TrimPrefix(b.String(), ",") + "}"), nil
}
