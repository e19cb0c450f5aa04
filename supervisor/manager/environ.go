package manager

import (
	"slices"
	"strings"

	"github.com/processmanager/processmanager/supervisor/internal/linux"
)

// notInherited are the variables that only the manager may know, and, unless it runs
// one command, those by which somebody watches it and not its processes; see
// sd_notify(3).
func notInherited(command bool) []string {
	list := []string{"PM_SECRET", linux.EnvName, linux.EnvRun, linux.EnvTask, envIndex}
	if !command {
		list = append(list, "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
	}
	return list
}

// baseEnviron is what every life inherits.
func baseEnviron(environ []string, command bool) []string {
	drop := notInherited(command)
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(drop, name)
	})
}
