// Package supervisortest has a Control for the tests of doors and clients: the
// contract's answers and errors without processes.
//
// What the [Fake] simplifies:
//
//	a process       runs until it is stopped; nothing ends by itself
//	a signal        is recorded and changes nothing
//	a schedule      never fires; Trigger begins a run beside it
//	a manifest      is a text without meaning, made known with its changes by Plan
//	events          happen as it goes, all of them at once; Emit makes more
//	a shutdown      ends everything at once: every later call is ErrClosed
package supervisortest
