package manifest

import "github.com/processmanager/processmanager/supervisor"

// The words of the two first lines.
const (
	apiVersion = "processmanager/v1"
	kind       = "ProcessManifest"
	kindPatch  = "ProcessManifestPatch"
)

// document is one YAML document. Like supervisor.Spec, its tags are what the
// schema and the validation go by.
type document struct {
	APIVersion string       `json:"apiVersion" required:"true" doc:"Version of this format: processmanager/v1."`
	Kind       string       `json:"kind" required:"true" doc:"ProcessManifest; or ProcessManifestPatch, which changes what the documents before it say."`
	Metadata   metadata     `json:"metadata,omitzero" doc:"For people and tools; the manager does not use it."`
	Spec       documentSpec `json:"spec" required:"true" doc:"What is to run."`
}

type metadata struct {
	Name        string            `json:"name,omitempty" doc:"Name of the manifest."`
	Namespace   string            `json:"namespace,omitempty" doc:"Accepted because Kubernetes tools write it."`
	Labels      map[string]string `json:"labels,omitempty" doc:"Free labels."`
	Annotations map[string]string `json:"annotations,omitempty" doc:"Free notes."`
}

type documentSpec struct {
	TerminationGracePeriodSeconds *int64                `json:"terminationGracePeriodSeconds,omitempty" min:"0" max:"315360000" doc:"Seconds that the whole shutdown may take; stay below the Pod's own. Default: 25."`
	ExitPolicy                    supervisor.ExitPolicy `json:"exitPolicy,omitempty" doc:"WhenDone: exit when every process has ended for good by itself. Never: stay. Default: WhenDone."`
	Defaults                      defaults              `json:"defaults,omitzero" doc:"Fields that the processes of this document have unless they say otherwise: any field but name."`
	Processes                     []supervisor.Spec     `json:"processes" required:"true" doc:"The processes, in the order that exit codes are looked at."`
}

// defaults is a process without a name, of which nothing is required.
type defaults struct{ supervisor.Spec }
