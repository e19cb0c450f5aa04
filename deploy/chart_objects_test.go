//go:build e2e

package deploy

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

func TestChartMonitoring(t *testing.T) {
	objects := render(t, combinations["monitoring"])
	monitor := one[*monitoringv1.PodMonitor](t, objects)
	template, _ := processes(t, objects)
	for key, value := range monitor.Spec.Selector.MatchLabels {
		if template.Labels[key] != value {
			t.Errorf("the PodMonitor looks for %s=%s, the Pods have %q", key, value, template.Labels[key])
		}
	}
	for name, text := range readFiles(t, "grafana", "*.json", "") {
		dashboard := false
		for _, object := range objects {
			if configMap, ok := object.(*corev1.ConfigMap); ok && configMap.Labels["grafana_dashboard"] == "1" {
				dashboard = dashboard || strings.TrimSpace(configMap.Data[name]) == strings.TrimSpace(string(text)) && json.Valid(text)
			}
		}
		if !dashboard {
			t.Errorf("no ConfigMap has the dashboard %s as it is", name)
		}
	}
	groups := 0
	for _, object := range objects {
		if rule, ok := object.(*monitoringv1.PrometheusRule); ok {
			groups += len(rule.Spec.Groups)
		}
	}
	want := 0
	for _, text := range readFiles(t, "prometheus", "*.y*ml", `(?m)^groups:`) {
		want += len(regexp.MustCompile(`(?m)^ *- name:`).FindAll(text, -1))
	}
	if groups != want {
		t.Errorf("%d groups of rules, want %d", groups, want)
	}
}

// A StatefulSet has claims, names in DNS, and its own words for the rest.
func TestChartStatefulSet(t *testing.T) {
	objects := render(t, `
kind: StatefulSet
replicas: 3
podManagementPolicy: Parallel
updateStrategy: {rollingUpdate: {partition: 1}}
volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
volumeMounts: [{name: data, mountPath: /data}]
`)
	set, service := one[*appsv1.StatefulSet](t, objects), one[*corev1.Service](t, objects)
	if err := kubetest.Check(set); err != nil {
		t.Error(err)
	}
	if *set.Spec.Replicas != 3 || set.Spec.PodManagementPolicy != "Parallel" || *set.Spec.UpdateStrategy.RollingUpdate.Partition != 1 ||
		len(set.Spec.VolumeClaimTemplates) != 1 || set.Spec.ServiceName != service.Name || service.Spec.ClusterIP != "None" {
		t.Errorf("%+v\n%+v", set.Spec, service.Spec)
	}
}

// Names of releases and objects may be as long as Kubernetes has them, or look like numbers;
// two releases in one namespace have nothing in common by which one would find the other's Pods.
func TestChartNames(t *testing.T) {
	long := strings.Repeat("a", 53) // the longest that helm takes
	for release, values := range map[string]string{
		long:    "kind: StatefulSet\nservice: {enabled: true}\ndashboard: {enabled: true}\nprometheusRule: {enabled: true}",
		"shop":  "nameOverride: " + strings.Repeat("b", 63) + "\nfullnameOverride: " + strings.Repeat("c-", 31) + "c",
		"123":   "fullnameOverride: '456'\nserviceAccount: {name: '1e3'}\npriorityClassName: '7'\nauth: {existingSecret: '8'}",
		"a.b":   "rpc: {enabled: true}\nauth: {existingSecret: s}",
		"true":  "",
		"shop2": "manifest: {rollPods: true}",
	} {
		text, err := tool(values, "helm", "template", release, chart, "-n", "456", "-f", "-")
		if err != nil {
			t.Fatal(err)
		}
		objects, err := kubetest.Decode([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", release, err)
			continue
		}
		for _, object := range objects {
			if err := kubetest.Check(object); err != nil {
				t.Errorf("%s: %s: %v", release, object.GetName(), err)
			}
			if set, ok := object.(*appsv1.StatefulSet); ok && len(set.Name)+len("-0123456789") > 63 {
				t.Errorf("%s: the revision of %s would be no label", release, set.Name)
			}
		}
		if template, _ := processes(t, objects); template.Labels["app.kubernetes.io/instance"] != release {
			t.Errorf("%s: labels %v", release, template.Labels)
		}
	}
}

func TestChartBudget(t *testing.T) {
	for values, want := range map[string]string{
		"podDisruptionBudget: {enabled: true}":                                         "max 1",
		"podDisruptionBudget: {enabled: true, minAvailable: 50%}\nkind: StatefulSet":   "min 50%",
		"podDisruptionBudget: {enabled: true, minAvailable: 0, maxUnavailable: 25%}\n": "min 0",
	} {
		budget := one[*policyv1.PodDisruptionBudget](t, render(t, values)).Spec
		have := "max " + budget.MaxUnavailable.String()
		if budget.MinAvailable != nil {
			have = "min " + budget.MinAvailable.String()
		}
		if have != want || budget.Selector == nil {
			t.Errorf("%s: %s, want %s", values, have, want)
		}
	}
}

// A changed manifest makes new Pods if that is asked for, and otherwise none.
func TestChartRollsPods(t *testing.T) {
	changed := strings.NewReplacer("/app/web", "/app/web2")
	for name, want := range map[string]bool{"rolled": true, "processes": false} {
		before, _ := processes(t, render(t, combinations[name]))
		after, _ := processes(t, render(t, changed.Replace(combinations[name])))
		if rolls := !maps.Equal(before.Annotations, after.Annotations); rolls != want {
			t.Errorf("%s: new Pods after a change: %v, want %v", name, rolls, want)
		}
	}
	if d := one[*appsv1.Deployment](t, render(t, combinations["rolled"])); d.Spec.Replicas != nil {
		t.Errorf("replicas: null has become %d", *d.Spec.Replicas)
	}
}
