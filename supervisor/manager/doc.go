// Package manager runs processes as a set asks for: it connects what
// supervisor/internal/machine decides with what supervisor/internal/linux does,
// and answers the doors through [supervisor.Control].
//
// # One owner
//
// One goroutine, the loop, owns all processes. Everyone else sends it a function
// to run. It never waits: not for a spawn, a signal, a disk, a sink or a lock that
// is held while somebody waits.
//
//	goroutine       does                                            talks to the loop by
//	loop            owns entries, timers, counters; steps machines  –
//	linux.System    spawns, reaps, samples (its own goroutines)     reports, posted
//	callers         Control's methods, each on its own goroutine    ask: post, then wait for the answer
//	sampler         asks for a usage sample every five seconds,     post, where it watches
//	                each one where it watches memory; gives back
//	                what memory is not needed any more
//	signals         hands what PID 1 is sent to the loop            post
//	manifest watch  reads the files when they have changed          ask
//	probers, hooks  one each, while the machine wants it            post
//	limit setters   one for each change, write to the kernel's      –
//	                files one after the other
//	the end         one, ends what belongs to nobody                post
//
// # One event
//
//	event → machine.Step → new Proc, actions
//	  1. account: counters and log lines, from the old and the new Proc
//	  2. perform: actions, through the port OS
//	  3. settle the consequences, entry by entry, until there are none:
//	     those who wait for it (callers, dependents), the exit policy, the
//	     shutdown's next tier
//
// # Time
//
// Two heaps hold the next moment of each entry: one by the monotonic clock (grace,
// backoff, deadlines), one by the wall clock (cron). The loop sleeps until the
// first of them, and with a schedule armed never longer than a minute, so that a
// wall clock that was set is noticed.
package manager
