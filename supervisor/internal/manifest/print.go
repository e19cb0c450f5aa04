package manifest

import (
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/processmanager/processmanager/supervisor"
)

// Print writes a set as one manifest: what all its documents, defaults and patches come
// to. Parsed again it is the same set.
func Print(set *supervisor.Set) ([]byte, error) {
	grace := int64(set.GracePeriod.Seconds())
	processes := set.Processes
	if processes == nil {
		processes = []supervisor.Spec{}
	}
	text, err := yaml.Marshal(document{
		APIVersion: apiVersion, Kind: kind,
		Spec: documentSpec{TerminationGracePeriodSeconds: &grace, ExitPolicy: set.ExitPolicy, Processes: processes},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot print the manifest: %w", err)
	}
	return text, nil
}
