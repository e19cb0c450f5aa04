// Command bench measures process supervisors from outside, in the same run and
// on the same machine: Process Manager, a floor and the peers that are installed
// (s6, runit, supervisor, tini, dumb-init).
//
//	go run ./supervisor/bench [-n 1,100,1000] [-runs 5] [-scenarios boot,…] [-peers floor,ours,…]
//	    [-ours FILE] [-pmclient FILE] [-compare FILE] [-json FILE] [-plot FILE]
//
// # Method
//
// Every run is a new life of the supervisor as PID 1 of a new PID namespace with
// its own /proc: the program executes itself as a small launcher, which mounts
// /proc, reports the time and then executes the supervisor in its own place.
// What is supervised is a small static program that reports by unix datagram,
// with the time on CLOCK_MONOTONIC, as its first act, and then pauses. Nothing is
// asked of the supervisor to find out when something happened, so nothing is
// measured but what it does for its processes.
//
// The floor is a C program of one page that does the least: vfork, exec, wait,
// start again. What a supervisor costs above it is the price of being useful.
//
// Runs are interleaved (A B C A B C …), so that a change in the machine's mood
// hits all. Process Manager is copied before it runs, in pieces as into an image: the file that a
// linker has just written starts up to a fifth slower than its copy (300 pairs of
// "-- true"), and two copies alike; one that was written in a single piece shows twice the
// memory, because the kernel maps it in large blocks. The table has medians over the runs. A peer that fails or exceeds the
// time-out of a scenario is shown as failed, with its last words, and is not
// tried again at that size.
//
// # What is measured
//
//	Scenario   Measured                                               Counted
//	boot       exec of PID 1 → the last of N children runs            wall time
//	restart    SIGKILL of one child → its replacement runs            wall time, one after the other
//	orphans    20,000 orphans, 20 to a parent; 1000 ending together  CPU of PID 1; wall time until all are reaped
//	footprint  memory 3 s after boot                                  PSS of everything in the namespace but the workload
//	idle       10 s of nothing, from 3 s after boot                   CPU and context switches of the same
//	logs       one child writes 100-byte lines: raw, prefixed, JSON   bytes a second at the far end, CPU of all but the workload, lines lost
//	scrape     GET /metrics when a sampling pass is due, ours only    wall time; CPU; what the pass has of it; median of 10
//	pressed    restart while a scrape and a list run each second      wall time of 100 restarts, 50 ms between them
//	list       the peer's client shows N processes                    wall time of the client, median of 10
//	shutdown   stop signal → PID 1 is gone and reaped                 wall time
//	true       PID 1 runs /bin/true for its only process              wall time of exec → stdout closed, median of 20, less that of bare true
//
// Not counted: what the kernel does on its own behalf, the page cache, memory of
// the workload, CPU of the workload and of this program, which drains stdout.
// The machine should be otherwise idle: child, supervisor and this program share
// its cores.
//
// # Fairness
//
// Peers have their smallest restart delay; s6 and supervisor cannot go below one
// second, runit waits only when the service ran for less than one, so restarts
// are measured on processes older than that. Their services are the workload
// itself, without a shell script around it. Process Manager captures output and
// samples usage in every scenario, and so does supervisor capture; s6 and runit
// are without loggers, as in most images, but in the scenario logs. The variants
// s6-log and runit-log (only when named in -peers) have one logger for each
// service everywhere.
//
// # Growth
//
// With -plot every scenario that has sizes runs at each of -n, gnuplot draws the curves
// into one SVG file, and a second table has the exponent of growth between the smallest
// and the largest size: 1 is linear, 0 does not depend on the number of processes.
//
// Running it takes root (or CAP_SYS_ADMIN), gcc with a static libc, and about
// half an hour with the defaults.
package main
