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
package client
