package tell_test

import (
	"testing"
	"time"

	"github.com/processmanager/processmanager/cmd/pmclient/tell"
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
