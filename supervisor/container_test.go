package supervisor

import "testing"

func TestContainerLine(t *testing.T) {
	for want, c := range map[string]ContainerInfo{
		"": {},
		"memory 96.5 MiB, at most 512 MiB, CPU 12.5 s, 0.5 cores, 21 tasks, at most 512": {
			MemoryMB: 96.5, MemoryBy: "cgroup", MemoryLimitMB: 512, MemoryLimitBy: "cgroup", CPUSeconds: 12.5, CPUs: 0.5, Tasks: 21, TasksLimit: 512,
		},
		"memory 1024 MiB (of the host), at most 4096 MiB (of the host), 2 cores": {
			MemoryMB: 1024, MemoryBy: "host", MemoryLimitMB: 4096, MemoryLimitBy: "host", CPUs: 2,
		},
	} {
		if got := c.Line(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
