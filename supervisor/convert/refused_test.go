package convert

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/processmanager/processmanager/supervisor/internal/manifest"
)

// What the manifest does not take is left out and told, whatever it comes from; what is
// beside it stays.
func TestRefusedIsLeftOut(t *testing.T) {
	long := strings.Repeat("x", 128<<10)
	const pc = "srv/process-compose.yaml"
	for name, c := range map[string]struct {
		format, file, text string
		more               map[string]string // files beside it
		want               []string
		not                string
	}{
		"supervisord: a variable": {
			format: "supervisord", file: "etc/s.conf", text: "[program:a]\ncommand=x\nenvironment=PM_PROCESS_NAME=\"1\",B=\"2\"\n",
			want: []string{`TODO etc/s.conf:1: env "PM_PROCESS_NAME": PM_PROCESS_NAME is set by the manager: it is left out`, "env: [{name: B"}, not: "name: PM_",
		},
		"supervisord: a variable of all": {
			format: "supervisord", file: "etc/s.conf", text: "[supervisord]\nenvironment=PM_PROCESS_NAME=\"1\"\n[program:a]\ncommand=x\n",
			want: []string{`TODO etc/s.conf: env "PM_PROCESS_NAME":`, "name: a"}, not: "env:",
		},
		"supervisord: a user": {
			format: "supervisord", file: "etc/s.conf", text: "[program:a]\ncommand=x\nuser=a b\n[program:b]\ncommand=y\n",
			want: []string{`TODO etc/s.conf:1: securityContext.runAsUser: "a b" is neither a number nor a name: it is left out, and the process is suspended`, "suspend: true", "name: b"}, not: "securityContext:\n",
		},
		"supervisord: the user of all": {
			format: "supervisord", file: "etc/s.conf", text: "[supervisord]\nuser=a b\n[program:a]\ncommand=x\n",
			want: []string{`TODO etc/s.conf: securityContext.runAsUser: "a b" is neither`, "every process is suspended", "suspend: true"},
		},
		"supervisord: an argument": {
			format: "supervisord", file: "etc/s.conf", text: "[program:a]\ncommand=x " + long + "\n[program:b]\ncommand=y\n",
			want: []string{"TODO etc/s.conf:1: process a: command[1]: it is 131072 bytes long", "name: b"}, not: "- name: a",
		},
		"crontab: a variable": {
			format: "crontab", file: "etc/cron", text: "PM_PROCESS_RUN=1\nB=2\n* * * * * x\n",
			want: []string{`TODO etc/cron: env "PM_PROCESS_RUN": PM_PROCESS_RUN is set by the manager: it is left out`, "name: B"}, not: "name: PM_",
		},
		"crontab: a user": {
			format: "crontab", file: "etc/cron.d/x", text: "* * * * * -a x\n",
			want: []string{`securityContext.runAsUser: "-a" is neither`, "suspend: true"},
		},
		"procfile: a command": {
			format: "procfile", file: "app/Procfile", text: "web: a\nodd: " + long + "\n",
			want: []string{"TODO app/Procfile:2: process odd: command: it is 131072 bytes long", "name: web"}, not: "- name: odd",
		},
		"process-compose: a variable": {
			format: "process-compose", file: pc, text: "environment: {\"DATABAS\u00a0URL\": x, B: y}\nprocesses: {a: {command: x, environment: [\"C\u00a0=1\", \"D=2\", \"PM_PROCESS_NAME=3\"]}}\n",
			want: []string{
				`TODO srv/process-compose.yaml: env "DATABAS\u00a0URL": "DATABAS\u00a0URL" holds a character that is not printable ASCII: it is left out`, "name: B",
				`env "C\u00a0":`, "name: D", `env "PM_PROCESS_NAME": PM_PROCESS_NAME is set by the manager: it is left out`,
			},
		},
		"process-compose: a directory": {
			format: "process-compose", file: pc, text: "processes: {a: {command: x, working_dir: \"/a\\0b\"}}\n",
			want: []string{"workingDir: it holds a NUL byte"}, not: "workingDir: \"/a",
		},
		"process-compose: what a probe runs": {
			format: "process-compose", file: pc, text: "processes: {a: {command: x, readiness_probe: {exec: {command: \"a\\0b\"}}}}\n",
			want: []string{"exec: it holds a NUL byte"}, not: "exec:\n",
		},
		"pebble: a check that runs nothing": {
			format: "pebble", file: "layer.yaml", text: "services: {a: {override: replace, command: x, on-check-failure: {c: restart}}}\nchecks: {c: {override: replace, level: alive, exec: {command: \"a\\0\"}}}\n",
			want: []string{"livenessProbe.exec: it holds a NUL byte", "name: a"}, not: "exec:\n",
		},
		"process-compose: a command that another waits for": {
			format: "process-compose", file: pc, text: "processes: {a: {command: \"x\\0\"}, b: {command: y, depends_on: {a: {condition: process_started}}}}\n",
			want: []string{"process a: command: it holds a NUL byte", `TODO srv/process-compose.yaml:1: dependsOn "a":`}, not: "dependsOn:",
		},
		"compose: a variable": {
			format: "compose", file: "srv/compose.yaml", text: "services: {a: {command: x, environment: {\"K\u00a0\": 1, B: 2}}}\n",
			want: []string{`TODO srv/compose.yaml:1: env "K\u00a0":`, "name: B"},
		},
		"compose: a user": {
			format: "compose", file: "srv/compose.yaml", text: "services: {a: {command: x, user: \"a b:c d\"}}\n",
			want: []string{`securityContext.runAsUser: "a b" is neither`, `securityContext.runAsGroup: "c d" is neither`, "suspend: true"}, not: "securityContext:\n",
		},
		"pebble: a variable": {
			format: "pebble", file: "layer.yaml", text: "services: {a: {override: replace, command: x, environment: {\"K\u00a0\": 1, B: 2}}}\n",
			want: []string{`TODO layer.yaml:1: env "K\u00a0":`, "name: B"},
		},
		"pebble: a header": {
			format: "pebble", file: "layer.yaml", text: "services: {a: {override: replace, command: x, on-check-failure: {c: restart}}}\nchecks: {c: {override: replace, level: alive, http: {url: \"http://localhost:80/\", headers: {\"A\u00a0\": x, B: y}}}}\n",
			want: []string{`livenessProbe.httpGet.httpHeaders "A\u00a0": "A\u00a0" is not the name of a header`, "name: B"},
		},
		"s6: a script": {
			format: "s6", file: ".", text: "",
			more: map[string]string{
				"etc/s6-overlay/s6-rc.d/a/type": "longrun", "etc/s6-overlay/s6-rc.d/a/run": "#!/bin/sh\necho " + long + "\nexec b\n",
				"etc/s6-overlay/s6-rc.d/b/type": "longrun", "etc/s6-overlay/s6-rc.d/b/run": "#!/bin/sh\nexec b\n",
			},
			want: []string{"process a: command", "bytes long", "name: b"}, not: "- name: a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			if c.text != "" {
				fsys[c.file] = &fstest.MapFile{Data: []byte(c.text)}
			}
			for file, text := range c.more {
				fsys[file] = &fstest.MapFile{Data: []byte(text)}
			}
			got, err := Convert(fsys, c.file, Options{From: c.format})
			if err != nil {
				t.Fatal(err)
			}
			flat := strings.NewReplacer("\n    #   ", " ", "\n#   ", " ").Replace(string(got.Manifest))
			for _, want := range c.want {
				if !strings.Contains(flat, want) {
					t.Errorf("%q is not in\n%.3000s", want, flat)
				}
			}
			if c.not != "" && strings.Contains(flat, c.not) {
				t.Errorf("%q is in\n%.3000s", c.not, flat)
			}
			if _, err := manifest.Parse([]manifest.File{{Name: "out", Data: got.Manifest}}); err != nil {
				t.Error(err)
			}
			if got.Count(Lost) == 0 {
				t.Error("nothing is told to be lost")
			}
		})
	}
}
