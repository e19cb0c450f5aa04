package supervisor

import "strings"

// RPCSocketFor returns the path of the API's socket that belongs to a telnet socket:
// "-rpc" before ".sock", or at the end where there is no ".sock". A path that has
// it already is the API's socket itself. Server and client find each other by it.
func RPCSocketFor(telnetSocket string) string {
	base, ok := strings.CutSuffix(telnetSocket, ".sock")
	if strings.HasSuffix(base, "-rpc") {
		return telnetSocket
	}
	if !ok {
		return telnetSocket + "-rpc"
	}
	return base + "-rpc.sock"
}
