package convert

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What pebble does with a check depends on who names it, on its level, and on whether it is on.
func TestPebbleChecks(t *testing.T) {
	const (
		api  = "  api: {override: replace, command: x, startup: enabled, on-check-failure: {c: restart}}\n"
		web  = "  web: {override: replace, command: y, startup: enabled, on-check-failure: {c: restart}}\n"
		idle = "  idle: {override: replace, command: z}\n"
		tcp  = "tcp: {port: 81}"
	)
	for name, c := range map[string]struct {
		services, check string
		want            []string
		not             string
	}{
		"alive": {
			api + idle, "level: alive, period: 5s, " + tcp,
			[]string{"livenessProbe: tcpSocket: {port: 81} initialDelaySeconds: 5 timeoutSeconds: 3 periodSeconds: 5", "NOTE f.yaml:2: on-check-failure: c: as long as it fails, each new life is ended too; pebble waits for a success in between"},
			"readinessProbe",
		},
		"ready, and restarts": {
			api + idle, "level: ready, " + tcp,
			[]string{"livenessProbe: {tcpSocket: {port: 81}, initialDelaySeconds: 10, timeoutSeconds: 3}", "readinessProbe: {tcpSocket: {port: 81}, timeoutSeconds: 3}"},
			"TODO f.yaml",
		},
		"ready, and ends all": {
			strings.ReplaceAll(api, "restart", "shutdown") + idle, "level: ready, " + tcp,
			[]string{"livenessProbe:", "readinessProbe:", "essential: true", "pebble ends with 11"},
			"TODO f.yaml",
		},
		"ready, and nothing else": {strings.ReplaceAll(api, "restart", "ignore"), "level: ready, " + tcp, []string{"readinessProbe:"}, "livenessProbe"},
		"of two services": {
			api + web, "level: ready, " + tcp,
			[]string{"name: api command: [x] livenessProbe: {tcpSocket: {port: 81}, initialDelaySeconds: 10, timeoutSeconds: 3} readinessProbe:", `name: web command: ["y"] livenessProbe: {tcpSocket: {port: 81}, initialDelaySeconds: 10, timeoutSeconds: 3} readinessProbe:`},
			"TODO f.yaml",
		},
		"off, and named": {
			api + idle, "level: ready, startup: disabled, " + tcp,
			[]string{"NOTE f.yaml:2: on-check-failure: the check c is disabled, and a probe is always on: it is left out"},
			"Probe:",
		},
		"off, and loose": {
			strings.ReplaceAll(api, "{c: restart}", "{}"), "level: ready, startup: disabled, " + tcp,
			[]string{"NOTE f.yaml:4: check c: it is disabled, and a probe is always on: it is left out"},
			"Probe:",
		},
		"off, of a service": {
			api + idle, "startup: disabled, exec: {command: /bin/false, service-context: api}",
			[]string{"the check c is disabled"},
			"Probe:",
		},
		"a short period": {api + idle, "period: 1s, " + tcp, []string{"initialDelaySeconds: 1 timeoutSeconds: 1 periodSeconds: 1"}, "TODO f.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Text("f.yaml", []byte("services:\n"+c.services+"checks:\n  c: {override: replace, "+c.check+"}\n"), Options{From: "pebble"})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, c.want, c.not)
		})
	}
}

// How the container ends, and who gets the signal, is told.
func TestPebbleEnds(t *testing.T) {
	for service, want := range map[string]string{
		"on-failure: shutdown, on-success: shutdown": "NOTE f.yaml:1: on-failure: the container ends with the exit code of the process, and not with 10",
		"on-failure: success-shutdown":               "the exit code of the process, and not with 0",
		"workload: w":                                "TODO f.yaml:1: workload: there is nothing like it here",
		"wokload: w":                                 "TODO f.yaml:1: wokload: it is not known here: misspelt",
		"startup: enabled":                           "killMode: Group",
	} {
		got, err := Text("f.yaml", []byte("services: {a: {override: replace, command: x, "+service+"}}"), Options{From: "pebble"})
		if err != nil || !strings.Contains(told(got.Manifest), want) {
			t.Errorf("%s: %v: %q is not in\n%s", service, err, want, got.Manifest)
		}
	}
	for check, want := range map[string]string{"level: up": `"up" is not alive or ready`, "startup: off": `"off" is not enabled or disabled`} {
		_, err := Text("f.yaml", []byte("services: {a: {override: replace, command: x}}\nchecks: {c: {override: replace, tcp: {port: 1}, "+check+"}}"), Options{From: "pebble"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", check, err, want)
		}
	}
}

// Layers may lie in folders of their own, which stand in the order as layers do.
func TestPebbleLayerFolders(t *testing.T) {
	layer := func(command string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("services: {a: {override: merge, command: " + command + ", environment: {" + command + ": x}}}\n")}
	}
	for _, root := range []string{"", "layers/"} {
		got, err := Convert(fstest.MapFS{
			root + "001-first.yaml":             layer("A"),
			root + "002-extra.d/001-one.yaml":   layer("B"),
			root + "002-extra.d/002-two.yaml":   layer("C"),
			root + "002-extra.d/x.d/1-no.yaml":  layer("no"),
			root + "003-last.yaml":              layer("D"),
			root + "README.d/001-unrelated.txt": layer("no"),
		}, ".", Options{})
		want := "command: [D] env: [{name: A, value: x}, {name: B, value: x}, {name: C, value: x}, {name: D, value: x}]"
		if err != nil || !strings.Contains(told(got.Manifest), want) {
			t.Errorf("%v: %q is not in\n%s", err, want, got.Manifest)
		}
	}
}
