package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const referencePath = "../docs/manifest.md"

const referenceHead = `# The fields of a manifest

This page lists every field of a manifest. It is written by ` + "`go test ./deploy -update`" + ` from ` + "`processmanager schema`" + `. Names, defaults and meanings are those of
Kubernetes wherever it has the field. Durations are strings such as "300ms", unless the name ends in Seconds. A document is

` + "```yaml" + `
apiVersion: processmanager/v1
kind: ProcessManifest
metadata: {name: example}
spec:
  processes:
    - name: web
      command: [/app/server]
` + "```" + `

A file may hold several documents and a directory several files; their processes are joined in the order of file name,
document and list. ` + "`deploy/examples/shop.yaml`" + ` uses every field. A document of the kind ` + "`ProcessManifestPatch`" + ` has the same
fields and changes what those before it say: see [A layer over a manifest](supervision.md#a-layer-over-a-manifest).
`

// sections are the objects of the schema in the order of the page.
var sections = []struct{ definition, title string }{
	{"documentSpec", "spec"},
	{"process", "spec.processes[]"},
	{"envVar", "env[]"},
	{"envSource", "valueFrom"},
	{"fieldRef", "fieldRef"},
	{"fileKeyRef", "fileKeyRef"},
	{"envFrom", "envFrom[]"},
	{"pathRef", "pathRef"},
	{"port", "ports[]"},
	{"dependency", "dependsOn[]"},
	{"restartRule", "restartPolicyRules[]"},
	{"restartOnCode", "exitCodes"},
	{"backoff", "restartBackoff"},
	{"readiness", "readiness"},
	{"probe", "probe"},
	{"execAction", "exec"},
	{"httpGetAction", "httpGet"},
	{"httpHeader", "httpHeaders[]"},
	{"tcpSocketAction", "tcpSocket"},
	{"grpcAction", "grpc"},
	{"lifecycle", "lifecycle"},
	{"lifecycleHandler", "hook"},
	{"sleepAction", "sleep"},
	{"securityContext", "securityContext"},
	{"capabilities", "capabilities"},
	{"resources", "resources"},
	{"resourceList", "amounts"},
	{"ioPriority", "ioPriority"},
	{"metrics", "metrics"},
	{"log", "log"},
	{"metadata", "metadata"},
}

// TestReference compares the page of all manifest fields with the program's schema.
func TestReference(t *testing.T) {
	out, err := exec.Command("go", "run", "../cmd/processmanager", "schema").Output()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal(out, &schema); err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("examples/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString(referenceHead)
	for _, s := range sections {
		want.WriteString(fmt.Sprintf("\n## %s\n\n| field | type | meaning |\n|---|---|---|\n", s.title))
		def, ok := schema.Defs[s.definition]
		if !ok {
			t.Fatalf("the schema has no object %s: correct the sections of this test", s.definition)
		}
		for _, name := range orderedKeys(t, def.Properties) {
			want.WriteString(row(t, def, name))
			if !bytes.Contains(example, []byte(name+":")) {
				t.Errorf("deploy/examples/shop.yaml says that it has every field, and has no %s", name)
			}
		}
		delete(schema.Defs, s.definition)
	}
	delete(schema.Defs, "defaults") // the fields of a process again
	for name := range schema.Defs {
		t.Errorf("the object %s of the schema is in no section of this page", name)
	}
	if *update {
		if err := os.WriteFile(referencePath, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("docs/manifest.md is not what the schema says (-schema +page); go test ./deploy -update writes it:\n%s", diff)
	}
}

type definition struct {
	Properties json.RawMessage `json:"properties"`
	Required   []string        `json:"required"`
}

type property struct {
	Type        string     `json:"type"`
	Ref         string     `json:"$ref"`
	Enum        []string   `json:"enum"`
	Items       *property  `json:"items"`
	OneOf       []property `json:"oneOf"`
	Description string     `json:"description"`
	Values      *property  `json:"additionalProperties"`

	Properties map[string]property `json:"properties"`
}

// UnmarshalJSON takes true and false too: a schema that allows all, or nothing.
func (p *property) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return nil
	}
	type plain property
	return json.Unmarshal(data, (*plain)(p))
}

func row(t *testing.T, def definition, name string) string {
	t.Helper()
	var all map[string]property
	if err := json.Unmarshal(def.Properties, &all); err != nil {
		t.Fatal(err)
	}
	p := all[name]
	if p.Description == "" {
		t.Errorf("the field %s has no description", name)
	}
	kind := kindOf(&p)
	if slices.Contains(def.Required, name) {
		kind += ", required"
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", name, kind, strings.ReplaceAll(p.Description, "|", `\|`))
}

// kindOf says in words what a value is.
func kindOf(p *property) string {
	switch {
	case p.Ref != "":
		def := strings.TrimPrefix(p.Ref, "#/$defs/")
		for _, s := range sections {
			if s.definition == def {
				return s.title
			}
		}
		return "as in spec.processes[]"
	case len(p.Enum) > 0:
		return strings.Join(p.Enum, ", ")
	case len(p.OneOf) > 0:
		var list []string
		for _, one := range p.OneOf {
			list = append(list, kindOf(&one))
		}
		return strings.Join(list, " or ")
	case p.Type == "array" && p.Items != nil:
		if p.Items.Ref != "" {
			return "list"
		}
		return "list of " + kindOf(p.Items) + "s"
	case p.Type == "object" && p.Values != nil && p.Values.Type != "":
		return "map of " + p.Values.Type + "s"
	case p.Type == "object" && p.Values != nil && len(p.Values.OneOf) > 0:
		return "map of " + kindOf(p.Values)
	case p.Type == "object":
		var list []string
		for name, one := range p.Properties {
			list = append(list, name+": "+kindOf(&one))
		}
		slices.Sort(list)
		return "{" + strings.Join(list, ", ") + "}"
	}
	return p.Type
}

// orderedKeys are the keys of a JSON object in their order.
func orderedKeys(t *testing.T, object json.RawMessage) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil { // {
		t.Fatal(err)
	}
	var list []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, key.(string))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return list
}
