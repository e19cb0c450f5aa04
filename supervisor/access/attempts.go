package access

import "sync"

// How many secrets that are not known to be right are looked at and held back at
// the same time.
const (
	attemptsOfHost = 4
	attemptsOfAll  = 64
)

// Attempts bounds the secrets that are being checked or held back, so that who
// guesses in parallel takes neither the CPU nor the connections away from the
// others. The zero value is ready; it may be used from any goroutine.
type Attempts struct {
	mu    sync.Mutex // guards the fields below
	hosts map[string]int
	all   int
}

// Enter takes a place for a peer, told as to [Throttle.Wrong]: at most 4 for one
// host and 64 for all. ok is false when there is none; else leave gives it back.
func (a *Attempts) Enter(peer string) (leave func(), ok bool) {
	host := hostKey(peer)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all >= attemptsOfAll || a.hosts[host] >= attemptsOfHost {
		return nil, false
	}
	if a.hosts == nil {
		a.hosts = map[string]int{}
	}
	a.hosts[host]++
	a.all++
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.hosts[host]--; a.hosts[host] == 0 {
			delete(a.hosts, host)
		}
		a.all--
	}), true
}
