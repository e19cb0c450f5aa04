package linux

import (
	"slices"
	"testing"
)

func TestParseArgv(t *testing.T) {
	for text, want := range map[string][]string{
		"":                      nil, // a zombie
		"sleep\x001000\x00":     {"sleep", "1000"},
		"sh\x00-c\x00\x00":      {"sh", "-c"}, // as gopsutil has it: an empty last one cannot be told from a title's rest
		"nginx: worker\x00\x00": {"nginx: worker"},
		"a\x00\x00b\x00":        {"a", "", "b"},
		"not ended":             {"not ended"},
		"\x00\x00":              {""},
	} {
		if got := parseArgv([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFullName(t *testing.T) {
	for _, c := range []struct {
		comm string
		argv []string
		want string
	}{
		{"sleep", []string{"/bin/sleepier"}, "sleep"},
		{"processmanager-", []string{"/usr/bin/processmanager-probe", "x"}, "processmanager-probe"},
		{"exactly15bytes!", []string{"exactly15bytes!"}, "exactly15bytes!"},
		{"processmanager-", []string{"/bin/sh", "processmanager-probe"}, "processmanager-"},
		{"processmanager-", nil, "processmanager-"},
		{"", nil, ""},
	} {
		if got := fullName(c.comm, c.argv); got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.comm, c.argv, got, c.want)
		}
	}
}

func TestParseUID(t *testing.T) {
	for text, want := range map[string]int{
		"Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n": 2,
		"Name:\tUid:\nUid:\t0\t0\t0\t0\n":                0,
		"Uid:\t7\n":                                      -1,
		"Uid:\t1\tx\n":                                   -1,
		"":                                               -1,
	} {
		got, ok := parseUID([]byte(text))
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
