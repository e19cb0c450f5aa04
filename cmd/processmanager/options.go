package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/access"
	"github.com/processmanager/processmanager/supervisor/manager"
)

const (
	defaultManifest = "/etc/processmanager"
	defaultSocket   = "/tmp/processmanager.sock"
)

// options are the flags, after the environment has been asked for what they do not
// say.
type options struct {
	verb    string   // subcommand; empty: manage processes
	args    []string // of the subcommand
	print   bool     // validate writes what is in force
	command []string // behind --

	manifest             string
	socket, telnetAddr   string
	rpcSocket, rpcAddr   string
	metricsAddr          string
	metricsWeb           string // web config file of metricsAddr
	secrets              access.Secrets
	socketMode           fs.FileMode
	socketGroup          string
	tls                  access.TLSFiles
	logFormat, logDir    string
	logTimestamps        bool
	logLevel             slog.Level
	allowedHosts         []string
	rewrite              map[supervisor.Signal]supervisor.Signal
	fromFlag, fromSource map[string]bool // said on the command line; there or in the environment
}

// setting is one flag.
type setting struct {
	name, value, help string
	set               func(o *options, text string) error
}

func text(to func(*options) *string) func(*options, string) error {
	return func(o *options, v string) error { *to(o) = v; return nil }
}

// settings are all flags; each has an environment variable PM_<FLAG>.
func settings() []setting {
	return []setting{
		{"manifest", "", "manifest: a YAML file, or a directory of *.yaml and *.yml; several with commas between them (default " + defaultManifest + " if it exists)", text(func(o *options) *string { return &o.manifest })},
		{"socket", defaultSocket, "telnet interface: unix socket", text(func(o *options) *string { return &o.socket })},
		{"telnet-addr", "", "telnet interface: TCP HOST:PORT; needs a secret", text(func(o *options) *string { return &o.telnetAddr })},
		{"rpc-socket", "", "OpenRPC: unix socket (default: that of -socket with -rpc before .sock)", text(func(o *options) *string { return &o.rpcSocket })},
		{"rpc-addr", "", "OpenRPC: TCP HOST:PORT; needs a secret", text(func(o *options) *string { return &o.rpcAddr })},
		{"metrics-addr", "", "/metrics, /livez, /readyz, /startupz: TCP HOST:PORT", text(func(o *options) *string { return &o.metricsAddr })},
		{"metrics-web-config-file", "", "TLS and users of -metrics-addr: a web config file as Prometheus' exporters have, read again when it changes", text(func(o *options) *string { return &o.metricsWeb })},
		{"secret", "", "secret for full access; better in a file", text(func(o *options) *string { return &o.secrets.Secret })},
		{"secret-file", "", "file with the secret for full access, read again when it changes", text(func(o *options) *string { return &o.secrets.SecretFile })},
		{"viewer-secret-file", "", "file with a secret for looking only", text(func(o *options) *string { return &o.secrets.ViewerFile })},
		{"socket-mode", "0600", "permissions of both unix sockets, octal", setMode},
		{"socket-group", "", "group of both unix sockets, name or number", text(func(o *options) *string { return &o.socketGroup })},
		{"tls-cert-file", "", "certificate of -telnet-addr and -rpc-addr, PEM, read again when it changes", text(func(o *options) *string { return &o.tls.Cert })},
		{"tls-key-file", "", "its private key, PEM", text(func(o *options) *string { return &o.tls.Key })},
		{"tls-client-ca-file", "", "callers must show a certificate of these authorities, PEM", text(func(o *options) *string { return &o.tls.ClientCA })},
		{"log-format", "text", "lines on stdout and stderr: raw, text (with the name in front) or json", func(o *options, v string) error { o.logFormat = v; return manager.CheckLogFormat(v) }},
		{"log-timestamps", "false", "true: the time in front of each line, in the format text and in log files", setTimestamps},
		{"log-level", "info", "the manager's own lines: debug, info, warn (then without those of who has changed what) or error", setLevel},
		{"log-dir", "", "directory for the files of processes that have a log file", text(func(o *options) *string { return &o.logDir })},
		{"rpc-allowed-hosts", "", "names that may stand in Host and Origin of API requests, with commas between", func(o *options, v string) error {
			o.allowedHosts = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
			return nil
		}},
		{"rewrite-signal", "", "FROM:TO, with commas between: forward another signal than came in; TO 0 drops it (with -- COMMAND only)", setRewrite},
	}
}

func setMode(o *options, v string) error {
	n, err := strconv.ParseUint(v, 8, 32)
	if err != nil || n == 0 || n > 0o777 {
		return fmt.Errorf("%q is not a file mode (want octal permissions such as 0660)", v)
	}
	o.socketMode = fs.FileMode(n)
	return nil
}

func setTimestamps(o *options, v string) error {
	yes, err := strconv.ParseBool(v)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", v)
	}
	o.logTimestamps = yes
	return nil
}

func setLevel(o *options, v string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, known := levels[v]
	if !known {
		return fmt.Errorf("%q is not a level (want debug, info, warn or error)", v)
	}
	o.logLevel = level
	return nil
}

func setRewrite(o *options, v string) error {
	o.rewrite = map[supervisor.Signal]supervisor.Signal{}
	for pair := range strings.SplitSeq(v, ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(pair), ":")
		if !ok {
			return fmt.Errorf("%q has no colon (want FROM:TO, such as TERM:QUIT)", pair)
		}
		a, err := supervisor.ParseSignal(from)
		if err != nil {
			return err
		}
		var b supervisor.Signal
		if to != "0" {
			if b, err = supervisor.ParseSignal(to); err != nil {
				return err
			}
		}
		o.rewrite[a] = b
	}
	return nil
}

func variable(name string) string {
	return "PM_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// subcommands that take the place of running.
var subcommands = []string{"validate", "schema", "healthcheck", "convert", "version", "help"}

// parse reads arguments and environment. Every error is one of usage.
func parse(args, env []string) (*options, error) {
	o := &options{fromFlag: map[string]bool{}, fromSource: map[string]bool{}}
	if i := slices.Index(args, "--"); i >= 0 {
		args, o.command = args[:i], args[i+1:]
		if len(o.command) == 0 {
			return nil, errors.New("there is no command behind --")
		}
	}
	if len(args) == 1 && strings.TrimLeft(args[0], "-") == "version" {
		args = []string{"version"} // as a flag too: it is what people try first
	}
	given := map[string]string{}
	if err := o.parseFlags(args, given); err != nil {
		return nil, err
	}
	vars := map[string]string{}
	for _, kv := range env {
		if name, value, ok := strings.Cut(kv, "="); ok {
			vars[name] = value
		}
	}
	for _, s := range settings() {
		value, where := s.value, ""
		switch v, ok := given[s.name]; {
		case ok:
			value, where = v, "-"+s.name
			o.fromFlag[s.name], o.fromSource[s.name] = true, true
		case vars[variable(s.name)] != "":
			value, where = vars[variable(s.name)], variable(s.name)
			o.fromSource[s.name] = true
		}
		if value == "" {
			continue
		}
		if err := s.set(o, value); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	return o, o.check()
}

// parseFlags takes flags before and behind a subcommand.
func (o *options) parseFlags(args []string, given map[string]string) error {
	set := flag.NewFlagSet("processmanager", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, s := range settings() {
		set.Func(s.name, s.help, func(v string) error { given[s.name] = v; return nil })
	}
	set.BoolVar(&o.print, "print", false, "with validate")
	for {
		if err := set.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				o.verb = "help"
				return nil
			}
			return misspelt(err, set)
		}
		rest := set.Args()
		if len(rest) == 0 {
			return nil
		}
		switch {
		case o.verb == "" && rest[0] == "convert":
			return errors.New("convert stands first, and its flags behind it")
		case o.verb == "" && slices.Contains(subcommands, rest[0]):
			o.verb = rest[0]
		case o.verb == "validate", o.verb == "healthcheck" && len(o.args) == 0:
			o.args = append(o.args, rest[0])
		case o.verb == "":
			return fmt.Errorf("unknown command %q (want one of %s; a program to run stands behind --)", rest[0], strings.Join(subcommands, ", "))
		default:
			return fmt.Errorf("%q is one argument too many for %s", rest[0], o.verb)
		}
		args = rest[1:]
	}
}

// check refuses what contradicts itself.
func (o *options) check() error {
	if o.print && o.verb != "validate" {
		return errors.New("-print belongs to validate: processmanager validate -print PATH")
	}
	if o.verb == "healthcheck" {
		if err := checkPage(o.page()); err != nil {
			return err
		}
	}
	if o.verb != "" && len(o.command) > 0 {
		return fmt.Errorf("%s takes no command behind --", o.verb)
	}
	if o.verb == "" || o.verb == "healthcheck" {
		if err := o.chooseSecret(); err != nil {
			return err
		}
	}
	if o.verb != "" {
		return nil
	}
	if o.secrets.ViewerFile != "" && o.secrets.Secret == "" && o.secrets.SecretFile == "" {
		return errors.New("-viewer-secret-file needs -secret-file: without a secret for full access everybody has it")
	}
	if (o.tls.Cert == "") != (o.tls.Key == "") {
		return errors.New("-tls-cert-file and -tls-key-file belong together")
	}
	if o.tls.ClientCA != "" && o.tls.Cert == "" {
		return errors.New("-tls-client-ca-file needs -tls-cert-file")
	}
	if o.secrets.Secret == "" && o.secrets.SecretFile == "" {
		for _, name := range []string{"telnet-addr", "rpc-addr"} {
			if o.fromFlag[name] || o.fromSource[name] && len(o.command) == 0 {
				return fmt.Errorf("-%s opens a TCP port and there is no secret: give one by -secret-file", name)
			}
		}
	}
	return o.checkMode()
}

// checkMode refuses flags that would do nothing: those of a manager with -- COMMAND, and
// the other way round. Variables are left alone: an image sets them for all its uses.
func (o *options) checkMode() error {
	if len(o.command) == 0 {
		if o.fromFlag["rewrite-signal"] {
			return errors.New("-rewrite-signal is for -- COMMAND only: a manager does not forward signals")
		}
		return nil
	}
	if o.fromFlag["manifest"] {
		return errors.New("want one of -manifest and -- COMMAND, not both")
	}
	if o.fromFlag["log-dir"] {
		return errors.New("-log-dir does nothing with -- COMMAND: what it writes goes to our stdout and stderr as it is")
	}
	if o.wantsAny() {
		return nil
	}
	for _, name := range doorSettings() {
		if o.fromFlag[name] {
			return fmt.Errorf("-%s does nothing: with -- COMMAND no interface opens but those that a flag asks for, such as -socket", name)
		}
	}
	return nil
}

// doorSettings are the flags about interfaces that open none.
func doorSettings() []string {
	return []string{
		"secret", "secret-file", "viewer-secret-file", "socket-mode", "socket-group",
		"tls-cert-file", "tls-key-file", "tls-client-ca-file", "rpc-allowed-hosts",
		"metrics-web-config-file",
	}
}

// chooseSecret leaves one form of the secret: a flag wins over the environment.
func (o *options) chooseSecret() error {
	switch {
	case o.secrets.Secret == "" || o.secrets.SecretFile == "":
	case o.fromFlag["secret"] == o.fromFlag["secret-file"]:
		return errors.New("want one of -secret and -secret-file, not both")
	case o.fromFlag["secret"]:
		o.secrets.SecretFile = ""
	default:
		o.secrets.Secret = ""
	}
	return nil
}

// manifestPath is the manifest that was named, or the default one if there is anything, be it
// a link that leads nowhere.
func (o *options) manifestPath() string {
	if o.manifest != "" {
		return o.manifest
	}
	if _, err := os.Lstat(defaultManifest); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return defaultManifest
}

// rpcPath is the API's unix socket.
func (o *options) rpcPath() string {
	if o.rpcSocket != "" {
		return o.rpcSocket
	}
	return supervisor.RPCSocketFor(o.socket)
}

// wants reports whether a listener is to be opened. With -- COMMAND only what a
// flag asks for is: an image that sets the environment for its manager must not
// open ports for a single command.
func (o *options) wants(name string) bool { return len(o.command) == 0 || o.fromFlag[name] }

// wantsAny reports whether a flag asks for a listener.
func (o *options) wantsAny() bool {
	return slices.ContainsFunc([]string{"socket", "rpc-socket", "telnet-addr", "rpc-addr", "metrics-addr"}, func(name string) bool { return o.fromFlag[name] })
}

func usage(w io.Writer) {
	fmt.Fprint(w, `Process Manager runs processes in a container: as PID 1, as a sidecar, or one command.

  processmanager [FLAGS]                  run what the manifest says, and serve the interfaces
  processmanager [FLAGS] -- COMMAND ARGS  run one command: forward signals, reap, end with its code
  processmanager validate [-print] [PATH…]  say everything that is wrong with a manifest;
                                          -print: write what all its files, defaults and patches come to
  processmanager schema                   print the JSON Schema of manifests
  processmanager healthcheck [PAGE]       ask a running manager whether it is alive, or for PAGE of its health:
                                          livez, readyz, readyz/NAME, startupz
  processmanager convert PATH             print what another supervisor is configured by as a manifest
  processmanager version

Flags take one dash or two, and their value behind a blank or "=". Each has an environment
variable, PM_ and its name (PM_SECRET_FILE); a flag wins.

`)
	for _, s := range settings() {
		def := ""
		if s.value != "" {
			def = " (default " + s.value + ")"
		}
		fmt.Fprintf(w, "  -%-24s %s%s\n", s.name, s.help, def)
	}
}
