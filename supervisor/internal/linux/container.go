package linux

import (
	"bytes"
	"context"
	"math"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/mem"

	"github.com/processmanager/processmanager/supervisor"
)

// containerFresh is how old the numbers of the container may be.
const containerFresh = time.Second

// container knows where the kernel counts our container, and what it told last.
type container struct {
	mu    sync.Mutex // guards what follows
	found bool
	dirs  controllerDirs
	asked time.Time
	last  *supervisor.ContainerInfo
}

// controllerDirs are the directories of our own group; "" where there is none. With
// cgroup v2 all are the same.
type controllerDirs struct {
	v2                   bool
	memory, cpu, account string
	pids                 string
}

// Container tells what the whole container uses and may use: of our own cgroup, and
// memory of the host where no cgroup counts it. What is not known is absent. The answer
// is at most a second old; a file system that hangs delays it by 50 ms, and the last
// answer is given then, nil if there was none.
func (s *System) Container() *supervisor.ContainerInfo {
	c := &s.container
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.asked.IsZero() || now.Sub(c.asked) >= containerFresh {
		c.asked = now
		var info *supervisor.ContainerInfo
		dirs, found := c.dirs, c.found
		if s.asides.do(stamp{pid: -1}, func() {
			if !found {
				dirs = s.containerDirs()
			}
			info = dirs.read(hostMemory)
		}) {
			c.dirs, c.found, c.last = dirs, true, info
		}
	}
	if c.last == nil {
		return nil
	}
	info := *c.last
	return &info
}

// containerDirs finds our own group. With a delegated cgroup v2 it is the one that we
// began in: we may have moved into one below since.
func (s *System) containerDirs() controllerDirs {
	own, err := readFacts("/proc/self/cgroup")
	if err != nil {
		return controllerDirs{}
	}
	mounts, err := readFacts("/proc/self/mountinfo")
	if err != nil {
		return controllerDirs{}
	}
	place := ""
	if s.cgroups != nil {
		place = s.cgroups.place
	} else if group, ok := parseOwnGroup(own); ok {
		place, _ = findPlace(mounts, group)
	}
	return findControllers(own, mounts, place)
}

// findControllers takes, of each controller, the hierarchy of cgroup v1 that it is in,
// else our place in that of v2 (cgroups(7)).
func findControllers(own, mounts []byte, place string) controllerDirs {
	v1 := func(name string) string {
		for line := range bytes.Lines(own) {
			parts := strings.SplitN(strings.TrimSuffix(string(line), "\n"), ":", 3)
			if len(parts) == 3 && listed(parts[1], name) {
				dir, _ := findMount(mounts, parts[2], func(after string) bool {
					fields := strings.Fields(after)
					return len(fields) == 3 && fields[0] == "cgroup" && listed(fields[2], name)
				})
				return dir
			}
		}
		return ""
	}
	d := controllerDirs{memory: v1("memory"), cpu: v1("cpu"), account: v1("cpuacct"), pids: v1("pids")}
	if d == (controllerDirs{}) && place != "" {
		return controllerDirs{v2: true, memory: place, cpu: place, account: place, pids: place}
	}
	return d
}

// listed finds a word in a list with commas.
func listed(list, word string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one == word {
			return true
		}
	}
	return false
}

// read asks the files; host tells the memory of the machine, used and total, 0 when it
// cannot.
func (d controllerDirs) read(host func() (used, total uint64)) *supervisor.ContainerInfo {
	info := &supervisor.ContainerInfo{CPUs: float64(runtime.NumCPU())}
	d.readMemory(info, host)
	if d.v2 {
		if v, ok := keyed(fileIn(d.account, "cpu.stat"), "usage_usec"); ok {
			info.CPUSeconds = hundredths(float64(v) / 1e6)
		}
		quota, period, _ := bytes.Cut(fileIn(d.cpu, "cpu.max"), []byte{' '})
		limitCPUs(info, quota, period)
	} else {
		if v, ok := natural(fileIn(d.account, "cpuacct.usage")); ok {
			info.CPUSeconds = hundredths(float64(v) / 1e9)
		}
		limitCPUs(info, fileIn(d.cpu, "cpu.cfs_quota_us"), fileIn(d.cpu, "cpu.cfs_period_us"))
	}
	if v, ok := natural(fileIn(d.pids, "pids.current")); ok {
		info.Tasks = int(v)
	}
	if v, ok := natural(fileIn(d.pids, "pids.max")); ok {
		info.TasksLimit = int(v)
	}
	return info
}

// readMemory takes what is used without inactive page cache, as the kubelet counts it.
func (d controllerDirs) readMemory(info *supervisor.ContainerInfo, host func() (used, total uint64)) {
	current, cache := "memory.usage_in_bytes", "total_inactive_file"
	if d.v2 {
		current, cache = "memory.current", "inactive_file"
	}
	used, counted := natural(fileIn(d.memory, current))
	stat := fileIn(d.memory, "memory.stat")
	inactive, _ := keyed(stat, cache)
	limit, limited := natural(fileIn(d.memory, "memory.max"))
	if !d.v2 {
		limit, limited = keyed(stat, "hierarchical_memory_limit")
	}
	hostUsed, hostTotal := host()
	if counted {
		info.MemoryMB, info.MemoryBy = mebibytes(used-min(inactive, used)), "cgroup"
	} else if hostTotal > 0 {
		info.MemoryMB, info.MemoryBy = mebibytes(hostUsed), "host"
	}
	switch { // without a limit cgroup v1 has a number near 2^63
	case limited && limit < 1<<62 && (hostTotal == 0 || limit < hostTotal):
		info.MemoryLimitMB, info.MemoryLimitBy = mebibytes(limit), "cgroup"
	case hostTotal > 0:
		info.MemoryLimitMB, info.MemoryLimitBy = mebibytes(hostTotal), "host"
	}
}

func mebibytes(n uint64) float64 { return hundredths(float64(n) / (1 << 20)) }

// hundredths rounds: more is noise.
func hundredths(v float64) float64 { return math.Round(v*100) / 100 }

// limitCPUs lowers the cores to a quota, both in microseconds; "max" and -1 are none.
func limitCPUs(info *supervisor.ContainerInfo, quota, period []byte) {
	q, limited := natural(quota)
	p, ok := natural(period)
	if limited && ok && q > 0 && p > 0 {
		info.CPUs = min(info.CPUs, float64(q)/float64(p))
	}
}

// fileIn reads a small file without the newline at its end; nil when there is none.
func fileIn(dir, name string) []byte {
	if dir == "" {
		return nil
	}
	text, err := readFacts(path.Join(dir, name))
	if err != nil {
		return nil
	}
	return bytes.TrimSuffix(text, []byte{'\n'})
}

// hostMemory is what free(1) calls used and total.
func hostMemory() (used, total uint64) {
	m, err := mem.VirtualMemoryWithContext(procOnly)
	if err != nil {
		return 0, 0
	}
	return m.Total - min(m.Available, m.Total), m.Total
}

// procOnly keeps gopsutil from an environment that sends it elsewhere.
var procOnly = context.WithValue(context.Background(), common.EnvKey, common.EnvMap{common.HostProcEnvKey: "/proc"})
