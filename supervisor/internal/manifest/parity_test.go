package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/processmanager/processmanager/supervisor"
)

// A difference from Kubernetes is deliberate, and says why.
type why map[string]string

// parities say which of our objects are which of Kubernetes'.
var parities = []struct {
	ours   reflect.Type
	theirs []reflect.Type // the first that has the field counts
	whole  int            // of so many of theirs every field must be ours or under lacks
	only   why            // fields that Kubernetes does not have there
	lacks  why            // fields that we do not have
	types  why            // fields of another type
}{
	{
		ours: reflect.TypeFor[supervisor.Spec](), theirs: []reflect.Type{
			reflect.TypeFor[core.Container](), reflect.TypeFor[batch.CronJobSpec](), reflect.TypeFor[batch.JobSpec](),
			reflect.TypeFor[core.PodSpec](), reflect.TypeFor[meta.ObjectMeta](),
		}, whole: 3,
		only: why{
			"inheritEnv": "a container inherits nothing", "restartBackoff": "the kubelet's is fixed", "maxRestarts": "a Job's backoffLimit counts Pods",
			"successExitCodes": "Jobs have podFailurePolicy, which is about Pods", "essential": "a Pod has no such word; sidecars are the opposite of it",
			"dependsOn": "init containers are a list", "onDependencyRestart": "init containers do not run on",
			"readiness": "the kubelet asks, it is not told", "killMode": "a container is one tree", "runOnStart": "a CronJob can be created as a Job by hand",
			"jitter": "a CronJob has none", "rlimits": "the container runtime's", "nice": "a container has none", "metrics": "cAdvisor measures what it measures", "ioPriority": "a container has none", "oomScoreAdj": "the kubelet sets it by class",
			"umask": "a container has none", "log": "the container runtime's", "replicas": "a Deployment's; the meaning is that of a StatefulSet",
		},
		lacks: why{
			"image": "the image is shared", "imagePullPolicy": "the image is shared", "volumeMounts": "volumes are shared", "volumeDevices": "volumes are shared",
			"resizePolicy": "resources are always changed in place", "stdinOnce": "stdin is the container's own",
			"terminationMessagePath": "the container's own", "terminationMessagePolicy": "the container's own",
			"jobTemplate": "the process itself", "template": "the process itself", "parallelism": "replicas have no end", "completions": "a run is one",
			"completionMode": "a run is one", "podFailurePolicy": "restartPolicyRules", "successPolicy": "a run is one",
			"backoffLimit": "maxRestarts", "backoffLimitPerIndex": "a run is one", "maxFailedIndexes": "a run is one", "selector": "runs are not selected",
			"manualSelector": "runs are not selected", "ttlSecondsAfterFinished": "the history limits", "podReplacementPolicy": "a run is one", "managedBy": "there is one manager",
			"scheduling": "there is one node",
		},
		types: why{
			"command": "a string too, which is run by the shell",
		},
	},
	{ours: reflect.TypeFor[supervisor.RestartRule](), theirs: []reflect.Type{reflect.TypeFor[core.ContainerRestartRule]()}, whole: 1},
	{ours: reflect.TypeFor[supervisor.RestartOnCode](), theirs: []reflect.Type{reflect.TypeFor[core.ContainerRestartRuleOnExitCodes]()}, whole: 1},
	{ours: reflect.TypeFor[supervisor.Probe](), theirs: []reflect.Type{reflect.TypeFor[core.Probe]()}, whole: 1},
	{
		ours: reflect.TypeFor[supervisor.ExecAction](), theirs: []reflect.Type{reflect.TypeFor[core.ExecAction]()}, whole: 1,
		types: why{"command": "a string too, which is run by the shell"},
	},
	{ours: reflect.TypeFor[supervisor.HTTPGetAction](), theirs: []reflect.Type{reflect.TypeFor[core.HTTPGetAction]()}, whole: 1, lacks: why{"protocol": "behind a feature gate (H2CContainerProbe)"}},
	{ours: reflect.TypeFor[supervisor.HTTPHeader](), theirs: []reflect.Type{reflect.TypeFor[core.HTTPHeader]()}, whole: 1},
	{ours: reflect.TypeFor[supervisor.TCPSocketAction](), theirs: []reflect.Type{reflect.TypeFor[core.TCPSocketAction]()}, whole: 1},
	{ours: reflect.TypeFor[supervisor.GRPCAction](), theirs: []reflect.Type{reflect.TypeFor[core.GRPCAction]()}, whole: 1, lacks: why{"mode": "behind a feature gate (GRPCContainerProbeTLS)"}},
	{
		ours: reflect.TypeFor[supervisor.Lifecycle](), theirs: []reflect.Type{reflect.TypeFor[core.Lifecycle]()}, whole: 1,
		only: why{"postStop": "a container has nobody to do it"},
	},
	{
		ours: reflect.TypeFor[supervisor.LifecycleHandler](), theirs: []reflect.Type{reflect.TypeFor[core.LifecycleHandler]()}, whole: 1,
		lacks: why{"tcpSocket": "deprecated, and never worked"},
	},
	{ours: reflect.TypeFor[supervisor.SleepAction](), theirs: []reflect.Type{reflect.TypeFor[core.SleepAction]()}, whole: 1},
	{
		ours: reflect.TypeFor[supervisor.SecurityContext](), theirs: []reflect.Type{reflect.TypeFor[core.SecurityContext](), reflect.TypeFor[core.PodSecurityContext]()}, whole: 1,
		lacks: why{
			"privileged": "more rights than the container has cannot be given", "seLinuxOptions": "the container's own", "windowsOptions": "Linux only",
			"readOnlyRootFilesystem": "the root is shared", "procMount": "/proc is shared", "seccompProfile": "the container's own", "appArmorProfile": "the container's own",
		},
		types: why{"runAsUser": "names too: /etc/passwd is at hand", "runAsGroup": "names too", "supplementalGroups": "names too"},
	},
	{ours: reflect.TypeFor[supervisor.Capabilities](), theirs: []reflect.Type{reflect.TypeFor[core.Capabilities]()}, whole: 1},
	{
		ours: reflect.TypeFor[supervisor.Resources](), theirs: []reflect.Type{reflect.TypeFor[core.ResourceRequirements]()}, whole: 1,
		lacks: why{"claims": "devices are the container's"},
		types: why{"limits": "cpu, memory and pids only", "requests": "cpu and memory only"},
	},
	{ours: reflect.TypeFor[supervisor.EnvVar](), theirs: []reflect.Type{reflect.TypeFor[core.EnvVar]()}, whole: 1},
	{
		ours: reflect.TypeFor[supervisor.EnvSource](), theirs: []reflect.Type{reflect.TypeFor[core.EnvVarSource]()}, whole: 1,
		lacks: why{"secretKeyRef": "the API is not asked", "configMapKeyRef": "the API is not asked", "resourceFieldRef": "the container's environment has it"},
	},
	{
		ours: reflect.TypeFor[supervisor.FieldRef](), theirs: []reflect.Type{reflect.TypeFor[core.ObjectFieldSelector]()}, whole: 1,
		lacks: why{"apiVersion": "there is one"},
	},
	{
		ours: reflect.TypeFor[supervisor.FileKeyRef](), theirs: []reflect.Type{reflect.TypeFor[core.FileKeySelector]()}, whole: 1,
		lacks: why{"volumeName": "volumes belong to the Pod"},
	},
	{
		ours: reflect.TypeFor[supervisor.EnvFrom](), theirs: []reflect.Type{reflect.TypeFor[core.EnvFromSource]()}, whole: 1,
		only: why{"fileRef": "a dotenv file as a whole"},
	},
	{
		ours: reflect.TypeFor[supervisor.PathRef](), theirs: []reflect.Type{reflect.TypeFor[core.SecretEnvSource]()}, whole: 1,
		only: why{"path": "the API is not asked"}, lacks: why{"name": "the API is not asked"},
	},
	{
		ours: reflect.TypeFor[supervisor.Port](), theirs: []reflect.Type{reflect.TypeFor[core.ContainerPort]()}, whole: 1,
		lacks: why{"hostPort": "the Pod's", "hostIP": "the Pod's", "protocol": "nothing asks for it"},
	},
}

// jsonFields lists the fields of one of Kubernetes' types, those of embedded ones in
// place.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			all[name] = f.Type
		}
	}
	return all
}

// shape says what a type looks like in JSON.
func shape(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[intstr.IntOrString](), reflect.TypeFor[supervisor.PortRef](), reflect.TypeFor[supervisor.ID]():
		return "number or string"
	case reflect.TypeFor[resource.Quantity](), reflect.TypeFor[supervisor.Quantity]():
		return "quantity"
	case reflect.TypeFor[supervisor.Command]():
		return "list or string"
	}
	switch k := t.Kind(); k {
	case reflect.Pointer:
		return shape(t.Elem())
	case reflect.Slice:
		return "list of " + shape(t.Elem())
	case reflect.Map:
		return "map of " + shape(t.Elem())
	case reflect.Struct:
		return "object"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint16:
		return "number"
	default:
		return k.String()
	}
}

// TestParity: what has Kubernetes' name has Kubernetes' type, what Kubernetes has is
// here, and every difference is in the table above, and is one.
func TestParity(t *testing.T) {
	for _, p := range parities {
		ours := map[string]reflect.Type{}
		for _, f := range fields(p.ours) {
			ours[f.name] = f.typ
		}
		found := map[string]reflect.Type{}
		for i, theirs := range p.theirs {
			for name, typ := range jsonFields(theirs) {
				if _, known := found[name]; !known {
					found[name] = typ
				}
				if _, have := ours[name]; !have && i < p.whole && p.lacks[name] == "" {
					t.Errorf("%v lacks %s of %v: add it, or say why not", p.ours, name, theirs)
				}
			}
		}
		for name, typ := range ours {
			theirs, shared := found[name]
			switch {
			case !shared && p.only[name] == "":
				t.Errorf("%v has %s, which Kubernetes has not: say why", p.ours, name)
			case shared && p.types[name] == "" && shape(typ) != shape(theirs):
				t.Errorf("%v.%s is a %s, in Kubernetes it is a %s", p.ours, name, shape(typ), shape(theirs))
			case shared && p.types[name] != "" && shape(typ) == shape(theirs):
				if p.ours != reflect.TypeFor[supervisor.Resources]() {
					t.Errorf("%v.%s is what it is in Kubernetes: take it out of types", p.ours, name)
				}
			}
		}
		for name := range p.only {
			if _, shared := found[name]; shared || ours[name] == nil {
				t.Errorf("%v.%s is not ours only: take it out of the table", p.ours, name)
			}
		}
		for name := range p.lacks {
			if _, have := ours[name]; have || found[name] == nil {
				t.Errorf("%v does not lack %s: take it out of the table", p.ours, name)
			}
		}
	}
}

// Words are Kubernetes' words.
func TestParityOfWords(t *testing.T) {
	for typ, want := range map[reflect.Type][]string{
		reflect.TypeFor[supervisor.RestartPolicy](): words(core.RestartPolicyAlways, core.RestartPolicyOnFailure, core.RestartPolicyNever),
		// RestartAllContainers is behind a feature gate.
		reflect.TypeFor[supervisor.RestartAction]():     {string(core.ContainerRestartRuleActionRestart), string(batch.PodFailurePolicyActionFailJob)},
		reflect.TypeFor[supervisor.CodeOperator]():      words(core.ContainerRestartRuleOnExitCodesOpIn, core.ContainerRestartRuleOnExitCodesOpNotIn),
		reflect.TypeFor[supervisor.URIScheme]():         words(core.URISchemeHTTP, core.URISchemeHTTPS),
		reflect.TypeFor[supervisor.ConcurrencyPolicy](): words(batch.ForbidConcurrent, batch.AllowConcurrent, batch.ReplaceConcurrent),
	} {
		if got := enum(typ); !slices.Equal(got, want) {
			t.Errorf("%v is one of %q, in Kubernetes of %q", typ, got, want)
		}
	}
}

// The defaults are those that Kubernetes documents.
func TestParityOfDefaults(t *testing.T) {
	spec := supervisor.Spec{
		Name: "a", Schedule: "@daily", LivenessProbe: &supervisor.Probe{HTTPGet: &supervisor.HTTPGetAction{}},
		Resources: &supervisor.Resources{Limits: supervisor.ResourceList{CPU: new(supervisor.Quantity)}},
	}
	ApplyDefaults(&spec)
	p := spec.LivenessProbe
	for _, tt := range []struct {
		docs       map[string]string
		name, says string // what Kubernetes' documentation says
		got        any
	}{
		{core.Probe{}.SwaggerDoc(), "timeoutSeconds", "Defaults to %v second.", *p.TimeoutSeconds},
		{core.Probe{}.SwaggerDoc(), "periodSeconds", "Default to %v seconds.", *p.PeriodSeconds},
		{core.Probe{}.SwaggerDoc(), "successThreshold", "Defaults to %v.", *p.SuccessThreshold},
		{core.Probe{}.SwaggerDoc(), "failureThreshold", "Defaults to %v.", *p.FailureThreshold},
		{core.HTTPGetAction{}.SwaggerDoc(), "scheme", "Defaults to %v.", p.HTTPGet.Scheme},
		{core.PodSpec{}.SwaggerDoc(), "terminationGracePeriodSeconds", "Defaults to %v seconds.", *spec.TerminationGracePeriodSeconds},
		{batch.CronJobSpec{}.SwaggerDoc(), "successfulJobsHistoryLimit", "Defaults to %v.", *spec.SuccessfulJobsHistoryLimit},
		{batch.CronJobSpec{}.SwaggerDoc(), "failedJobsHistoryLimit", "Defaults to %v.", *spec.FailedJobsHistoryLimit},
		{core.PodSpec{}.SwaggerDoc(), "restartPolicy", "Default to %v.", supervisor.RestartAlways},
	} {
		if want := fmt.Sprintf(tt.says, tt.got); !strings.Contains(tt.docs[tt.name], want) {
			t.Errorf("%s: %q is not in Kubernetes' documentation: %s", tt.name, want, tt.docs[tt.name])
		}
	}
	if spec.Resources.Requests.CPU == nil || spec.Resources.Requests.Memory != nil {
		t.Errorf("requests are %+v: want those of the limits", spec.Resources.Requests)
	}
}
