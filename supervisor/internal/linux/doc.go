// Package linux is the room with the system calls: it forks, waits, signals, reads
// the output of processes and samples what they use. It decides nothing; what is
// done when a process ends is its caller's business.
//
// # The model
//
// A [Life] is one start of one process: its leader, which was spawned here, and its
// tree, which is everybody who descends from the leader. We are PID 1 or a subreaper
// (see [Prepare]), so who loses its parent becomes our child, "adopted", and the
// tree can be followed until its end, also past setsid and double forks. A life is
// over when its leader is reaped and nobody of its tree lives.
//
// # What is reported, and when
//
//	what happened                                    reported                      meaning
//	fork, setup or exec failed                       SpawnFailed                   no life; nothing follows
//	exec succeeded                                   Spawned                       always first
//	leader reaped, nobody of its tree lives          Exited, left = 0              life over, output complete
//	leader reaped, somebody lives                    Exited, left > 0              output goes on
//	then the last one of the tree was reaped         TreeEmpty                     life over, output complete
//
// Output is delivered to its end before the report that says so. Who still holds the
// pipe then belongs to nobody, and gets EPIPE.
//
// # Tasks
//
// A probe or a hook is a task: a life of its own, named after its process ("web/liveness"),
// whose reports go to who waits in [System.Exec]. Its leader's end, or that of the
// caller's context, is the SIGKILL of its whole tree. What it uses is booked on its process.
//
// # How a life is heard, beside its exit
//
//	by                 is read by         and says
//	stdout, stderr     the pipe reader    [Output]
//	a terminal (TTY)   the pipe reader    [Output], all of it as stdout; EIO is its end
//	the pipe ReadyFD   the pipe reader    OnReady, at the first newline
//	NOTIFY_SOCKET      its own goroutine  Notify, for each message of a member of its tree
//
// Readiness is not heard before Spawned was reported, nor after the life's end. A
// life with Stdin and TTY has what the manager reads from its stdin typed on its terminal,
// and Ctrl-D at its end.
//
// # Who owns an adopted process
//
// The first answer counts:
//
//	question                                                     because
//	which life's cgroup is it in?                                nobody leaves one unless on purpose
//	what was it at the last pass over /proc (pid and start)?     its parents lived then
//	is its session or group one that a leader began?             holds until it calls setsid
//	is its session one that a member began?                      a daemon's children
//	what do PM_PROCESS_NAME and PM_PROCESS_RUN in its            survives setsid and double forks
//	environment say, and PM_PROCESS_TASK of a task?
//
// A descendant of an adopted process belongs to whom its parent belongs to. Who belongs
// to nobody, for example what kubectl exec left behind, is reaped, is never touched by a
// signal to a life, and is ended by [System.EndRest]. The cgroup is asked once for each
// adopted process. Only the cgroup knows a daemon again that was never seen as a member,
// began a session and emptied its environment.
//
// # Cgroups
//
// Where our own cgroup v2 is delegated to us (see [System.Containment]), each life has one
// below it, also where there are no controllers:
//
//	group                    holds                         made                       removed
//	pm.NAME                  limits of the process         with its first life        with its last, or later
//	pm.NAME/RUN              life RUN                      before it is spawned       a second after it is over
//	pm.NAME/WORD.RUN         task RUN of NAME/WORD         likewise                   likewise
//	pm-manager               us, when controllers are on   at the start               at Close
//
// One manager uses a place: our own group's directory is locked with flock(2), and a
// second manager does without groups. What a crashed predecessor left empty is removed in
// the background; RUN~2 is a life beside a group in which somebody still lives. After
// [System.Ending] the group of a life is removed when its leader is reaped: that the
// kernel does so tells, like cgroup.events, that nobody is in it.
//
//	what is done                  with a group                            without, and also for
//	a life is over                cgroup.events says populated 0, and     who left the group
//	                              nobody is found outside                 on purpose
//	SIGKILL to a whole tree       one write to cgroup.kill (Linux 5.14)   a walk
//	another signal to a tree      a walk
//
// A leader is born in its group (clone3 with CLONE_INTO_CGROUP, Linux 5.7). Where clone3 is
// refused, as by the default filters of container engines, a shim goes there before it
// executes the program, if there is a shim or a limit to enforce; any other leader is
// moved when it runs already. What such a leader has forked before it was moved, in some
// milliseconds, stays outside, and is found by the other questions.
//
// Controllers cannot be switched on for groups that have processes beside them ("no
// internal processes"), so we go to pm-manager first, when the first limit is asked for
// that needs one. Not before: moving a process halts every fork of the machine for 5 to
// 15 ms, which most manifests need not pay, and it is a change for whom looks at the
// container from outside. Only processes that descend from us are taken along. Somebody
// else there, a shell that waits for us or what kubectl exec has just put there, is given
// 300 ms to go; then that controller is off for good, [System.Containment] says why, and
// all the rest goes on. Whether somebody is there is looked up at the start, too, so that
// it says so before. Later newcomers do no harm: runc, for one, puts them into the
// group of PID 1 when the container's own refuses them.
//
// A limit that is enforced here holds from the first instruction of the program; if it
// cannot be set, the life does not start. [Exit].OOM is true when a leader was ended by a
// SIGKILL that we did not send, while memory.events of pm.NAME counted a kill: over its
// own limit or over one above it, the container's. Without the memory controller nobody
// counts. Files are written by spawn workers, and by goroutines of SetLimits, because the
// kernel takes memory away before it returns; the tree goroutine writes cgroup.kill only,
// which does not wait. No lock of the child table is held meanwhile.
//
// # Who a life is, and what it may do
//
//	a command with     is set up by                                          and executed by
//	neither            nobody                                                package syscall
//	an Identity        package syscall, between fork and exec                package syscall
//	a Setup            the shim: this program, executed as the child, does   the shim
//	                   what is asked for step by step (shim_step.go)
//
// The order: what needs rights (oom_score_adj, rlimits, nice, I/O priority, umask), bounding set,
// groups, group, user, capabilities, no_new_privs, working directory. What fails is a
// failed start with its reason: nothing ever runs with more rights than were asked for.
// A user by number needs no account file. See [Identity] and [Setup].
//
// # Goroutines
//
//	goroutine      how many         does                                              ends
//	reaper         1                waits, the only one; fills the child table        Close, last
//	tree           1                asks what is left of trees, reports exits,        Close
//	                                walks trees to signal them
//	pipe reader    1                reads all pipes and terminals, calls Output       Close
//	                                and OnReady
//	notify         1 for a life     reads its socket, calls Notify                    the life is over
//	               that asks
//	typist         1 for a life     types the manager's stdin on its terminal         the life is over
//	               that asks
//	finishers      0 to a few       deliver the last output of a life, report its end   the output has
//	spawn workers  0 to a few       make cgroups, fork and exec, report births        when nobody waits
//	fork threads   0 to a few       fork for the workers when there are many lives    Close
//	sweepers       0 to 2           remove cgroups                                    when none is left
//	SetLimits      one a call       write limits                                      when written
//	terminal       0 or 1           puts who is meant in front of our terminal        the leader has, or Close
//	callers        any              signal leaders and groups; sample usage           –
//
// # The child table
//
// One mutex guards it. Look-up and signal, and wait and remove, are critical sections
// of it, so that the pid of a leader in the table is never a stranger's. Fork and exec
// are not: while a spawn is in flight, the exits of unknown pids are parked, and the
// spawn claims its own when it learns its pid. Other members of a tree are not in the
// table: their number is pinned by a pidfd and proven by the start time before it is
// used.
package linux
