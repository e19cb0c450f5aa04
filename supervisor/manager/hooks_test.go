package manager

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Of a hook whose time is up the log says that it was killed, unless it was not.
func TestHookWhoseTimeIsUp(t *testing.T) {
	for words, want := range map[string]string{
		"deaf":     `hook did not end in time: it and all that it started was killed name=web run=1 hook=preStop`,
		"immortal": `hook did not end in time, nor by SIGKILL name=web run=1 hook=preStop error="cannot end task`,
	} {
		t.Run(words, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				b := newBench(t, Config{Stderr: &log, LogFormat: "text", Set: parse(t, manifestOf("",
					"name: web, command: [child], terminationGracePeriodSeconds: 5, lifecycle: {preStop: {exec: {command: [hook, "+words+"]}}}"))})
				b.run()
				if _, err := b.Stop(t.Context(), operator, "web"); err != nil {
					t.Fatal(err)
				}
				pass(10 * time.Second)
				b.end()
				if !strings.Contains(log.String(), want) {
					t.Errorf("no line with %s:\n%s", want, &log)
				}
			})
		})
	}
}
