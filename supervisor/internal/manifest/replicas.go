package manifest

import (
	"strconv"

	"github.com/processmanager/processmanager/supervisor"
)

// Replicas returns the processes that a spec stands for: itself without replicas,
// else NAME-0, NAME-1 and so on, which have no replicas of their own. They share
// what the spec points to. dependsOn is left as it is: there, NAME means all of
// its replicas.
func Replicas(spec supervisor.Spec) []supervisor.Spec {
	if spec.Replicas == nil {
		return []supervisor.Spec{spec}
	}
	list := make([]supervisor.Spec, *spec.Replicas)
	for i := range list {
		list[i] = spec
		list[i].Name = replicaName(spec.Name, i)
		list[i].Replicas = nil
	}
	return list
}

func replicaName(name string, i int) string { return name + "-" + strconv.Itoa(i) }

// replicaNames returns the names of all replicas, or none without replicas.
func replicaNames(spec supervisor.Spec) []string {
	if spec.Replicas == nil || spec.Name == "" || *spec.Replicas < 0 {
		return nil
	}
	names := make([]string, min(*spec.Replicas, maxProcesses))
	for i := range names {
		names[i] = replicaName(spec.Name, i)
	}
	return names
}
