package convert

import (
	"fmt"
	"strings"
	"testing"
)

// A file of half the largest size that has many of one thing is read in about a second.
// What is looked up in a list, or copied, for each of them takes minutes: the time that
// go test gives.
func TestManyOfOneThing(t *testing.T) {
	for name, c := range map[string]struct{ format, head, each, tail string }{
		"supervisord: sections":      {"supervisord", "", "[x%d]\n", ""},
		"supervisord: options":       {"supervisord", "[supervisord]\n", "x%d=1\n", ""},
		"supervisord: lines":         {"supervisord", "[supervisord]\nx=1\n", " %d\n", ""},
		"supervisord: a long word":   {"supervisord", "[supervisord]\nenvironment=A=", "%d", "\n"},
		"supervisord: variables":     {"supervisord", "[supervisord]\nenvironment=", "A%d=1,", "B=1\n"},
		"crontab: variables":         {"crontab", "", "A%d=1\n", "* * * * * x\n"},
		"crontab: for many jobs":     {"crontab", "", "A%d=1\n", strings.Repeat("* * * * * x\n", 900)},
		"compose: keys":              {"compose", "services:\n  a:\n    command: x\n", "    x%d: 1\n", ""},
		"compose: variables":         {"compose", "services:\n  a:\n    command: x\n    environment:\n", "    - A%d=1\n", ""},
		"compose: an object":         {"compose", "services:\n  a:\n    command: x\n    environment:\n", "      A%d: 1\n", ""},
		"compose: merged keys":       {"compose", "services:\n  a:\n    command: x\n    environment:\n      <<:\n", "        A%d: 1\n", ""},
		"process-compose: variables": {"process-compose", "environment:\n", "- A%d=$A1\n", "processes: {a: {command: x}}\n"},
		"process-compose: its own":   {"process-compose", "environment: [A=1]\nprocesses:\n  a:\n    command: x\n    environment:\n", "    - A%d=$A1\n", ""},
		"process-compose: of all":    {"process-compose", "environment:\n", "- A%d=1\n", "processes:\n  a:\n    command: x\n    environment:\n" + strings.Repeat("    - B=$B\n", 20000)},
		"process-compose: awaited":   {"process-compose", "processes:\n  a:\n    command: x\n    depends_on:\n", "      x%d: {condition: process_started}\n", ""},
		"pebble: variables":          {"pebble", "services:\n  a:\n    override: replace\n    command: x\n    environment:\n", "      A%d: 1\n", ""},
		"pebble: keys":               {"pebble", "services:\n  a:\n    override: replace\n    command: x\n", "    x%d: 1\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			b.WriteString(c.head)
			for i := 0; b.Len() < maxFile/2; i++ {
				fmt.Fprintf(&b, c.each, i)
			}
			b.WriteString(c.tail)
			_, err := Text("f", []byte(b.String()), Options{From: c.format})
			if err != nil && !strings.Contains(err.Error(), "the file is too large") {
				t.Error(err)
			}
		})
	}
}

// Variables that are not the same for all jobs stand in each: what would be too large for a
// manifest is not made first.
func TestCrontabOfVariablesTimesJobs(t *testing.T) {
	const variables, jobs = 2000, 100
	var b strings.Builder
	for i := range variables {
		fmt.Fprintf(&b, "A%d=1\n", i)
	}
	for i := range jobs {
		fmt.Fprintf(&b, "A0=%d\n* * * * * x\n", i)
	}
	var err error
	made := testing.AllocsPerRun(1, func() { _, err = Text("f", []byte(b.String()), Options{From: "crontab"}) })
	// 11 bytes for each variable (name: A1234 1): the limit is reached at about the 48th job.
	if text := fmt.Sprint(err); !strings.Contains(text, "f:2") || !strings.Contains(text, "2000 variables") ||
		!strings.Contains(text, "too large: at most 1 MiB (1048576 bytes)") || !strings.Contains(text, "set variables once") {
		t.Errorf("said: %s", text)
	}
	if most := 20.0 * (variables + jobs); made > most {
		t.Errorf("%.0f allocations for %d lines, at most %.0f were expected", made, variables+2*jobs, most)
	}
}
