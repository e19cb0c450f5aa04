package convert

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What process-compose 1.87 was seen to do, with its own words for it.
func TestProcessComposeSettings(t *testing.T) {
	for name, c := range map[string]struct {
		process string
		want    []string
		not     string
	}{
		"readiness ends a process": {
			"readiness_probe: {http_get: {port: 80}, period_seconds: 2, success_threshold: 2}",
			[]string{"readinessProbe: {httpGet: {port: 80}, periodSeconds: 2, successThreshold: 2}", "livenessProbe: {httpGet: {port: 80}, periodSeconds: 2}", "NOTE f.yaml:1: readiness_probe: when it fails, process-compose ends the process, hence the livenessProbe"},
			"TODO",
		},
		"liveness ends only a daemon": {
			"liveness_probe: {exec: {command: y}}",
			[]string{`livenessProbe: {exec: {command: "y"}}`, "NOTE f.yaml:1: liveness_probe: when it fails, it ends the process; process-compose only writes that down, unless is_daemon"},
			"readinessProbe",
		},
		"both": {
			"liveness_probe: {exec: {command: y}}, readiness_probe: {exec: {command: z}}",
			[]string{`livenessProbe: {exec: {command: "y"}}`, "readinessProbe: {exec: {command: z}}", "NOTE f.yaml:1: readiness_probe: when it fails, process-compose ends the process; here liveness_probe does"},
			"TODO",
		},
		"only braces are variables": {
			`environment: ["A=$HOME ${B}", "C=$$D"]`,
			[]string{`{name: A, value: "$$HOME $(B)"}`, "{name: C, value: $D}"},
			"TODO",
		},
		"its own variable is not seen when the file is read": {
			`command: "echo ${A} $$A $A", environment: ["A=x"]`,
			[]string{`command: "echo ${A} $A $A"`, "NOTE f.yaml:1: command: ${A} is the process's own here; process-compose fills it in when it reads the file, from outside"},
			"TODO",
		},
		"another operator": {
			`environment: ["A=${B^^}"]`,
			[]string{"TODO f.yaml:1: A: ${B^^} is not filled in here: write what it stands for"},
			"value: ${B^^} nowhere",
		},
		"disabled in words": {"is_disabled: 'true'", []string{"suspend: true"}, "TODO"},
		"enabled in words":  {"is_disabled: 'false', disabled: true", []string{"command: x"}, "suspend"},
		"a terminal":        {"is_interactive: true", []string{"tty: true", "NOTE f.yaml:1: is_interactive: it has a terminal"}, "TODO"},
		"misspelt":          {"readyness_probe: {}", []string{"TODO f.yaml:1: readyness_probe: it is not known here: misspelt"}, "nothing like it"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.HasPrefix(c.process, "command:") {
				c.process = "command: x, " + c.process
			}
			got, err := Text("f.yaml", []byte("processes: {a: {"+c.process+"}}"), Options{From: "process-compose"})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, c.want, c.not)
		})
	}
}

// A .env is for all processes but those that do not want it.
func TestProcessComposeDotenv(t *testing.T) {
	for file, want := range map[string]string{
		"processes: {a: {command: x}, b: {command: z}}":                           "envFrom: [{fileRef: {path: /app/.env, optional: true}}] restartPolicy: Never",
		"processes: {a: {command: x, is_dotenv_disabled: true}, b: {command: z}}": "- name: a command: x - name: b command: z envFrom: [{fileRef: {path: /app/.env, optional: true}}]",
	} {
		got, err := Convert(fstest.MapFS{"app/process-compose.yaml": {Data: []byte(file)}, "app/.env": {Data: []byte("A=1\n")}}, "app/process-compose.yaml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		text := told(got.Manifest)
		for _, want := range []string{want, "NOTE app/process-compose.yaml: .env: what it sets wins over the container's environment"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, got.Manifest)
			}
		}
		if strings.Contains(text, "TODO app") || strings.Count(text, ".env, optional") != 1 {
			t.Errorf("%s", got.Manifest)
		}
	}
}

// The end of a process and of all is told once.
func TestProcessComposeEnds(t *testing.T) {
	got, err := Text("f.yaml", []byte("processes: {a: {command: x}}\nlog_format: json\nshell: {shell_command: bash, shell_argument: -c, elevated_shell_command: sudo, elevated_shell_argument: -S}\n"), Options{From: "process-compose"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"NOTE f.yaml: shutdown: what does not end gets SIGKILL after 10 s; process-compose waits for ever unless timeout_seconds is given",
		"NOTE f.yaml: the container ends with the exit code of the first that has failed for good; process-compose with 0, unless exit_on_failure or exit_on_end is given",
		"log_format: process-compose itself does not look at it",
	} {
		if !strings.Contains(told(got.Manifest), want) {
			t.Errorf("%q is not in\n%s", want, got.Manifest)
		}
	}
	if strings.Contains(told(got.Manifest), "not known here") {
		t.Errorf("what process-compose knows is called unknown:\n%s", got.Manifest)
	}
}

// Each key of process-compose's schema is known.
func TestProcessComposeKeysAreKnown(t *testing.T) {
	for key, value := range map[string]string{
		"disabled": "true", "is_daemon": "true", "log_location": "/x", "log_configuration": "{}", "environment": "[]", "availability": "{exit_on_skipped: true}",
		"depends_on": "{}", "ready_log_line": "x", "shutdown": "{}", "disable_ansi_colors": "true", "working_dir": "/", "namespace": "x", "replicas": "1", "description": "x", "vars": "{}",
		"is_foreground": "true", "is_tty": "true", "is_elevated": "true", "is_interactive": "true", "launch_timeout_seconds": "1", "is_disabled": "'true'", "is_dotenv_disabled": "true",
		"readiness_probe": "{http_get: {port: 1, num_port: 1, status_code: 204}}", "original_config": "x", "replica_num": "1", "replica_name": "x", "executable": "x", "args": "[]",
	} {
		got, err := Text("f.yaml", []byte("processes: {a: {command: x, "+key+": "+value+"}}"), Options{From: "process-compose"})
		if err != nil {
			t.Errorf("%s: %v", key, err)
		} else if strings.Contains(told(got.Manifest), "not known here") {
			t.Errorf("%s is a key of process-compose:\n%s", key, got.Manifest)
		}
	}
}
