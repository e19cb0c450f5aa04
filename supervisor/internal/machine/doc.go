// Package machine decides what becomes of a process. It is pure: values in,
// values out. It knows no operating system, no goroutine and no clock, so that it
// can be tried millions of times a second. What it decides is carried out by
// supervisor/manager through supervisor/internal/linux.
//
// A [Proc] is where one process stands: a [State] (how far it has come) and a
// [Goal] (what somebody wants of it). [Step] takes a Proc and an [Event] and
// returns the next Proc and the [Action]s to carry out.
//
// Three rules stand before the table. A report that carries the number of an old
// life is dropped. Goal Gone is final. Only Exited and SpawnFailed end a life:
// what was sent a signal is alive until it was reaped, and what was reaped is not
// over until its tree is empty.
//
// Waiting is for dependencies; each is met once and stays met. RunEnd is the
// deadline of a run: it is set at the run's first life and holds over automatic
// restarts.
//
// # Events and states
//
// Cells hold the next state, a new goal, and actions. An empty cell: nothing
// happens. The process has goal Up, restartPolicy Always and killMode Mixed; it
// is scheduled in the rows of CronDue only.
//
//	                    Idle                           Waiting                        Starting                       Running
//	Start               Starting +spawn
//	Stop                goal Down                      Idle goal Down                 goal Down                      Stopping goal Down +signal
//	Restart             Starting +spawn                                                                              Stopping goal Again +signal
//	Delete              goal Gone +forget              Idle goal Gone +forget         goal Gone                      Stopping goal Gone +signal
//	Trigger             Starting +spawn
//	DependencyMet                                      Starting +spawn
//	DependencyFailed                                   Idle failed
//	Spawned                                                                           Running
//	SpawnFailed                                                                       Backoff
//	Exited, none left                                                                                                Backoff
//	Exited, some left                                                                                                Draining +signal rest
//	TreeEmpty
//	Tick, Due passed
//	Tick, RunEnd passed                                                                                              Stopping +signal
//	CronDue, Forbid     Starting +spawn                skipped                        skipped                        skipped
//	CronDue, Replace    Starting +spawn                skipped                        skipped                        Stopping goal Again +signal
//	CronDue, Allow      +aside                         skipped                        +aside                         +aside
//
//	                    Stopping                       Draining                       Killing                        Backoff
//	Start               goal Again                     goal Again                     goal Again                     Starting +spawn
//	Stop                goal Down                      goal Down                      goal Down                      Idle goal Down
//	Restart             goal Again                     goal Again                     goal Again                     Starting +spawn
//	Delete              goal Gone                      goal Gone                      goal Gone                      Idle goal Gone +forget
//	Trigger                                                                                                          Starting +spawn
//	DependencyMet
//	DependencyFailed
//	Spawned
//	SpawnFailed
//	Exited, none left   Backoff                                                       Backoff
//	Exited, some left   Draining +signal rest                                         +kill
//	TreeEmpty                                          Backoff                        Backoff
//	Tick, Due passed    Killing +kill                  Killing +kill                  +kill                          Starting +spawn
//	Tick, RunEnd passed                                                                                              Idle failed
//	CronDue, Forbid     skipped                        skipped                        skipped                        skipped
//	CronDue, Replace    goal Again                     goal Again                     goal Again                     Starting +spawn
//	CronDue, Allow      +aside                         +aside                         +aside                         +aside
//
// # Settle
//
// The life is over and its tree is empty: the first line that applies wins.
//
//	1  Goal is Gone                                 Idle, +forget
//	2  Goal is Down                                 Idle
//	3  Goal is Again                                a new run: Waiting or Starting
//	4  the deadline ended it                        Idle, failed: DeadlineExceeded
//	5  policy Never, or OnFailure and it succeeded  Idle, completed or failed
//	6  the deadline has passed meanwhile            Idle, failed: DeadlineExceeded
//	7  it lived for ResetAfter                      counts are 0, and go on
//	8  Fails has reached MaxRestarts                Idle, completed or failed: BackoffLimitExceeded
//	9  it was healthy (7), or there is no delay     Starting, +spawn
//	10 otherwise                                    Backoff, Due = now + Initial × Factor^Delays
//
// The delay after a failed start is a second at least.
//
// # Ends
//
// A life's end is given a reason by the cause that was recorded before the
// signal was sent; without a cause, by the exit itself. The number of SIGKILLs
// is not bounded: what does not die of them stays in Killing and is shown as
// stuck.
package machine
