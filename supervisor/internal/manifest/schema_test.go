package manifest

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	reflector "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/processmanager/processmanager/supervisor"
)

const schemaID = "https://github.com/processmanager/processmanager/manifest.schema.json"

// TestSchemaIsCurrent compares schema.json with the Go types.
func TestSchemaIsCurrent(t *testing.T) {
	text, err := json.MarshalIndent(generate(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.json", string(text)+"\n")
}

// generate makes the schema; our tags say what the generator cannot see.
func generate() *reflector.Schema {
	r := &reflector.Reflector{
		BaseSchemaID:               schemaID,
		ExpandedStruct:             true,
		RequiredFromJSONSchemaTags: true,
		Mapper:                     mapped,
		LookupComment: func(t reflect.Type, name string) string {
			if t.Kind() != reflect.Struct {
				return ""
			}
			f, _ := t.FieldByName(name)
			return f.Tag.Get("doc")
		},
		Namer: definition,
	}
	s := r.Reflect(document{})
	s.Definitions["log"] = logObject()
	s.ID = schemaID
	s.Title = "Process Manager manifest"
	for _, t := range objects(reflect.TypeFor[document]()) {
		switch t {
		case reflect.TypeFor[document]():
			tags(s, t)
		case reflect.TypeFor[defaults](), reflect.TypeFor[supervisor.Log](): // made apart
		default:
			tags(s.Definitions[definition(t)], t)
		}
	}
	set(s, "apiVersion").Const, set(s, "kind").Const = apiVersion, kind
	set(s.Definitions["process"], "rlimits").PropertyNames = &reflector.Schema{Enum: anys(supervisor.RlimitNames())}
	set(s.Definitions["process"], "name").Pattern = `^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`
	// The defaults are a process without name, of which nothing is required.
	d := *s.Definitions["process"]
	d.Required = nil
	d.Properties = reflector.NewProperties()
	for p := s.Definitions["process"].Properties.Oldest(); p != nil; p = p.Next() {
		if p.Key != "name" {
			d.Properties.Set(p.Key, p.Value)
		}
	}
	s.Definitions["defaults"] = &d
	return withPatches(s)
}

// withPatches adds the schema of a patch: the fields of a process are known by name, not
// by what they hold, because any part may be left out, be null or hold a directive.
func withPatches(s *reflector.Schema) *reflector.Schema {
	named := func(from *reflector.Schema) *reflector.Schema {
		out := &reflector.Schema{Type: "object", AdditionalProperties: reflector.FalseSchema, Properties: reflector.NewProperties()}
		for p := from.Properties.Oldest(); p != nil; p = p.Next() {
			out.Properties.Set(p.Key, &reflector.Schema{Description: p.Value.Description})
		}
		return out
	}
	process := named(s.Definitions["process"])
	process.Required = []string{"name"}
	process.Properties.Set("name", s.Definitions["process"].Properties.Value("name"))
	process.Properties.Set(directive, &reflector.Schema{Enum: []any{patchDelete, patchReplace}, Description: "delete: take this process away. replace: take its place."})
	spec := named(s.Definitions["documentSpec"])
	base := named(s.Definitions["defaults"])
	base.Properties.Set(directive, &reflector.Schema{Const: patchReplace})
	spec.Properties.Set("defaults", &reflector.Schema{AnyOf: []*reflector.Schema{base, {Type: "null"}}, Description: "Changes the defaults of the documents before."})
	spec.Properties.Set("processes", &reflector.Schema{Type: "array", Items: process, Description: "Changes processes of the documents before, by name."})
	patch := &reflector.Schema{
		Type: "object", AdditionalProperties: reflector.FalseSchema, Properties: reflector.NewProperties(),
		Required: []string{"apiVersion", "kind", "spec"},
	}
	patch.Properties.Set("apiVersion", &reflector.Schema{Const: apiVersion})
	patch.Properties.Set("kind", &reflector.Schema{Const: kindPatch})
	patch.Properties.Set("metadata", set(s, "metadata"))
	patch.Properties.Set("spec", spec)
	isPatch := &reflector.Schema{Properties: reflector.NewProperties(), Required: []string{"kind"}}
	isPatch.Properties.Set("kind", &reflector.Schema{Const: kindPatch})
	whole := *s
	whole.Version, whole.ID, whole.Definitions, whole.Title = "", "", nil, ""
	return &reflector.Schema{
		Version: s.Version, ID: s.ID, Title: s.Title, Definitions: s.Definitions,
		If: isPatch, Then: patch, Else: &whole,
	}
}

// logObject is made apart, because true and false stand for objects, too.
func logObject() *reflector.Schema {
	object := &reflector.Schema{Type: "object", AdditionalProperties: reflector.FalseSchema, Properties: reflector.NewProperties()}
	for _, f := range fields(reflect.TypeFor[supervisor.Log]()) {
		p := mapped(f.typ)
		switch {
		case f.typ.Kind() == reflect.Bool || f.typ == reflect.TypeFor[*bool]():
			p = &reflector.Schema{Type: "boolean"}
		case p == nil:
			p = &reflector.Schema{Type: "integer", Minimum: json.Number(f.min), Maximum: json.Number(f.max)}
		}
		p.Description = f.doc
		object.Properties.Set(f.name, p)
	}
	return object
}

// definition names a type in the schema.
func definition(t reflect.Type) string {
	name := t.Name()
	switch {
	case name == "":
		return name
	case t == reflect.TypeFor[supervisor.Spec]():
		return "process"
	}
	for _, short := range []string{"HTTP", "GRPC", "TCP", "IO"} {
		if rest, ok := strings.CutPrefix(name, short); ok {
			return strings.ToLower(short) + rest
		}
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// objects lists a struct type and those within it that are objects in JSON.
func objects(t reflect.Type) []reflect.Type {
	var list []reflect.Type
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		own := t == reflect.TypeFor[supervisor.Command]() || t == reflect.TypeFor[supervisor.Rlimit]()
		if t.Kind() != reflect.Struct || own || slices.Contains(list, t) {
			return
		}
		list = append(list, t)
		for _, f := range fields(t) {
			visit(f.typ)
		}
	}
	visit(t)
	return list
}

func set(s *reflector.Schema, name string) *reflector.Schema {
	p, ok := s.Properties.Get(name)
	if !ok {
		panic("no property " + name)
	}
	return p
}

// tags carries required, min and max over. Bounds of durations have no word in
// JSON Schema.
func tags(s *reflector.Schema, t reflect.Type) {
	for _, f := range fields(t) {
		if f.required {
			s.Required = append(s.Required, f.name)
		}
		if f.min == "" {
			continue
		}
		p := set(s, f.name)
		if p.Items != nil {
			p = p.Items
		}
		if _, err := strconv.ParseFloat(f.min, 64); err == nil {
			p.Minimum, p.Maximum = json.Number(f.min), json.Number(f.max)
		}
	}
}

func mapped(t reflect.Type) *reflector.Schema {
	text := func() *reflector.Schema { return &reflector.Schema{Type: "string"} }
	list := func() *reflector.Schema { return &reflector.Schema{Type: "array", Items: text()} }
	either := func(number *reflector.Schema, other ...*reflector.Schema) *reflector.Schema {
		return &reflector.Schema{OneOf: append([]*reflector.Schema{number}, other...)}
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[supervisor.ID]():
		return either(&reflector.Schema{Type: "integer", Minimum: "0", Maximum: "4294967294"}, text())
	case reflect.TypeFor[supervisor.PortRef]():
		return either(&reflector.Schema{Type: "integer", Minimum: "1", Maximum: "65535"},
			&reflector.Schema{Type: "string", Pattern: "^[a-z0-9-]*[a-z][a-z0-9-]*$"})
	case reflect.TypeFor[supervisor.Quantity]():
		return either(&reflector.Schema{Type: "number", Minimum: "0"},
			&reflector.Schema{Type: "string", Pattern: `^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2}|[numkMGTPE]|[KMGTPE]i)?$`})
	case reflect.TypeFor[supervisor.Umask]():
		return &reflector.Schema{Type: "string", Pattern: "^0*[0-7]{1,3}$"}
	case reflect.TypeFor[supervisor.Rlimit]():
		limit := func() []*reflector.Schema {
			return []*reflector.Schema{{Type: "integer", Minimum: "0"}, {Type: "string", Enum: []any{"unlimited"}}}
		}
		pair := &reflector.Schema{Type: "object", AdditionalProperties: reflector.FalseSchema, Properties: reflector.NewProperties(), Required: []string{"soft", "hard"}}
		pair.Properties.Set("soft", &reflector.Schema{OneOf: limit()})
		pair.Properties.Set("hard", &reflector.Schema{OneOf: limit()})
		return &reflector.Schema{OneOf: append(limit(), pair)}
	case reflect.TypeFor[supervisor.Command]():
		return &reflector.Schema{OneOf: []*reflector.Schema{text(), list()}}
	case reflect.TypeFor[supervisor.Duration]():
		return &reflector.Schema{Type: "string", Pattern: `^[+-]?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`}
	case reflect.TypeFor[supervisor.Log]():
		return &reflector.Schema{OneOf: []*reflector.Schema{{Type: "boolean"}, {Ref: "#/$defs/log"}}}
	case reflect.TypeFor[defaults]():
		return &reflector.Schema{Ref: "#/$defs/defaults"}
	}
	if words := enum(t); words != nil {
		s := text()
		s.Enum = anys(words)
		return s
	}
	return nil
}

func anys(words []string) []any {
	var list []any
	for _, w := range words {
		list = append(list, w)
	}
	return list
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// against returns the first error of the schema about any document of a file.
func against(t *testing.T, s *jsonschema.Schema, path string) error {
	t.Helper()
	files, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range split(bytes.TrimPrefix(files[0].Data, []byte("\ufeff"))) {
		text, err := yaml.YAMLToJSON(c.data)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		if err := s.Validate(doc); err != nil {
			return err
		}
	}
	return nil
}

func TestSchemaAcceptsGoodFiles(t *testing.T) {
	s := compiled(t)
	for _, path := range append(glob(t, "testdata/*.good.yaml"), glob(t, "../../../deploy/examples/*.yaml")...) {
		if filepath.Base(path) == "nulls.good.yaml" {
			continue // null for absent is Kubernetes' kindness, not the schema's
		}
		if err := against(t, s, path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSchemaRefusesBadFiles(t *testing.T) {
	s := compiled(t)
	// What a schema cannot say: what one part of the text says about another, what
	// is inside a string, and how YAML was written.
	beyond := strings.Fields(`allow_names cycle labels stdin defaults_self duplicate_key empty only_comments
		merge_last name_twice never_completes nul schedule_only scheduled_always self_dependency set_values_differ
		utf16 working_dir`)
	for _, path := range glob(t, "testdata/*.bad.yaml") {
		name := strings.TrimSuffix(filepath.Base(path), ".bad.yaml")
		if name == "alias_bomb" {
			continue
		}
		err := against(t, s, path)
		if accepted, expected := err == nil, slices.Contains(beyond, name); accepted != expected {
			t.Errorf("%s: accepted by the schema: %t, want %t (%v)", name, accepted, expected, err)
		}
	}
}
