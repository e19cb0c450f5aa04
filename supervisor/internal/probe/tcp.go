package probe

import "github.com/processmanager/processmanager/supervisor"

// connectTCP opens a connection, which hangUp closes.
func connectTCP(l *line, a *supervisor.TCPSocketAction, ports []supervisor.Port) error {
	port, err := ResolvePort(a.Port, ports)
	if err != nil {
		return err
	}
	addr := address(a.Host, port)
	if _, err := l.dial(l.ctx, "tcp", addr); err != nil {
		return l.broken("TCP "+printable(addr), err)
	}
	return nil
}
