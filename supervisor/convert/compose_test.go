package convert

import (
	"strings"
	"testing"
)

// What a service says of its life has a field here.
func TestComposeSettings(t *testing.T) {
	for name, c := range map[string]struct {
		service string
		want    []string
		not     []string
	}{
		"a hook": {
			"post_start: [{command: [/app/warm, 'a b']}]",
			[]string{`lifecycle: {postStart: {exec: {command: [/app/warm, "a b"]}}}`, "NOTE f.yaml:1: post_start: it is done after each start"},
			[]string{"TODO"},
		},
		"a hook in words": {"pre_stop: [{command: '/app/drain --now \"x y\"'}]", []string{`preStop: {exec: {command: [/app/drain, --now, "x y"]}}`, "NOTE f.yaml:1: pre_stop: it has its time out of the grace period, and a failure of it holds up nothing"}, []string{"TODO"}},
		"a hook with a variable": {
			"post_start: [{command: [/app/warm, $URL]}]",
			[]string{"command: [/app/warm, $(URL)]"},
			[]string{"TODO"},
		},
		"two hooks": {
			"post_start: [{command: [/app/a, 'it''s']}, {command: /app/b $URL}]",
			[]string{`postStart: {exec: {command: '/app/a ''it''\''''s'' && /app/b ${URL}'}}`},
			[]string{"TODO"},
		},
		"a hook elsewhere": {
			"post_start: [{command: [/app/a, '${A}$$'], working_dir: /my dir, environment: {B: 'x y', C: $D}}, {command: /app/b, environment: [E=1]}]",
			[]string{`command: '(cd ''/my dir'' && B=''x y'' C="${D}" /app/a "${A}\$") && E=1 /app/b'`},
			[]string{"TODO"},
		},
		"a hook as the same user": {"user: app, post_start: [{command: x, user: app}]", []string{"postStart:"}, []string{"TODO"}},
		"a hook as another user":  {"user: app, post_start: [{command: x, user: root}]", []string{"TODO f.yaml:1: post_start user root: a hook runs as the user of the process"}, nil},
		"a hook with all rights":  {"pre_stop: [{command: x, privileged: true}]", []string{"TODO f.yaml:1: pre_stop privileged: a hook has the rights of the process"}, nil},

		"restarts of a swarm": {
			"deploy: {restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 2m}}",
			[]string{"restartPolicy: OnFailure", "restartBackoff: {initial: 5s, factor: 1, max: 5s, resetAfter: 2m0s}", "maxRestarts: 3"},
			[]string{"TODO"},
		},
		"any end":              {"deploy: {restart_policy: {delay: 3s}}", []string{"restartPolicy: Always", "{initial: 3s, factor: 1, max: 3s}"}, []string{"TODO", "maxRestarts"}},
		"no restart":           {"restart: always, deploy: {restart_policy: {condition: none}}", []string{"- name: a command: [x] - name: b"}, []string{"TODO", "restartPolicy: Always"}},
		"attempts for ever":    {"restart: 'on-failure:0'", []string{"restartPolicy: OnFailure"}, []string{"maxRestarts", "TODO"}},
		"attempts are counted": {"restart: 'on-failure:3'", []string{"maxRestarts: 3", "NOTE f.yaml:1: restart: docker counts all restarts; here a life of 10 s begins the count anew"}, []string{"TODO"}},

		"what is reserved": {
			"deploy: {resources: {limits: {memory: 512M}, reservations: {cpus: '0.25', memory: 64M}}}",
			[]string{`resources: {limits: {memory: 512Mi}, requests: {cpu: "0.25", memory: 64Mi}}`},
			[]string{"TODO"},
		},
		"what is reserved in the old way": {"mem_limit: 1g, mem_reservation: 64m, cpu_shares: 512, cpu_quota: 50000", []string{`resources: {limits: {cpu: 500m, memory: 1Gi}, requests: {cpu: 500m, memory: 64Mi}}`}, []string{"TODO"}},
		"units in full":                   {"mem_limit: 512MiB, mem_reservation: 64 kb", []string{`{limits: {memory: 512Mi}, requests: {memory: 64Ki}}`}, []string{"TODO"}},
		"a large unit":                    {"mem_limit: 1t", []string{`limits: {memory: "1Ti"}`}, []string{"TODO"}},
		"none is no bound":                {"mem_limit: 0, cpus: 0, pids_limit: 0", []string{"- name: a command: [x] - name: b"}, []string{"TODO"}},
		"a weight above the limit":        {"cpus: 0.5, cpu_shares: 2048", []string{`{limits: {cpu: "0.5"}}`, "NOTE f.yaml:1: cpu_shares: 2 processors are more than the limit, 0.5: the request is the limit"}, []string{"TODO"}},
		"a device":                        {"deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}", []string{"TODO f.yaml:1: reservations devices: they are the container's"}, nil},
		"no bound":                        {"pids_limit: -1", []string{"- name: a command: [x] - name: b"}, []string{"TODO"}},

		"a misspelt key":     {"heathcheck: {test: x}", []string{"TODO f.yaml:1: heathcheck: it is not known here: misspelt, or newer than this converter"}, []string{"nothing like it"}},
		"a key of the image": {"runtime: runsc, gpus: all, uts: host, links: [b]", []string{"TODO f.yaml:1: runtime: it is the container's", "TODO f.yaml:1: gpus: they are the container's", "TODO f.yaml:1: uts: it is the container's", "NOTE f.yaml:1: links: processes of one container share its network"}, []string{"not known here"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Text("f.yaml", []byte("services: {a: {command: x, "+c.service+"}, b: {command: y}}"), Options{From: "compose"})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, c.want, c.not...)
		})
	}
}

// What makes no sense is refused, and where.
func TestComposeRefuses(t *testing.T) {
	for service, want := range map[string]string{
		"post_start: x":                                 "post_start: want a list",
		"post_start: [x]":                               "post_start: want an object",
		"post_start: [{user: x}]":                       "it has no command",
		"pre_stop: [{command: \"'\"}]":                  "a quote is not closed",
		"deploy: {restart_policy: {condition: seldom}}": `"seldom" is not none, on-failure or any`,
		"deploy: {restart_policy: {delay: soon}}":       `"soon" is not a duration`,
		"cpu_quota: much":                               `"much" is not a number`,
	} {
		_, err := Text("f.yaml", []byte("services: {a: {command: x, "+service+"}}"), Options{From: "compose"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", service, err, want)
		}
	}
}

// Each key of compose that is not converted is told for what it is.
func TestComposeKeysAreKnown(t *testing.T) {
	// The properties of a service in the schema of compose-go, without those that every test here has.
	const keys = `annotations attach blkio_config cap_add cap_drop cgroup cgroup_parent configs container_name cpu_count
		cpu_percent cpu_shares cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus cpuset credential_spec depends_on deploy
		develop device_cgroup_rules devices dns dns_opt dns_search domainname env_file environment expose extends
		external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels links logging
		mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable
		oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider pull_policy
		pull_refresh_after read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period
		stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir`
	values := map[string]string{
		"depends_on": "[b]", "deploy": "{mode: replicated, endpoint_mode: vip, labels: {}, placement: {}, rollback_config: {}, update_config: {}}",
		"healthcheck": "{start_interval: 1s}", "init": "true", "mem_limit": "1g", "mem_reservation": "1m", "post_start": "[]", "pre_stop": "[]", "restart": "always",
		"stop_grace_period": "1s", "stop_signal": "SIGINT", "tty": "true", "ulimits": "{}", "environment": "{}", "group_add": "[]", "labels": "{}", "profiles": "[x]",
		"cap_add": "[]", "cap_drop": "[]", "security_opt": "[]", "stdin_open": "true", "working_dir": "/", "env_file": "/x", "user": "app", "image": "x",
	}
	for key := range strings.FieldsSeq(keys) {
		value := values[key]
		if value == "" {
			value = "1"
		}
		got, err := Text("f.yaml", []byte("services: {a: {command: x, "+key+": "+value+"}, b: {command: y}}"), Options{From: "compose"})
		if err != nil {
			t.Errorf("%s: %v", key, err)
		} else if strings.Contains(told(got.Manifest), "not known here") {
			t.Errorf("%s is a key of compose:\n%s", key, got.Manifest)
		}
	}
}
