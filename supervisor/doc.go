// Package supervisor is the contract of Process Manager: what a door (telnet,
// OpenRPC, metrics), a client or an embedding program may ask of a manager, and
// the words in which it answers. It holds types, names and errors, and imports
// nothing but the standard library; the manager itself is in
// supervisor/manager.
//
// # The two interfaces
//
// [Control] is what the doors use: context first, then the [Caller], then the
// request. [ProcessManagerInterface] is the small classic interface for programs
// that want eight plain methods; [Classic] adapts a Control to it.
//
// # The model
//
// A process is an entry with a name and a [Spec]. Each time it is started, a new
// life begins; lives are numbered from 1 and never share timers, pipes or exit
// reports. One or more lives make a run: a run begins with a start (at boot, by
// hand, by cron) and goes on over automatic restarts until the process has ended
// for good.
//
//	Status     Meaning
//	pending    waits for a dependency
//	starting   a life is being created
//	running    its leader lives
//	stopping   asked to end, or its leader has ended and its tree is drained
//	backoff    will be restarted at next_retry
//	scheduled  cron, between two runs
//	stopped    asked for, or suspended
//	completed  ended for good, with success
//	failed     ended for good, without
//	stuck      survived SIGKILL; never hidden, never doubled
//
// Why the last life ended is told by a [Reason].
package supervisor
