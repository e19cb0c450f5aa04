package supervisor

import (
	"slices"
	"strings"
)

// rlimits are the words of Spec.Rlimits, sorted; see setrlimit(2).
var rlimits = []string{
	"as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue",
	"nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
}

// RlimitNames returns the names of the resources that have an [Rlimit], sorted: those
// of setrlimit(2) in lower case and without RLIMIT_.
func RlimitNames() []string { return slices.Clone(rlimits) }

// capabilities are by number; see linux/capability.h.
var capabilities = []string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
	"SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
	"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
	"CHECKPOINT_RESTORE",
}

// AllCapabilities is the word for every capability in [Capabilities].
const AllCapabilities = "ALL"

// CapabilityNames returns the names of capabilities(7), without CAP_; the index of
// each is its number. [AllCapabilities] is not one of them.
func CapabilityNames() []string { return slices.Clone(capabilities) }

// CapabilityNumber returns the number of a capability by its name, in any case, with
// or without CAP_; false when there is none of this name, which is also the answer for
// [AllCapabilities].
func CapabilityNumber(name string) (int, bool) {
	name = strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	n := slices.Index(capabilities, name)
	return n, n >= 0
}
