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

// A viewer sees definitions, with the names of what is filled in at a start. What stands in
// its place only while a process runs is the operator's.
func TestT100ViewerSeesDefinitions(t *testing.T) {
	t.Parallel()
	const planted, looking = "pl4nted-t0ken-of-a-process", "may-look"
	secrets, doors := shortDir(t), shortDir(t)
	operator, viewer := filepath.Join(doors, "operator"), filepath.Join(doors, "viewer")
	for path, text := range map[string]string{filepath.Join(secrets, "TOKEN"): planted, operator: secretOfDoors, viewer: looking} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := launch(t, launching{manifest: `
  exitPolicy: Never
  processes:
  - {name: web, command: [/bin/sh, -c, "echo begun; sleep 4352; true", sh, "--token=$(TOKEN)"], envFrom: [{secretRef: {path: ` + secrets + `}}]}
`, args: []string{"-secret-file", operator, "-viewer-secret-file", viewer}}).up()
	in.awaitOut("begun")
	ask := func(secret, verb string, names ...string) string {
		out, _ := in.pmclient(append([]string{"-secret", secret, verb, "-format", "json"}, names...)...)
		return out
	}
	for _, words := range [][]string{{"status", "web"}, {"list"}, {"manifest"}} {
		for _, secret := range []string{looking, secretOfDoors} {
			if out := ask(secret, words[0], words[1:]...); !strings.Contains(out, "--token=$(TOKEN)") || strings.Contains(out, planted) {
				t.Errorf("%v with the secret %q: %s", words, secret, out)
			}
		}
	}
	if out := ask(looking, "tree", "web"); !strings.Contains(out, `"command"`) || strings.Contains(out, planted) {
		t.Errorf("a viewer's tree: %s", out)
	}
	if out := ask(secretOfDoors, "tree", "web"); !strings.Contains(out, "--token="+planted) {
		t.Errorf("an operator's tree: %s", out)
	}
	in.end()
}
