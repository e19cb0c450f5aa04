// Package client calls a manager's API: JSON-RPC 2.0 in HTTP, over a unix socket
// or TCP. The typed methods in methods.go are generated from the OpenRPC
// document; [Client.Call] is what they are made of.
//
//	c, err := client.New(client.Options{Socket: "/tmp/processmanager-rpc.sock"})
//	info, err := c.Start(ctx, client.StartParams{Name: "hello", Command: "echo hello"})
//	if errors.Is(err, supervisor.ErrExists) { … }
//
// An error is one of these; test with errors.Is and errors.As:
//
//	Error               Meaning
//	supervisor.Err…     the manager refused; also an *Error with code, reason and name
//	ErrUnreachable      no connection, or it broke before the answer
//	ErrUnauthorized     the secret is missing or wrong
//	the context's       it ended before the answer; what was begun goes on
//
// A call has no time limit but that of its context: [Client.Wait] may last for days.
//
// # Subscriptions
//
//	s, err := c.LogsSubscribe(ctx, client.LogsSubscribeParams{Name: "web"})
//	defer s.Close()
//	for n, err := range s.All(ctx) { … n.Line, or n.Gap … }
//
// Each has a WebSocket of its own:
//
//	subscription.go  its life: connections that are lost are made anew, and a Gap tells so
//	link.go          one connection with one subscription on it, and its pings
//	feeds.go         events; lines, of which none comes twice
//
// A subscription that nobody reads is read ahead by 64 notices; then the manager's side
// is held up, drops it after a while, and the next calls of Next tell the gap.
package client
