// Package rpc is the API door: JSON-RPC 2.0, described by an OpenRPC document,
// over HTTP and WebSocket.
//
// # The way of a message
//
//	transport     http.go (one body), websocket.go + stream.go (many messages)
//	who is it     browser.go (Host, Origin), auth.go (secret → role)
//	frame         message.go: one request or a batch; what is wrong is answered here
//	method        session.go: one dispatch for both transports → methods.go, the only table
//	parameters    params.go: by name or by position, strictly; a spec: supervisor.ParseSpec
//	call          calls.go: what the parameters are called, and what they mean
//	page          GET / is package page: a client of all this in a browser
//	notify        subscribe.go: methods and notifications; subscriptions.go: their lives
//	errors        errors.go: sentinels → codes, one table
//
// On a WebSocket github.com/sourcegraph/jsonrpc2 carries the connection; the
// stream answers before it whatever it cannot: batches, bad JSON, odd ids.
//
// # Methods
//
//	process.start         name command log deadline cron jobid spec wait
//	process.stop          name wait
//	process.restart       name wait
//	process.delete        name wait
//	process.signal        name signal
//	process.trigger       name wait
//	process.probe         name probe
//	process.exec          name command timeout
//	process.status        name
//	process.list          labels status
//	process.logs          name lines stream previous since
//	process.history       name
//	process.tree          name
//	process.wait          name condition timeout
//	manifest.get
//	manifest.diff         manifest
//	manifest.apply        manifest
//	system.info
//	system.shutdown
//	events.subscribe      name labels
//	logs.subscribe        name lines stream previous since
//	unsubscribe           subscription
//	session.authenticate  secret
//	rpc.discover
//
// # Notifications
//
//	events.event        subscription event
//	logs.line           subscription line lost
//	subscription.ended  subscription reason message
//
// They go over WebSocket, and only behind the answer of the method that began the
// subscription; behind the answer of unsubscribe none comes any more. A subscription has
// a goroutine that reads the manager at the pace of the connection: the manager never
// waits for it. Who is too slow is told: of events the subscription ends with the reason
// slow, of lines those that the ring has forgotten are counted in lost. A client that
// takes nothing at all for half a minute loses its connection. Reasons of an end:
//
//	deleted   the process is not known any more
//	slow      notifications were not taken in time, and some are lost
//	shutdown  the manager, or this door, ends
//	error     the manager failed; its log tells more
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
//	404  neither /, /rpc nor /openrpc.json
//	405  not POST or GET
//	413  over 1 MiB
//	415  not application/json
//	426  GET /rpc without a WebSocket
//
// # Concurrency
//
// The requests of a batch are run in their order; when their answers have 16 MiB, those
// that want one more are refused. Messages of a WebSocket are
// worked on side by side, 16 at most; then reading stops. Those that wait do not
// count: there may be 256 of them, and more are refused. Before a WebSocket has
// authenticated they are worked on one by one. A call that changes something is
// finished also when its caller hangs up; one that waits ends then, and when the
// server does; every other call has 30 s. A WebSocket has at most 64 subscriptions, which end with it.
//
// # Close codes of a WebSocket
//
//	1001  the manager is shutting down
//	1003  a message was not text
//	1008  not authenticated in time, three wrong secrets, a secret that is no longer valid, or no answer to a ping
//	1009  a message over 1 MiB
//
// openrpc.json and the clients in Go, TypeScript and Python are generated from the method table by rpc/gen.
package rpc
