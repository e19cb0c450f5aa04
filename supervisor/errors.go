package supervisor

import "errors"

// The sentinels. Every error of a [Control] wraps one of them together with the
// process's name and the reason; test with errors.Is. Each protocol maps them to
// its own codes in one table.
var (
	ErrNotFound    = errors.New("no such process")
	ErrExists      = errors.New("process already exists")
	ErrInvalid     = errors.New("invalid request")
	ErrNotRunning  = errors.New("process is not running")
	ErrStart       = errors.New("process could not be started")
	ErrStopTimeout = errors.New("not done in time")
	ErrClosed      = errors.New("process manager is shutting down")
	ErrForbidden   = errors.New("not permitted")
)

// ErrSlow ends a subscription whose reader was too slow. It is no answer to a request,
// so that it has no code of its own.
var ErrSlow = errors.New("too slow: events were lost, subscribe anew")

// Errors lists the sentinels in the order of their protocol codes.
func Errors() []error {
	return []error{ErrNotFound, ErrExists, ErrInvalid, ErrNotRunning, ErrStart, ErrStopTimeout, ErrClosed, ErrForbidden}
}
