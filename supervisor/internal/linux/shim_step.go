package linux

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// op is what one step of the shim does.
type op uint8

// The steps. The manager writes them down and the shim does them, in the order of the
// list.
const (
	opJoin         op = iota // go to a cgroup: descriptor of its cgroup.procs
	opOOM                    // oom_score_adj: value
	opRlimit                 // resource, soft, hard
	opNice                   // value, not an increment
	opIONice                 // class, level
	opUmask                  // bits
	opBound                  // drop one capability from the bounding set
	opKeepCaps               // PR_SET_KEEPCAPS, until exec
	opGroup                  // one more for opSetGroups
	opSetGroups              // the supplementary groups
	opGID                    // real, effective and saved
	opUID                    // real, effective and saved
	opAmbientClear           // empty the ambient set
	opCaps                   // permitted and effective; inheritable
	opAmbient                // raise one in the ambient set
	opNoNewPrivs             // for ever
	opDir                    // go to the working directory, as the user
	opExec                   // always the last one
	opCount
)

// ops are their words, on the command line of the shim, and how many numbers each has.
var ops = [opCount]struct {
	word string
	args int
}{
	opJoin: {"join", 1}, opOOM: {"oom", 1}, opRlimit: {"rlimit", 3}, opNice: {"nice", 1},
	opIONice: {"ionice", 2}, opUmask: {"umask", 1},
	opBound: {"bound", 1}, opKeepCaps: {"keepcaps", 0}, opGroup: {"group", 1}, opSetGroups: {"setgroups", 0},
	opGID: {"setgid", 1}, opUID: {"setuid", 1}, opAmbientClear: {"clearambient", 0}, opCaps: {"caps", 2},
	opAmbient: {"ambient", 1}, opNoNewPrivs: {"nonewprivs", 0}, opDir: {"chdir", 0}, opExec: {"exec", 0},
}

// step is one of them with its numbers. Unlimited is -1.
type step struct {
	op   op
	args [3]int64
}

func newStep(o op, args ...int64) step {
	s := step{op: o}
	copy(s.args[:], args)
	return s
}

// stepsMax bounds what the shim reads: an argument of a program cannot be longer.
const stepsMax = 128 << 10

// formatSteps writes words between blanks: "rlimit=7,1024,1024 setuid=33 exec".
func formatSteps(list []step) string {
	var b []byte
	for i, s := range list {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, ops[s.op].word...)
		for n, arg := range s.args[:ops[s.op].args] {
			b = append(b, "=,,"[n])
			b = strconv.AppendInt(b, arg, 10)
		}
	}
	return string(b)
}

// parseSteps reads what formatSteps wrote.
func parseSteps(text string) ([]step, error) {
	if len(text) > stepsMax {
		return nil, fmt.Errorf("%d bytes of steps, at most %d", len(text), stepsMax)
	}
	var list []step
	for word := range strings.SplitSeq(text, " ") {
		name, values, found := strings.Cut(word, "=")
		o := slices.IndexFunc(ops[:], func(o struct {
			word string
			args int
		},
		) bool {
			return o.word == name
		})
		if o < 0 {
			return nil, fmt.Errorf("unknown step %q", word)
		}
		var args []string
		if found {
			args = strings.Split(values, ",")
		}
		if len(args) != ops[o].args {
			return nil, fmt.Errorf("step %q has %d numbers, want %d", word, len(args), ops[o].args)
		}
		s := step{op: op(o)}
		for i, a := range args {
			n, err := strconv.ParseInt(a, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("step %q: %w", word, err)
			}
			s.args[i] = n
		}
		list = append(list, s)
	}
	return list, nil
}

// explainStep says in words why a step failed.
func (p *spawning) explainStep(c *Command, s step, errno error) error {
	switch s.op {
	case opJoin:
		return fmt.Errorf("cannot go to its cgroup: %w", errno)
	case opOOM:
		return hint(fmt.Errorf("cannot set oomScoreAdj to %d: %w", s.args[0], errno), "below the manager's own it needs CAP_SYS_RESOURCE")
	case opRlimit:
		return p.explainRlimit(s, errno)
	case opNice:
		return hint(fmt.Errorf("cannot set nice to %d: %w", s.args[0], errno), "below the manager's own it needs CAP_SYS_NICE")
	case opIONice:
		return hint(fmt.Errorf("cannot set ioPriority to %s: %w", ioWords(s), errno), "RealTime needs CAP_SYS_NICE, or CAP_SYS_ADMIN before Linux 5.14")
	case opUmask:
		return fmt.Errorf("cannot set umask: %w", errno)
	case opBound:
		return hint(fmt.Errorf("cannot drop %s: %w", capabilityName(int(s.args[0])), errno), "needs CAP_SETPCAP")
	case opKeepCaps:
		return fmt.Errorf("cannot keep capabilities over setuid: %w", errno)
	case opGroup, opSetGroups:
		return hint(fmt.Errorf("cannot set the supplementary groups %v: %w", p.who.groups, errno), "needs CAP_SETGID")
	case opGID:
		return hint(fmt.Errorf("cannot become %s: setgid: %w", p.who, errno), "needs CAP_SETGID")
	case opUID:
		return hint(fmt.Errorf("cannot become %s: setuid: %w", p.who, errno), "needs CAP_SETUID")
	case opAmbientClear:
		return fmt.Errorf("cannot take away the ambient capabilities: %w", errno)
	case opCaps:
		return fmt.Errorf("cannot set the capabilities: %w", errno)
	case opAmbient:
		return fmt.Errorf("cannot give %s to a user other than root: %w", capabilityName(int(s.args[0])), errno)
	case opNoNewPrivs:
		return fmt.Errorf("cannot set no_new_privs: %w", errno)
	case opDir:
		return p.asWhom(fmt.Errorf("working directory %q: %w", c.Dir, errno), errno)
	case opExec, opCount:
	}
	return p.asWhom(explain(c, p.path, errno), errno)
}

// asWhom adds the identity to an error of what is done under it.
func (p *spawning) asWhom(err, errno error) error {
	if p.who.become && (errno == unix.EACCES || errno == unix.EAGAIN) {
		return fmt.Errorf("%w (as %s)", err, p.who)
	}
	return err
}

func (p *spawning) explainRlimit(s step, errno error) error {
	name := "?"
	for word, n := range rlimitNumbers {
		if n == int(s.args[0]) {
			name = word
		}
	}
	err := fmt.Errorf("cannot set rlimit %s to %s: %w", name, limitWords(uint64(s.args[1]), uint64(s.args[2])), errno)
	var now unix.Rlimit
	if !errors.Is(errno, unix.EPERM) || unix.Getrlimit(int(s.args[0]), &now) != nil {
		return err
	}
	if p.have.can(unix.CAP_SYS_RESOURCE) {
		return hint(err, "more than the kernel allows; see fs.nr_open of sysctl")
	}
	return hint(err, "the hard limit is "+limitWord(now.Max)+", and raising it needs CAP_SYS_RESOURCE")
}

// ioWords is an ioPriority as a person would write it.
func ioWords(s step) string {
	for word, class := range ioClasses {
		if class == s.args[0] && word == supervisor.IOIdle {
			return string(word)
		} else if class == s.args[0] {
			return fmt.Sprintf("%s, level %d", word, s.args[1])
		}
	}
	return fmt.Sprint(s.args[:2])
}

func limitWords(soft, hard uint64) string {
	if soft == hard {
		return limitWord(soft)
	}
	return "soft " + limitWord(soft) + ", hard " + limitWord(hard)
}

func limitWord(v uint64) string {
	if v == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return strconv.FormatUint(v, 10)
}

// hint adds to a refusal what it takes.
func hint(err error, text string) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w (%s)", err, text)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w (a value that this kernel, or this user namespace, does not have?)", err)
	}
	return err
}
