package supervisor_test

import (
	"strings"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
)

func TestNearest(t *testing.T) {
	known := []string{"process.start", "process.stop", "command", "cron", "log", "a"}
	for word, want := range map[string]string{
		"process.sotp":            "process.stop", // neighbours swapped
		"PROCESS.STOP":            "process.stop",
		"comand":                  "command",
		"commmand":                "command",
		"corn":                    "cron",
		"lo":                      "log",
		"x":                       "", // anything is near to one letter
		"":                        "",
		"deadline":                "",
		strings.Repeat("c", 1000): "",
	} {
		if got := supervisor.Nearest(word, known); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
}
