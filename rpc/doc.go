// Package rpc is the API door: JSON-RPC 2.0, described by an OpenRPC document,
// over HTTP and WebSocket.
//
// # The way of a message
//
//	transport     http.go (one body), websocket.go + stream.go (many messages)
//	who is it     browser.go (Host, Origin), auth.go (secret → role)
//	frame         message.go: one request or a batch; what is wrong is answered here
//	method        session.go: one dispatch for both transports → methods.go, the only table
//	parameters    params.go: by name or by position, strictly
//	call          calls.go: what the parameters are called, and what they mean
//	errors        errors.go: sentinels → codes, one table
//
// On a WebSocket github.com/sourcegraph/jsonrpc2 carries the connection; the
// stream answers before it whatever it cannot: batches, bad JSON, odd ids.
//
// # Methods
//
//	process.start         name command log deadline cron jobid
//	process.stop          name
//	process.restart       name
//	process.delete        name
//	process.signal        name signal
//	process.trigger       name
//	process.status        name
//	process.list          labels status
//	process.logs          name lines stream previous since
//	process.history       name
//	process.wait          name condition timeout
//	manifest.get
//	manifest.diff         manifest
//	manifest.apply        manifest
//	system.info
//	system.shutdown
//	session.authenticate  secret
//	rpc.discover
//
// # Codes
//
//	-32700  ParseError
//	-32600  InvalidRequest
//	-32601  MethodNotFound
//	-32602  InvalidParams
//	-32603  InternalError
//	-32001  NotFound
//	-32002  Exists
//	-32003  Invalid
//	-32004  NotRunning
//	-32005  Start
//	-32006  StopTimeout
//	-32007  Closed
//	-32008  Forbidden
//	-32010  NeedsWebSocket
//
// # HTTP status
//
//	200  an answer, also when it is an error of the method
//	204  nothing to answer: notifications only
//	400  the body broke off
//	401  the secret is missing or wrong; wrong ones wait longer and longer
//	403  Host or Origin is not allowed
//	404  neither /rpc nor /openrpc.json
//	405  not POST or GET
//	413  over 1 MiB
//	415  not application/json
//	426  GET /rpc without a WebSocket
//	503  too many WebSockets that have not authenticated
//
// # Concurrency
//
// The requests of a batch are run in their order. Messages of a WebSocket are
// worked on side by side, 16 at most; then reading stops. Those that wait do not
// count: there may be 256 of them, and more are refused. Before a WebSocket has
// authenticated they are worked on one by one. A call that changes something is
// finished also when its caller hangs up; one that waits ends then, and when the
// server does.
//
// openrpc.json and the Go client are generated from the method table by rpc/gen.
package rpc
