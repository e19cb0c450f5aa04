//go:build e2e

package deploy

import (
	"strings"
	"testing"
)

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
