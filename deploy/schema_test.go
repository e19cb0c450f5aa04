package deploy

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A valuesSchema is the schema of the chart's values, in the order of the file. Properties
// are written by hand. The rest is what they refer to: go test ./deploy -update makes it.
type valuesSchema struct {
	Schema               string          `json:"$schema"`
	Title                string          `json:"title"`
	Type                 string          `json:"type"`
	AdditionalProperties bool            `json:"additionalProperties"`
	Required             []string        `json:"required"` // null takes a value away: then it is missing
	Properties           json.RawMessage `json:"properties"`
	Definitions          map[string]any  `json:"definitions"` // Kubernetes' types
	Defs                 json.RawMessage `json:"$defs"`       // the manifest's
}

// A misspelt field of a process, a variable or a probe is refused by helm, and not first by
// the manager or the API server: the schema of the values has the manifest's own, and that
// of the Kubernetes types which the values hold.
func TestSchemaOfTheValues(t *testing.T) {
	const path, original = "helm/processmanager/values.schema.json", "../supervisor/internal/manifest/schema.json"
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var schema valuesSchema
	strict := json.NewDecoder(bytes.NewReader(have))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&schema); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Defs json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	schema.Defs = manifest.Defs
	schema.Definitions = map[string]any{}
	for _, of := range []any{corev1.EnvVar{}, corev1.EnvFromSource{}, corev1.Probe{}, corev1.Lifecycle{}, corev1.ContainerPort{}} {
		kubernetesSchema(schema.Definitions, reflect.TypeOf(of))
	}
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(schema); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil { //nolint:gosec // for everybody to read
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Errorf("%s has not the definitions of %s and of k8s.io/api: go test ./deploy -update writes them", path, original)
	}
}

// kubernetesSchema is the schema of a type; those of structs go into definitions, by their
// names, and have no fields but the type's.
func kubernetesSchema(definitions map[string]any, of reflect.Type) map[string]any {
	switch of {
	case reflect.TypeFor[intstr.IntOrString]():
		return map[string]any{"type": []string{"integer", "string"}}
	case reflect.TypeFor[resource.Quantity]():
		return map[string]any{"type": []string{"number", "string"}}
	}
	switch of.Kind() {
	case reflect.Pointer:
		return kubernetesSchema(definitions, of.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": kubernetesSchema(definitions, of.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Struct:
		properties := map[string]any{}
		definitions[of.Name()] = map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
		kubernetesFields(definitions, properties, of)
		return map[string]any{"$ref": "#/definitions/" + of.Name()}
	}
	panic("a kind that no definition has so far: " + of.String())
}

// kubernetesFields adds a struct's fields, and those of structs that are inlined in it.
func kubernetesFields(definitions, properties map[string]any, of reflect.Type) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			kubernetesFields(definitions, properties, field.Type)
			continue
		}
		properties[name] = kubernetesSchema(definitions, field.Type)
	}
}
