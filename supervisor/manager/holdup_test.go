package manager

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// A shutdown says every five seconds whom it waits for, what each is doing, and until when.
func TestWhoHoldsUp(t *testing.T) {
	for _, test := range []struct {
		what, spec string
		processes  []string
		want       []string
	}{
		{"quick", "", []string{"name: web, command: [child, term=4900ms]"}, nil},
		{
			"deaf", "",
			[]string{"name: web, command: [child, deaf], terminationGracePeriodSeconds: 8"},
			[]string{"5s: number=1 left=20s web was sent SIGTERM, SIGKILL in 3s"},
		},
		{
			"others wait for it", "",
			[]string{
				"name: db, command: [child]", "name: cache, command: [child, term=6s]",
				"name: web, command: [child, deaf], dependsOn: [{name: db}, {name: cache}], lifecycle: {stopSignal: SIGQUIT}, terminationGracePeriodSeconds: 11",
				"name: job, command: [child, term=7s], dependsOn: [{name: db}]",
			},
			[]string{
				"5s: number=4 left=20s job was sent SIGTERM, SIGKILL in 18s; web was sent SIGQUIT, SIGKILL in 6s; cache running, after web; db running, after job, web",
				"10s: number=3 left=15s web was sent SIGQUIT, SIGKILL in 1s; cache running, after web; db running, after web",
				"15s: number=1 left=10s cache was sent SIGTERM, SIGKILL in 10s",
			},
		},
		{
			"hooks", "",
			[]string{"name: web, command: [child, term=6s], lifecycle: {preStop: {sleep: {seconds: 7}}, postStop: {sleep: {seconds: 8}}}"},
			[]string{
				"5s: number=1 left=20s web in its preStop hook, SIGTERM in 18s",
				"10s: number=1 left=15s web was sent SIGTERM, SIGKILL in 15s",
				"15s: number=1 left=10s web in its postStop hook, ended in 10s",
				"20s: number=1 left=5s web in its postStop hook, ended in 5s",
			},
		},
		{
			"left behind", "terminationGracePeriodSeconds: 12",
			[]string{"name: web, command: [child, rest=2, restdeaf]"},
			[]string{
				"5s: number=1 left=7s web has ended, what it has started has not, SIGKILL in 7s",
				"10s: number=1 left=2s web has ended, what it has started has not, SIGKILL in 2s",
			},
		},
		{
			"does not die", "terminationGracePeriodSeconds: 6",
			[]string{"name: web, command: [child, deaf, immortal], terminationGracePeriodSeconds: 2"},
			[]string{"5s: number=1 left=1s web was sent SIGKILL 4 times"},
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := play(t, manifestOf(test.spec, test.processes...), func(_ *testing.T, s *scene) {
				s.run()
				pass(time.Second)
				s.signal(supervisor.SIGTERM)
				pass(time.Second / 2)
				for range 30 {
					fmt.Fprintf(&s.log, "mark %s\n", s.at()-time.Second/2) // what is said in the second around this one
					pass(time.Second)
				}
			})
			if diff := gocmp.Diff(test.want, holdups(s.log.String())); diff != "" {
				t.Errorf("the words are others (-want +got):\n%s\n%s", diff, s.log.String())
			}
		})
	}
}

var (
	numbered = regexp.MustCompile(`number=(\d+) left=(\S+) who="?([^"]*)"?`)
	pids     = regexp.MustCompile(`\[\d+\]`)
)

// holdups takes what is said of the shutdown out of a log, with the second of the mark before.
func holdups(log string) []string {
	var list []string
	at := ""
	for line := range strings.Lines(log) {
		if mark, ok := strings.CutPrefix(strings.TrimSpace(line), "mark "); ok {
			at = mark
		}
		if strings.Contains(line, "waits for processes to end") {
			m := numbered.FindStringSubmatch(line)
			list = append(list, fmt.Sprintf("%s: number=%s left=%s %s", at, m[1], m[2], pids.ReplaceAllString(m[3], "")))
		}
	}
	return list
}

// With many of them the line stays short.
func TestWhoHoldsUpMany(t *testing.T) {
	s := play(t, manifestOf("", "name: web, command: [child, deaf], replicas: 13"), func(_ *testing.T, s *scene) {
		s.run()
		s.signal(supervisor.SIGTERM)
		pass(6 * time.Second)
	})
	if got := holdups(s.log.String()); len(got) == 0 || !strings.Contains(got[0], "number=13") || strings.Count(got[0], "SIGKILL in") != maxNamed || !strings.Contains(got[0], "; and 3 more") {
		t.Errorf("got %q", got)
	}
}
