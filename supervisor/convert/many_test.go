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
		"supervisord: sections":    {"supervisord", "", "[x%d]\n", ""},
		"supervisord: options":     {"supervisord", "[supervisord]\n", "x%d=1\n", ""},
		"supervisord: lines":       {"supervisord", "[supervisord]\nx=1\n", " %d\n", ""},
		"supervisord: a long word": {"supervisord", "[supervisord]\nenvironment=A=", "%d", "\n"},
		"supervisord: variables":   {"supervisord", "[supervisord]\nenvironment=", "A%d=1,", "B=1\n"},
		"crontab: variables":       {"crontab", "", "A%d=1\n", "* * * * * x\n"},
	} {
		t.Run(name, func(t *testing.T) {
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
