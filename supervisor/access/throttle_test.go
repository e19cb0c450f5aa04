package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestDelayTable(t *testing.T) {
	for attempt, want := range map[int]string{
		-1: "0s", 0: "0s", 1: "500ms", 2: "1s", 3: "2s", 4: "4s", 5: "8s", 6: "10s", 7: "10s", 1 << 40: "10s",
	} {
		if got := Delay(attempt).String(); got != want {
			t.Errorf("Delay(%d) is %s, want %s", attempt, got, want)
		}
	}
}

func TestDelayOnlyGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1<<30).Draw(t, "attempt")
		if a, b := Delay(n), Delay(n+1); a > b || a < 500*time.Millisecond || b > 10*time.Second {
			t.Fatalf("Delay(%d) is %s, Delay(%d) is %s", n, a, n+1, b)
		}
	})
}

func TestThrottleRemembersTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle Throttle
		for i, step := range []struct {
			peer string
			want time.Duration
		}{
			{"192.0.2.1:1000", 500 * time.Millisecond},
			{"192.0.2.1:1001", time.Second}, // a new connection is no new beginning
			{"[::ffff:192.0.2.1]:1002", 2 * time.Second},
			{"192.0.2.2:1000", 500 * time.Millisecond},
			{"[2001:db8::1]:1000", 500 * time.Millisecond},
			{"[2001:db8::2]:1000", time.Second},
			{"[2001:db8:0:1::2]:1000", 500 * time.Millisecond},
			{"unix pid=1 uid=0", 500 * time.Millisecond},
			{"unix pid=2 uid=0", time.Second},
			{"@", 2 * time.Second}, // what http.Request.RemoteAddr says of a unix socket
		} {
			if got := throttle.Wrong(step.peer); got != step.want {
				t.Errorf("step %d, %s: %s, want %s", i, step.peer, got, step.want)
			}
		}
		throttle.Right("192.0.2.1:2000")
		if got := throttle.Wrong("192.0.2.1:2001"); got != 500*time.Millisecond {
			t.Errorf("after a right secret: %s, want 500ms", got)
		}
		time.Sleep(forgetAfter)
		if got := throttle.Wrong("192.0.2.1:2002"); got != 500*time.Millisecond {
			t.Errorf("after a quiet time: %s, want 500ms", got)
		}
	})
}

func TestThrottleMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle Throttle
		for i := range 100_000 {
			throttle.Wrong(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
		}
		if n := len(throttle.hosts); n > maxHosts+1 {
			t.Errorf("%d hosts are remembered, want at most %d", n, maxHosts+1)
		}
		if got := throttle.Wrong("192.0.2.1:1"); got != 10*time.Second {
			t.Errorf("a host beyond the bound waits %s, want 10s", got)
		}
		time.Sleep(forgetAfter)
		throttle.Wrong("192.0.2.1:1")
		if n := len(throttle.hosts); n != 1 {
			t.Errorf("%d hosts are remembered after a quiet time, want 1", n)
		}
	})
}

func TestHoldEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle Throttle
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if err := throttle.Hold(ctx, "192.0.2.1:1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
	})
}

// Who guesses is written down, but cannot fill the log.
func TestT79GuessesAreToldLessAndLess(t *testing.T) {
	var throttle Throttle
	var told []int
	for range 1000 {
		if n, tell := throttle.Attempt("192.0.2.1:7"); tell {
			told = append(told, n)
		}
		throttle.Wrong("192.0.2.1:8") // another connection of the same host
	}
	if want := []int{1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	throttle.Right("192.0.2.1:9")
	if n, tell := throttle.Attempt("192.0.2.1:7"); n != 1 || !tell {
		t.Errorf("behind a right one: %d, %t", n, tell)
	}
}
