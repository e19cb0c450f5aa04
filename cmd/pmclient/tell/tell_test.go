package tell_test

import (
	"testing"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
	"github.com/processmanager/processmanager/supervisor"
)

func TestLifetime(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 12345 * time.Microsecond: "12ms", time.Second: "1s", 90 * time.Minute: "1h30m"} {
		if got := tell.Lifetime(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m1s", 3*time.Hour + 5*time.Minute: "3h5m", 50 * time.Hour: "2d2h",
	} {
		if got := tell.Short(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// A fault does not hide when it goes on.
func TestNoteTellsWhatComesNext(t *testing.T) {
	at, pid := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 7
	when := func(at time.Time) string { return at.Format(time.TimeOnly) }
	for _, test := range []struct {
		info supervisor.ProcessInfo
		want string
	}{
		{supervisor.ProcessInfo{Error: "no file", NextRetry: &at}, "no file; next try 03:04:05"},
		{supervisor.ProcessInfo{Error: "exit code 2", NextRun: &at}, "next run 03:04:05; before: exit code 2"},
		{supervisor.ProcessInfo{Error: "is ill", NextRun: &at, PID: &pid}, "is ill"},
		{supervisor.ProcessInfo{Error: "gave up"}, "gave up"},
	} {
		if got := tell.Note(&test.info, when); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
