package linux

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/processmanager/processmanager/supervisor"
)

// accounts writes account files; "-" is none.
func accounts(t testing.TB, passwd, group string) *accountFiles {
	t.Helper()
	dir := t.TempDir()
	f := &accountFiles{passwd: filepath.Join(dir, "passwd"), ofGroups: filepath.Join(dir, "group")}
	for path, text := range map[string]string{f.passwd: passwd, f.ofGroups: group} {
		if text == "-" {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

const (
	somePasswd = "# comment\n\nroot:x:0:0:root:/root:/bin/sh\nweb:x:33:34:,,,:/srv:/bin/false\n+nis\nbad:x:many:1::/:\nhalf:x:7\nshort:x:8:9\nweb:x:99:99::/other:\nlast:x:50:51::/last"
	someGroup  = "root:x:0:\nweb:x:34:\nlogs:x:4:web,other\nother:x:5:xweb,webx\ntty:x:6:other,web\nmany:x:lots:web\nnofield:x:44"
)

var (
	asRoot = &rights{effective: ^uint64(0), groups: []uint32{0, 1}}
	as33   = &rights{uid: ids(33), gid: ids(34), groups: []uint32{2000}}
)

// T20: who somebody is, by numbers, and what has to be done to become him.
func TestT20Resolve(t *testing.T) {
	type id = Identity
	list := func(g ...supervisor.ID) []supervisor.ID { return g }
	for _, c := range []struct {
		name string
		id   Identity
		have *rights
		want who
		err  string
	}{
		{"name", id{User: "web"}, asRoot, who{33, 34, []uint32{4, 6, 34}, true, true, "web", "/srv"}, ""},
		{"its number", id{User: "33"}, asRoot, who{33, 34, []uint32{4, 6, 34}, true, true, "web", "/srv"}, ""},
		{"group beside", id{User: "web", Group: "tty"}, asRoot, who{33, 6, []uint32{4, 6}, true, true, "web", "/srv"}, ""},
		{"more groups", id{User: "web", Groups: list("nofield", "7", "4")}, asRoot, who{33, 34, []uint32{4, 6, 7, 34, 44}, true, true, "web", "/srv"}, ""},
		{"no entry", id{User: "4242"}, asRoot, who{4242, 0, []uint32{0}, true, true, "4242", "/"}, ""},
		{"no entry, group", id{User: "4242", Group: "7"}, asRoot, who{4242, 7, []uint32{7}, true, true, "4242", "/"}, ""},
		{"no home", id{User: "short"}, asRoot, who{8, 9, []uint32{9}, true, true, "short", "/"}, ""},
		{"no newline", id{User: "last"}, asRoot, who{50, 51, []uint32{51}, true, true, "last", "/last"}, ""},
		{"root himself", id{User: "root", Groups: list("1")}, asRoot, who{0, 0, []uint32{0, 1}, false, false, "root", "/root"}, ""},
		{"only a group", id{Group: "tty"}, asRoot, who{0, 6, nil, true, false, "", ""}, ""},
		{"only groups", id{Groups: list("7")}, asRoot, who{0, 0, []uint32{0, 7}, true, true, "", ""}, ""},
		{"nothing but no root", id{NonRoot: true}, as33, who{33, 34, nil, false, false, "", ""}, ""},

		{"himself", id{User: "web"}, as33, who{33, 34, []uint32{4, 6, 34}, false, false, "web", "/srv"}, ""},
		{"himself, with a group that he has", id{User: "33", Group: "34", Groups: list("2000")}, as33, who{33, 34, []uint32{4, 6, 34, 2000}, false, false, "web", "/srv"}, ""},
		{"a group that he lacks", id{User: "33", Groups: list("2001")}, as33, who{}, "cannot become user 33 (web), group 34: operation not permitted (needs CAP_SETGID, which the manager, user 33, group 34, does not have)"},
		{"somebody else", id{User: "4242", Group: "34"}, as33, who{}, "cannot become user 4242, group 34: operation not permitted (needs CAP_SETUID and CAP_SETGID, which the manager, user 33, group 34, does not have)"},
		{"another group", id{Group: "35"}, as33, who{}, "cannot become user 33, group 35: operation not permitted (needs CAP_SETGID, which the manager, user 33, group 34, does not have)"},

		{"unknown", id{User: "nobody"}, asRoot, who{}, `unknown user "nobody": it is not in PASSWD: add it there, or give the number`},
		{"not a line", id{User: "+nis"}, asRoot, who{}, `unknown user "+nis": it is not in PASSWD: add it there, or give the number`},
		{"not a number", id{User: "bad"}, asRoot, who{}, `unknown user "bad": it is not in PASSWD: add it there, or give the number`},
		{"half a line", id{User: "half"}, asRoot, who{}, `unknown user "half": it is not in PASSWD: add it there, or give the number`},
		{"unknown group", id{User: "web", Group: "many"}, asRoot, who{}, `unknown group "many": it is not in GROUP: add it there, or give the number`},
		{"root by name", id{User: "root", NonRoot: true}, asRoot, who{}, errNonRoot.Error()},
		{"the manager's root", id{NonRoot: true}, asRoot, who{}, errNonRoot.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := accounts(t, somePasswd, someGroup)
			got, err := c.id.resolve(f, c.have)
			if c.err != "" {
				want := strings.NewReplacer("PASSWD", f.passwd, "GROUP", f.ofGroups).Replace(c.err)
				if err == nil || err.Error() != want {
					t.Errorf("error %v\nwant  %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != c.want.String() || !slices.Equal(got.groups, c.want.groups) ||
				got.become != c.want.become || got.setGroups != c.want.setGroups || got.name != c.want.name || got.home != c.want.home {
				t.Errorf("got %+v\nwant %+v", *got, c.want)
			}
		})
	}
}

// T101: an image from scratch has no account files.
func TestT101ResolveWithoutFiles(t *testing.T) {
	f := accounts(t, "-", "-")
	id := Identity{User: "4242", Groups: []supervisor.ID{"7"}}
	if w, err := id.resolve(f, asRoot); err != nil || w.uid != 4242 || w.gid != 0 || w.home != "/" || !slices.Equal(w.groups, []uint32{0, 7}) {
		t.Errorf("%+v, %v", w, err)
	}
	for want, id := range map[string]Identity{
		`unknown user "web": ` + f.passwd + ` does not exist; give the number`:    {User: "web"},
		`unknown group "web": ` + f.ofGroups + ` does not exist; give the number`: {User: "1", Group: "web"},
	} {
		if _, err := id.resolve(f, asRoot); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// What is there but cannot be read is no empty file.
func TestResolveUnreadable(t *testing.T) {
	f := accounts(t, "-", "-")
	if err := os.Mkdir(f.passwd, 0o700); err != nil {
		t.Fatal(err)
	}
	id := Identity{User: "4242"}
	if _, err := id.resolve(f, asRoot); !errors.Is(err, unix.EISDIR) {
		t.Errorf("error %v, want EISDIR", err)
	}
	f = accounts(t, strings.Repeat("x", accountsMax+1), "-")
	if _, err := id.resolve(f, asRoot); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error %v, want a limit of size", err)
	}
}

// No variable stands twice: C libraries take the first one, shells the last.
func TestSetHome(t *testing.T) {
	w := &who{uid: 33, name: "web", home: "/srv"}
	env := []string{"HOME=/root", "A=1", "USER=root", "HOME=/again", "HOMES=2"}
	want := []string{"A=1", "USER=root", "HOMES=2", "HOME=/srv", "LOGNAME=web"}
	if got := w.setHome(env, []string{"USER"}); !slices.Equal(got, want) || env[0] != "HOME=/root" {
		t.Errorf("got %q, want %q; what was given is now %q", got, want, env)
	}
	if got := (&who{}).setHome(env, nil); !slices.Equal(got, env) {
		t.Errorf("without a user: %q", got)
	}
}

func FuzzAccounts(f *testing.F) {
	f.Add(somePasswd)
	f.Add(someGroup)
	f.Fuzz(func(t *testing.T, text string) {
		for u := range parsePasswd(text) {
			if u.name == "" || u.uid == 1<<32-1 || strings.ContainsAny(u.name+u.home, ":\n\x00") {
				t.Errorf("%+v", u)
			}
		}
		for g := range parseGroups(text) {
			if g.name == "" || g.gid == 1<<32-1 || strings.ContainsAny(g.name+g.members, ":\n\x00") {
				t.Errorf("%+v", g)
			}
		}
	})
}
