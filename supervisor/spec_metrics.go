package supervisor

// Metrics says what is measured of a process beside what is measured of all. Both cost
// time that grows with the process's memory.
type Metrics struct {
	ProportionalMemory bool `json:"proportionalMemory,omitempty" doc:"Also measure its proportional set size, in which pages that processes share are divided among them. It takes about a millisecond for 100 MiB, and is absent where /proc/PID/smaps_rollup may not be read."`
	WorkingSet         bool `json:"workingSet,omitempty" doc:"Also measure the working set of its cgroup, as the kubelet does for a container. It is absent without a delegated cgroup v2 that has the memory controller, which it gets with a memory limit or request."`
}
