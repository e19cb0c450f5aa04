package convert

import (
	"fmt"
	"strings"
	"testing"
)

// What cronie, the cron of most distributions but Debian, has beside the classic fields.
func TestCronie(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		want []string
		not  string
	}{
		"no syslog":           {"-*/15 * * * * /app/poll\n", []string{`schedule: "*/15 * * * *"`, "command: /app/poll", "NOTE f:1: -: cronie does not write such a job to the syslog"}, "TODO"},
		"no syslog, nickname": {"-@daily /app/poll\n", []string{`schedule: "@daily"`}, "TODO"},
		"some minute":         {"0~59 4 * * * /app/poll\n", []string{`schedule: "0 4 * * *"`, "jitter: 59m0s", "NOTE f:1: schedule: 0~59 4 * * *: jitter chooses"}, "TODO"},
		"any minute":          {"~ 4 * * * /app/poll\n", []string{`schedule: "0 4 * * *"`, "jitter: 59m0s"}, "TODO"},
		"some hour":           {"10~20 2~5 * * * /app/poll\n", []string{`schedule: "10 2 * * *"`, `jitter: "3h10m0s"`}, "TODO"},
		"some day":            {"0 0 1~28 * * /app/poll\n* * * * * /app/other\n", []string{"TODO f:1: schedule 0 0 1~28 * *: ~ is known here as the whole of the minutes or hours only, so this job is left out"}, "app/poll\n"},
		"a random delay":      {"RANDOM_DELAY=45\n0 4 * * * /app/poll\n", []string{"jitter: 45m0s", "NOTE f:1: RANDOM_DELAY: it is jitter"}, "RANDOM_DELAY, value"},
		"several minutes":     {"0~10,30~40 4 * * * /app/poll\n* * * * * /app/other\n", []string{"TODO f:1: schedule 0~10,30~40 4 * * *: ~ is known here as the whole of the minutes or hours only"}, "app/poll\n"},
		"never":               {"0 0 31 4 * /app/poll\n* * * * * /app/other\n", []string{"TODO f:1: schedule 0 0 31 4 *: it never fires (no such day in such a month), so this job is left out", "command: /app/other"}, "app/poll\n"},
		"a delay and a range": {"RANDOM_DELAY=30\n0~15 4 * * * /app/poll\n", []string{"jitter: 45m0s"}, "TODO"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Text("f", []byte(c.line), Options{})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, c.want, c.not)
		})
	}
	// All that cannot be read is told, each with its line, and not as somebody's request.
	_, err := Text("f", []byte("61 * * * * /app/a\n* * * * * /app/b\n* 25 * * * /app/c\n"), Options{From: "crontab"})
	if text := fmt.Sprint(err); !strings.Contains(text, "f:1: ") || !strings.Contains(text, "f:3: ") || strings.Contains(text, "invalid request") {
		t.Errorf("said %s", text)
	}
	for line, want := range map[string]string{
		"- * * * * * /app/poll\n":            "f:1: ",
		"59~0 4 * * * /app/poll\n":           `"59~0" is no range`,
		"RANDOM_DELAY=x\n* * * * * /app/x\n": `f:1: RANDOM_DELAY: "x" is not a number of minutes`,
	} {
		if got, err := Text("f", []byte(line), Options{From: "crontab"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q\n%+v", line, err, want, got)
		}
	}
}

// A table without a job says so, whatever else there is to say.
func TestCrontabWithoutJobs(t *testing.T) {
	for _, c := range []struct {
		format, text string
		want         bool
	}{
		{"crontab", "", true},
		{"crontab", "MAILTO=root\nSHELL=/bin/sh\n# 1 * * * * off\n", true},
		{"supercronic", "# nothing\n", true},
		{"crontab", "@daily x\n", false},
		{"supercronic", "0 0 0 1 1 * 2020 x\n", false}, // it is left out, which is told
	} {
		got, err := Text("f", []byte(c.text), Options{From: c.format, UserColumn: false})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if told := strings.Contains(string(got.Manifest), "there is no job in it"); told != c.want {
			t.Errorf("%s %q: told is %v:\n%s", c.format, c.text, told, got.Manifest)
		}
	}
}
