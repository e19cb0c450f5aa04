package kubetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// words are the values of types that are strings to Go, and to the API server a choice.
func words() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[corev1.DNSPolicy]():                     {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"},
		reflect.TypeFor[corev1.MountPropagationMode]():          {"None", "HostToContainer", "Bidirectional"},
		reflect.TypeFor[corev1.PersistentVolumeAccessMode]():    {"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"},
		reflect.TypeFor[corev1.PodFSGroupChangePolicy]():        {"OnRootMismatch", "Always"},
		reflect.TypeFor[corev1.Protocol]():                      {"TCP", "UDP", "SCTP"},
		reflect.TypeFor[corev1.PullPolicy]():                    {"Always", "Never", "IfNotPresent"},
		reflect.TypeFor[corev1.RestartPolicy]():                 {"Always", "OnFailure", "Never"},
		reflect.TypeFor[corev1.SeccompProfileType]():            {"Unconfined", "RuntimeDefault", "Localhost"},
		reflect.TypeFor[corev1.ServiceType]():                   {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"},
		reflect.TypeFor[corev1.StorageMedium]():                 {"Memory", "HugePages"}, // the latter with a size behind it
		reflect.TypeFor[corev1.TerminationMessagePolicy]():      {"File", "FallbackToLogsOnError"},
		reflect.TypeFor[corev1.URIScheme]():                     {"HTTP", "HTTPS"},
		reflect.TypeFor[appsv1.DeploymentStrategyType]():        {"Recreate", "RollingUpdate"},
		reflect.TypeFor[appsv1.DaemonSetUpdateStrategyType]():   {"OnDelete", "RollingUpdate"},
		reflect.TypeFor[appsv1.StatefulSetUpdateStrategyType](): {"OnDelete", "RollingUpdate"},
		reflect.TypeFor[appsv1.PodManagementPolicyType]():       {"OrderedReady", "Parallel"},
		reflect.TypeFor[networkingv1.PolicyType]():              {"Ingress", "Egress"},
		reflect.TypeFor[corev1.TaintEffect]():                   {"NoSchedule", "PreferNoSchedule", "NoExecute"},
		reflect.TypeFor[corev1.UnsatisfiableConstraintAction](): {"DoNotSchedule", "ScheduleAnyway"},
	}
}

// maxMode is the greatest mode of a mounted file. In YAML a mode without a leading zero is a
// decimal number, and another mode than it looks like.
const maxMode = 0o777

// choices looks through an object for words that are none of the choice, and for modes that
// are too great.
func (c *checker) choices(place string, v reflect.Value, known map[reflect.Type][]string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			c.choices(place, v.Elem(), known)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if mode, ok := v.Field(i).Interface().(*int32); ok && mode != nil && strings.HasSuffix(field.Name, "Mode") && (*mode < 0 || *mode > maxMode) {
				c.addf("%s.%s: %d is %#o, more than %#o", place, name, *mode, *mode, maxMode)
			}
			c.choices(strings.TrimSuffix(place+"."+name, "."), v.Field(i), known)
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.choices(fmt.Sprintf("%s[%d]", place, i), v.Index(i), known)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			c.choices(fmt.Sprintf("%s[%v]", place, key), v.MapIndex(key), known)
		}
	case reflect.String:
		list := known[v.Type()]
		word, _, _ := strings.Cut(v.String(), "-") // HugePages-2Mi
		if list != nil && word != "" && !slices.Contains(list, word) {
			c.addf("%s: %q is none of %s", place, v.String(), strings.Join(list, ", "))
		}
	default:
	}
}
