package manifest

import (
	"fmt"
	"strings"
	"testing"
)

// What people write who know the field from elsewhere is told with what to write instead.
func TestHints(t *testing.T) {
	for line, want := range map[string]string{
		`dependsOn: [bb]`:                    `dependsOn[0]: want an object, such as {name: NAME}, got a string`,
		`env: {A: b}`:                        `env: want a list, such as [{name: NAME, value: TEXT}], got an object`,
		`successExitCodes: 3`:                `successExitCodes: want a list, got the number 3: put it in brackets`,
		`terminationGracePeriodSeconds: 30s`: `terminationGracePeriodSeconds: want a whole number, got a string: leave the unit out`,
		`essential: "true"`:                  `essential: want true or false, got a string: remove the quotes`,
		`essential: "maybe"`:                 `essential: want true or false, got a string`,
		`stopSignal: SIGINT`:                 `stopSignal: unknown field: it belongs under lifecycle`,
		`allowPrivilegeEscalation: false`:    `allowPrivilegeEscalation: unknown field: it belongs under securityContext`,
		`periodSeconds: 3`:                   `periodSeconds: unknown field: it belongs under livenessProbe, readinessProbe or startupProbe`,
		`readinessProbe: {http: {port: 80}}`: `readinessProbe.http: unknown field (did you mean "httpGet"?)`,
		`cmd: [sleep, "1"]`:                  `cmd: unknown field (did you mean "command"?)`,
		`restartPolicyy: Never`:              `restartPolicyy: unknown field (did you mean "restartPolicy"?)`,
		`replicas: "2"`:                      `replicas: want a whole number, got a string: remove the quotes`,
	} {
		text := fmt.Sprintf("apiVersion: processmanager/v1\nkind: ProcessManifest\nspec:\n  processes:\n    - name: a\n      command: [sleep]\n      %s\n", line)
		_, err := Parse([]File{{"t.yaml", []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", line, err, want)
		}
	}
}
