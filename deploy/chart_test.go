//go:build e2e

package deploy

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

const chart = "helm/processmanager"

// tool runs helm or kustomize; the error holds what it said.
func tool(stdin string, args ...string) (string, error) {
	cmd := exec.Command("sh/tool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%w: %s%s", err, stderr.String(), stdout.String())
	}
	return stdout.String(), nil
}

// render is helm lint and helm template with values, strictly read. The objects are
// those of a release "shop" in the namespace "market".
func render(t *testing.T, values string) []metav1.Object {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := tool("", "helm", "lint", "--strict", "--quiet", "-f", file, chart); err != nil || strings.Contains(out, "WARNING") {
		t.Fatalf("helm lint: %v\n%s", err, out)
	}
	text, err := tool(values, "helm", "template", "shop", chart, "-n", "market", "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := kubetest.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return objects
}

// one finds the only object of a type.
func one[T metav1.Object](t *testing.T, objects []metav1.Object) T {
	t.Helper()
	var found []T
	for _, object := range objects {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		var want T
		t.Fatalf("%d objects of type %T, want one", len(found), want)
	}
	return found[0]
}

// processes are the manager's container of what was rendered.
func processes(t *testing.T, objects []metav1.Object) (*corev1.PodTemplateSpec, corev1.Container) {
	t.Helper()
	for _, object := range objects {
		if template, _ := kubetest.Template(object); template != nil {
			return template, template.Spec.Containers[0]
		}
	}
	t.Fatal("no Pod was rendered")
	return nil, corev1.Container{}
}

func environment(c corev1.Container) map[string]string {
	env := map[string]string{}
	for _, v := range c.Env {
		env[v.Name] = v.Value
	}
	return env
}

const someProcesses = `
manifest:
  spec:
    terminationGracePeriodSeconds: 20
    processes:
      - {name: web, command: [/app/web], readinessProbe: {tcpSocket: {port: 8080}}, activeDeadlineSeconds: 12345678}
      - {name: report, command: "date %d $(NOPE) {{ .Values }}", schedule: "30 2 * * *"}
`

// combinations are values of every kind; each is rendered for each kind of workload.
var combinations = map[string]string{
	"nothing":   ``,
	"processes": someProcesses,
	"files":     someProcesses + "  files:\n    more.yaml: |\n      apiVersion: processmanager/v1\n      kind: ProcessManifest\n      spec:\n        processes:\n          - {name: more, command: [a]}\n",
	"doors": `
rpc: {enabled: true, allowedHosts: [shop.example]}
telnet: {enabled: true}
auth: {existingSecret: api, viewerKey: viewer}
tls: {existingSecret: tls, clientCA: true}
service: {enabled: true, ports: [{name: http, port: 80, targetPort: 8080}]}
sockets: {mode: "0660", group: "65532"}
networkPolicy:
  enabled: true
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
  apiFrom: [{podSelector: {matchLabels: {role: operator}}}]
  ingress: [{ports: [{port: 8080}]}]
  egress: [{ports: [{port: 53, protocol: UDP}]}]
`,
	"metrics over TLS": `
metrics: {webConfig: {existingSecret: web, tls: true}}
podMonitor: {enabled: true, interval: 15s, endpoint: {interval: 20s, honorLabels: true, basicAuth: {username: {name: scrape, key: user}, password: {name: scrape, key: password}}}}
`,
	"closed":     "networkPolicy: {enabled: true, egress: []}\n",
	"monitoring": "podMonitor: {enabled: true, labels: {release: prom}, interval: 15s, scrapeTimeout: 10s}\nprometheusRule: {enabled: true, labels: {release: prom}}\ndashboard: {enabled: true, annotations: {folder: x}}\n",
	"pod": someProcesses + `
fullnameOverride: a-name
commonLabels: {team: blue}
image: {repository: registry.example/shop, digest: sha256:` + strings.Repeat("0a", 32) + `, pullPolicy: Always}
imagePullSecrets: [{name: pull}]
logFormat: json
lifecycle: {preStop: {exec: {command: [pmclient, stop, web]}}}
startupProbe: null
commonAnnotations: {team: blue}
logLevel: debug
logTimestamps: true
ports: [{name: http, containerPort: 8080}]
service: {enabled: true, ports: [{name: http, port: 80, targetPort: http}], labels: {tier: web}, spec: {externalTrafficPolicy: Local}, type: LoadBalancer}
minReadySeconds: 5
hostAliases: [{ip: 10.0.0.1, hostnames: [db]}]
dnsPolicy: ClusterFirst
dnsConfig: {options: [{name: ndots, value: "2"}]}
schedulerName: mine
runtimeClassName: gvisor
enableServiceLinks: false
extraObjects:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: '{{ include "processmanager.fullname" . }}-more', namespace: '{{ .Release.Namespace }}'}
    data: {kind: '{{ .Values.kind }}'}
args: [-log-dir=/data]
env: [{name: A, value: b}, {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
envFrom: [{configMapRef: {name: more}}]
resources: {limits: {memory: 1Gi}}
volumes: [{name: data, emptyDir: {}}]
volumeMounts: [{name: data, mountPath: /data}]
extraContainers:
  - name: debug
    image: debug
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
shareProcessNamespace: true
podSecurityContext: {runAsUser: 1000650000, fsGroup: 1000650000}
podLabels: {x: v1}
podAnnotations: {x: v1}
nodeSelector: {disk: ssd}
tolerations: [{operator: Exists}]
affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: zone}}]}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
priorityClassName: high
serviceAccount: {create: false, name: mine}
revisionHistoryLimit: 3
`,
	"rolled":   someProcesses + "  rollPods: true\nreplicas: null\n",
	"existing": "manifest: {existingConfigMap: mine}\nserviceAccount: {annotations: {role: x}}\n",
}

// What the chart renders is taken by an API server and by the manager, whatever the values.
func TestChart(t *testing.T) {
	program := buildManager(t)
	for _, kind := range []string{"Deployment", "DaemonSet", "StatefulSet"} {
		for name, values := range combinations {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				objects := render(t, "kind: "+kind+"\n"+values)
				if name == "existing" {
					objects = append(objects, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "mine"}})
				}
				checkObjects(t, name, program, objects)
				for _, object := range objects {
					if ns := object.GetNamespace(); ns != "market" && object.GetName() != "mine" {
						t.Errorf("%s is in the namespace %q, not in the release's", object.GetName(), ns)
					}
				}
				template, c := processes(t, objects)
				if *template.Spec.AutomountServiceAccountToken || template.Labels["processmanager.org/managed"] != "true" ||
					template.Annotations["processmanager.org/container"] != c.Name || template.Annotations["kubectl.kubernetes.io/default-container"] != c.Name {
					t.Errorf("kubectl pm would not find the Pod, or it has a token: %+v", template)
				}
			})
		}
	}
}
