package linux

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/supervisor"
)

// put writes files named DIR/FILE below a root.
func put(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What the files of a cgroup come to, in both versions, and what is not known.
func TestContainerNumbers(t *testing.T) {
	cores := float64(runtime.NumCPU())
	for _, c := range []struct {
		story string
		v2    bool
		files map[string]string
		host  uint64 // MiB, a quarter of which is used
		want  supervisor.ContainerInfo
	}{
		{
			"v2 with limits", true,
			map[string]string{
				"memory.current": "104857600\n", "memory.stat": "anon 1\ninactive_file 10485760\nactive_file 3\n", "memory.max": "209715200\n",
				"cpu.stat": "usage_usec 1500000\nuser_usec 1\n", "cpu.max": "50000 100000\n", "pids.current": "7\n", "pids.max": "100\n",
			},
			4096,
			supervisor.ContainerInfo{
				MemoryMB: 90, MemoryBy: "cgroup", MemoryLimitMB: 200, MemoryLimitBy: "cgroup", CPUSeconds: 1.5, CPUs: 0.5, Tasks: 7, TasksLimit: 100,
			},
		},
		{
			"v2 without limits", true,
			map[string]string{
				"memory.current": "1048576\n", "memory.stat": "inactive_file 2097152\n", "memory.max": "max\n",
				"cpu.stat": "usage_usec 1234567\n", "cpu.max": "max 100000\n", "pids.current": "1\n", "pids.max": "max\n",
			},
			4096,
			supervisor.ContainerInfo{MemoryBy: "cgroup", MemoryLimitMB: 4096, MemoryLimitBy: "host", CPUSeconds: 1.23, CPUs: cores, Tasks: 1},
		},
		{
			"v1 with limits", false,
			map[string]string{
				"memory.usage_in_bytes": "104857600\n", "memory.stat": "inactive_file 1\nhierarchical_memory_limit 209715200\ntotal_inactive_file 10485760\n",
				"cpuacct.usage": "1500000000\n", "cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n", "pids.current": "7\n", "pids.max": "100\n",
			},
			4096,
			supervisor.ContainerInfo{
				MemoryMB: 90, MemoryBy: "cgroup", MemoryLimitMB: 200, MemoryLimitBy: "cgroup", CPUSeconds: 1.5, CPUs: 0.5, Tasks: 7, TasksLimit: 100,
			},
		},
		{
			"v1 without limits", false,
			map[string]string{
				"memory.usage_in_bytes": "1048576\n", "memory.stat": "hierarchical_memory_limit 9223372036854771712\ntotal_inactive_file 0\n",
				"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n",
			},
			0,
			supervisor.ContainerInfo{MemoryMB: 1, MemoryBy: "cgroup", CPUs: cores},
		},
		{
			"a limit above the machine", true,
			map[string]string{"memory.current": "0\n", "memory.max": "8589934592\n"},
			4096,
			supervisor.ContainerInfo{MemoryBy: "cgroup", MemoryLimitMB: 4096, MemoryLimitBy: "host", CPUs: cores},
		},
		{"no controllers", true, nil, 4096, supervisor.ContainerInfo{MemoryMB: 1024, MemoryBy: "host", MemoryLimitMB: 4096, MemoryLimitBy: "host", CPUs: cores}},
		{"nothing at all", false, nil, 0, supervisor.ContainerInfo{CPUs: cores}},
	} {
		t.Run(c.story, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, c.files)
			got := controllerDirs{v2: c.v2, memory: dir, cpu: dir, account: dir, pids: dir}.read(func() (uint64, uint64) { return c.host << 18, c.host << 20 })
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where the files are: in a container of docker with cgroup v1 the mount shows the
// container's own group as its root; without mounts there is no place.
func TestContainerPlaces(t *testing.T) {
	const docker = "4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n2:pids:/docker/a\n0::/\n"
	const mounts = "1 0 0:1 /docker/a /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n" +
		"2 0 0:2 /docker/a /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n" +
		"3 0 0:3 / /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
	for _, c := range []struct {
		story, own, mounts, place string
		want                      controllerDirs
	}{
		{
			"v1", docker, mounts, "",
			controllerDirs{memory: "/sys/fs/cgroup/memory", cpu: "/sys/fs/cgroup/cpu,cpuacct", account: "/sys/fs/cgroup/cpu,cpuacct", pids: "/sys/fs/cgroup/pids/docker/a"},
		},
		{"v1 beside a v2 without controllers", docker, mounts, "/sys/fs/cgroup/unified", controllerDirs{
			memory: "/sys/fs/cgroup/memory", cpu: "/sys/fs/cgroup/cpu,cpuacct", account: "/sys/fs/cgroup/cpu,cpuacct", pids: "/sys/fs/cgroup/pids/docker/a",
		}},
		{"v2", "0::/\n", "", "/sys/fs/cgroup", controllerDirs{v2: true, memory: "/sys/fs/cgroup", cpu: "/sys/fs/cgroup", account: "/sys/fs/cgroup", pids: "/sys/fs/cgroup"}},
		{"none", docker, "", "", controllerDirs{}},
		{"nothing", "", "", "", controllerDirs{}},
	} {
		if got := findControllers([]byte(c.own), []byte(c.mounts), c.place); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.story, got, c.want)
		}
	}
}

// The real machine: what it is told once a second, and plausible.
func TestContainerHere(t *testing.T) {
	s := &System{}
	first := s.Container()
	if first == nil || first.MemoryMB <= 0 || first.MemoryBy == "" || first.MemoryLimitMB < first.MemoryMB || first.CPUs <= 0 {
		t.Fatalf("got %+v", first)
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	total, _ := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	if first.MemoryLimitMB > total/1024+1 {
		t.Errorf("the limit is %v MiB, the machine has %v", first.MemoryLimitMB, total/1024)
	}
	first.MemoryMB = -1 // a copy
	s.container.dirs = controllerDirs{}
	if again := s.Container(); again.MemoryMB <= 0 || again.MemoryBy != s.container.last.MemoryBy {
		t.Errorf("it was asked again within a second: %+v", again)
	}
	s.container.asked = s.container.asked.Add(-containerFresh)
	if again := s.Container(); again.MemoryBy != "host" {
		t.Errorf("after a second it was not asked again: %+v", again)
	}
}
