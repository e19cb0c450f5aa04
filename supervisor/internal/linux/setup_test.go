package linux

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// needs skips a test where we have not got a capability, with the reason.
func needs(t testing.TB, capabilities ...int) {
	t.Helper()
	have, err := ownRights()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range capabilities {
		if !have.can(n) {
			t.Skipf("needs %s, which this machine does not give", capabilityName(n))
		}
	}
}

// confession is what a child says about itself.
type confession struct {
	*rights
	text string
}

// confess runs a shell with this setup that tells its /proc/self/status, and then what
// more says.
func confess(t testing.TB, id Identity, st Setup, more string) confession {
	t.Helper()
	return confessAs(t, func(c *Command) { c.Identity, c.Setup = id, st }, more)
}

// confessions gives each its number.
var confessions uint64

// oneSystem is a System for a part of a test: there cannot be two at a time.
func oneSystem(t testing.TB) (*System, *recorder, func()) {
	r := newRecorder()
	s := New(r)
	return s, r, func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if left := s.EndRest(ended, nil); len(left) > 0 {
			t.Errorf("still alive: %v", left)
		}
		noZombies(t)
		s.Close()
	}
}

func confessAs(t testing.TB, change func(*Command), more string) confession {
	t.Helper()
	s, r, end := oneSystem(t)
	defer end()
	confessions++
	l, out := Life{"confess", confessions}, newText()
	// The program is changed by no wrapper: the shell itself reads its files.
	c := shell(l, out, "while read -r line; do echo \"$line\"; done </proc/$$/status\n"+more)
	c.Dir = "/"
	change(&c)
	s.Spawn(l, c)
	r.until(t, "spawned or failed", func() bool { return len(r.events[l]) > 0 })
	if err := r.errs[l]; err != nil {
		t.Fatal(err)
	}
	if exit := r.over(t, l); exit.Code != 0 || exit.Signal != 0 {
		t.Errorf("exit %+v\n%s", exit, out)
	}
	if n := s.Orphans(); n != 0 {
		t.Errorf("%d orphans, want none", n)
	}
	got, err := parseRights([]byte(out.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return confession{rights: got, text: out.String()}
}

// refused spawns what cannot be started and returns why.
func refused(t testing.TB, id Identity, st Setup, argv ...string) error {
	t.Helper()
	return refusedIn(t, "", id, st, argv...)
}

func refusedIn(t testing.TB, dir string, id Identity, st Setup, argv ...string) error {
	t.Helper()
	s, r, end := oneSystem(t)
	defer end()
	confessions++
	l := Life{"refused", confessions}
	if len(argv) == 0 {
		argv = []string{"/bin/true"}
	}
	c := command(l, newText(), argv...)
	c.Identity, c.Setup, c.Dir = id, st, dir
	s.Spawn(l, c)
	r.until(t, "spawned or failed", func() bool { return len(r.events[l]) > 0 })
	if got := r.story(l); got != "failed" {
		t.Fatalf("reported %q, want a refusal", got)
	}
	if n := s.Orphans(); n != 0 {
		t.Errorf("a refused setup was counted as %d orphans", n)
	}
	if n := zombies(t); n != 0 {
		t.Errorf("%d zombies", n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.errs[l]
}

// openParents lets other users into a test's own directory, t.TempDir.
func openParents(t *testing.T, dir string) {
	t.Helper()
	for ; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(n uint32) [4]uint32 { return [4]uint32{n, n, n, n} }

//go:fix inline
func ptr[T any](v T) *T { return new(v) }

// T20, T101: a number without an entry, groups, home.
func TestT20IdentityByNumber(t *testing.T) {
	needs(t, unix.CAP_SETUID, unix.CAP_SETGID)
	for name, st := range map[string]Setup{"plain": {}, "shim": {Umask: ptr(supervisor.Umask(0o27))}} {
		t.Run(name, func(t *testing.T) {
			got := confess(t, Identity{User: "4242"}, st, `echo "$HOME $USER $LOGNAME"; umask; echo reopened >/proc/$$/fd/2`)
			if got.uid != ids(4242) || got.gid != ids(0) || !slices.Equal(got.groups, []uint32{0}) {
				t.Errorf("uid %v, gid %v, groups %v", got.uid, got.gid, got.groups)
			}
			if got.permitted|got.effective|got.ambient != 0 {
				t.Errorf("capabilities %x %x %x, want none", got.permitted, got.effective, got.ambient)
			}
			for _, want := range []string{"/ 4242 4242\n", "reopened\n"} {
				if !strings.Contains(got.text, want) {
					t.Errorf("%q is missing in\n%s", want, got.text)
				}
			}
			if st.Umask != nil && !strings.Contains(got.text, "0027\n") {
				t.Errorf("the umask is missing in\n%s", got.text)
			}

			got = confess(t, Identity{User: "4242", Group: "4243", Groups: []supervisor.ID{"7", "4244", "7"}}, st, "")
			if got.uid != ids(4242) || got.gid != ids(4243) || !slices.Equal(got.groups, []uint32{7, 4243, 4244}) {
				t.Errorf("uid %v, gid %v, groups %v", got.uid, got.gid, got.groups)
			}
		})
	}
}

func TestT20IdentityByName(t *testing.T) {
	needs(t, unix.CAP_SETUID, unix.CAP_SETGID)
	got := confess(t, Identity{User: "nobody", Groups: []supervisor.ID{"daemon"}}, Setup{}, `echo "$HOME $USER $LOGNAME"`)
	if got.uid != ids(65534) || got.gid != ids(65534) || !slices.Equal(got.groups, []uint32{1, 65534}) {
		t.Errorf("uid %v, gid %v, groups %v", got.uid, got.gid, got.groups)
	}
	if want := "/nonexistent nobody nobody\n"; !strings.Contains(got.text, want) {
		t.Errorf("%q is missing in\n%s", want, got.text)
	}
	got = confess(t, Identity{Group: "daemon"}, Setup{}, `echo "$HOME"`)
	if got.uid != ids(0) || got.gid != ids(1) {
		t.Errorf("uid %v, gid %v", got.uid, got.gid)
	}
	if want := os.Getenv("HOME") + "\n"; !strings.Contains(got.text, want) {
		t.Errorf("HOME was changed without a user:\n%s", got.text)
	}
}

// What the manifest says about HOME stays.
func TestIdentityKeepsVariables(t *testing.T) {
	needs(t, unix.CAP_SETUID, unix.CAP_SETGID)
	got := confessAs(t, func(c *Command) {
		c.Identity = Identity{User: "4242", Keep: []string{"HOME", "LOGNAME"}}
		c.Env = append(c.Env, "HOME=/srv")
	}, `echo "$HOME $USER"`)
	if want := "/srv 4242\n"; !strings.Contains(got.text, want) {
		t.Errorf("%q is missing in\n%s", want, got.text)
	}
}

func TestT20IdentityRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		id   Identity
		want string
	}{
		{"user", Identity{User: "no-such"}, `unknown user "no-such": it is not in /etc/passwd: add it there, or give the number`},
		{"group", Identity{Group: "no-such"}, `unknown group "no-such": it is not in /etc/group: add it there, or give the number`},
		{"groups", Identity{Groups: []supervisor.ID{"no-such"}}, `unknown group "no-such": it is not in /etc/group: add it there, or give the number`},
		{"too large", Identity{User: "4294967295"}, `unknown user "4294967295": it is not in /etc/passwd: add it there, or give the number`},
		{"negative", Identity{User: "-1"}, `unknown user "-1": it is not in /etc/passwd: add it there, or give the number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := refused(t, c.id, Setup{}); err.Error() != c.want {
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
	if os.Getuid() == 0 {
		for _, id := range []Identity{{NonRoot: true}, {NonRoot: true, User: "0"}, {NonRoot: true, User: "root"}} {
			if err := refused(t, id, Setup{}); !errors.Is(err, errNonRoot) {
				t.Errorf("%+v: error %q", id, err)
			}
		}
	}
}

// A program that the user may not execute, a directory that he may not enter: the same
// words with and without the shim.
func TestT20NotTheUsersOwn(t *testing.T) {
	needs(t, unix.CAP_SETUID, unix.CAP_SETGID)
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.Mkdir(dir+"/closed", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	openParents(t, dir)
	for name, st := range map[string]Setup{"plain": {}, "shim": {NoNewPrivs: true}} {
		t.Run(name, func(t *testing.T) {
			err := refused(t, Identity{User: "4242"}, st, program)
			want := fmt.Sprintf("exec %q: permission denied (as user 4242, group 0)", program)
			if err.Error() != want || !errors.Is(err, fs.ErrPermission) {
				t.Errorf("error %q, want %q", err, want)
			}
			err = refusedIn(t, dir+"/closed", Identity{User: "4242"}, st, "/bin/true")
			want = map[string]string{
				"plain": fmt.Sprintf(`exec "/bin/true": permission denied (as user 4242, group 0, in %q)`, dir+"/closed"),
				"shim":  fmt.Sprintf(`working directory %q: permission denied (as user 4242, group 0)`, dir+"/closed"),
			}[name]
			if err.Error() != want || !errors.Is(err, fs.ErrPermission) {
				t.Errorf("error %q, want %q", err, want)
			}
			err = refused(t, Identity{User: "4242"}, st, "/no/such")
			if want := `exec "/no/such": no such file or directory`; err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %q, want %q", err, want)
			}
		})
	}
}

func TestSetupValues(t *testing.T) {
	st := Setup{
		NoNewPrivs: true, Nice: new(7), OOMScoreAdj: new(500), Umask: ptr(supervisor.Umask(0o137)),
		Rlimits: map[string]supervisor.Rlimit{
			"nofile": {Soft: 100, Hard: 200}, "core": {}, "stack": {Soft: 1 << 20, Hard: 1 << 24}, "cpu": {Soft: 100, Hard: supervisor.Unlimited},
			"as": {Soft: 64 << 20, Hard: 64 << 20}, "nproc": {Soft: 50, Hard: 60},
		},
	}
	got := confess(t, Identity{}, st, "cat /proc/self/limits /proc/self/oom_score_adj; nice; umask; ls -l /proc/self/fd | wc -l")
	if !got.noNewPrivs {
		t.Error("no_new_privs is not set")
	}
	text := strings.Join(strings.Fields(got.text), " ")
	for _, want := range []string{
		"Max open files 100 200 files", "Max core file size 0 0 bytes", "Max stack size 1048576 16777216 bytes", "Max cpu time 100 unlimited seconds",
		"Max address space 67108864 67108864 bytes", "Max processes 50 60 processes", " 500 7 0137 5",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, got.text)
		}
	}
}

// The class and level arrive, also for a user who could not set them; the kernel is
// asked while the process lives.
func TestSetupIOPriority(t *testing.T) {
	for _, c := range []struct {
		is    supervisor.IOPriority
		want  int
		needs []int
	}{
		{supervisor.IOPriority{Class: supervisor.IOIdle}, 3 << 13, nil},
		{supervisor.IOPriority{Class: supervisor.IOBestEffort, Level: new(0)}, 2 << 13, nil},
		{supervisor.IOPriority{Class: supervisor.IOBestEffort, Level: new(7)}, 2<<13 | 7, nil},
		{supervisor.IOPriority{Class: supervisor.IORealTime, Level: new(1)}, 1<<13 | 1, []int{unix.CAP_SYS_ADMIN, unix.CAP_SETUID, unix.CAP_SETGID}},
	} {
		t.Run(fmt.Sprint(c.want), func(t *testing.T) {
			needs(t, c.needs...)
			s, r, end := oneSystem(t)
			defer end()
			confessions++
			l := Life{"disk", confessions}
			cmd := command(l, newText(), "/bin/sleep", "600")
			cmd.Setup.IOPriority = &c.is
			if c.needs != nil {
				cmd.Identity.User = "4242"
			}
			s.Spawn(l, cmd)
			r.await(t, l, "spawned")
			got, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, ioWhoProcess, uintptr(r.pid(l)), 0)
			if errno != 0 || int(got) != c.want {
				t.Errorf("got %#x, %v, want %#x", got, errno, c.want)
			}
			s.Kill(l, ScopeTree)
			r.over(t, l)
		})
	}
}

// Limits under which the shim itself could not begin: they hold for the program only.
func TestSetupTightLimits(t *testing.T) {
	for _, limits := range []map[string]supervisor.Rlimit{
		{"as": {Soft: 8 << 20, Hard: 8 << 20}},
		{"data": {Soft: 1 << 20, Hard: 1 << 20}},
		{"nofile": {Soft: 11, Hard: 11}},
		{"fsize": {}},
		{"memlock": {}},
		{"sigpending": {}},
		{"nproc": {Soft: 1, Hard: 1}},
	} {
		t.Run(strings.Join(slices.Collect(maps.Keys(limits)), ""), func(t *testing.T) {
			id := Identity{}
			if _, ok := limits["nproc"]; ok {
				needs(t, unix.CAP_SETUID, unix.CAP_SETGID)
				id.User = "4343" // root is not counted
			}
			confess(t, id, Setup{Rlimits: limits}, "")
		})
	}
}

// T104: everything of the environment arrives, also what the Go runtime of the shim
// would have listened to, twice the same name, and nonsense.
func TestT104SetupKeepsEnvironment(t *testing.T) {
	env := []string{"GODEBUG=inittrace=1", "GOMEMLIMIT=nonsense", "GOGC=5", "A=1", "A=2", "", "no equals sign", "=", "=x", "EMPTY=", "0=zero", "LONG=" + strings.Repeat("x", 100_000)}
	s, r := newSystem(t)
	for i, st := range []Setup{{}, {Umask: ptr(supervisor.Umask(0o22))}} {
		l, out := Life{"env", uint64(i)}, newText()
		c := Command{Argv: []string{"/bin/cat", "/proc/self/environ"}, Env: env, Output: out, Setup: st}
		s.Spawn(l, c)
		r.over(t, l)
		if want := strings.Join(env, "\x00") + "\x00"; out.String() != want {
			t.Errorf("with %+v: %.300q", st, out)
		}
	}
	l := Life{"large", 1}
	c := Command{Argv: []string{"/bin/true", strings.Repeat("x", 1<<20)}, Output: newText(), Setup: Setup{NoNewPrivs: true}}
	s.Spawn(l, c)
	r.await(t, l, "failed")
	if err := r.errs[l]; !errors.Is(err, unix.E2BIG) {
		t.Errorf("error %v, want E2BIG", err)
	}
}

// Output, working directory, argument 0 and PATH are as without a shim.
func TestSetupLeavesTheRest(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "here"), []byte("#!/bin/sh\npwd; echo $0 $1; echo err >&2; ls /proc/$$/fd; cat /proc/$$/stat | cut -d' ' -f 5,6; echo $$; exit 9\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, dir)
	if err != nil {
		t.Fatal(err)
	}
	s, r := newSystem(t)
	for i, argv := range [][]string{{"./here", "a b"}, {"here", "a b"}} {
		l, out := Life{"rest", uint64(i)}, newText()
		c := Command{Argv: argv, Env: []string{"PATH=.:/bin:/usr/bin"}, Dir: []string{dir, relative}[i], Output: out, Setup: Setup{NoNewPrivs: true}}
		s.Spawn(l, c)
		exit := r.over(t, l)
		pid := strconv.Itoa(r.pid(l))
		want := dir + "\n./here a b\nerr\n0\n1\n10\n2\n" + pid + " " + pid + "\n" + pid + "\n"
		if got := strings.Replace(out.String(), "err\n", "", 1); exit.Code != 9 || got != strings.Replace(want, "err\n", "", 1) {
			t.Errorf("exit %+v, output %q, want %q", exit, got, want)
		}
		if got := r.story(l); got != "spawned exited" {
			t.Errorf("reported %q", got)
		}
	}
}

func TestSetupRefused(t *testing.T) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	more := supervisor.Rlimit{Soft: files.Max + 1, Hard: files.Max + 1}
	for _, c := range []struct {
		name string
		st   Setup
		argv []string
		not  int // the capability that would make it possible; -1: none
		is   error
		want string
	}{
		{
			"rlimit",
			Setup{Rlimits: map[string]supervisor.Rlimit{"nofile": more}},
			nil, unix.CAP_SYS_RESOURCE, unix.EPERM,
			fmt.Sprintf("cannot set rlimit nofile to %d: operation not permitted (the hard limit is %d, and raising it needs CAP_SYS_RESOURCE)", more.Hard, files.Max),
		},
		{
			"rlimit upside down",
			Setup{Rlimits: map[string]supervisor.Rlimit{"core": {Soft: 2, Hard: 1}}},
			nil, -1, unix.EINVAL,
			"cannot set rlimit core to soft 2, hard 1: invalid argument",
		},
		{"unknown rlimit", Setup{Rlimits: map[string]supervisor.Rlimit{"files": {}}}, nil, -1, nil, `unknown rlimit "files"`},
		{
			"oom",
			Setup{OOMScoreAdj: new(-500)},
			nil, unix.CAP_SYS_RESOURCE, unix.EACCES,
			"cannot set oomScoreAdj to -500: permission denied (below the manager's own it needs CAP_SYS_RESOURCE)",
		},
		{
			"nice",
			Setup{Nice: new(-5)},
			nil, unix.CAP_SYS_NICE, unix.EACCES,
			"cannot set nice to -5: permission denied (below the manager's own it needs CAP_SYS_NICE)",
		},
		{"unknown class", Setup{IOPriority: &supervisor.IOPriority{Class: "Slow"}}, nil, -1, nil, `unknown class of I/O "Slow"`},
		{
			"capability",
			Setup{AddCaps: []string{"sys_resource"}},
			nil, unix.CAP_SYS_RESOURCE, unix.EPERM,
			"cannot give CAP_SYS_RESOURCE: operation not permitted (the manager does not have it)",
		},
		{"unknown capability", Setup{DropCaps: []string{"FLY"}}, nil, -1, nil, `unknown capability "FLY"`},
		{"program", Setup{NoNewPrivs: true}, []string{"/no/such"}, -1, fs.ErrNotExist, `exec "/no/such": no such file or directory`},
	} {
		t.Run(c.name, func(t *testing.T) {
			have, err := ownRights()
			if err != nil {
				t.Fatal(err)
			}
			if c.not >= 0 && have.can(c.not) {
				t.Skipf("%s makes it possible here", capabilityName(c.not))
			}
			err = refused(t, Identity{}, c.st, c.argv...)
			if !strings.HasPrefix(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
}

// With the right to, limits are raised.
func TestPrivilegedSetupRaises(t *testing.T) {
	needs(t, unix.CAP_SYS_RESOURCE)
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(files.Max+100, " ", files.Max+200)
	st := Setup{
		Rlimits:     map[string]supervisor.Rlimit{"nofile": {Soft: files.Max + 100, Hard: files.Max + 200}, "nice": {Soft: 40, Hard: 40}},
		OOMScoreAdj: new(-500), Nice: new(-10),
	}
	got := confess(t, Identity{User: "4242"}, st, "cat /proc/self/limits /proc/self/oom_score_adj; nice")
	text := strings.Join(strings.Fields(got.text), " ")
	for _, want := range []string{"Max open files " + want, "-500 -10"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, got.text)
		}
	}
	err := refused(t, Identity{}, Setup{Rlimits: map[string]supervisor.Rlimit{"nofile": {Soft: 1 << 40, Hard: 1 << 40}}})
	if want := "(more than the kernel allows; see fs.nr_open of sysctl)"; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %q, want %q", err, want)
	}
}

const (
	netBind = 1 << unix.CAP_NET_BIND_SERVICE
	chown   = 1 << unix.CAP_CHOWN
)

func TestSetupCapabilities(t *testing.T) {
	needs(t, unix.CAP_SETPCAP, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_NET_BIND_SERVICE, unix.CAP_CHOWN)
	have, err := ownRights()
	if err != nil {
		t.Fatal(err)
	}
	all := have.bounding
	type sets struct{ permitted, bounding, inheritable, ambient uint64 }
	for _, c := range []struct {
		name      string
		id        Identity
		add, drop []string
		want      sets
	}{
		{"root, nothing", Identity{User: "0"}, nil, nil, sets{all, all, 0, 0}},
		{"root drops one", Identity{}, nil, []string{"Chown"}, sets{all &^ chown, all &^ chown, 0, 0}},
		{"root drops all", Identity{}, nil, []string{"ALL"}, sets{}},
		{"root drops all, adds one", Identity{}, []string{"NET_BIND_SERVICE"}, []string{"all"}, sets{netBind, netBind, 0, 0}},
		{"root adds all", Identity{}, []string{"ALL"}, []string{"ALL"}, sets{all, all, 0, 0}},
		{"user, nothing", Identity{User: "4242"}, nil, nil, sets{0, all, 0, 0}},
		{"user drops all", Identity{User: "4242"}, nil, []string{"ALL"}, sets{}},
		{"user adds one", Identity{User: "4242"}, []string{"CAP_NET_BIND_SERVICE"}, nil, sets{netBind, all, netBind, netBind}},
		{"user drops all, adds two", Identity{User: "4242"}, []string{"NET_BIND_SERVICE", "CHOWN"}, []string{"ALL"}, sets{netBind | chown, netBind | chown, netBind | chown, netBind | chown}},
	} {
		for _, nnp := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, " ", nnp), func(t *testing.T) {
				got := confess(t, c.id, Setup{AddCaps: c.add, DropCaps: c.drop, NoNewPrivs: nnp}, "")
				if s := (sets{got.permitted, got.bounding, got.inheritable, got.ambient}); s != c.want || got.effective != c.want.permitted {
					t.Errorf("got  %x, effective %x\nwant %x", s, got.effective, c.want)
				}
				if got.noNewPrivs != nnp {
					t.Errorf("no_new_privs is %v", got.noNewPrivs)
				}
			})
		}
	}
}

// An ambient capability is of use: a user other than root listens on a low port.
func TestSetupAmbientIsOfUse(t *testing.T) {
	needs(t, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_CHOWN)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	openParents(t, filepath.Dir(file))
	confess(t, Identity{User: "4242"}, Setup{AddCaps: []string{"CHOWN"}, DropCaps: []string{"ALL"}, NoNewPrivs: true}, "chown 4242:4242 "+file)
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil || st.Uid != 4242 {
		t.Errorf("the file belongs to %d, %v", st.Uid, err)
	}
}
