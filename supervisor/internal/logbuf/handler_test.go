package logbuf

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestManagerLines shows the manager's own lines in each format.
func TestManagerLines(t *testing.T) {
	for _, f := range []Format{FormatRaw, FormatText, FormatJSON} {
		t.Run(string(f), func(t *testing.T) {
			var out, errs recorder
			c := NewConsole(&out, &errs, f)
			log := c.Logger(slog.LevelInfo)
			log.Debug("not shown")
			log.Info("process started", "name", "web", "pid", 17, "command", `sh -c "a > b"`)
			log.With("name", "web").WithGroup("probe").Warn("probe failed", "kind", "http", slog.Group("last", "code", 503, "took", 1500*time.Millisecond), slog.Group("empty"))
			log.Error("cannot spawn\nprocess", "error", errors.New(`exec "/x": no such file`), "stream", "s", "process", "p", "ratio", 0.5, "ok", true, "list", []string{"a", "<b>"}, "nothing", nil,
				"at", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
			log.Info("twice", "k", 1, "k", 2)
			c.Close(time.Minute)
			if out.String() != "" {
				t.Errorf("something on stdout: %s", &out)
			}
			golden(t, "manager_"+string(f)+".txt", withoutTime(t, f, errs.String()))
		})
	}
}

// withoutTime replaces the time of each JSON line, after a look at it.
func withoutTime(t *testing.T, f Format, text string) string {
	t.Helper()
	if f != FormatJSON {
		return text
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		var head struct {
			TS time.Time `json:"ts"`
		}
		if err := json.Unmarshal([]byte(line), &head); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if age := time.Since(head.TS); age < 0 || age > time.Minute {
			t.Errorf("a line from %v ago", age)
		}
		_, rest, _ := strings.Cut(line, `Z"`)
		out.WriteString(`{"ts":"NOW"` + rest)
	}
	return out.String()
}

func TestLongManagerLine(t *testing.T) {
	var errs recorder
	c := NewConsole(nil, &errs, FormatText)
	c.Logger(nil).Info(strings.Repeat("漢", MaxLine))
	c.Close(time.Minute)
	if got, want := errs.String(), "processmanager | INFO "+strings.Repeat("漢", MaxLine)+"\n"; got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
}
