package probe

import (
	"net"
	"strconv"
	"strings"

	"github.com/processmanager/processmanager/supervisor"
)

// loopback is where a process listens unless its probe says otherwise. Kubernetes
// has the address of the Pod there; from inside the container this is the same
// process, also when it listens on the loopback interface only.
const loopback = "127.0.0.1"

// ResolvePort returns the number of ref, 1 to 65535: itself, or what ports calls by
// that name. The error wraps supervisor.ErrInvalid and lists the names there are.
func ResolvePort(ref supervisor.PortRef, ports []supervisor.Port) (int, error) {
	if n, ok := ref.Number(); ok {
		return n, nil
	}
	known := make([]string, 0, len(ports))
	for _, p := range ports {
		if p.Name == string(ref) {
			return p.ContainerPort, nil
		}
		known = append(known, strconv.Quote(p.Name))
	}
	what := "cannot find port " + strconv.Quote(string(ref))
	if len(known) == 0 {
		return 0, invalid(what, "it is no number from 1 to 65535, and the process names no ports")
	}
	return 0, invalid(what, "it is no number from 1 to 65535, and ports names only "+strings.Join(known, ", "))
}

// address joins host and port; an IPv6 host may be in brackets or not.
func address(host string, port int) string {
	if host == "" {
		host = loopback
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
