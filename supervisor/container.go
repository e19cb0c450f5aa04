package supervisor

import (
	"strconv"
	"strings"
)

// Line tells in one line what the container uses and may use; empty when nothing is known.
func (c ContainerInfo) Line() string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	var parts []string
	add := func(text, whose string) {
		if whose == "host" {
			text += " (of the host)"
		}
		parts = append(parts, text)
	}
	if c.MemoryBy != "" {
		add("memory "+number(c.MemoryMB)+" MiB", c.MemoryBy)
	}
	if c.MemoryLimitBy != "" {
		add("at most "+number(c.MemoryLimitMB)+" MiB", c.MemoryLimitBy)
	}
	if c.CPUSeconds > 0 {
		add("CPU "+number(c.CPUSeconds)+" s", "")
	}
	if c.CPUs > 0 {
		add(number(c.CPUs)+" cores", "")
	}
	if c.Tasks > 0 {
		add(strconv.Itoa(c.Tasks)+" tasks", "")
	}
	if c.TasksLimit > 0 {
		add("at most "+strconv.Itoa(c.TasksLimit), "")
	}
	return strings.Join(parts, ", ")
}
