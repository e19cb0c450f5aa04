// Package clients holds the clients in other languages, and the test that drives a
// running manager through each of them. The client in Go is package rpc/client.
//
//	typescript/  one file for browsers and Node, no dependencies
//	python/      one package, standard library only
//
// What they have in common, beside the methods, which are generated from the OpenRPC
// document by rpc/gen:
//
//	way            unix socket or TCP, TLS; a secret in the header (a browser: in the first message)
//	errors         one class for each code of the API; unreachable; unauthorized
//	a call         lasts as long as the manager needs, unless the caller bounds it
//	subscriptions  a connection each; lost ones are made anew, with growing pauses from 0.1 s
//	               to 5 s, and a notice of the gap when it begins and when it is over
//	lines          none comes twice; only those are missing that the manager has forgotten
package clients
