package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/rpc"
)

// What fits behind a line; names in the order of the list.
func TestCompletion(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	for _, c := range []struct {
		line string // the words behind pmclient; the last is at the cursor
		want string
	}{
		{"sto", "stop"},
		{"st", "start stop status"},
		{"-s", "-socket -secret -secret-file -server-name"},
		{"-socket S list --wa", "--watch"},
		{"list -status ", "pending starting running stopping backoff scheduled stopped completed failed stuck"},
		{"list -status running,st", "running,starting running,stopping running,stopped running,stuck"},
		{"list -status=running,sta", "-status=running,starting"},
		{"list -labels ", "app=api app=shop tier=front"},
		{"list -labels app=shop,", "app=shop,app=api app=shop,tier=front"},
		{"list ", ""},
		{"list -form", "-format"},
		{"list -format ", "text json"},
		{"list --format=j", "--format=json"},
		{"list -watch -watc", ""}, // given already
		{"stop ", "api-0 flaky late report web"},
		{"stop web a", "api-0"},
		{"start ", "migrate"},
		{"signal ", "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"},
		{"signal HUP ", "api-0 web"},
		{"signal -signal HUP w", "web"},
		{"signal HUP web ", "api-0"},
		{"status -name mi", "migrate"},
		{"logs -follow -lines 5 w", "web"},
		{"logs -stream ", "stdout stderr"},
		{"logs -lines ", ""},
		{"wait -for re", "ready"},
		{"apply -f ", ":files "},
		{"apply -f=/etc/pm", ":files /etc/pm"},
		{"-secret-file /run/s", ":files /run/s"},
		{"completion ", "bash zsh fish"},
		{"completion bash ", ""},
		{"help lo", "logs"},
		{"nonsense ", ""},
		{"nonsense -rp", "-rpc-socket -rpc"},
		{"-color ", "auto always never"},
		{"he", "help"},
	} {
		args := append([]string{askCommand, "fish"}, strings.Split(c.line, " ")...)
		code, stdout, stderr := run([]string{"PM_SOCKET=" + socket, "PM_SECRET=" + secret}, args...)
		var got []string
		for line := range strings.Lines(stdout) {
			value, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			got = append(got, value)
		}
		if code != 0 || stderr != "" || strings.Join(got, " ") != c.want {
			t.Errorf("%q:\n got %q (%d %s)\nwant %q", c.line, strings.Join(got, " "), code, stderr, c.want)
		}
	}
}

// Where the manager cannot be asked there is nothing, and nothing is said.
func TestCompletionIsSilent(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	for _, args := range [][]string{
		{"fish", "-socket", "/nowhere/s.sock", "stop", ""},
		{"fish", "-socket", socket, "stop", ""}, // no secret
		{"fish", "-socket", socket, "-secret-file", "-", "stop", ""},
		{"fish", "-socket", socket, "-secret", secret, "-rpc", "http://x", "stop", ""},
		{"fish"},
		{"bash", "pmclient stop "},
		{"bash", "pmclient", "="},
		{"bash", "", ""},
		{"tcsh", "sto"},
		{},
	} {
		code, stdout, stderr := run(nil, append([]string{askCommand}, args...)...)
		if code != 0 || stderr != "" || stdout != "" && args[0] != "tcsh" {
			t.Errorf("%q: %d %q %q", args, code, stdout, stderr)
		}
	}
}

// The secret and the place of the line that is being typed are used.
func TestCompletionAsksWhereTheLineSays(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet(), Auth: auth{}})
	_, stdout, _ := run([]string{"PM_SOCKET=/nowhere"}, askCommand, "bash", "X=1 ./pmclient -socket='"+socket+"' stop --secret "+secret+" a", "=: ")
	same(t, stdout, "api-0\n")
}

func TestShellWords(t *testing.T) {
	for line, want := range map[string]string{
		"":                     `[""]`,
		"a b":                  `["a" "b"]`,
		"a  b ":                `["a" "b" ""]`,
		`a 'b c' "d 'e" f\ g`:  `["a" "b c" "d 'e" "f g"]`,
		`a ''`:                 `["a" ""]`,
		`a '' `:                `["a" "" ""]`,
		`x"y"z'`:               `["xyz"]`,
		`"a\"b" 'a\b' "c\\d"`:  `["a\"b" "a\\b" "c\\d"]`,
		"tab\tand\nline":       `["tab" "and" "line"]`,
		`back\`:                `["back\\"]`,
		`-f=it's here' second`: `["-f=its here" "second"]`,
	} {
		if words, _ := shellWords(line); fmt.Sprintf("%q", words) != want {
			t.Errorf("%s: %q, want %s", line, words, want)
		}
	}
}

// What a shell would write in quotes comes back as it was.
func TestShellWordsOfQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "words")
		var quoted []string
		for _, word := range want {
			quoted = append(quoted, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
		}
		got, open := shellWords(strings.Join(quoted, " "))
		if open != 0 || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

// Whatever stands on the line, completion neither panics nor complains, and what it
// offers goes on from what is there.
func FuzzCompletion(f *testing.F) {
	for _, line := range []string{"pmclient sto", "X=1 pmclient -a=b 'c d", "pmclient list -status=a,b,", "pmclient -- -", "pmclient signal \\", "pmclient -= --"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 1<<10 {
			return
		}
		env := []string{"PM_SOCKET=/nowhere/pm.sock"}
		if code, _, stderr := run(env, askCommand, "bash", line, "=: "); code != 0 || stderr != "" {
			t.Errorf("%q: %d %s", line, code, stderr)
		}
		words, _ := shellWords(line)
		p := &program{env: env, now: later}
		list, files := p.complete(words)
		for _, c := range list {
			if !strings.HasPrefix(c.value, words[len(words)-1]) || files {
				t.Errorf("%q offers %q", line, c.value)
			}
		}
		_, list = p.completeStatement(nil, line)
		for _, c := range list {
			if c.value == "" {
				t.Errorf("%q offers nothing", line)
			}
		}
	})
}

// The scripts in the shells that they are for: a person types and presses tab.
func TestCompletionInShells(t *testing.T) {
	socket := serve(t, rpc.Options{Control: fleet()})
	dir := installed(t)
	if err := os.WriteFile(filepath.Join(dir, "some file.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + dir + ":/usr/bin:/bin", "PM_SOCKET=" + socket, "HOME=" + dir, "TERM=xterm", "LC_ALL=C.UTF-8", "GORACE=" + os.Getenv("GORACE")}
	for _, shell := range []struct {
		name    string
		args    []string
		prepare string
	}{
		{
			"bash",
			[]string{"--norc", "--noprofile", "-i"},
			`PS1='ready> '; bind 'set enable-bracketed-paste off'; bind -x '"\C-xb": printf "<%s>\n" "$READLINE_LINE"'; source <(pmclient completion bash)`,
		},
		{
			"zsh",
			[]string{"-f", "-i"},
			`PS1='ready> '; show() { zle -I; print -r -- "<$BUFFER>" }; zle -N show; bindkey '^Xb' show; autoload -U compinit; compinit -u -D; source <(pmclient completion zsh)`,
		},
	} {
		t.Run(shell.name, func(t *testing.T) {
			path, err := exec.LookPath(shell.name)
			if err != nil {
				t.Skipf("%s is not installed", shell.name)
			}
			cmd := exec.Command(path, shell.args...)
			cmd.Env, cmd.Dir = env, dir
			r := onTerminal(t, 200, 24, cmd)
			r.keys(shell.prepare + "; echo pre''pared\r")
			r.await(t, "prepared\r\n")
			r.await(t, "ready> ")
			for _, c := range []struct{ keys, want string }{
				{"sto\tw\t-form\tj\t", "stop web -format json "},
				{"list -status=runn\t", "list -status=running "},
				{"--socket '" + socket + "' list --labels=app=s\t", "--socket '" + socket + "' list --labels=app=shop "},
				{"apply -f some\t", `apply -f some\ file.yaml `},
				{"apply -f=some\t", `apply -f=some\ file.yaml `},
				{"-rpc=http://localhost:1 help com\t", "-rpc=http://localhost:1 help completion "},
				{"signal HUP a\t", "signal HUP api-0 "},
			} {
				r.keys("pmclient " + c.keys + "\x18b") // show the line
				if got := r.await(t, ">\r\n"); !strings.HasSuffix(got, "<pmclient "+c.want+">\r\n") {
					t.Errorf("%q: got %q", c.keys, got)
				}
				r.await(t, "ready> ") // and the line behind it
				r.keys("\x15")        // another one
			}
			r.keys("pmclient st\t\t") // all that fit, in the order of the shell
			if got := r.await(t, "status"); !strings.Contains(got, "stop") {
				r.await(t, "stop")
			}
		})
	}
	t.Run("fish", func(t *testing.T) {
		path, err := exec.LookPath("fish")
		if err != nil {
			t.Skip("fish is not installed")
		}
		for _, c := range []struct{ line, want string }{
			{"pmclient sto", "stop\tstop processes\n"},
			{"pmclient stop w", "web\trunning\n"},
			{"pmclient list -format=j", "-format=json\n"},
			{"pmclient list -labels app=s", "app=shop\n"},
			{"pmclient apply -f so", "some file.yaml\n"},
			{"pmclient stop nobody", ""},
		} {
			cmd := exec.Command(path, "--no-config", "-c", `pmclient completion fish | source; complete -C "$argv[1]"`, c.line)
			cmd.Env, cmd.Dir = env, dir
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || string(out) != c.want || stderr.Len() > 0 {
				t.Errorf("%s: %v %q, want %q\n%s", c.line, err, out, c.want, &stderr)
			}
		}
	})
}
