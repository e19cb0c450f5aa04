package linux

import (
	"fmt"
	"maps"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// rlimitNumbers are the resources of setrlimit(2), by the words of the manifest.
var rlimitNumbers = map[string]int{
	"as": unix.RLIMIT_AS, "core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA,
	"fsize": unix.RLIMIT_FSIZE, "locks": unix.RLIMIT_LOCKS, "memlock": unix.RLIMIT_MEMLOCK, "msgqueue": unix.RLIMIT_MSGQUEUE,
	"nice": unix.RLIMIT_NICE, "nofile": unix.RLIMIT_NOFILE, "nproc": unix.RLIMIT_NPROC, "rss": unix.RLIMIT_RSS,
	"rtprio": unix.RLIMIT_RTPRIO, "rttime": unix.RLIMIT_RTTIME, "sigpending": unix.RLIMIT_SIGPENDING, "stack": unix.RLIMIT_STACK,
}

// ioClasses are the classes of ioprio_set(2), by the words of the manifest.
var ioClasses = map[supervisor.IOClass]int64{
	supervisor.IORealTime: 1, supervisor.IOBestEffort: 2, supervisor.IOIdle: 3,
}

// zero reports whether nothing is to be set.
func (st *Setup) zero() bool {
	return len(st.AddCaps) == 0 && len(st.DropCaps) == 0 && !st.NoNewPrivs && len(st.Rlimits) == 0 &&
		st.Nice == nil && st.IOPriority == nil && st.OOMScoreAdj == nil && st.Umask == nil
}

// steps lists what the shim does between its start and the program, in order: what
// needs rights first, then the rights are given away, then the program is executed as
// who it is to be. Each is one system call.
func (st *Setup) steps(w *who, have *rights) ([]step, error) {
	var list []step
	if st.OOMScoreAdj != nil {
		list = append(list, newStep(opOOM, int64(*st.OOMScoreAdj)))
	}
	for _, name := range slices.Sorted(maps.Keys(st.Rlimits)) {
		resource, ok := rlimitNumbers[name]
		if !ok {
			return nil, fmt.Errorf("unknown rlimit %q", name)
		}
		limit := st.Rlimits[name]
		list = append(list, newStep(opRlimit, int64(resource), int64(limit.Soft), int64(limit.Hard)))
	}
	if st.Nice != nil {
		list = append(list, newStep(opNice, int64(*st.Nice)))
	}
	if p := st.IOPriority; p != nil {
		class, ok := ioClasses[p.Class]
		if !ok {
			return nil, fmt.Errorf("unknown class of I/O %q", p.Class)
		}
		level := 0
		if p.Level != nil {
			level = *p.Level
		}
		list = append(list, newStep(opIONice, class, int64(level)))
	}
	if st.Umask != nil {
		list = append(list, newStep(opUmask, int64(*st.Umask)))
	}
	caps, err := st.capabilities(w.uid, have)
	if err != nil {
		return nil, err
	}
	for n := range bits(caps.bound) {
		list = append(list, newStep(opBound, int64(n)))
	}
	if caps.keep {
		list = append(list, newStep(opKeepCaps))
	}
	list = append(list, w.steps()...)
	if caps.change {
		list = append(list, newStep(opAmbientClear), newStep(opCaps, int64(caps.permitted), int64(caps.inheritable)))
		for n := range bits(caps.ambient) {
			list = append(list, newStep(opAmbient, int64(n)))
		}
	}
	if st.NoNewPrivs {
		list = append(list, newStep(opNoNewPrivs))
	}
	return list, nil
}

// steps change the identity: groups, group, user, because the last one takes away the
// right to do the others.
func (w *who) steps() []step {
	if !w.become {
		return nil
	}
	var list []step
	if w.setGroups {
		for _, g := range w.groups {
			list = append(list, newStep(opGroup, int64(g)))
		}
		list = append(list, newStep(opSetGroups))
	}
	return append(list, newStep(opGID, int64(w.gid)), newStep(opUID, int64(w.uid)))
}

// capabilityPlan is what is to become of the sets; see capabilities(7).
type capabilityPlan struct {
	change bool   // false: nothing is asked for, and what exec does by itself is right
	bound  uint64 // to be dropped from the bounding set
	keep   bool   // setuid must not take away the permitted ones

	permitted, inheritable, ambient uint64 // to be set after setuid
}

// capabilities plans: first drop, then add, as Kubernetes has it. A program that
// root executes is given its bounding set by the kernel, one of another user its
// ambient set.
func (st *Setup) capabilities(uid uint32, have *rights) (capabilityPlan, error) {
	leaving := have.uid[1] != uid
	if len(st.AddCaps) == 0 && len(st.DropCaps) == 0 && (!leaving || have.ambient == 0) {
		return capabilityPlan{}, nil
	}
	can := have.permitted
	if have.uid[1] == 0 && !have.noNewPrivs {
		can |= have.bounding // the shim is executed by root, too
	}
	add, err := capabilitySet(st.AddCaps, can)
	if err != nil {
		return capabilityPlan{}, err
	}
	if missing := add &^ can; missing != 0 {
		return capabilityPlan{}, fmt.Errorf("cannot give %s: %w (the manager does not have it)", capabilityList(missing), unix.EPERM)
	}
	drop, err := capabilitySet(st.DropCaps, ^uint64(0))
	if err != nil {
		return capabilityPlan{}, err
	}
	drop &^= add
	p := capabilityPlan{change: true, bound: have.bounding & drop}
	if none := can|have.inheritable|have.ambient == 0; none {
		p.bound = 0 // it has none, which is what was asked for; a setuid program is no_new_privs' business
	}
	if p.bound != 0 && can&(1<<unix.CAP_SETPCAP) == 0 {
		return capabilityPlan{}, fmt.Errorf("cannot drop %s: %w (needs CAP_SETPCAP, which the manager does not have)", capabilityList(p.bound), unix.EPERM)
	}
	if uid == 0 {
		p.permitted = can &^ drop
		p.inheritable = have.inheritable &^ drop
		p.ambient = have.ambient &^ drop
		return p, nil
	}
	want := add
	if !leaving {
		want |= have.ambient &^ drop
	}
	p.permitted, p.inheritable, p.ambient = want, want, want
	p.keep = leaving && want != 0
	return p, nil
}

// applyRights does what the command's identity and setup ask for: it gives the
// output away, and has the rest done between fork and exec, by package syscall or by
// the shim. It comes last, when everything else about the execution is known.
func (s *System) applyRights(l *life, p *spawning) error {
	if p.who == nil {
		return nil
	}
	if p.who.become && l.cmd.Output != nil && p.who.uid != p.have.uid[1] {
		p.who.giveOutput(p.attr.Files)
	}
	steps, err := l.cmd.Setup.steps(p.who, p.have)
	if err != nil {
		return err
	}
	if l.cmd.Setup.zero() && len(steps) == len(p.who.steps()) {
		if p.who.become {
			p.attr.Sys.Credential = &syscall.Credential{Uid: p.who.uid, Gid: p.who.gid, Groups: p.who.groups, NoSetGroups: !p.who.setGroups}
		}
		return nil
	}
	return p.throughShim(&l.cmd, steps)
}

// resolveRights finds out as whom a life is to run, and gives its environment the
// variables that belong to the user.
func (p *spawning) resolveRights(c *Command) error {
	if c.Identity.zero() && c.Setup.zero() {
		return nil
	}
	var err error
	if p.have, err = ownRights(); err != nil {
		return err
	}
	if p.who, err = c.Identity.resolve(&systemAccounts, p.have); err != nil {
		return err
	}
	c.Env = p.who.setHome(c.Env, c.Identity.Keep)
	return nil
}
