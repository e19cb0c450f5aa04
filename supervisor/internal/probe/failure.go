package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/processmanager/processmanager/supervisor"
)

// failure is an error whose text is only what a person wants to read; the cause is
// there for errors.Is.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// invalid is the fault of whoever wrote the target.
func invalid(what, why string) error {
	return &failure{what + ": " + printable(why), supervisor.ErrInvalid}
}

// refused is an answer that came, and was not the right one.
func refused(what, why string) error {
	return &failure{text: what + ": " + printable(why)}
}

// broken is what to say when no answer came. The deadline is looked at beside the
// context, because a connection notices it a moment earlier.
func (l *line) broken(what string, err error) error {
	deadline, limited := l.ctx.Deadline()
	cause := context.Cause(l.ctx)
	switch {
	case limited && (errors.Is(cause, context.DeadlineExceeded) || cause == nil && !time.Now().Before(deadline)):
		after := max(0, deadline.Sub(l.start)).Round(10 * time.Millisecond)
		return &failure{fmt.Sprintf("%s: timed out after %v while %s", what, after, l.where()), context.DeadlineExceeded}
	case cause != nil:
		after := time.Since(l.start).Round(10 * time.Millisecond)
		return &failure{fmt.Sprintf("%s: given up after %v while %s", what, after, l.where()), cause}
	}
	return &failure{what + ": " + printable(reason(err)), err}
}

// reason says why a connection failed in the kernel's words, without the addresses
// and operations that Go puts in front of them.
func reason(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &dns):
		return fmt.Sprintf("cannot look up %s: %s", dns.Name, dns.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed in the middle of the answer"
	case errors.Is(err, io.EOF):
		return "the connection was closed without an answer"
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	return strings.TrimPrefix(err.Error(), "http: ")
}
