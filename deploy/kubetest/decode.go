package kubetest

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// kinds are the objects that can be read, by apiVersion and kind.
var kinds = map[string]func() metav1.Object{
	"v1/Pod":                              func() metav1.Object { return new(corev1.Pod) },
	"v1/ConfigMap":                        func() metav1.Object { return new(corev1.ConfigMap) },
	"v1/Secret":                           func() metav1.Object { return new(corev1.Secret) },
	"v1/Service":                          func() metav1.Object { return new(corev1.Service) },
	"v1/ServiceAccount":                   func() metav1.Object { return new(corev1.ServiceAccount) },
	"v1/PersistentVolumeClaim":            func() metav1.Object { return new(corev1.PersistentVolumeClaim) },
	"apps/v1/Deployment":                  func() metav1.Object { return new(appsv1.Deployment) },
	"apps/v1/DaemonSet":                   func() metav1.Object { return new(appsv1.DaemonSet) },
	"apps/v1/StatefulSet":                 func() metav1.Object { return new(appsv1.StatefulSet) },
	"batch/v1/Job":                        func() metav1.Object { return new(batchv1.Job) },
	"networking.k8s.io/v1/NetworkPolicy":  func() metav1.Object { return new(networkingv1.NetworkPolicy) },
	"policy/v1/PodDisruptionBudget":       func() metav1.Object { return new(policyv1.PodDisruptionBudget) },
	"monitoring.coreos.com/v1/PodMonitor": func() metav1.Object { return new(monitoringv1.PodMonitor) },
	"monitoring.coreos.com/v1/PrometheusRule": func() metav1.Object {
		return new(monitoringv1.PrometheusRule)
	},
}

var separator = regexp.MustCompile(`(?m)^---[ \t]*(#.*)?\n`)

// Decode reads all documents of a YAML text, in their order. Documents of comments only
// are left out. The error holds everything that is wrong.
func Decode(text []byte) ([]metav1.Object, error) {
	var (
		list []metav1.Object
		errs []error
	)
	for i, document := range separator.Split(string(text), -1) {
		object, err := decodeOne([]byte(document))
		if err != nil {
			errs = append(errs, fmt.Errorf("document %d: %w", i+1, err))
		}
		if object != nil {
			list = append(list, object)
		}
	}
	return list, errors.Join(errs...)
}

func decodeOne(document []byte) (metav1.Object, error) {
	data, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return nil, nil
	}
	var meta metav1.TypeMeta
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &meta); err != nil {
		return nil, err
	}
	maker := kinds[meta.APIVersion+"/"+meta.Kind]
	if maker == nil {
		return nil, fmt.Errorf("apiVersion %q and kind %q are not known here", meta.APIVersion, meta.Kind)
	}
	object := maker()
	strict, err := kjson.UnmarshalStrict(data, object)
	if err = errors.Join(append(strict, err)...); err != nil {
		return nil, fmt.Errorf("%s: %w", meta.Kind, err)
	}
	return object, nil
}
