package probe

import (
	"context"

	"github.com/processmanager/processmanager/supervisor"
)

// Target is what to ask; exactly one of HTTP, TCP and GRPC is set.
type Target struct {
	HTTP  *supervisor.HTTPGetAction
	TCP   *supervisor.TCPSocketAction
	GRPC  *supervisor.GRPCAction
	Ports []supervisor.Port // what the names of ports mean: Spec.Ports
}

// Attempt asks once and returns nil for success. It returns soon after ctx ends,
// whose deadline is the timeout; without one it may wait forever.
//
// The error is one line for people, without control characters. It wraps
// context.DeadlineExceeded after a timeout, the cause of the context when it was
// cancelled (a verdict on the process only in the first case), and
// supervisor.ErrInvalid when the target itself is wrong. It is safe for concurrent
// use; nothing of t is changed.
func Attempt(ctx context.Context, t Target) error {
	l := newLine(ctx)
	defer l.hangUp()
	switch {
	case t.HTTP != nil && t.TCP == nil && t.GRPC == nil:
		return getHTTP(l, t.HTTP, t.Ports)
	case t.TCP != nil && t.HTTP == nil && t.GRPC == nil:
		return connectTCP(l, t.TCP, t.Ports)
	case t.GRPC != nil && t.HTTP == nil && t.TCP == nil:
		return checkGRPC(l, t.GRPC)
	}
	return invalid("cannot probe", "exactly one of httpGet, tcpSocket and grpc must be set")
}
