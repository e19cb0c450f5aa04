package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// T100: what a process is given out of a mounted Secret is shown by no door, no log line
// of the manager and no metric, also when its probes, hooks and starts fail.
func TestT100MountedSecretIsNowhere(t *testing.T) {
	t.Parallel()
	const planted = "pl4nted-t0ken-of-a-volume"
	secrets, door := shortDir(t), filepath.Join(shortDir(t), "secret")
	if err := os.WriteFile(door, []byte(secretOfDoors), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"TOKEN", "other"} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(planted+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	given := "env: [{name: OTHER, valueFrom: {fileKeyRef: {path: " + secrets + ", key: other}}}, {name: URL, value: \"http://$(TOKEN)@db\"}], envFrom: [{secretRef: {path: " + secrets + "}}]"
	in := launch(t, launching{manifest: `
  exitPolicy: Never
  processes:
  - {name: web, command: "test -n \"$TOKEN$OTHER\" && echo has it && exec sleep 4351", ` + given + `,
     livenessProbe: {exec: {command: [/bin/false, $(TOKEN)]}, failureThreshold: 1000, periodSeconds: 1},
     lifecycle: {preStop: {exec: {command: [/bin/false, $(OTHER)]}}, postStop: {exec: {command: [/bin/false, $(URL)]}}}}
  - {name: dies, command: [/bin/false, $(URL)], restartPolicy: Never, ` + given + `}
  - {name: never, command: [/no/such/program, $(TOKEN)], restartPolicy: Never, ` + given + `}
`, args: []string{"-secret-file", door, "-rpc-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0"}}).up()
	in.awaitOut("has it")
	in.awaitErr("probe failed")
	told := map[string]string{}
	for _, statement := range []string{
		"!!process.list format:json", "!!process.status name:web format:json", "!!process.history name:dies format:json",
		"!!process.history name:never format:json", "!!process.logs name:web", "!!process.probe name:web", "!!process.restart name:web format:json",
	} {
		told[statement] = in.telnet(statement)
	}
	for _, method := range []string{"manifest.get", "manifest.diff", "manifest.apply", "system.info", "process.list"} {
		result, failure := in.call(method, map[string]string{})
		told[method] = string(result) + string(failure)
	}
	for _, words := range [][]string{{"manifest"}, {"status", "web"}, {"probe", "web"}, {"history", "-log", "web", "dies"}} {
		told["pmclient "+strings.Join(words, " ")], _ = in.pmclient(append([]string{"-secret", secretOfDoors}, words...)...)
	}
	_, told["/metrics"] = in.get(in.addr("metrics-addr"), "/metrics")
	in.signal(syscall.SIGUSR2)
	in.end()
	told["the manager's log"] = in.stderr.String()
	told["stdout"] = in.stdout.String()
	for where, text := range told {
		if text == "" || strings.Contains(text, planted) {
			t.Errorf("%s: %q", where, text)
		}
	}
	if !strings.Contains(told["!!process.history name:dies format:json"], "Error") || !strings.Contains(told["pmclient probe web"], "failure") {
		t.Errorf("the test has seen nothing: %q", told)
	}
}
