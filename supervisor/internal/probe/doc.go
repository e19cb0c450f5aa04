// Package probe asks a process once whether it is well: by an HTTP request, by a
// TCP connection or by the gRPC health check. When to ask, how often, and what
// follows from the answers is decided elsewhere; a probe or hook that runs a command
// is run by package linux.
//
// The meaning is the kubelet's (k8s.io/kubernetes/pkg/probe), so that a probe that
// passes in a Pod passes here:
//
//	kind       asks                          success                     failure
//	httpGet    GET over HTTP/1.1             200 to 399                  any other status, a body that breaks off
//	tcpSocket  a connection, then closes it  it opened                   it did not
//	grpc       grpc.health.v1.Health/Check   status OK and SERVING       any other of either
//	(all)                                                                the context ended first
//
// What httpGet does in particular:
//
//	redirect, same host name   followed, at most 10 requests in all; more is a failure
//	redirect, other host name  success, not followed: who answers there is somebody else
//	3xx without Location, 304  success
//	body                       at most 10 KiB are read; they count against the timeout
//	HTTPS                      the certificate is not verified
//	proxy                      never; HTTP_PROXY and its like are not read
//	headers                    as given, twice if given twice; Host takes the place of the address,
//	                           User-Agent and Accept of the defaults; an empty one of these two
//	                           is not sent at all
//	connection                 a new one for each request, closed after it
//
// An error is one line for people: what was asked, and what came.
//
//	GET http://127.0.0.1:8080/ready: 503 Service Unavailable: no database
//	GET http://127.0.0.1:8080/ready: timed out after 1s while waiting for the answer
//	TCP 127.0.0.1:5432: connection refused
//	gRPC 127.0.0.1:9000 service "shop": NOT_SERVING
//
// What a server sent is cut to 120 bytes, and all that cannot be printed is escaped.
//
// # Nothing stays
//
// An attempt owns the connections that it opens; all are closed when it returns or
// its context ends. HTTP/1.1 and TCP run in the caller's goroutine. The gRPC call
// uses a [net/http.Transport] of its own, whose goroutines end with the connection;
// left alone it would dial on after the request was given up, because another
// request might use the connection. So a server that never answers cannot collect
// goroutines or descriptors. Nothing of the HTTP client is made before the first
// attempt.
package probe
