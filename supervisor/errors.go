package supervisor

import (
	"errors"
	"fmt"
	"strings"
)

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

// Say makes an error of a kind, which is one of the sentinels, in words of its own: for where
// the sentinel's would mislead.
func Say(kind error, format string, args ...any) error {
	return &said{kind, fmt.Sprintf(format, args...)}
}

// WithoutKind is an error's text without the words of [ErrInvalid] in front: for a place in
// which nobody has made a request, and for texts that name the request themselves.
func WithoutKind(err error) string {
	return strings.TrimPrefix(err.Error(), ErrInvalid.Error()+": ")
}

type said struct {
	kind error
	text string
}

func (e *said) Error() string { return e.text }
func (e *said) Unwrap() error { return e.kind }

// NoPreviousRun is the answer to who asks for the lines of the life before, when there was
// none: no lines at all would say that it was silent. run is the newest life; 0: none.
func NoPreviousRun(name string, run uint64) error {
	why := "it has run once only; ask without previous for what it wrote then"
	if run == 0 {
		why = "it has not run yet"
	}
	return Say(ErrNotFound, "cannot show the log of %q: there is no previous run: %s", name, why)
}

// ErrSlow ends a subscription whose reader was too slow. It is no answer to a request,
// so that it has no code of its own.
var ErrSlow = errors.New("too slow: events were lost, subscribe anew")

// Errors lists the sentinels in the order of their protocol codes.
func Errors() []error {
	return []error{ErrNotFound, ErrExists, ErrInvalid, ErrNotRunning, ErrStart, ErrStopTimeout, ErrClosed, ErrForbidden}
}
