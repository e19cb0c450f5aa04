package manifest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/processmanager/processmanager/supervisor"
)

// foreign explains the fields that have another name here, in Kubernetes or in the interfaces; it returns
// nothing for the rest.
func foreign(t reflect.Type, key string) string {
	switch t {
	case reflect.TypeFor[supervisor.EnvSource]():
		switch key {
		case "secretKeyRef", "configMapKeyRef":
			return "the API of Kubernetes is not asked: want fileKeyRef {path, key}, with the path where it is mounted"
		case "resourceFieldRef":
			return "it is not known here: hand it down in the environment of the container"
		}
	case reflect.TypeFor[supervisor.PathRef]():
		if key == "name" {
			return "the API of Kubernetes is not asked: want path, where it is mounted"
		}
	case reflect.TypeFor[supervisor.FileKeyRef]():
		if key == "volumeName" {
			return "volumes belong to the Pod: want path from the root of the container"
		}
	case reflect.TypeFor[supervisor.Spec](), reflect.TypeFor[defaults]():
		switch key {
		case "image", "imagePullPolicy", "volumeMounts", "volumeDevices", "resizePolicy":
			return "it belongs to the container, which all processes share"
		}
	}
	if here := otherNames[key]; here != "" && slices.ContainsFunc(fields(t), func(f field) bool { return f.name == here }) {
		return fmt.Sprintf("unknown field (did you mean %q?)", here)
	}
	return ""
}

// otherNames are those that fields have elsewhere, and that are no misspelling: in Kubernetes,
// in our interfaces, in compose, in supervisord.
var otherNames = map[string]string{
	"backoffLimit": "maxRestarts", "cron": "schedule",
	"cmd": "command", "cwd": "workingDir", "directory": "workingDir", "environment": "env",
	"restart": "restartPolicy", "user": "securityContext", "healthcheck": "readinessProbe",
	"http": "httpGet", "tcp": "tcpSocket",
}
