//go:build e2e

package deploy

import (
	"cmp"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

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

// The variables are flags of the program: one with a slip of the pen would be ignored.
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
