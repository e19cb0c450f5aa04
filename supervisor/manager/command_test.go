package manager

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/processmanager/processmanager/supervisor"
	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// given is a signal that PID 1 gets, and when.
type given struct {
	after time.Duration
	sig   supervisor.Signal
}

// `-- command`: what a program does decides, nothing is restarted, and what it
// leaves behind is waited for.
func TestCommand(t *testing.T) {
	const sigTERM = supervisor.SIGTERM
	for _, test := range []struct {
		what    string
		words   string
		rewrite map[supervisor.Signal]supervisor.Signal
		given   []given
		code    int
		after   time.Duration
		sent    string // what went where
	}{
		{what: "its code", words: "after=3s code=3", code: 3, after: 3 * time.Second},
		{what: "success", words: "after=1s", after: time.Second},
		{what: "a signal", words: "after=1s by=SIGSEGV", code: 139, after: time.Second},
		{what: "not found", words: "missing=1", code: 127},
		{what: "not executable", words: "forbidden", code: 126},
		{what: "SIGTERM is passed on", words: "term=2s termcode=5", given: []given{{time.Second, sigTERM}}, code: 5, after: 3 * time.Second, sent: "SIGTERM group"},
		{what: "SIGHUP too, and a second SIGTERM kills nobody", words: "deaf after=9s", given: []given{{1 * time.Second, sigTERM}, {2 * time.Second, sigHUP}, {3 * time.Second, sigTERM}}, after: 9 * time.Second, sent: "SIGTERM group, SIGHUP group, SIGTERM group"},
		{what: "a real-time signal", words: "", given: []given{{time.Second, 40}}, code: 128 + 40, after: time.Second, sent: "SIGRTMIN+6 group"},
		{what: "another one instead", words: "", rewrite: map[supervisor.Signal]supervisor.Signal{sigTERM: sigINT}, given: []given{{time.Second, sigTERM}}, code: 130, after: time.Second, sent: "SIGINT group"},
		{what: "none instead", words: "after=5s", rewrite: map[supervisor.Signal]supervisor.Signal{sigTERM: 0}, given: []given{{time.Second, sigTERM}}, after: 5 * time.Second},
		{what: "during the spawn", words: "slow=2s", given: []given{{time.Second, sigTERM}}, code: 143, after: 2 * time.Second, sent: "SIGTERM group"},
		{what: "the rest is asked to end", words: "after=1s code=4 rest=2", code: 4, after: time.Second},
		{what: "and killed", words: "after=1s code=4 rest=2 restdeaf", code: 4, after: 11 * time.Second},
		{what: "signals go to the rest then", words: "after=1s rest=2 restdeaf", given: []given{{2 * time.Second, sigINT}}, after: 11 * time.Second, sent: "SIGINT rest"},
		{what: "the second one kills them", words: "after=1s code=4 rest=2 restdeaf", given: []given{{2 * time.Second, sigTERM}, {3 * time.Second, sigINT}}, code: 4, after: 3 * time.Second, sent: "SIGTERM rest"},
		{what: "but not the same one again", words: "after=1s code=4 rest=2 restdeaf", given: []given{{2 * time.Second, sigTERM}, {2*time.Second + 10*time.Millisecond, sigTERM}}, code: 4, after: 11 * time.Second, sent: "SIGTERM rest, SIGTERM rest"},
		{what: "also when the first was the command's", words: "term=1s termcode=5 rest=2 restdeaf", given: []given{{time.Second, sigTERM}, {4 * time.Second, sigTERM}}, code: 5, after: 4 * time.Second, sent: "SIGTERM group"},
		{what: "others do not", words: "after=1s code=4 rest=2 restdeaf", given: []given{{2 * time.Second, sigTERM}, {3 * time.Second, sigHUP}}, code: 4, after: 11 * time.Second, sent: "SIGTERM rest, SIGHUP rest"},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{Command: append([]string{"/bin/child"}, strings.Fields(test.words)...), Rewrite: test.rewrite})
				var tr trace
				b.os.tell = tr.process
				b.run()
				for _, g := range test.given {
					go func() {
						time.Sleep(g.after)
						b.signal(g.sig)
					}()
				}
				<-b.done
				if took := time.Since(b.began); b.code != test.code || took != test.after {
					t.Errorf("code %d after %s, want %d after %s", b.code, took, test.code, test.after)
				}
				var sent []string
				for _, l := range tr.lines {
					if text, ok := strings.CutSuffix(l.text, ", passed on"); ok {
						sent = append(sent, strings.Replace(strings.TrimPrefix(text, "← "), " to the ", " ", 1))
					}
				}
				if got := strings.Join(sent, ", "); got != test.sent {
					t.Errorf("sent %q, want %q", got, test.sent)
				}
				if n := b.os.spawned("child"); n != 1 {
					t.Errorf("%d lives", n)
				}
			})
		})
	}
}

// The command is executed as it was given, with our own input and output.
func TestCommandAsGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		argv := []string{"child", "after=1s"}
		b := newBench(t, Config{Command: argv})
		b.run()
		got := b.os.asked(linux.Life{Name: "child", Gen: 1})
		if !slices.Equal(got.Argv, argv) || got.Output != nil || !got.Foreground {
			t.Errorf("executed: %+v", got)
		}
		if err := b.Delete(t.Context(), operator, "child"); err == nil {
			t.Error("it was deleted")
		}
		<-b.done
	})
}

// The last word is in the termination log, where there is one.
func TestTerminationLog(t *testing.T) {
	for _, test := range []struct{ processes, want string }{
		{"name: web, command: [child, after=1s, code=3], restartPolicy: Never, essential: true", "web has failed with code 3 (Error)\n"},
		{"name: web, command: [child, after=1s], restartPolicy: Never, essential: true", "web has completed\n"},
		{"name: web, command: [child, after=1s, by=SIGKILL], restartPolicy: Never, essential: true", "web was ended by SIGKILL (Signaled)\n"},
		{"name: web, command: [child, missing=1], restartPolicy: Never, essential: true", "web: cannot execute child: file does not exist (StartError)\n"},
		{"name: web, command: [child, after=1s, code=3], restartPolicy: Never", "every process has ended; web has failed with code 3 (Error)\n"},
		{"name: web, command: [child, after=1s], restartPolicy: Never", "every process has ended\n"},
		// Of who depends on one that has failed it is told which one, and why.
		{
			"name: web, command: [child], essential: true, dependsOn: [{name: mid}]; " +
				"name: mid, command: [child], dependsOn: [{name: step, condition: Completed}]; " +
				"name: step, command: [child, missing=1], restartPolicy: Never",
			"every process has ended; web depends on mid, which depends on step; step: cannot execute child: file does not exist (StartError)\n",
		},
		{
			"name: web, command: [child], essential: true, dependsOn: [{name: step, condition: Completed, timeout: 2s}]; " +
				"name: step, command: [child], restartPolicy: Never",
			"web depends on step, which was not completed in time (DependencyFailed)\n",
		},
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte("something longer than what is to be in it, from the container before"), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, Config{Set: parse(t, manifestOf("", strings.Split(test.processes, "; ")...)), TerminationLog: path})
			b.run()
			<-b.done
		})
		if got, err := os.ReadFile(path); string(got) != test.want || err != nil {
			t.Errorf("%s: %q, %v", test.processes, got, err)
		}
	}
}

// Where there is none, none is made.
func TestNoTerminationLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{Set: parse(t, manifestOf("", "name: web, command: [child]")), TerminationLog: path})
		b.run()
	})
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("it was made: %v", err)
	}
}

// What Kubernetes shows is never the end without the beginning.
func TestLastWordIsCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, text := range []string{strings.Repeat("a", 4095), strings.Repeat("a", 4096), strings.Repeat("ö", 4096), "a" + strings.Repeat("ö", 4096)} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := WriteLastWord(path, text); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cut := strings.HasSuffix(string(got), "…\n")
		if len(got) > 4096 || len(got) < 4090 || !utf8.Valid(got) || cut != (len(text) > 4095) || !strings.HasPrefix(text, strings.TrimRight(string(got), "…\n")) {
			t.Errorf("of %d bytes %d are kept, cut %t", len(text), len(got), cut)
		}
	}
}

// What a process wrote last need not be UTF-8; the message is to become a string of an API,
// which has to be.
func TestLastWordIsText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for text, want := range map[string]string{
		"half \xff a word":                          "half \uFFFD a word\n",
		"cut \xe2\x82":                              "cut \uFFFD\n",
		strings.Repeat("a\xff", 4096):               strings.Repeat("a\uFFFD", 1023) + "…\n",
		strings.Repeat("a", 4094) + "\xff and more": strings.Repeat("a", 4092) + "…\n",
	} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := WriteLastWord(path, text); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != want || err != nil {
			t.Errorf("%.20q: %d bytes, %.40q, %v", text, len(got), got, err)
		}
	}
}

// A mistake on the loop is told, and leaves nothing behind.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Config{})
		go func() { b.post(func(*loop) { panic("oops") }) }()
		_, err := b.RunGuarded(t.Context())
		if !errors.Is(err, ErrPanic) || !strings.Contains(err.Error(), "oops") || !strings.Contains(err.Error(), "command_test.go") {
			t.Errorf("the error is %v", err)
		}
	})
}
