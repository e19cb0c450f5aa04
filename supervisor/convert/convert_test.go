package convert

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What cannot be in a manifest is left out, and the note says so.
func TestRepairs(t *testing.T) {
	const pc = "processes:\n"
	for name, c := range map[string]struct {
		format, text string
		want         []string // in the manifest
		not          string
	}{
		"a circle": {
			"process-compose", pc + "  a: {command: x, depends_on: {b: {condition: process_started}}}\n  b: {command: y, depends_on: {a: {condition: process_started}}}\n",
			[]string{`TODO f:3: dependency on "a": it closes a circle`, "dependsOn: [{name: b, condition: Started}]"},
			"dependsOn: [{name: a",
		},
		"itself":  {"process-compose", pc + "  a: {command: x, depends_on: [a]}\n", []string{"dependency on itself"}, "dependsOn"},
		"nobody":  {"process-compose", pc + "  a: {command: x, depends_on: [ghost]}\n", []string{`TODO f:2: dependency on "ghost"`}, "dependsOn:"},
		"endless": {"process-compose", pc + "  a: {command: x, availability: {restart: always}}\n  b: {command: y, depends_on: {a: {condition: process_completed_successfully}}}\n", []string{"never Completed", "{name: a, condition: Started}"}, ""},
		"an odd name": {
			"process-compose", pc + "  'my app!': {command: x}\n  my-app-: {command: y, depends_on: ['my app!']}\n",
			[]string{`"my app!" is called my-app-`, "name: my-app--x2", "dependsOn: [{name: my-app-,"},
			"",
		},
		"the name of a replica":    {"process-compose", pc + "  w: {command: x, replicas: 2}\n  w-1: {command: y}\n", []string{"name: w-1-x2"}, "name: w-1\n"},
		"a comment that is none":   {"procfile", "#\u2028 x: evil\nweb: a\n", []string{"name: web"}, "\u2028"},
		"a name that is a boolean": {"procfile", "yes: a\n", []string{`name: "yes"`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Text("f", []byte(c.text), Options{From: c.format})
			if err != nil {
				t.Fatal(err)
			}
			flat := strings.ReplaceAll(string(got.Manifest), "\n    #   ", " ")
			for _, want := range c.want {
				if !strings.Contains(flat, want) {
					t.Errorf("%q is not in\n%s", want, flat)
				}
			}
			if c.not != "" && strings.Contains(flat, c.not) {
				t.Errorf("%q is in\n%s", c.not, flat)
			}
		})
	}
}

// An error says where, and what is wanted.
func TestErrors(t *testing.T) {
	big := strings.Repeat("# x\n", maxFile/4+1)
	for _, c := range []struct{ format, text, want string }{
		{"supervisord", "x=1\n", `f:1: "x=1" stands in front of the first [section]`},
		{"supervisord", "[program:a]\ncommand\n", "f:2: \"command\" is neither"},
		{"supervisord", "[program:a]\n\nuser=x\n", "f:1: [program:a] has no command"},
		{"supervisord", "[program:a]\ncommand=x\nnumprocs=2\n", "no %(process_num) in its process_name"},
		{"supervisord", "[program:a]\ncommand=x %(nope)s\n", "f:2: command: %(nope)s is not known"},
		{"supervisord", "[program:a]\ncommand=x 50%\n", "f:2: command: a % stands alone"},
		{"supervisord", "[program:a]\ncommand=x 'y\n", "f:2: command: a quote is not closed"},
		{"supervisord", "[program:a]\ncommand=x\nstopsignal=NOPE\n", `f:3: stopsignal: "NOPE" is not a signal`},
		{"supervisord", "[program:a]\ncommand=x\nautostart=maybe\n", "f:3: autostart"},
		{"supervisord", "[program:a]\ncommand=x\nenvironment=A\n", "f:3: environment: want KEY"},
		{"crontab", "* * * * *\n", "f:1: \"* * * * *\" has no command"},
		{"crontab", "61 * * * * x\n", "f:1: "},
		{"crontab", "CRON_TZ=Mars/Base\n* * * * * x\n", `f:1: CRON_TZ: "Mars/Base" is not a time zone`},
		{"crontab", "0 0 32 2 * x\n", "f:1: "},
		{"procfile", "web\n", `f:1: "web" is not a process`},
		{"procfile", "web: a\nweb: b\n", "f:2: the name web is taken by line 1"},
		{"process-compose", "processes: {a: {command: x, depends_on: {b: {condition: later}}}}\n", `"later" is not a condition`},
		{"process-compose", "a: 1\n", "there are no processes"},
		{"process-compose", "a: [\n", "not valid YAML"},
		{"process-compose", "a: &a [*a]\n", "f"},
		{"compose", "services: {a: {command: x, restart: sometimes}}\n", `"sometimes" is not no, always`},
		{"pebble", "services: {a: {command: x}}\n", "want override: merge or replace"},
		{"pebble", "services: {a: {override: replace, command: x, backoff-delay: 60s}}\n", "more than the limit"},
		{"procfile", big, "at most 1048576 are read"},
		{"procfile", "web: a\xff\n", "it is not UTF-8 text"},
		{"procfile", "web: a\x00\n", "it holds a NUL byte"},
		{"", "hello\n", "say so by -from"},
		{"nonsense", "", `unknown format "nonsense"`},
	} {
		_, err := Text("f", []byte(c.text), Options{From: c.format})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.40q: %v, want %q", c.format, c.text, err, c.want)
		}
	}
}

// The format is found by the name, then by the content.
func TestRecognises(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"supervisord.conf": {"[supervisord]\n", "supervisord"}, "app.conf": {"[program:x]\ncommand=y\n", "supervisord"},
		"Procfile": {"web: a\n", "procfile"}, "Procfile.dev": {"web: a\n", "procfile"},
		"stack.yaml": {"processes: {a: {command: b}}\n", "process-compose"}, "docker-compose.yml": {"services: {a: {command: b}}\n", "compose"},
		"layer.yaml": {"services: {a: {override: merge, command: b}}\n", "pebble"},
		"jobs":       {"0 1 * * * a\n", "crontab"}, "crontab": {"0 0 1 * * * * a\n", "supercronic"}, "my.cron": {"@daily a\n", "crontab"},
	} {
		got, err := Text(name, []byte(c.text), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.Format != c.want {
			t.Errorf("%s is taken for %s, want %s", name, got.Format, c.want)
		}
	}
}

// An include stays in the image: what leads out of its root is not read.
func TestIncludeStaysInside(t *testing.T) {
	fsys := fstest.MapFS{
		"etc/s.conf":   {Data: []byte("[program:a]\ncommand=x\n[include]\nfiles=../../../../etc/more.ini %(here)s/sub/*.ini /nowhere/*.ini\n")},
		"etc/more.ini": {Data: []byte("[program:b]\ncommand=%(here)s/y\n")}, "etc/sub/c.ini": {Data: []byte("[program:c]\ncommand=%(here)s/z\n")},
	}
	got, err := Convert(fsys, "etc/s.conf", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"[/etc/y]", "[/etc/sub/z]", "/nowhere/*.ini names no file here"} {
		if !strings.Contains(string(got.Manifest), want) {
			t.Errorf("%q is not in\n%s", want, got.Manifest)
		}
	}
}

// A note or an error about a layered setting names the layer that it stands in.
func TestLayersAreNamed(t *testing.T) {
	layers := func(second string) fstest.MapFS {
		return fstest.MapFS{
			"001-a.yaml": {Data: []byte("services:\n  web:\n    override: replace\n    command: x [ y ]\n    unknown: 1\n    startup: enabled\n")},
			"002-b.yaml": {Data: []byte("services:\n  web:\n    override: merge\n" + second)},
		}
	}
	got, err := Convert(layers("    other: 2\n"), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NOTE 001-a.yaml:4: command:", "TODO 001-a.yaml:5: unknown:", "TODO 002-b.yaml:4: other:"} {
		if !strings.Contains(string(got.Manifest), want) {
			t.Errorf("%q is not in\n%s", want, got.Manifest)
		}
	}
	_, err = Convert(layers("    kill-delay: soon\n"), ".", Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "002-b.yaml:4: kill-delay:") {
		t.Errorf("the error is %v", err)
	}
}

// An up file is text for s6-rc, which need not be executable.
func TestExeclineUpIsInterpreted(t *testing.T) {
	got, err := Convert(fstest.MapFS{
		"etc/s6-overlay/s6-rc.d/a/type": {Data: []byte("oneshot\n")},
		"etc/s6-overlay/s6-rc.d/a/up":   {Data: []byte("foreground { echo a }\necho b\n")},
	}, ".", Options{})
	if want := "command: [/command/execlineb, -P, /etc/s6-overlay/s6-rc.d/a/up]"; err != nil || !strings.Contains(string(got.Manifest), want) {
		t.Errorf("%v; %q is not in\n%s", err, want, got.Manifest)
	}
}

// What is not converted though there is an equal is told with its name, never as unknown here.
func TestEqualsAreNamed(t *testing.T) {
	for _, tc := range []struct{ from, text, want string }{
		{"process-compose", "processes: {a: {command: x, env_file: y}}", "envFrom: [{fileRef:"},
		{"pebble", "services: {a: {override: replace, command: x, on-check-failure: {c: restart, d: restart}}}\nchecks:\n  c: {override: replace, tcp: {port: 1}}\n  d: {override: replace, tcp: {port: 2}}\n", "the action restart of the check d is left out"},
	} {
		got, err := Convert(fstest.MapFS{"f.yaml": {Data: []byte(tc.text)}}, "f.yaml", Options{From: tc.from})
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		if flat := strings.Join(strings.Fields(strings.ReplaceAll(string(got.Manifest), "#", "")), " "); !strings.Contains(flat, tc.want) {
			t.Errorf("%s: %q is not told:\n%s", tc.text, tc.want, got.Manifest)
		}
	}
}

// told is a manifest with its comments and values on one line each, whatever their width is.
func told(manifest []byte) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(string(manifest), "#", "")), " ")
}

// expect compares what a manifest says, on one line and without the lines at its top, with
// what has to be in it and what must not be.
func expect(t *testing.T, got *Result, want []string, not ...string) {
	t.Helper()
	_, text, _ := strings.Cut(told(got.Manifest), "something is left to do.")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in\n%s", w, got.Manifest)
		}
	}
	for _, n := range not {
		if n != "" && strings.Contains(text, n) {
			t.Errorf("%q is in\n%s", n, got.Manifest)
		}
	}
}
