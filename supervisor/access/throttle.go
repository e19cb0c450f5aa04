package access

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// The delay after wrong secrets.
const (
	firstDelay = 500 * time.Millisecond
	maxDelay   = 10 * time.Second
)

// Delay returns how long the answer to the attempt-th wrong secret in a row is
// held back: 500 ms for the first, then twice as long each time, 10 s at most.
// It is 0 for attempt < 1.
func Delay(attempt int) time.Duration {
	if attempt < 1 {
		return 0
	}
	delay := firstDelay
	for i := 1; i < attempt && delay < maxDelay; i++ {
		delay *= 2
	}
	return min(delay, maxDelay)
}

const (
	// forgetAfter is how long a host must keep quiet to begin anew.
	forgetAfter = 5 * time.Minute
	// maxHosts bounds the memory of a Throttle; the hosts beyond share one count.
	maxHosts = 1024
)

// Throttle counts wrong secrets by host, so that a new connection is no new
// beginning. All doors share one. The zero value is ready; methods may be called
// from any goroutine.
type Throttle struct {
	mu    sync.Mutex // guards the fields below
	hosts map[string]offender
	swept time.Time // when the quiet ones were last forgotten
}

type offender struct {
	wrong int
	last  time.Time
}

// Wrong notes a wrong secret from a peer, given as [Peer] or
// http.Request.RemoteAddr do, and returns how long its answer must be held back.
// All callers of unix sockets count as one host, and so do those of one IPv6 /64.
func (t *Throttle) Wrong(peer string) time.Duration {
	host, now := hostKey(peer), time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hosts == nil {
		t.hosts = map[string]offender{}
	}
	if _, known := t.hosts[host]; !known && len(t.hosts) >= maxHosts {
		t.forget(now)
		if len(t.hosts) >= maxHosts {
			host = ""
		}
	}
	o := t.hosts[host]
	if now.Sub(o.last) >= forgetAfter {
		o.wrong = 0
	}
	o.wrong, o.last = o.wrong+1, now
	t.hosts[host] = o
	return Delay(o.wrong)
}

// Attempt returns which wrong secret in a row one from the peer would be now, and
// whether it is worth a line in the log: the first three are, and then each whose number
// is a power of two, so that who guesses cannot fill the log.
func (t *Throttle) Attempt(peer string) (n int, tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.hosts[hostKey(peer)]
	if time.Since(o.last) >= forgetAfter {
		o.wrong = 0
	}
	n = o.wrong + 1
	return n, n <= 3 || n&(n-1) == 0
}

// Right notes a right secret: the peer's host begins anew.
func (t *Throttle) Right(peer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.hosts, hostKey(peer))
}

// Hold notes a wrong secret and waits as long as [Throttle.Wrong] says. It
// returns the context's error if that ends first.
func (t *Throttle) Hold(ctx context.Context, peer string) error {
	timer := time.NewTimer(t.Wrong(peer))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forget drops the quiet hosts, once a second at most: a flood of new hosts must
// not pay for a walk each.
func (t *Throttle) forget(now time.Time) {
	if now.Sub(t.swept) < time.Second {
		return
	}
	t.swept = now
	for host, o := range t.hosts {
		if now.Sub(o.last) >= forgetAfter {
			delete(t.hosts, host)
		}
	}
}

func hostKey(peer string) string {
	if strings.HasPrefix(peer, "unix") || peer == "" || peer[0] == '@' {
		return "unix"
	}
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		host = peer
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}
