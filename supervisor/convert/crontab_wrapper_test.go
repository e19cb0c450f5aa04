package convert

import (
	"strings"
	"testing"
)

// What a job does by flock and timeout stays as it is; that the manifest can do it is told
// where that would be the same.
func TestCrontabWrappers(t *testing.T) {
	const (
		forbid   = "flock -n: concurrencyPolicy: Forbid does this"
		deadline = "timeout: activeDeadlineSeconds: "
	)
	for command, want := range map[string]string{
		"flock -n /tmp/l /app/a":                           forbid,
		"/usr/bin/flock -xn /tmp/l /app/a --n":             forbid,
		"flock --nonblock --verbose /tmp/l -c '/app/a; b'": forbid,
		"flock -E 0 -n /tmp/l /app/a | logger":             forbid,
		"timeout 60 /app/a":                                deadline + "60 ",
		"timeout -k 5 -s INT 1.5m /app/a":                  deadline + "90 ",
		"timeout --kill-after=5 --signal=INT 2h /app/a":    deadline + "7200 ",
		"timeout 0.2 /app/a":                               deadline + "1 ",
		"A=b cd /app && exec nice -n 10 timeout 1d ./a":    deadline + "86400 ",
		"flock -n /tmp/l timeout 60 /app/a":                forbid + "|" + deadline + "60 ",
		"flock /tmp/l /app/a":                              "",
		"flock -w 5 /tmp/l /app/a":                         "",
		"timeout 0 /app/a":                                 "",
		"timeout infinity /app/a":                          "",
		"timeout $T /app/a":                                "",
		"timeout 9999999999d /app/a":                       "",
		"timeout 60":                                       "",
		"flock -n":                                         "",
		"timeout 60 /app/a; /app/b":                        "",
		"flock -n /tmp/l /app/a && /app/b":                 "",
		"/app/a || timeout 60 /app/b":                      "",
		"/app/a flock -n":                                  "",
		"timeout '60 /app/a":                               "",
	} {
		got, err := Text("f", []byte("* * * * * "+command+"\n"), Options{From: "crontab"})
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		var not string
		if want == "" {
			not = "does this"
		}
		expect(t, got, strings.Split(want, "|"), not)
		if !strings.Contains(string(got.Manifest), "/tmp/l") && strings.Contains(command, "/tmp/l") {
			t.Errorf("%s: the command is another one:\n%s", command, got.Manifest)
		}
	}
}

// A comment belongs to the job, or to the settings, right below it. One with an empty line
// below is a heading: of the file above the first job, else of what follows. What tells the
// columns apart is left out.
func TestCrontabComments(t *testing.T) {
	const file = `# The shop's jobs
#
# ask ops before you change them

# m h  dom mon dow   command
# Nightly.
MAILTO=ops
# The dump.
1 0 * * * /app/dump

# --- reports ---

# Of the day.
2 0 * * * /app/day
# They go to the archive.
OUT=/archive
3 0 * * * /app/week
4 0 * * * /app/month

# the end
`
	got, err := Text("f", []byte(file), Options{From: "crontab"})
	if err != nil {
		t.Fatal(err)
	}
	head, jobs, _ := strings.Cut(string(got.Manifest), "apiVersion:")
	want := `
    # The dump.
    - name: dump
    # --- reports ---
    # Of the day.
    - name: day
    # They go to the archive.
    - name: week
    - name: month
`
	var lines []string
	for line := range strings.Lines(jobs) {
		if strings.Contains(line, "# ") || strings.Contains(line, "- name: ") && !strings.Contains(line, "{") {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	if text := "\n" + strings.Join(lines, "\n") + "\n"; text != want {
		t.Errorf("at the jobs is%s", text)
	}
	for _, line := range []string{"# The shop's jobs\n", "# ask ops before you change them\n", "# Nightly.\n", "# the end\n"} {
		if !strings.Contains(head, line) {
			t.Errorf("%q is not at the top:\n%s", line, head)
		}
	}
	if strings.Contains(string(got.Manifest), "dow") {
		t.Error("the names of the columns are there")
	}
	// What Debian writes into each new table, and into /etc/crontab, tells the columns too.
	for _, legend := range []string{
		"# Edit this file to introduce tasks to be run by cron.\n# \n# For more information see the manual pages of crontab(5)\n# \n# m h  dom mon dow   command\n",
		"# Example of job definition:\n# .---------------- minute (0 - 59)\n# |  .------------- hour (0 - 23)\n# |  |  |  |  |\n# *  *  *  *  * user-name command to be executed\n",
	} {
		got, err := Text("f", []byte(legend+"1 2 * * * /app/a\n"), Options{From: "crontab"})
		if err != nil {
			t.Fatal(err)
		}
		if _, jobs, _ := strings.Cut(string(got.Manifest), "processes:"); strings.Contains(jobs, "#") || strings.Contains(string(got.Manifest), "# |") {
			t.Errorf("the legend is at the job, or there at all:\n%s", got.Manifest)
		}
	}
}
