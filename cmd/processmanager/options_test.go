package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// One setting can be said in many ways, and the command line wins.
func TestParse(t *testing.T) {
	socket := func(o *options) any { return o.socket }
	secret := func(o *options) any { return o.secrets.Secret + "|" + o.secrets.SecretFile }
	verb := func(o *options) any { return fmt.Sprintf("%q %q %q", o.verb, o.args, o.command) }
	for _, c := range []struct {
		name string
		args string
		env  string
		see  func(*options) any
		want any
	}{
		{"nothing said", "", "", socket, "/tmp/processmanager.sock"},
		{"one dash", "-socket /a", "", socket, "/a"},
		{"two dashes", "--socket /a", "", socket, "/a"},
		{"one dash and =", "-socket=/a", "", socket, "/a"},
		{"two dashes and =", "--socket=/a", "", socket, "/a"},
		{"the last one counts", "-socket /a -socket /b", "", socket, "/b"},
		{"environment", "", "PM_SOCKET=/e", socket, "/e"},
		{"the flag wins", "-socket /a", "PM_SOCKET=/e", socket, "/a"},
		{"an empty variable says nothing", "", "PM_SOCKET=", socket, "/tmp/processmanager.sock"},
		{"a variable of nothing of ours", "", "SOCKET=/e PM_SOCKETS=/e", socket, "/tmp/processmanager.sock"},
		{"value with =", "-secret=a=b", "", secret, "a=b|"},
		{"variable with =", "", "PM_SECRET=a=b", secret, "a=b|"},
		{"dashes become underscores", "", "PM_SECRET_FILE=/s", secret, "|/s"},
		{"flag of one form, variable of the other", "-secret-file /s", "PM_SECRET=a", secret, "|/s"},
		{"the other way round", "-secret a", "PM_SECRET_FILE=/s", secret, "a|"},
		{"the probe's flag wins too", "-secret-file /s healthcheck", "PM_SECRET=a", secret, "|/s"},
		{"mode", "-socket-mode 0660", "", func(o *options) any { return o.socketMode.String() }, "-rw-rw----"},
		{"default mode", "", "", func(o *options) any { return o.socketMode.String() }, "-rw-------"},
		{"the API's socket beside the telnet one", "-socket /run/pm.sock", "", func(o *options) any { return o.rpcPath() }, "/run/pm-rpc.sock"},
		{"the API's socket elsewhere", "-rpc-socket /b", "", func(o *options) any { return o.rpcPath() }, "/b"},
		{"hosts", "-rpc-allowed-hosts a.example,b.example", "", func(o *options) any { return strings.Join(o.allowedHosts, " ") }, "a.example b.example"},
		{"TCP with a secret", "-telnet-addr :1 -secret-file /s", "", func(o *options) any { return o.telnetAddr }, ":1"},
		{"command", "-log-format raw -- /bin/x -socket /y --", "", verb, `"" [] ["/bin/x" "-socket" "/y" "--"]`},
		{"command of one word", "-- x", "", verb, `"" [] ["x"]`},
		{"subcommand, flags behind", "healthcheck -metrics-addr :1", "", verb, `"healthcheck" [] []`},
		{"subcommand, flags in front", "-metrics-addr :1 healthcheck", "", verb, `"healthcheck" [] []`},
		{"healthcheck of a page", "healthcheck readyz/web-0 -metrics-addr :1", "", verb, `"healthcheck" ["readyz/web-0"] []`},
		{"validate several paths", "validate -print /m /n", "", verb, `"validate" ["/m" "/n"] []`},
		{"validate a path", "validate /m", "", verb, `"validate" ["/m"] []`},
		{"help", "-h", "", verb, `"help" [] []`},
		{"help with two dashes", "--help", "", verb, `"help" [] []`},
		{"help by name", "help", "", verb, `"help" [] []`},
		{"version", "version", "", verb, `"version" [] []`},
		{"version as a flag", "--version", "", verb, `"version" [] []`},
		{"the image's ports do not open for a command", "-- x", "PM_METRICS_ADDR=:9464", func(o *options) any { return o.wants("metrics-addr") }, false},
		{"but by a flag", "-metrics-addr :9464 -- x", "", func(o *options) any { return o.wants("metrics-addr") }, true},
		{"the image's manifest does not hinder a command", "-- x", "PM_MANIFEST=/m", verb, `"" [] ["x"]`},
		{"nor its log folder, its secret and its rights", "-- x", "PM_LOG_DIR=/l PM_SECRET_FILE=/s PM_SOCKET_MODE=0660", verb, `"" [] ["x"]`},
		{"the image's rewriting does not hinder a manager", "", "PM_REWRITE_SIGNAL=TERM:QUIT", verb, `"" [] []`},
		{"rights with an interface", "-socket /s -socket-mode 0660 -- x", "", verb, `"" [] ["x"]`},
		{"signals", "-rewrite-signal TERM:QUIT,SIGHUP:0 -- x", "", func(o *options) any { return len(o.rewrite) }, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := parse(strings.Fields(c.args), strings.Fields(c.env))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.see(o); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Every flag can be said by its variable too, with the same effect.
func TestEveryFlagHasItsVariable(t *testing.T) {
	good := map[string]string{
		"socket-mode": "0640", "log-format": "json", "log-timestamps": "true", "log-level": "debug", "rewrite-signal": "TERM:QUIT",
		"telnet-addr": "127.0.0.1:1", "rpc-addr": "127.0.0.1:1",
	}
	beside := map[string]string{ // what a flag needs
		"telnet-addr": "-secret-file=/s", "rpc-addr": "-secret-file=/s", "viewer-secret-file": "-secret-file=/s",
		"tls-cert-file": "-tls-key-file=/k", "tls-key-file": "-tls-cert-file=/c", "tls-client-ca-file": "-tls-cert-file=/c -tls-key-file=/k",
		"rewrite-signal": "-- x",
	}
	for _, s := range settings() {
		value := good[s.name]
		if value == "" {
			value = "/some/value"
		}
		more := strings.Fields(beside[s.name])
		byFlag, err := parse(append([]string{"-" + s.name, value}, more...), nil)
		if err != nil {
			t.Errorf("-%s: %v", s.name, err)
			continue
		}
		byVariable, err := parse(more, []string{"PM_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_")) + "=" + value})
		if err != nil {
			t.Errorf("variable of -%s: %v", s.name, err)
			continue
		}
		byFlag.fromFlag, byVariable.fromFlag = nil, nil
		if !reflect.DeepEqual(byFlag, byVariable) {
			t.Errorf("-%s and its variable have different effects:\n%+v\n%+v", s.name, byFlag, byVariable)
		}
		nothing, err := parse(more, nil)
		if err != nil {
			continue // what is beside it needs it
		}
		if nothing.fromFlag = nil; reflect.DeepEqual(byFlag.withoutSources(), nothing.withoutSources()) {
			t.Errorf("-%s has no effect", s.name)
		}
	}
}

func (o *options) withoutSources() *options {
	c := *o
	c.fromFlag, c.fromSource = nil, nil
	return &c
}

// What stands behind -- is the command's, whatever it looks like.
func TestCommandIsNeverRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"--", "-socket", "-h", "validate", "--secret=x", ""}))
		command := rapid.SliceOfN(word, 1, 6).Draw(t, "command")
		o, err := parse(append([]string{"-socket", "/a", "--"}, command...), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(o.command, command) || o.socket != "/a" || o.verb != "" {
			t.Fatalf("%q became %q (verb %q, socket %q)", command, o.command, o.verb, o.socket)
		}
	})
}

// No arguments and no variables make parse panic, and no error names a secret.
func TestParseNeverPanicsNorTells(t *testing.T) {
	const token = "tok3n-do-not-tell"
	var words []string
	for _, s := range settings() {
		words = append(words, "-"+s.name, "--"+s.name+"=x")
	}
	words = append(words, subcommands...)
	words = append(words, "--", "-", "x", "0600", "a:b", "", "-secret", "-unknown")
	rapid.Check(t, func(t *rapid.T) {
		args := append([]string{"-secret=" + token}, rapid.SliceOf(rapid.SampledFrom(words)).Draw(t, "args")...)
		if _, err := parse(args, []string{"PM_SECRET=" + token}); err != nil && strings.Contains(err.Error(), token) {
			t.Fatalf("the error names the secret: %v", err)
		}
	})
}

// A golden file is a list of command lines and what they print: "! " is stderr, the
// exit code follows when it is not 0.
func TestUsage(t *testing.T) {
	const path = "testdata/usage.txt"
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(golden)) {
		if words, ok := strings.CutPrefix(line, "$ "); ok {
			got.WriteString(line + transcript(t, strings.Fields(words)))
		} else if strings.HasPrefix(line, "#") || line == "\n" {
			got.WriteString(line)
		}
	}
	compareGolden(t, path, got.String())
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"--help"}, nil, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Errorf("exit code %d, stderr %q", code, &stderr)
	}
	compareGolden(t, "testdata/help.golden", stdout.String())
}

func transcript(t *testing.T, words []string) string {
	t.Helper()
	var env []string
	for words[0] != "processmanager" {
		env, words = append(env, words[0]), words[1:]
	}
	if o, err := parse(words[1:], env); err == nil && o.verb == "" {
		t.Fatalf("%q would run", words)
	}
	var stdout, stderr bytes.Buffer
	code := run(words[1:], env, &stdout, &stderr)
	var text strings.Builder
	for line := range strings.Lines(stdout.String()) {
		text.WriteString("  " + line)
	}
	for line := range strings.Lines(stderr.String()) {
		text.WriteString("! " + line)
	}
	if code != 0 {
		text.WriteString(fmt.Sprintf("! exit code %d\n", code))
	}
	return text.String()
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (go test ./cmd/processmanager -update writes it anew)\n%s", path, diff)
	}
}
