package access

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// ListenTCP listens on a TCP address "host:port"; port 0 takes a free one. With
// t every connection is a *tls.Conn, whose handshake happens at its first use.
func ListenTCP(addr string, t *tls.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, opReason(err))
	}
	if t == nil {
		return l, nil
	}
	return &tlsListener{l, t}, nil
}

// tlsListener is tls.NewListener with an inside that [Places] can reach: a server
// of HTTP wants to see the *tls.Conn on the outside.
type tlsListener struct {
	net.Listener
	config *tls.Config
}

func (l *tlsListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(c, l.config), nil
}

// opReason strips "listen tcp ADDR:" off an error whose message begins with
// words of our own.
func opReason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
