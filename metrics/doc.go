// Package metrics shows a manager to Prometheus and to the probes of Kubernetes:
// an HTTP server with /metrics, /livez, /readyz and /startupz over one
// [supervisor.Snapshot] per request.
//
// # Families
//
// Every name begins with processmanager_. The label name is that of the process;
// all other labels have fixed values. A pid, a command or a job id is never a
// label.
//
//	auth_failures_total{interface}                    wrong secrets and passwords, by door
//	build_info{goversion,revision,version}            always 1
//	cron_last_success_timestamp_seconds{name}         absent: none yet
//	cron_next_run_timestamp_seconds{name}             absent: not armed
//	cron_runs_total{name,result}                      what became of scheduled times
//	deadline_exceeded_total{name}                     runs ended by their deadline
//	manifest_last_reload_success_timestamp_seconds    absent: never
//	manifest_last_reload_successful                   absent: no manifest
//	orphans_reaped_total                              children that the manager did not start
//	probe_results_total{name,probe,result}            attempts of probes; absent: none yet
//	proc_read_errors_total                            what /proc should have told and did not
//	process_cpu_seconds_total{mode,name}              whole tree, reaped descendants included
//	process_exits_total{name,reason}                  lives that ended
//	process_io_bytes_total{mode,name}                 storage; whole tree, like CPU; absent: not permitted
//	process_last_exit_code{name}                      128+n for a signal; absent: none yet
//	process_log_bytes_total{name,stream}              captured output
//	process_log_dropped_bytes_total{name}             output that a sink did not take in time
//	process_memory_limit_bytes{name}                  absent: no limit
//	process_open_fds{name}                            whole tree; absent: not permitted
//	process_proportional_memory_bytes{name}           PSS, where asked for; absent: not permitted
//	process_ready{name}                               1: ready
//	process_resident_memory_bytes{name}               sum over the tree, shared pages counted in each
//	process_restarts_total{name,reason}               automatic restarts, by why the life before ended
//	process_start_time_seconds{name}                  of the last life; absent: never started
//	process_state{name,state}                         1 for the state it is in, 0 for the others
//	process_threads{name}                             whole tree
//	process_tree_size{name}                           living processes
//	process_up{name}                                  1: its leader lives
//	process_working_set_bytes{name}                   of its cgroup, where asked for; absent: it has none
//	rpc_requests_total{code,method}                   answered requests of the OpenRPC door
//	snapshot_errors_total                             scrapes that the manager did not answer in time
//
// Beside them are client_golang's go_ and process_ families of the manager
// itself.
//
// Processes without series of their own (Own is false) are summed under
// name="_other", counters and sizes only, once there is something to sum.
// Counters by reason have the reasons Completed, Error and Signaled from the
// beginning, so that increase() sees the first crash too; other reasons appear
// when they happen.
//
// When the manager does not answer a scrape in time, the families made from the
// snapshot are absent, snapshot_errors_total goes up and the answer is still a
// valid 200: up stays 1, and the absence can be alerted on.
//
// # Health
//
//	/livez         200 unless the manager's loop has not answered for 5 s
//	/readyz        200 when every process with a readiness signal is ready and every
//	               essential one runs; one that has completed, or waits for its
//	               schedule, is as good. 503 with the names otherwise and at shutdown
//	/readyz/NAME   the same for one process, or all replicas of it, whatever it has; 404 when unknown
//	/startupz      200 once every process has left pending and starting for the first time
//
// With ?verbose each lists what it looked at, as Kubernetes' own do. A kubelet
// waits one second by default (timeoutSeconds): for the 5 s of /livez to count,
// give its probe timeoutSeconds: 6.
//
// # Who may look
//
// Everybody who reaches the port, unless a web config ([access.WebConfig]) names
// users: then /metrics wants a name and a password. The health pages never do,
// because a kubelet has none. A right password is looked up, not computed again; a
// wrong one is counted, logged and held back as at the other doors, and four at a time
// from one host, so that who guesses delays nobody else.
//
// # Cost
//
// The families are built as protocol buffers and joined with those of the
// registry, instead of going through it one const metric after the other. For
// 1000 processes (28 000 series) BenchmarkScrape, which has the numbers already,
// makes 2 500 objects; the registry's way, BenchmarkConstMetrics, takes about five
// times as long and 445 000 objects. What a Prometheus waits for is more, because
// the last sample is too old for it as a rule: the pass over /proc, the manager's
// snapshot and the way over TCP come on top. Package manager's BenchmarkScrape1000
// measures all of it on real processes, 6 000 objects and a multiple of the time of
// the text alone; so does the scenario scrape of supervisor/bench, from outside.
// Requests that come while a snapshot is being made share it.
package metrics
