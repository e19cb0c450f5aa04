package manifest

import (
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

// A spec that comes from a program, not from a text, is held to the same values.
func TestCheckSpecOfAProgram(t *testing.T) {
	umask, id, odd := supervisor.Umask(0o1000), supervisor.ID("4294967295"), supervisor.Quantity("1x")
	probe := func(port supervisor.PortRef) *supervisor.Probe {
		return &supervisor.Probe{TCPSocket: &supervisor.TCPSocketAction{Port: port}}
	}
	for want, change := range map[string]func(*supervisor.Spec){
		`umask: 1000 is no umask: want "0000" to "0777"`: func(s *supervisor.Spec) { s.Umask = &umask },
		"rlimits.core: soft is more than hard": func(s *supervisor.Spec) {
			s.Rlimits = map[string]supervisor.Rlimit{"core": {Soft: supervisor.Unlimited, Hard: 5}}
		},
		`securityContext.runAsUser: "4294967295" is out of range: want 0 to 4294967294`: func(s *supervisor.Spec) {
			s.SecurityContext = &supervisor.SecurityContext{RunAsUser: &id}
		},
		`livenessProbe.tcpSocket.port: "0" is out of range: want a port from 1 to 65535`: func(s *supervisor.Spec) { s.LivenessProbe = probe("0") },
		"livenessProbe.tcpSocket.port: it is required":                                   func(s *supervisor.Spec) { s.LivenessProbe = probe("") },
		`livenessProbe.tcpSocket.port: there is no port "http" in ports`:                 func(s *supervisor.Spec) { s.LivenessProbe = probe("http") },
		`log.rateLimit: quantity "1x": want a number with an optional suffix, such as 2, 500m, 1G or 128Mi`: func(s *supervisor.Spec) {
			s.Log.RateLimit = &odd
		},
		`killMode: "Half" is not one of Mixed, Tree, Group, Process`: func(s *supervisor.Spec) { s.KillMode = "Half" },
		"readiness.fd: 2 is out of range: want 3 to 255":             func(s *supervisor.Spec) { s.Readiness = &supervisor.Readiness{FD: 2} },
		"env[0].value: it holds a NUL byte, which no argument or variable can": func(s *supervisor.Spec) {
			s.Env = []supervisor.EnvVar{{Name: "A", Value: "\x00"}}
		},
	} {
		spec := supervisor.Spec{Name: "a", Command: supervisor.Command{Argv: []string{"x"}}}
		if err := CheckSpec(spec); err != nil {
			t.Fatal(err)
		}
		change(&spec)
		if err := CheckSpec(spec); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestPortNumber(t *testing.T) {
	spec := supervisor.Spec{Ports: []supervisor.Port{{ContainerPort: 1}, {Name: "http", ContainerPort: 80}}}
	for ref, want := range map[supervisor.PortRef]int{"http": 80, "8080": 8080, "": 0, "none": 0, "0": 0, "65536": 0} {
		if got, ok := PortNumber(spec, ref); got != want || ok != (want > 0) {
			t.Errorf("%q: got %d, %t; want %d", ref, got, ok, want)
		}
	}
}

func FuzzFieldPath(f *testing.F) {
	for _, text := range []string{"metadata.name", "metadata.labels['a.b/c']", "metadata.labels['", "metadata.labels['']", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, isLabel, err := parseFieldPath(text)
		switch {
		case err != nil || text == "metadata.name" && !isLabel:
		case !isLabel || key == "" || "metadata.labels['"+key+"']" != text:
			t.Fatalf("%q is the key %q, %t", text, key, isLabel)
		}
	})
}
