package kubetest_test

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/processmanager/processmanager/deploy/kubetest"
)

const good = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: web
      image: web
      ports: [{name: http, containerPort: 80}]
      livenessProbe: {httpGet: {path: /livez, port: http}}
      volumeMounts: [{name: data, mountPath: /data}]
      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
  volumes: [{name: data, emptyDir: {}}]
`

// check reads a text and gives every kind of complaint about it.
func check(text string) error {
	objects, err := kubetest.Decode([]byte(text))
	for _, object := range objects {
		err = errors.Join(err, kubetest.Check(object))
		if pod, ok := object.(*corev1.Pod); ok {
			err = errors.Join(err, kubetest.Restricted(&pod.Spec))
		}
	}
	return err
}

func TestGood(t *testing.T) {
	if err := check("# a comment\n---\n" + good); err != nil {
		t.Error(err)
	}
}

// Every mistake is one replacement in what is good.
func TestMistakes(t *testing.T) {
	for _, tc := range []struct{ old, mistake, want string }{
		{"livenessProbe", "livenesProbe", "livenesProbe"},
		{"livenessProbe", "livenessprobe", "livenessprobe"},
		{"image: web", "image: web\n      image: other", "already set"},
		{"containerPort: 80", `containerPort: "80"`, "containerPort"},
		{"kind: Pod", "kind: Pot", "Pot"},
		{"metadata: {name: web}", "metadata: {name: Web}", "metadata.name"},
		{"metadata: {name: web}", "metadata: {name: web, labels: {a/b/c: d}}", "labels"},
		{"port: http}", "port: metrics}", "no port is called"},
		{"containerPort: 80", "containerPort: 80000", "80000"},
		{"name: http,", "name: the-name-is-too-long,", "port"},
		{"{name: data, mountPath", "{name: date, mountPath", "no volume"},
		{"{name: data, mountPath: /data}", "", "not mounted"},
		{"emptyDir: {}", "emptyDir: {}, secret: {secretName: s}", "2 sources"},
		{"emptyDir: {}", "emptyDir: {medium: Ram}", `.spec.volumes[0].emptyDir.medium: "Ram" is none of Memory`},
		{"emptyDir: {}", "secret: {secretName: s, defaultMode: 1777}", "1777 is 03361"},
		{"image: web", "image: web\n      imagePullPolicy: Allways", "Allways"},
		{"image: web", "image: web\n      terminationMessagePolicy: Logs", "FallbackToLogsOnError"},
		{"path: /livez,", "path: /livez, scheme: https,", "HTTPS"},
		{"emptyDir: {}", "hostPath: {path: /}", "path of the host"},
		{"image: web", "image: web\n      restartPolicy: Always", "init containers"},
		{"image: web", "image: web\n      env: [{name: A=B}]", "env"},
		{"image: web", "image: web\n      resources: {requests: {cpu: 2}, limits: {cpu: 1}}", "more than its limit"},
		{"httpGet:", "exec: {command: [a]}, httpGet:", "exactly one action"},
		{"path: /livez", "path: livez", "path"},
		{"runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"},
		{"RuntimeDefault", "Unconfined", "seccomp"},
		{"drop: [ALL]", "drop: [NET_RAW]", "capabilities"},
		{"drop: [ALL]", "drop: [ALL], add: [SYS_ADMIN]", "capabilities"},
		{"  securityContext: {runAsNonRoot", "  hostNetwork: true\n  securityContext: {runAsNonRoot", "namespace of the host"},
		{"  securityContext: {runAsNonRoot", "  hostPID: true\n  securityContext: {runAsNonRoot", "namespace of the host"},
		{"  securityContext: {runAsNonRoot", "  hostIPC: true\n  securityContext: {runAsNonRoot", "namespace of the host"},
		{"port: http}", "port: http}, successThreshold: 2", "successThreshold"},
		{"  volumes:", "  initContainers: [{name: first, image: web, startupProbe: {exec: {command: [a]}}}]\n  volumes:", "probe"},
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"},
		{"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem"},
	} {
		t.Run(tc.want+" "+tc.mistake, func(t *testing.T) {
			text := strings.Replace(good, tc.old, tc.mistake, 1)
			if text == good {
				t.Fatalf("%q is not in the text", tc.old)
			}
			if err := check(text); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want a complaint with %q, have %v", tc.want, err)
			}
		})
	}
}

func TestWorkloads(t *testing.T) {
	const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
`
	if err := check(deployment); err != nil {
		t.Error(err)
	}
	for mistake, want := range map[string]string{
		strings.Replace(deployment, "labels: {app: web}", "labels: {app: shop}", 1):                    "selector",
		strings.Replace(deployment, "spec: {containers", "spec: {restartPolicy: Never, containers", 1): "restartPolicy",
		strings.Replace(deployment, "kind: Deployment", "kind: StatefulSet", 1):                        "serviceName",
		strings.Replace(deployment, "[{name: web, image: web}]", "[]", 1):                              "empty",
	} {
		if err := check(mistake); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want a complaint with %q, have %v, about\n%s", want, err, mistake)
		}
	}
}
