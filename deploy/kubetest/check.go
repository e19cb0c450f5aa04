package kubetest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checker collects what is wrong, each with the place.
type checker struct{ errs []error }

func (c *checker) addf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// valid takes the answers of package validation.
func (c *checker) valid(place, value string, problems []string) {
	if len(problems) > 0 {
		c.addf("%s: %q: %s", place, value, strings.Join(problems, "; "))
	}
}

// Check looks for what the API server's validation refuses in an object.
func Check(object metav1.Object) error {
	c := &checker{}
	c.meta("metadata", object, true)
	c.choices("", reflect.ValueOf(object), words())
	if template, selector := Template(object); template != nil {
		_, bare := object.(*corev1.Pod)
		if !bare {
			c.meta("spec.template.metadata", template, false)
		}
		c.podSpec(&template.Spec, object)
		c.selector(selector, template.Labels, object)
	}
	switch o := object.(type) {
	case *corev1.ConfigMap:
		size := 0
		for key, text := range o.Data {
			c.valid("data", key, validation.IsConfigMapKey(key))
			size += len(text)
		}
		if size > corev1.MaxSecretSize {
			c.addf("data: %d bytes, more than %d", size, corev1.MaxSecretSize)
		}
	case *corev1.Service:
		c.valid("metadata.name", o.Name, validation.IsDNS1035Label(o.Name))
		for _, port := range o.Spec.Ports {
			c.valid("spec.ports", fmt.Sprint(port.Port), validation.IsValidPortNum(int(port.Port)))
			if len(o.Spec.Ports) > 1 || port.Name != "" {
				c.valid("spec.ports.name", port.Name, validation.IsDNS1123Label(port.Name))
			}
		}
	case *appsv1.StatefulSet:
		if o.Spec.ServiceName == "" {
			c.addf("spec.serviceName: the Pods would have no names in DNS")
		}
	}
	return errors.Join(c.errs...)
}

// Template is the Pod of an object and the labels by which a workload knows its Pods.
func Template(object metav1.Object) (*corev1.PodTemplateSpec, *metav1.LabelSelector) {
	switch o := object.(type) {
	case *corev1.Pod:
		return &corev1.PodTemplateSpec{ObjectMeta: o.ObjectMeta, Spec: o.Spec}, nil
	case *appsv1.Deployment:
		return &o.Spec.Template, o.Spec.Selector
	case *appsv1.DaemonSet:
		return &o.Spec.Template, o.Spec.Selector
	case *appsv1.StatefulSet:
		return &o.Spec.Template, o.Spec.Selector
	case *batchv1.Job:
		return &o.Spec.Template, nil
	}
	return nil, nil
}

func (c *checker) meta(place string, object metav1.Object, named bool) {
	if named {
		c.valid(place+".name", object.GetName(), validation.IsDNS1123Subdomain(object.GetName()))
	}
	for key, value := range object.GetLabels() {
		c.valid(place+".labels", key, validation.IsQualifiedName(key))
		c.valid(place+".labels."+key, value, validation.IsValidLabelValue(value))
	}
	for key := range object.GetAnnotations() {
		c.valid(place+".annotations", key, validation.IsQualifiedName(strings.ToLower(key)))
	}
}

func (c *checker) selector(selector *metav1.LabelSelector, labels map[string]string, object metav1.Object) {
	switch object.(type) {
	case *corev1.Pod, *batchv1.Job:
		return
	}
	if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		c.addf("spec.selector is missing")
		return
	}
	for key, value := range selector.MatchLabels {
		if labels[key] != value {
			c.addf("spec.selector wants %s=%s, the template has %q", key, value, labels[key])
		}
	}
}

// podSpec checks what belongs to several containers; container the rest.
func (c *checker) podSpec(spec *corev1.PodSpec, object metav1.Object) {
	switch object.(type) {
	case *corev1.Pod:
	case *batchv1.Job:
		if spec.RestartPolicy != corev1.RestartPolicyNever && spec.RestartPolicy != corev1.RestartPolicyOnFailure {
			c.addf("spec.restartPolicy: a Job needs Never or OnFailure, not %q", spec.RestartPolicy)
		}
	default:
		if cmp.Or(spec.RestartPolicy, corev1.RestartPolicyAlways) != corev1.RestartPolicyAlways {
			c.addf("spec.restartPolicy: must be Always, not %q", spec.RestartPolicy)
		}
	}
	if len(spec.Containers) == 0 {
		c.addf("spec.containers is empty")
	}
	volumes := map[string]bool{} // whether it is mounted
	for _, volume := range spec.Volumes {
		c.valid("spec.volumes.name", volume.Name, validation.IsDNS1123Label(volume.Name))
		if _, twice := volumes[volume.Name]; twice {
			c.addf("spec.volumes: %s is there twice", volume.Name)
		}
		volumes[volume.Name] = false
		if sources(volume.VolumeSource) != 1 {
			c.addf("spec.volumes.%s has %d sources, want one", volume.Name, sources(volume.VolumeSource))
		}
	}
	if set, ok := object.(*appsv1.StatefulSet); ok {
		for _, claim := range set.Spec.VolumeClaimTemplates {
			volumes[claim.Name] = false
		}
	}
	names := map[string]bool{}
	for i, container := range append(append([]corev1.Container(nil), spec.InitContainers...), spec.Containers...) {
		c.valid("container name", container.Name, validation.IsDNS1123Label(container.Name))
		if names[container.Name] {
			c.addf("container %s is there twice", container.Name)
		}
		names[container.Name] = true
		c.container(&container, i < len(spec.InitContainers), volumes)
	}
	for name := range maps.Keys(volumes) {
		if !volumes[name] {
			c.addf("volume %s is not mounted anywhere", name)
		}
	}
}

// sources counts the kinds of a volume that are used in this project.
func sources(v corev1.VolumeSource) int {
	count := 0
	for _, set := range []bool{
		v.EmptyDir != nil, v.ConfigMap != nil, v.Secret != nil, v.Projected != nil, v.HostPath != nil,
		v.PersistentVolumeClaim != nil, v.DownwardAPI != nil, v.CSI != nil, v.Ephemeral != nil, v.Image != nil, v.NFS != nil,
	} {
		if set {
			count++
		}
	}
	return count
}

func (c *checker) container(k *corev1.Container, init bool, volumes map[string]bool) {
	place := "container " + k.Name
	if k.Image == "" {
		c.addf("%s: no image", place)
	}
	sidecar := k.RestartPolicy != nil
	if sidecar && (!init || *k.RestartPolicy != corev1.ContainerRestartPolicyAlways) {
		c.addf("%s: restartPolicy is for init containers, and Always", place)
	}
	if init && !sidecar && (k.Lifecycle != nil || k.LivenessProbe != nil || k.ReadinessProbe != nil || k.StartupProbe != nil) {
		c.addf("%s: an init container that is no sidecar has no probes and no hooks", place)
	}
	paths := map[string]bool{}
	for _, mount := range k.VolumeMounts {
		if _, known := volumes[mount.Name]; !known {
			c.addf("%s mounts %s, which is no volume", place, mount.Name)
		}
		volumes[mount.Name] = true
		if !strings.HasPrefix(mount.MountPath, "/") || paths[mount.MountPath] {
			c.addf("%s: mountPath %q is not absolute, or there twice", place, mount.MountPath)
		}
		paths[mount.MountPath] = true
	}
	ports := map[string]bool{}
	for _, port := range k.Ports {
		c.valid(place+" port", fmt.Sprint(port.ContainerPort), validation.IsValidPortNum(int(port.ContainerPort)))
		if port.Name != "" {
			c.valid(place+" port", port.Name, validation.IsValidPortName(port.Name))
		}
		ports[port.Name] = true
	}
	for _, env := range k.Env {
		c.valid(place+" env", env.Name, validation.IsEnvVarName(env.Name))
		if env.Value != "" && env.ValueFrom != nil {
			c.addf("%s: env %s has a value and a source", place, env.Name)
		}
	}
	c.probe(place+" startupProbe", k.StartupProbe, ports, true)
	c.probe(place+" livenessProbe", k.LivenessProbe, ports, true)
	c.probe(place+" readinessProbe", k.ReadinessProbe, ports, false)
	if k.Lifecycle != nil && k.Lifecycle.PreStop != nil {
		h := k.Lifecycle.PreStop
		if handlers(h.Exec != nil, h.HTTPGet != nil, h.TCPSocket != nil, h.Sleep != nil) != 1 {
			c.addf("%s: preStop needs exactly one action", place)
		}
	}
	for name, request := range k.Resources.Requests {
		if limit, both := k.Resources.Limits[name]; both && request.Cmp(limit) > 0 {
			c.addf("%s: requests %s of %s, more than its limit %s", place, request.String(), name, limit.String())
		}
	}
}

func (c *checker) probe(place string, probe *corev1.Probe, ports map[string]bool, once bool) {
	if probe == nil {
		return
	}
	if handlers(probe.Exec != nil, probe.HTTPGet != nil, probe.TCPSocket != nil, probe.GRPC != nil) != 1 {
		c.addf("%s needs exactly one action", place)
	}
	if once && probe.SuccessThreshold > 1 {
		c.addf("%s: successThreshold must be 1", place)
	}
	if probe.PeriodSeconds < 0 || probe.TimeoutSeconds < 0 || probe.FailureThreshold < 0 || probe.InitialDelaySeconds < 0 {
		c.addf("%s has a negative number", place)
	}
	if probe.HTTPGet == nil {
		return
	}
	if !strings.HasPrefix(probe.HTTPGet.Path, "/") {
		c.addf("%s: path %q", place, probe.HTTPGet.Path)
	}
	if port := probe.HTTPGet.Port; port.Type == intstr.String && !ports[port.StrVal] {
		c.addf("%s: no port is called %q", place, port.StrVal)
	}
}

func handlers(set ...bool) int {
	count := 0
	for _, one := range set {
		if one {
			count++
		}
	}
	return count
}
