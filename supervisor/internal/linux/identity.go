package linux

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// who is an identity by numbers, with what has to be done to get it.
type who struct {
	uid, gid uint32
	groups   []uint32 // supplementary ones, when setGroups

	become    bool // uid, gid or groups differ from what the manager has
	setGroups bool

	name, home string // with Identity.User only; for the environment
}

func (w *who) String() string {
	if w.name != "" && w.name != strconv.FormatUint(uint64(w.uid), 10) {
		return fmt.Sprintf("user %d (%s), group %d", w.uid, w.name, w.gid)
	}
	return fmt.Sprintf("user %d, group %d", w.uid, w.gid)
}

var errNonRoot = errors.New("runAsNonRoot is true, and it would run as root: give a runAsUser other than 0")

// resolve turns an identity into numbers. A user by number needs no entry: without one
// the group is 0 unless it is given and the home is /, as in Kubernetes.
func (id *Identity) resolve(files *accountFiles, have *rights) (*who, error) {
	w := &who{uid: have.uid[1], gid: have.gid[1]}
	listed, err := id.resolveUser(w, files)
	if err != nil {
		return nil, err
	}
	if id.Group != "" {
		if w.gid, err = files.group(id.Group); err != nil {
			return nil, err
		}
	}
	var given []uint32
	for _, g := range id.Groups {
		gid, err := files.group(g)
		if err != nil {
			return nil, err
		}
		given = append(given, gid)
	}
	if id.NonRoot && w.uid == 0 {
		return nil, errNonRoot
	}
	if id.User != "" || len(given) > 0 {
		w.setGroups = true
		// The primary group stands among them, as initgroups(3) has it: a setgid
		// program must not be a way to leave it.
		w.groups = slices.Concat([]uint32{w.gid}, listed, given)
		slices.Sort(w.groups)
		w.groups = slices.Compact(w.groups)
	}
	return w, w.compare(have, given)
}

// resolveUser fills in what follows from the user, and returns the groups of which
// /etc/group says that he is a member.
func (id *Identity) resolveUser(w *who, files *accountFiles) ([]uint32, error) {
	if id.User == "" {
		return nil, nil
	}
	u, err := files.user(id.User)
	if err != nil {
		return nil, err
	}
	w.uid, w.gid, w.name, w.home = u.uid, u.gid, u.name, u.home
	if w.home == "" {
		w.home = "/"
	}
	if w.name == "" { // no entry
		w.name = string(id.User)
		return nil, nil
	}
	return files.groupsOf(w.name)
}

// compare finds out what has to be done to become w, and whether that can be: what the
// manager is already needs no right. given are the groups that were asked for by name
// or number.
func (w *who) compare(have *rights, given []uint32) error {
	sameUser := have.uid == [4]uint32{w.uid, w.uid, w.uid, w.uid}
	sameGroup := have.gid == [4]uint32{w.gid, w.gid, w.gid, w.gid}
	if w.setGroups && sameSet(w.groups, have.groups) {
		w.setGroups = false
	}
	if w.setGroups && sameUser && sameGroup && !have.can(unix.CAP_SETGID) && subset(given, have.groups, w.gid) {
		// A pod that runs as this user. The platform gave it these groups, fsGroup for
		// one, and nobody asked for one that is not among them.
		w.setGroups = false
	}
	w.become = !sameUser || !sameGroup || w.setGroups
	var needs []string
	if !sameUser && !have.can(unix.CAP_SETUID) {
		needs = append(needs, "CAP_SETUID")
	}
	if (!sameGroup || w.setGroups) && !have.can(unix.CAP_SETGID) {
		needs = append(needs, "CAP_SETGID")
	}
	if len(needs) > 0 {
		return fmt.Errorf("cannot become %s: %w (needs %s, which the manager, user %d, group %d, does not have)",
			w, unix.EPERM, strings.Join(needs, " and "), have.uid[1], have.gid[1])
	}
	return nil
}

// sameSet reports whether two lists name the same groups; a has none of them twice.
func sameSet(a, b []uint32) bool {
	b = slices.Clone(b)
	slices.Sort(b)
	return slices.Equal(a, slices.Compact(b))
}

// subset reports whether the whole, or the primary group, has all of the part.
func subset(part, whole []uint32, primary uint32) bool {
	for _, g := range part {
		if g != primary && !slices.Contains(whole, g) {
			return false
		}
	}
	return true
}

// setHome gives the environment the variables that login(1) sets, but for those in
// keep.
func (w *who) setHome(env, keep []string) []string {
	if w.name == "" {
		return env
	}
	env = slices.Clone(env)
	for _, kv := range [...][2]string{{"HOME", w.home}, {"USER", w.name}, {"LOGNAME", w.name}} {
		if slices.Contains(keep, kv[0]) {
			continue
		}
		env = slices.DeleteFunc(env, func(old string) bool { return strings.HasPrefix(old, kv[0]+"=") })
		env = append(env, kv[0]+"="+kv[1])
	}
	return env
}

// giveOutput makes the user the owner of what the life writes to, so that it can open
// /dev/stdout and /dev/stderr: they lead to an inode that only its owner may open.
func (w *who) giveOutput(files []uintptr) {
	for _, file := range files[1:min(len(files), 3)] {
		fd := int(file)
		if unix.Fchown(fd, int(w.uid), -1) == nil {
			continue
		}
		// Without CAP_CHOWN. Who cannot look into the process cannot reach its pipe.
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO {
			_ = unix.Fchmod(fd, 0o622)
		}
	}
}

// explain says in words why a life could not be started as w. err is that of fork and
// exec, whose steps cannot be told apart.
func (w *who) explain(c *Command, err error) error {
	if w == nil || !w.become {
		return err
	}
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("cannot become %s: %w (refused by the kernel: a user namespace without setgroups, or a filter of system calls)", w, err)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("cannot become %s: %w (a number that this user namespace does not have?)", w, err)
	case errors.Is(err, unix.EACCES) && c.Dir != "":
		return fmt.Errorf("%w (as %s, in %q)", err, w, c.Dir)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("%w (as %s)", err, w)
	}
	return err
}

// zero reports whether nothing is asked for.
func (id *Identity) zero() bool {
	return id.User == "" && id.Group == "" && len(id.Groups) == 0 && !id.NonRoot
}
