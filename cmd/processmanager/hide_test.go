package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// T100: a secret that was given by the environment or the command line is not to be
// seen in /proc once the manager is up, and it works all the same.
func TestT100SecretIsHidden(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery"
	for name, l := range map[string]launching{
		"environment": {env: []string{"PM_SECRET=" + secret}},
		"flag":        {args: []string{"-secret", secret}},
		"flag with =": {args: []string{"--secret=" + secret}},
	} {
		t.Run(name, func(t *testing.T) {
			l.manifest = "\n  processes: [{name: a, command: [sleep, '4350']}]\n"
			in := launch(t, l).up()
			for _, file := range []string{"environ", "cmdline"} {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", in.cmd.Process.Pid, file))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(text), secret) {
					t.Errorf("%s shows it: %q", file, text)
				}
				if want := map[string]string{"environ": "PATH=", "cmdline": "-manifest"}[file]; !strings.Contains(string(text), want) {
					t.Errorf("%s has lost more than that: %q", file, text)
				}
			}
			in.end()
		})
	}
}
