package linux

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// inRights names what TestRightsInside is run as.
const inRights = "PM_TEST_RIGHTS"

// T101: arbitrary users, no capabilities, no account files. Each plays TestRightsInside.
func TestT101WithFewerRights(t *testing.T) {
	needs(t, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SETPCAP)
	exe := readableCopy(t)
	for _, c := range []struct {
		name string
		id   Identity
		st   Setup
	}{
		{"nobody", Identity{User: "65534", Group: "65534", Groups: []supervisor.ID{"2000"}}, Setup{}},
		{"stranger", Identity{User: "4242"}, Setup{DropCaps: []string{"ALL"}, NoNewPrivs: true}},
		{"root", Identity{User: "0"}, Setup{DropCaps: []string{"ALL"}}},
		{"ambient", Identity{User: "4242"}, Setup{AddCaps: []string{"SETUID", "SETGID", "NET_BIND_SERVICE"}, DropCaps: []string{"ALL"}}},
		{"scratch", Identity{}, Setup{}},
		{"files", Identity{}, Setup{Rlimits: map[string]supervisor.Rlimit{"nofile": {Soft: 100, Hard: 300}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := exe + " -test.v -test.run=^TestRightsInside$ 2>&1"
			if c.name == "scratch" {
				needs(t, unix.CAP_SYS_ADMIN)
				run = "unshare -m sh -c 'mount -t tmpfs none /etc && " + run + "'"
			}
			got := confessAs(t, func(cmd *Command) {
				cmd.Identity, cmd.Setup = c.id, c.st
				cmd.Env = append(slices.DeleteFunc(cmd.Env, func(kv string) bool { return strings.HasPrefix(kv, inside+"=") }), inRights+"="+c.name)
			}, run)
			if !strings.Contains(got.text, "--- PASS: TestRightsInside") {
				t.Errorf("%s", got.text)
			}
		})
	}
}

// TestRightsInside is played by a manager with few rights.
func TestRightsInside(t *testing.T) {
	const none = "which the manager, user "
	refuse := func(id Identity, st Setup, want string) {
		t.Helper()
		if err := refused(t, id, st); !strings.Contains(err.Error(), want) {
			t.Errorf("error %q, want %q", err, want)
		}
	}
	same := func(got confession, want confession) {
		t.Helper()
		if got.uid != want.uid || got.gid != want.gid || !slices.Equal(got.groups, want.groups) ||
			got.permitted != want.permitted || got.bounding != want.bounding || got.ambient != want.ambient {
			t.Errorf("%+v\nwant %+v", got.rights, want.rights)
		}
	}
	switch os.Getenv(inRights) {
	case "":
		t.Skip("played by TestT101WithFewerRights")
	case "nobody":
		plain := confess(t, Identity{}, Setup{}, "")
		for _, id := range []Identity{{User: "nobody"}, {User: "65534", Group: "65534", NonRoot: true}, {Group: "65534"}, {Groups: []supervisor.ID{"2000"}}} {
			same(confess(t, id, Setup{}, ""), plain)
			same(confess(t, id, Setup{DropCaps: []string{"ALL"}, NoNewPrivs: true}, ""), plain)
		}
		refuse(Identity{User: "4242"}, Setup{}, "needs CAP_SETUID and CAP_SETGID, "+none+"65534")
		refuse(Identity{User: "root"}, Setup{NoNewPrivs: true}, "needs CAP_SETUID and CAP_SETGID, "+none+"65534")
		refuse(Identity{Groups: []supervisor.ID{"2001"}}, Setup{}, "needs CAP_SETGID, "+none+"65534")
		refuse(Identity{}, Setup{AddCaps: []string{"NET_BIND_SERVICE"}}, "cannot give CAP_NET_BIND_SERVICE")
		refuse(Identity{}, Setup{Nice: new(-20)}, "cannot set nice to -20: permission denied")
		refuse(Identity{}, Setup{IOPriority: &supervisor.IOPriority{Class: supervisor.IORealTime, Level: new(0)}},
			"cannot set ioPriority to RealTime, level 0: operation not permitted (RealTime needs CAP_SYS_NICE, or CAP_SYS_ADMIN before Linux 5.14)")
		got := confess(t, Identity{}, Setup{Nice: new(19), OOMScoreAdj: new(900), Umask: ptr(supervisor.Umask(0o77))}, "nice; umask; cat /proc/self/oom_score_adj")
		if !strings.Contains(got.text, "\n19\n0077\n900\n") {
			t.Errorf("%s", got.text)
		}
	case "stranger":
		plain := confess(t, Identity{}, Setup{}, "")
		got := confess(t, Identity{User: "4242", Group: "0", NonRoot: true}, Setup{DropCaps: []string{"ALL"}}, `echo "$HOME $USER"`)
		same(got, plain)
		if !strings.Contains(got.text, "\n/ 4242\n") || !got.noNewPrivs {
			t.Errorf("%s", got.text)
		}
		refuse(Identity{User: "4242", Group: "5"}, Setup{}, "needs CAP_SETGID, "+none+"4242")
	case "root":
		plain := confess(t, Identity{}, Setup{}, "")
		same(confess(t, Identity{User: "root"}, Setup{DropCaps: []string{"ALL"}}, ""), plain)
		refuse(Identity{User: "4242"}, Setup{}, "needs CAP_SETUID, "+none+"0")
		refuse(Identity{User: "4242", Group: "1"}, Setup{}, "needs CAP_SETUID and CAP_SETGID, "+none+"0")
		refuse(Identity{NonRoot: true}, Setup{}, errNonRoot.Error())
		refuse(Identity{}, Setup{AddCaps: []string{"CHOWN"}}, "cannot give CAP_CHOWN")
	case "ambient":
		got := confess(t, Identity{User: "5000", Group: "5001"}, Setup{}, "")
		if got.uid != ids(5000) || got.gid != ids(5001) || got.permitted|got.ambient|got.inheritable != 0 {
			t.Errorf("another user was left with rights: %+v", got.rights)
		}
		got = confess(t, Identity{User: "5000"}, Setup{AddCaps: []string{"NET_BIND_SERVICE"}}, "")
		if got.uid != ids(5000) || got.permitted != netBind || got.ambient != netBind {
			t.Errorf("%+v", got.rights)
		}
		refuse(Identity{}, Setup{DropCaps: []string{"SETUID"}}, "cannot drop CAP_SETUID: operation not permitted (needs CAP_SETPCAP")
	case "files":
		// Go has raised the soft limit for itself, which is not what a child gets.
		var now unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil || now.Cur < 200 {
			t.Errorf("the limit is %+v, %v: this test tells nothing", now, err)
		}
		for _, st := range []Setup{{}, {NoNewPrivs: true}} {
			got := confess(t, Identity{}, st, `echo "files $(ulimit -Sn) $(ulimit -Hn)"`)
			if !strings.Contains(got.text, "\nfiles 100 300\n") {
				t.Errorf("%+v: %s", st, got.text)
			}
		}
	case "scratch":
		got := confess(t, Identity{User: "4242", Groups: []supervisor.ID{"7"}}, Setup{}, `echo "$HOME $USER $LOGNAME"`)
		if got.uid != ids(4242) || got.gid != ids(0) || !slices.Equal(got.groups, []uint32{0, 7}) || !strings.Contains(got.text, "\n/ 4242 4242\n") {
			t.Errorf("%s", got.text)
		}
		refuse(Identity{User: "nobody"}, Setup{}, `unknown user "nobody": /etc/passwd does not exist; give the number`)
	}
}

// readableCopy puts this program where everybody may execute it.
func readableCopy(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "rights")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	_ = os.Chmod(dir, 0o755)
	copied := filepath.Join(dir, "test")
	if err := os.WriteFile(copied, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

func FuzzRights(f *testing.F) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(status)
	f.Add([]byte("Uid:\t1 2 3 4\nGid:\t1 2 3\n"))
	f.Fuzz(func(t *testing.T, status []byte) {
		if r, err := parseRights(status); (r == nil) == (err == nil) {
			t.Errorf("%v, %v", r, err)
		}
	})
}
