package supervisor

import (
	"fmt"
	"strconv"
	"strings"
)

// Signal is a Linux signal number.
type Signal int

// The signals that the manager itself sends.
const (
	SIGKILL Signal = 9
	SIGTERM Signal = 15
	SIGCONT Signal = 18
)

// Linux numbers, the same on every architecture this program is built for; see
// signal(7). The real-time signals 34 to 64 are written SIGRTMIN+n and SIGRTMAX-n.
var signalNames = map[Signal]string{
	1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
	9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
	16: "SIGSTKFLT", 17: "SIGCHLD", 18: "SIGCONT", 19: "SIGSTOP", 20: "SIGTSTP", 21: "SIGTTIN", 22: "SIGTTOU",
	23: "SIGURG", 24: "SIGXCPU", 25: "SIGXFSZ", 26: "SIGVTALRM", 27: "SIGPROF", 28: "SIGWINCH", 29: "SIGIO",
	30: "SIGPWR", 31: "SIGSYS",
}

const (
	sigRTMin Signal = 34 // as the C library counts: 32 and 33 are its own
	sigRTMax Signal = 64
)

// String returns the name, for example "SIGTERM" or "SIGRTMIN+3".
func (s Signal) String() string {
	if name, ok := signalNames[s]; ok {
		return name
	}
	switch {
	case s == sigRTMin:
		return "SIGRTMIN"
	case s > sigRTMin && s < sigRTMax:
		return fmt.Sprintf("SIGRTMIN+%d", int(s-sigRTMin))
	case s == sigRTMax:
		return "SIGRTMAX"
	}
	return "signal " + strconv.Itoa(int(s))
}

// ParseSignal reads "SIGTERM", "TERM", "term", "15", "SIGRTMIN+3", "RTMAX-1".
// The error wraps ErrInvalid.
func ParseSignal(text string) (Signal, error) {
	bad := func() (Signal, error) {
		return 0, fmt.Errorf("%w: unknown signal %q (want a name such as SIGTERM, or a number from 1 to 64)", ErrInvalid, text)
	}
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 || n > int(sigRTMax) {
			return bad()
		}
		return Signal(n), nil
	}
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	for n, known := range signalNames {
		if known == name {
			return n, nil
		}
	}
	for prefix, base := range map[string]Signal{"SIGRTMIN": sigRTMin, "SIGRTMAX": sigRTMax} {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		off := 0
		if rest != "" {
			if rest[0] != '+' && rest[0] != '-' {
				return bad()
			}
			var err error
			if off, err = strconv.Atoi(rest); err != nil {
				return bad()
			}
		}
		if s := base + Signal(off); s >= sigRTMin && s <= sigRTMax {
			return s, nil
		}
	}
	return bad()
}
