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
// # The way of a life
//
//	Waiting → Spawning → PostStart → Starting → Running → PreStop → Stopping → Killing
//	                                                         ↓          ↓         ↓
//	                                            Draining (what the leader left behind)
//	                                                         ↓
//	                                            PostStop → settle → Idle, Backoff or Spawning
//
// A state that the rules do not ask for is left out: without hooks and probes it is
// Spawning, Running, Stopping. Dead by itself it goes from wherever it is to Draining, or
// to settle. Probes are made in Starting (startup) and Running (the others); the machine
// is told each result and counts (see [Proc.Wants], [ProbeRules]). It is ready while it
// is Running and both its readiness probe and its own signal say so.
//
// # A new manifest
//
// Change brings new rules. What is executed as before goes on under them. Otherwise
// they are kept as Coming until the life is over, and with them begins another process
// under the same name: nothing has happened to it yet, so that who depends on it waits
// for it again. A scheduled run ends as it began; what is about its schedule holds at
// once. What suspend stops has goal Down and the reason Suspended, until the field is
// gone or somebody starts or stops it.
//
// # Events and states
//
// Cells hold the next state, a new goal, and actions. An empty cell: nothing
// happens. The process has goal Up, restartPolicy Always and killMode Mixed, no
// hooks and no probes but those that the state or the row tells of; it is scheduled in
// the rows of CronDue and Armed only. "now" and "later" say when new rules are in force.
//
//	                    Idle                                  Waiting                               Spawning                              PostStart
//	Start               Spawning +spawn
//	Stop                goal Down                             Idle goal Down                        goal Down                             Stopping goal Down +signal
//	Restart             Spawning +spawn                                                                                                   Stopping goal Again +signal
//	Delete              goal Gone +forget                     Idle goal Gone +forget                goal Gone                             Stopping goal Gone +signal
//	Trigger             Spawning +spawn
//	Change, live        now                                   Spawning now +spawn                   now                                   now
//	Change, renew       Spawning now +spawn                   Spawning now +spawn                   goal Again later                      Stopping goal Again later +signal
//	Change, suspend     goal Down now                         Idle goal Down now                    goal Down now                         Stopping goal Down now +signal
//	DependencyMet                                             Spawning +spawn
//	DependencyFailed                                          Idle failed
//	Spawned                                                                                         Running
//	Spawned, postStart                                                                              PostStart +hook
//	Spawned, startup                                                                                Starting
//	Spawned, stopped                                                                                Stopping +signal
//	SpawnFailed                                                                                     Backoff
//	HookDone, ok                                                                                                                          Running
//	HookDone, failed                                                                                                                      Stopping +signal
//	Startup ok
//	Startup failed
//	Liveness failed
//	Readiness failed
//	Readiness ok
//	Said, ready
//	Said, not ready
//	Condemned                                                                                                                             Stopping +signal
//	Exited, none left                                                                                                                     Backoff
//	Exited, some left                                                                                                                     Draining +signal rest
//	Exited, postStop                                                                                                                      PostStop +hook
//	TreeEmpty
//	Stop, preStop       goal Down                             Idle goal Down                        goal Down                             PreStop goal Down +hook
//	Tick, Due passed                                          Idle failed
//	Tick, RunEnd passed                                                                                                                   Stopping +signal
//	Tick, FedBy passed
//	CronDue, Forbid     Spawning +spawn                       skipped                               skipped                               skipped
//	CronDue, Replace    Spawning +spawn                       skipped                               skipped                               Stopping goal Again +signal
//	CronDue, Allow      +aside                                skipped                               +aside                                +aside
//	CronDue, busy       skipped                               skipped                               skipped                               skipped
//	CronDue, too late   missed                                missed                                missed                                missed
//	Armed, runOnStart   Spawning +spawn
//
//	                    Starting                              Running                               PreStop                               Stopping
//	Start                                                                                           goal Again                            goal Again
//	Stop                Stopping goal Down +signal            Stopping goal Down +signal            goal Down                             goal Down
//	Restart             Stopping goal Again +signal           Stopping goal Again +signal           goal Again                            goal Again
//	Delete              Stopping goal Gone +signal            Stopping goal Gone +signal            goal Gone                             goal Gone
//	Trigger
//	Change, live        Running now                           now                                   now                                   now
//	Change, renew       Stopping goal Again later +signal     Stopping goal Again later +signal     goal Again later                      goal Again later
//	Change, suspend     Stopping goal Down now +signal        Stopping goal Down now +signal        goal Down now                         goal Down now
//	DependencyMet
//	DependencyFailed
//	Spawned
//	Spawned, postStart
//	Spawned, startup
//	Spawned, stopped
//	SpawnFailed
//	HookDone, ok                                                                                    Stopping +signal
//	HookDone, failed                                                                                Stopping +signal
//	Startup ok          Running
//	Startup failed      Stopping +signal
//	Liveness failed                                           Stopping +signal
//	Readiness failed                                          not ready
//	Readiness ok                                              ready
//	Said, ready                                               ready
//	Said, not ready                                           not ready
//	Condemned           Stopping +signal                      Stopping +signal
//	Exited, none left   Backoff                               Backoff                               Backoff                               Backoff
//	Exited, some left   Draining +signal rest                 Draining +signal rest                 Draining +signal rest                 Draining +signal rest
//	Exited, postStop    PostStop +hook                        PostStop +hook                        PostStop +hook                        PostStop +hook
//	TreeEmpty
//	Stop, preStop       PreStop goal Down +hook               PreStop goal Down +hook               goal Down                             goal Down
//	Tick, Due passed                                                                                Stopping +signal                      Killing +kill
//	Tick, RunEnd passed Stopping +signal                      Stopping +signal
//	Tick, FedBy passed                                        Stopping +signal
//	CronDue, Forbid     skipped                               skipped                               skipped                               skipped
//	CronDue, Replace    Stopping goal Again +signal           Stopping goal Again +signal           goal Again replaced                   goal Again replaced
//	CronDue, Allow      +aside                                +aside                                +aside                                +aside
//	CronDue, busy       skipped                               skipped                               skipped                               skipped
//	CronDue, too late   missed                                missed                                missed                                missed
//	Armed, runOnStart
//
//	                    Draining                              Killing                               PostStop                              Backoff
//	Start               goal Again                            goal Again                            goal Again                            Spawning +spawn
//	Stop                goal Down                             goal Down                             goal Down                             Idle goal Down
//	Restart             goal Again                            goal Again                            goal Again                            Spawning +spawn
//	Delete              goal Gone                             goal Gone                             goal Gone                             Idle goal Gone +forget
//	Trigger                                                                                                                               Spawning +spawn
//	Change, live        now                                   now                                   now                                   now
//	Change, renew       goal Again later                      goal Again later                      goal Again later                      Spawning now +spawn
//	Change, suspend     goal Down now                         goal Down now                         goal Down now                         Idle goal Down now
//	DependencyMet
//	DependencyFailed
//	Spawned
//	Spawned, postStart
//	Spawned, startup
//	Spawned, stopped
//	SpawnFailed
//	HookDone, ok                                                                                    Backoff
//	HookDone, failed                                                                                Backoff
//	Startup ok
//	Startup failed
//	Liveness failed
//	Readiness failed
//	Readiness ok
//	Said, ready
//	Said, not ready
//	Condemned
//	Exited, none left                                         Backoff
//	Exited, some left                                         +kill
//	Exited, postStop                                          PostStop +hook
//	TreeEmpty           Backoff                               Backoff
//	Stop, preStop       goal Down                             goal Down                             goal Down                             Idle goal Down
//	Tick, Due passed    Killing +kill                         +kill                                 Backoff                               Spawning +spawn
//	Tick, RunEnd passed                                                                                                                   Idle failed
//	Tick, FedBy passed
//	CronDue, Forbid     skipped                               skipped                               skipped                               skipped
//	CronDue, Replace    goal Again replaced                   goal Again replaced                   goal Again replaced                   Spawning replaced +spawn
//	CronDue, Allow      +aside                                +aside                                +aside                                +aside
//	CronDue, busy       skipped                               skipped                               skipped                               skipped
//	CronDue, too late   missed                                missed                                missed                                missed
//	Armed, runOnStart
//
// # Settle
//
// The life is over, its tree is empty and its postStop hook done: the first line that
// applies wins.
//
//	1  Goal is Gone                                 Idle, +forget
//	2  Goal is Down                                 Idle
//	3  Goal is Again                                a new run: Waiting or Spawning
//	4  the deadline ended it                        Idle, failed: DeadlineExceeded
//	5  no rule and no policy restarts it (below)    Idle, completed or failed
//	6  the deadline has passed meanwhile            Idle, failed: DeadlineExceeded
//	7  it lived for ResetAfter                      counts are 0, and go on
//	8  Fails has reached MaxRestarts                Idle, completed or failed: BackoffLimitExceeded
//	9  it was healthy (7), or there is no delay     Spawning, +spawn
//	10 otherwise                                    Backoff, Due = now + Initial × Factor^Delays
//
// In line 5 the first of the rules for exit codes that matches decides. A FailJob
// passes over a success, and a failed start has no code, so that no rule matches it.
//
//	what the exit is to         Always     OnFailure  Never
//	no rule, a success          restarts   completed  completed
//	no rule, anything else      restarts   restarts   failed
//	a rule Restart              restarts   restarts   restarts
//	a rule FailJob              failed     failed     failed
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
