package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

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

// The real machine: what it tells is plausible.
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
	first.MemoryMB = -1
	if again := s.Container(); again.MemoryMB <= 0 {
		t.Error("a caller has changed what the next one gets")
	}
}

// The files are read once a second, and one that hangs gives what was read last.
func TestContainerIsAskedOnceASecond(t *testing.T) {
	dir, mebibyte := t.TempDir(), 1<<20
	uses := func(n int) { put(t, dir, map[string]string{"memory.current": fmt.Sprintln(n * mebibyte)}) }
	s := &System{}
	s.container.found, s.container.dirs = true, controllerDirs{v2: true, memory: dir}
	ask := func(when string, want float64) {
		t.Helper()
		if got := s.Container(); got == nil || got.MemoryMB != want {
			t.Errorf("%s: %+v, want %v MiB", when, got, want)
		}
	}
	pass := func(d time.Duration) { s.container.asked = s.container.asked.Add(-d) }
	uses(1)
	ask("at first", 1)
	uses(2)
	s.container.asked = time.Now() // however long that took
	ask("at once", 1)
	pass(containerFresh)
	ask("after a second", 2)

	path := filepath.Join(dir, "memory.current")
	remove := func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pass(containerFresh)
	ask("when it hangs", 2)
	open(t, path) // and comes back
	remove()
	uses(3)
	eventually(t, "it is asked again", func() bool { pass(containerFresh); return s.Container().MemoryMB == 3 })
}

// Before the first answer there is none.
func TestContainerThatNeverAnswered(t *testing.T) {
	s := &System{}
	s.asides.hung = map[stamp]struct{}{{pid: -1}: {}}
	if got := s.Container(); got != nil {
		t.Errorf("%+v", got)
	}
}
