package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// members are the processes of a namespace, as seen from outside.
type members struct {
	pids    []int // all but the workload and the zombies
	zombies int
}

// members finds everything in the namespace that is not workload.
func (in *instance) members() (members, error) {
	var m members
	ns, err := os.Readlink(procFile(in.pid, "ns/pid"))
	if err != nil {
		return m, fmt.Errorf("cannot read the namespace of PID 1: %w", err)
	}
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return m, fmt.Errorf("cannot list /proc: %w", err)
	}
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		if own, err := os.Readlink(procFile(pid, "ns/pid")); err != nil || own != ns {
			continue // another's, or gone
		}
		switch exe, err := os.Readlink(procFile(pid, "exe")); {
		case err == nil && exe == in.task.workload:
		case err == nil:
			m.pids = append(m.pids, pid)
		case isZombie(pid):
			m.zombies++
		}
	}
	return m, nil
}

func procFile(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

func isZombie(pid int) bool {
	b, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return false
	}
	_, rest, ok := bytes.Cut(b, []byte(") ")) // no comm in our namespaces holds that
	return ok && bytes.HasPrefix(rest, []byte("Z"))
}

// pss is the proportional set size of the processes in MiB: what they alone use,
// and their share of what they share.
func pss(pids []int) (float64, error) {
	var kib int64
	for _, pid := range pids {
		n, err := field(procFile(pid, "smaps_rollup"), "Pss:")
		if err != nil {
			return 0, err
		}
		kib += n
	}
	return float64(kib) / 1024, nil
}

// effort is what processes have used until now.
type effort struct {
	cpu      time.Duration // in user and kernel mode
	switches int64         // times that a thread was put on a CPU again
}

func (e effort) sub(o effort) effort { return effort{e.cpu - o.cpu, e.switches - o.switches} }

// effortOf sums over all threads of the processes. Those that have ended
// meanwhile are missing from it.
func effortOf(pids []int) (effort, error) {
	var sum effort
	for _, pid := range pids {
		threads, err := os.ReadDir(procFile(pid, "task"))
		if err != nil {
			return sum, fmt.Errorf("cannot list the threads of a process: %w", err)
		}
		for _, t := range threads {
			dir := procFile(pid, "task/"+t.Name()+"/")
			b, err := os.ReadFile(dir + "schedstat")
			if err != nil {
				continue // it has ended since it was listed
			}
			ns, _, _ := strings.Cut(string(b), " ")
			n, err := strconv.ParseInt(ns, 10, 64)
			if err != nil {
				return sum, fmt.Errorf("cannot read %sschedstat: %w", dir, err)
			}
			sum.cpu += time.Duration(n)
			for _, key := range []string{"voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"} {
				if n, err := field(dir+"status", key); err == nil {
					sum.switches += n
				}
			}
		}
	}
	return sum, nil
}

// field is the number behind a key in a file of /proc.
func field(file, key string) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("cannot read a process: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), key); ok {
			words := strings.Fields(rest)
			if len(words) == 0 {
				break
			}
			return strconv.ParseInt(words[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("cannot read %s: no %s in it", file, key)
}
