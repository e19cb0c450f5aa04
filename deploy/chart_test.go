//go:build e2e

package deploy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
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

func TestChartDoors(t *testing.T) {
	objects := render(t, combinations["doors"])
	_, c := processes(t, objects)
	env := environment(c)
	for name, want := range map[string]string{
		"PM_RPC_ADDR": ":9443", "PM_TELNET_ADDR": ":2323", "PM_METRICS_ADDR": ":9464", "PM_SOCKET_MODE": "0660", "PM_SOCKET_GROUP": "65532",
		"PM_SECRET_FILE":        "/var/run/secrets/processmanager/auth/secret",
		"PM_VIEWER_SECRET_FILE": "/var/run/secrets/processmanager/auth/viewer",
		"PM_TLS_CERT_FILE":      "/var/run/secrets/processmanager/tls/tls.crt",
		"PM_TLS_KEY_FILE":       "/var/run/secrets/processmanager/tls/tls.key",
		"PM_TLS_CLIENT_CA_FILE": "/var/run/secrets/processmanager/tls/ca.crt",
		"PM_RPC_ALLOWED_HOSTS":  "shop.example,shop-processmanager,shop-processmanager.market,shop-processmanager.market.svc,shop-processmanager.market.svc.cluster.local",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	service := one[*corev1.Service](t, objects)
	var ports []string
	for _, p := range service.Spec.Ports {
		ports = append(ports, fmt.Sprintf("%s %d %s", p.Name, p.Port, p.TargetPort.String()))
	}
	if want := []string{"metrics 9464 metrics", "rpc 9443 rpc", "telnet 2323 telnet", "http 80 8080"}; !slices.Equal(ports, want) {
		t.Errorf("ports of the Service %q, want %q", ports, want)
	}
	policy := one[*networkingv1.NetworkPolicy](t, objects).Spec
	if len(policy.Ingress) != 3 || len(policy.Ingress[0].From) != 1 || len(policy.Ingress[1].From) != 1 || len(policy.Ingress[1].Ports) != 2 || len(policy.Egress) != 1 {
		t.Errorf("network policy: %+v", policy)
	}
	closed := one[*networkingv1.NetworkPolicy](t, render(t, combinations["closed"])).Spec
	if len(closed.Ingress) != 1 || len(closed.PolicyTypes) != 2 || len(closed.Egress) != 0 {
		t.Errorf("a closed network policy: %+v", closed)
	}
}

// The variables are flags of the program: one with a slip of the pen would be ignored.
// TLS on the metrics port changes the probes on it and the scrape, too.
func TestChartMetricsOverTLS(t *testing.T) {
	objects := render(t, combinations["metrics over TLS"])
	template, c := processes(t, objects)
	if got, want := environment(c)["PM_METRICS_WEB_CONFIG_FILE"], "/var/run/secrets/processmanager/metrics/web.yml"; got != want {
		t.Errorf("the web config is %q, want %q", got, want)
	}
	for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
		if probe.HTTPGet.Scheme != corev1.URISchemeHTTPS || probe.HTTPGet.Path == "" {
			t.Errorf("the %s probe: %+v", name, probe.HTTPGet)
		}
	}
	mounted := slices.ContainsFunc(template.Spec.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == "web" })
	if !mounted {
		t.Error("the Secret is not mounted")
	}
	endpoint := one[*monitoringv1.PodMonitor](t, objects).Spec.PodMetricsEndpoints[0]
	if endpoint.Scheme == nil || !strings.EqualFold(endpoint.Scheme.String(), "https") || endpoint.Interval != "20s" || endpoint.Port == nil || *endpoint.Port != "metrics" || endpoint.BasicAuth == nil || endpoint.BasicAuth.Username.Name != "scrape" {
		t.Errorf("the scrape: %+v", endpoint)
	}
	if _, plain := processes(t, render(t, "")); plain.LivenessProbe.HTTPGet.Scheme != "" {
		t.Errorf("without TLS: %+v", plain.LivenessProbe.HTTPGet)
	}
}

func TestChartVariablesExist(t *testing.T) {
	out, err := exec.Command(buildManager(t), "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, c := processes(t, render(t, combinations["doors"]))
	for name := range environment(c) {
		flag := "-" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "PM_"), "_", "-"))
		if !regexp.MustCompile(`(?m)^  ` + flag + ` `).Match(out) {
			t.Errorf("%s: there is no flag %s", name, flag)
		}
	}
}

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

// Values that cannot work are refused, with what to do.
func TestChartRefuses(t *testing.T) {
	for values, want := range map[string]string{
		"kind: CronJob":          "kind",
		"replica: 2":             "replica",
		"image: {name: x}":       "name",
		"metrics: {port: 70000}": "port",
		"sockets: {mode: 0660}":  "mode", // a number: 432
		"logFormat: xml":         "logFormat",
		"manifest: {spec: {processes: [{command: x}]}}":                             "name",
		"manifest: {files: {processes.yaml: x}}":                                    "choose another",
		"manifest: {files: {notes.txt: x}}":                                         "notes.txt",
		"rpc: {enabled: true}":                                                      "auth.existingSecret",
		"telnet: {enabled: true}":                                                   "auth.existingSecret",
		"tls: {clientCA: true}":                                                     "tls.existingSecret",
		"volumeClaimTemplates: [{metadata: {name: a}}]":                             "StatefulSet",
		"terminationGracePeriodSeconds: 20":                                         "manifest.spec",
		"manifest: {spec: {processes: [{name: a, comand: [x]}]}}":                   "comand",
		"manifest: {spec: {processes: [{name: a, command: [x], env: [{nam: A}]}]}}": "nam",
		"manifest: {spec: {processes: [{name: a, command: [x], readinessProbe: {tcpSocket: {prt: 1}}}]}}": "prt",
		"manifest: {spec: {processes: [], exitPolcy: Never}}":                                             "exitPolcy",
		"env: [{nam: A, value: b}]":                                                            "nam",
		"env: [{name: A, valu: b}]":                                                            "valu",
		"env: [{name: A, valueFrom: {secretKeyRef: {name: s, kei: k}}}]":                       "kei",
		"livenessProbe: {httpGet: {path: /livez, prt: metrics}}":                               "prt",
		"readinessProbe: {periodSecond: 5}":                                                    "periodSecond",
		"startupProbe: {failureTreshold: 5}":                                                   "failureTreshold",
		"rpc: {enabled: true, port: 9464}\nauth: {existingSecret: s}":                          "metrics.port and rpc.port are both 9464",
		"telnet: {enabled: true, port: 9464}\nauth: {existingSecret: s}":                       "metrics.port and telnet.port are both 9464",
		"rpc: {enabled: true}\ntelnet: {enabled: true, port: 9443}\nauth: {existingSecret: s}": "rpc.port and telnet.port are both 9443",
		"livenessProbe: {tcpSocket: {port: metrics}}":                                          "livenessProbe has httpGet and tcpSocket",
		"kind: DaemonSet\nreplicas: 2":                                                         "a DaemonSet runs one Pod on each node",

		// A variable or a flag beside the value of the same thing: ports, probes and Service would go by the value.
		"env: [{name: PM_METRICS_ADDR, value: ':9999'}]":                                                            "env: PM_METRICS_ADDR is set by the chart, and its ports, probes and mounts go by that: use metrics.port",
		"env: [{name: PM_RPC_ADDR, value: ':9999'}]":                                                                "env: PM_RPC_ADDR is set by the chart, and its ports, probes and mounts go by that: use rpc.enabled and rpc.port",
		"env: [{name: PM_LOG_LEVEL, value: debug}]":                                                                 "env: PM_LOG_LEVEL is set by the chart, and its ports, probes and mounts go by that: use logLevel",
		"args: [-metrics-addr=:9999]":                                                                               "args: -metrics-addr is set by the chart, and its ports, probes and mounts go by that: use metrics.port",
		"args: [--telnet-addr, ':23']":                                                                              "args: -telnet-addr is set by the chart, and its ports, probes and mounts go by that: use telnet.enabled and telnet.port",
		"args: [-secret, x]":                                                                                        "args: -secret is set by the chart, and its ports, probes and mounts go by that: use auth.existingSecret",
		"env: [{name: A, value: a}, {name: A, value: b}]":                                                           "env: A is there twice",
		"ports: [{name: metrics, containerPort: 80}]":                                                               "ports: the name metrics is taken",
		"ports: [{name: http, containerPort: 9464}]":                                                                "ports: metrics.port is that of the manager",
		"service: {enabled: true, ports: [{name: metrics, port: 80}]}":                                              "service.ports: the name metrics is taken",
		"service: {enabled: true, ports: [{name: a, port: 9464}]}":                                                  "service.ports: metrics.port is a port of the Service already",
		"service: {enabled: true, ports: [{name: a, port: 80}, {name: a, port: 81}]}":                               "service.ports: the name a is taken",
		"service: {enabled: true, ports: [{name: a, port: 80, targetPort: http}]}":                                  "service.ports: targetPort http is no port",
		"ports: [{name: http, containerPort: 9464, protocol: TCP}]":                                                 "ports: metrics.port is that of the manager",
		"service: {enabled: true, ports: [{name: a, port: 80}, {name: b, port: 80, protocol: TCP}]}":                "service.ports: 80/TCP is given twice, as a and b",
		"service: {enabled: true, ports: [{name: a, port: 53, protocol: UDP}, {name: b, port: 53, protocol: UDP}]}": "service.ports: 53/UDP is given twice, as a and b",
		"volumes: [{name: sockets, emptyDir: {}}]":                                                                  "volumes: the name sockets is taken",
		"volumes: [{name: data, emptyDir: {}}]\nvolumeMounts: [{name: data, mountPath: /etc/processmanager}]":       "volumeMounts: /etc/processmanager is taken",
		"volumeMounts: [{name: data, mountPath: /data}]":                                                            "volumeMounts: data is no volume",
		"extraContainers: [{name: processes, image: x}]":                                                            "extraContainers: the name processes is taken",
		"initContainers: [{name: processes, image: x}]":                                                             "initContainers: the name processes is taken",

		"service: {enabled: true, spec: {type: NodePort}}": "service.spec: type is made of other values",

		// Labels by which objects are found.
		"commonLabels: {app.kubernetes.io/name: x}":         "commonLabels: app.kubernetes.io/name is the chart's own",
		"podLabels: {processmanager.org/managed: 'false'}":  "podLabels: processmanager.org/managed is the chart's own",
		"podAnnotations: {processmanager.org/container: z}": "podAnnotations: processmanager.org/container is the chart's own",

		// What would do nothing.
		"manifest: {existingConfigMap: mine, spec: {processes: [{name: a, command: [x]}]}}": "manifest.existingConfigMap is used in place of manifest.spec",
		"manifest: {existingConfigMap: mine, files: {a.yaml: x}}":                           "manifest.existingConfigMap is used in place of manifest.spec",
		"manifest: {existingConfigMap: mine, rollPods: true}":                               "manifest.rollPods",
		"podManagementPolicy: Parallel":                                                     "podManagementPolicy is for kind StatefulSet",
		"persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}":                       "persistentVolumeClaimRetentionPolicy is for kind StatefulSet",
		"updateStrategy: {type: OnDelete}":                                                  "updateStrategy.type is OnDelete, and a Deployment has Recreate or RollingUpdate",
		"kind: DaemonSet\nupdateStrategy: {type: Recreate}":                                 "a DaemonSet has OnDelete or RollingUpdate",
		"kind: DaemonSet\npodDisruptionBudget: {enabled: true}":                             "podDisruptionBudget is not for kind DaemonSet",

		// Values that null takes away, and names that no object can have.
		"metrics: null":            "metrics",
		"manifest: {spec: null}":   "spec",
		"image: null":              "image",
		"fullnameOverride: My_App": "fullnameOverride",
		"nameOverride: -a":         "nameOverride",
		"fullnameOverride: 1a\nservice: {enabled: true}": "1a cannot be the name of a Service",
		"logLevel: trace": "logLevel",
	} {
		if out, err := tool(values, "helm", "template", "shop", chart, "-f", "-"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, have %v\n%s", values, want, err, out)
		}
	}
}

// A port is a number and a protocol: a DNS server has both of 53, and UDP has the manager's
// numbers free.
func TestChartPortsOfTwoProtocols(t *testing.T) {
	const ports = "[{name: dns, %s: 53, protocol: UDP}, {name: dns-tcp, %s: 53}, {name: push, %s: 9464, protocol: UDP}]"
	objects := render(t, "ports: "+strings.ReplaceAll(ports, "%s", "containerPort")+"\nservice: {enabled: true, ports: "+strings.ReplaceAll(ports, "%s", "port")+"}\n")
	_, c := processes(t, objects)
	var got []string
	for _, p := range c.Ports {
		got = append(got, fmt.Sprintf("%s %d/%s", p.Name, p.ContainerPort, cmp.Or(p.Protocol, corev1.ProtocolTCP)))
	}
	for _, p := range one[*corev1.Service](t, objects).Spec.Ports {
		got = append(got, fmt.Sprintf("service %s %d/%s", p.Name, p.Port, cmp.Or(p.Protocol, corev1.ProtocolTCP)))
	}
	for _, want := range []string{"dns 53/UDP", "dns-tcp 53/TCP", "push 9464/UDP"} {
		if !slices.Contains(got, want) || !slices.Contains(got, "service "+want) {
			t.Errorf("%s is not among %q", want, got)
		}
	}
}

// What helm says after an installation; helm shows it only with a cluster, so that a
// copy of the chart renders it as an object.
func TestChartNotes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "processmanager")
	if err := os.CopyFS(dir, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "templates/NOTES.txt"), filepath.Join(dir, "notes.txt")); err != nil {
		t.Fatal(err)
	}
	const wrapped = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  notes: |\n{{ tpl (.Files.Get \"notes.txt\") . | indent 4 }}\n"
	if err := os.WriteFile(filepath.Join(dir, "templates/notes.yaml"), []byte(wrapped), 0o600); err != nil {
		t.Fatal(err)
	}
	for values, want := range map[string][]string{
		someProcesses:                           {"runs 2 processes.", "kubectl exec -n market deploy/shop-processmanager -- pmclient list", "kubectl pm -n market -l app.kubernetes.io/name=processmanager,app.kubernetes.io/instance=shop list", "applied to the running Pods"},
		combinations["existing"]:                {"runs what ConfigMap mine has."},
		combinations["files"]:                   {"runs 2 processes, and what more.yaml says."},
		someProcesses + "replicas: 2":           {"Schedules run in every Pod."},
		someProcesses + "replicas: null":        {"Schedules run in every Pod."}, // an autoscaler's
		someProcesses + "kind: DaemonSet":       {"Schedules run in every Pod."},
		combinations["rolled"]:                  {"A changed manifest makes new Pods."},
		"manifest: {inImage: [/app/base.yaml]}": {"runs 0 processes, over /app/base.yaml of the image."},
		"service: {enabled: true, ports: [{name: http, port: 80, targetPort: 8080}]}\nnetworkPolicy: {enabled: true}": {"WARNING: the network policy lets nobody reach service.ports"},
		"kind: DaemonSet":   {"exec -n market ds/shop"},
		"kind: Deployment":  {"WARNING: there are no processes", "manifest.spec.processes"},
		"kind: StatefulSet": {"exec -n market sts/shop"},
		"rpc: {enabled: true}\nauth: {existingSecret: s}\nnetworkPolicy: {enabled: true}": {"WARNING: the network policy", "WARNING: rpc and telnet are open without TLS"},
	} {
		text, err := tool(values, "helm", "template", "shop", dir, "-n", "market", "-f", "-", "-s", "templates/notes.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !strings.Contains(text, line) {
				t.Errorf("the notes do not say %q with\n%s\nbut\n%s", line, values, text)
			}
		}
		if values == someProcesses && strings.Contains(text, "every Pod") {
			t.Errorf("one Pod is warned of others:\n%s", text)
		}
	}
}

// The values and the kustomization that the documentation shows work.
func TestChartOfTheDocumentation(t *testing.T) {
	program := buildManager(t)
	text, err := os.ReadFile("../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(chartReadme)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, block := range append(blocks(string(text), "yaml"), blocks(string(readme), "yaml")...) {
		switch {
		case strings.HasPrefix(block, "# values.yaml"):
			checkObjects(t, "docs", program, render(t, block))
		case strings.HasPrefix(block, "# kustomization.yaml"):
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("kustomize")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "examples/shop/kustomization.yaml"), []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			rendered, err := tool("", "kustomize", "build", filepath.Join(dir, "examples/shop"))
			if err != nil {
				t.Fatal(err)
			}
			objects, err := kubetest.Decode([]byte(rendered))
			if err != nil {
				t.Fatalf("%v\n%s", err, rendered)
			}
			checkObjects(t, "docs", program, objects)
		default:
			continue
		}
		seen++
	}
	if seen != 3 {
		t.Errorf("docs/kubernetes.md and the chart's README show %d of values and kustomization, want three", seen)
	}
}

// The base and the example of kustomize render what an API server and the manager take.
func TestKustomize(t *testing.T) {
	program := buildManager(t)
	for _, dir := range []string{"kustomize/base", "kustomize/examples/shop"} {
		text, err := tool("", "kustomize", "build", dir)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := kubetest.Decode([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", dir, err, text)
		}
		checkObjects(t, dir, program, objects)
		template, c := processes(t, objects)
		if *template.Spec.AutomountServiceAccountToken || template.Labels["processmanager.org/managed"] != "true" {
			t.Errorf("%s: %+v", dir, template)
		}
		if dir == "kustomize/base" {
			continue
		}
		if rule := one[*monitoringv1.PrometheusRule](t, objects); rule.Namespace != "shop" || len(rule.Spec.Groups) == 0 || len(rule.Spec.Groups[0].Rules) == 0 {
			t.Errorf("the rules of %s: %+v", dir, rule)
		}
		for key, value := range one[*appsv1.Deployment](t, objects).Spec.Selector.MatchLabels {
			selects := one[*monitoringv1.PodMonitor](t, objects).Spec.Selector.MatchLabels
			if key == "app.kubernetes.io/instance" && selects[key] != value {
				t.Errorf("the PodMonitor scrapes the Pods of other overlays: %v", selects)
			}
		}
		if monitor := one[*monitoringv1.PodMonitor](t, objects); c.Image != "shop:dev" || monitor.Namespace != "shop" ||
			!strings.Contains(one[*corev1.ConfigMap](t, objects).Data["processes.yaml"], "name: report") {
			t.Errorf("the overlay has not changed image, namespace or processes:\n%s", text)
		}
	}
}

// The table of the documentation: a part of the manifest is changed, and a change makes new Pods.
func TestKustomizeOverlays(t *testing.T) {
	program := buildManager(t)
	const head = "resources: [../../base]\nnamePrefix: my-\n"
	for name, tc := range map[string]struct{ overlay, file, want string }{
		"merge": {
			"configMapGenerator: [{name: processes, behavior: merge, files: [site.yaml]}]\n",
			"apiVersion: processmanager/v1\nkind: ProcessManifestPatch\nspec: {terminationGracePeriodSeconds: 20}\n", `^my-processes$`,
		},
		"new Pods": {
			"configMapGenerator: [{name: mine, files: [site.yaml]}]\npatches:\n  - target: {kind: Deployment}\n    patch: |\n" +
				"      - {op: replace, path: /spec/template/spec/volumes/0/configMap/name, value: mine}\n" +
				"      - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: PM_LOG_LEVEL, value: debug}}\n",
			"apiVersion: processmanager/v1\nkind: ProcessManifest\nspec: {processes: [{name: web, command: [a]}]}\n", `^my-mine-[a-z0-9]+$`,
		},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("kustomize")); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"kustomization.yaml": head + tc.overlay, "site.yaml": tc.file, "processes.yaml": ""} {
			if err := os.WriteFile(filepath.Join(dir, "examples/shop", file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text, err := tool("", "kustomize", "build", filepath.Join(dir, "examples/shop"))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := kubetest.Decode([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		template, _ := processes(t, objects)
		mounted := template.Spec.Volumes[0].ConfigMap.Name
		if !regexp.MustCompile(tc.want).MatchString(mounted) {
			t.Errorf("%s: the ConfigMap %s is mounted, want %s", name, mounted, tc.want)
		}
		for _, object := range objects {
			if configMap, ok := object.(*corev1.ConfigMap); ok && configMap.Name == mounted {
				manifests := filepath.Join(dir, name)
				if err := os.Mkdir(manifests, 0o700); err != nil {
					t.Fatal(err)
				}
				for file, text := range configMap.Data {
					if err := os.WriteFile(filepath.Join(manifests, file), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if out, err := exec.Command(program, "validate", manifests).CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", name, err, out)
				}
			}
		}
	}
}
