package client

import "strings"

// SocketFor returns the path of the API's socket that belongs to a telnet socket:
// "-rpc" before ".sock", or at the end where there is no ".sock". A path that has
// it already is the API's socket itself.
func SocketFor(telnet string) string {
	base, ok := strings.CutSuffix(telnet, ".sock")
	if strings.HasSuffix(base, "-rpc") {
		return telnet
	}
	if !ok {
		return telnet + "-rpc"
	}
	return base + "-rpc.sock"
}
