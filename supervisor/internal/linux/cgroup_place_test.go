package linux

import (
	"path"
	"strings"
	"testing"
)

const twoMounts = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n" +
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"

// Where our own group is, as the kernel tells it in different containers.
func TestCgroupPlace(t *testing.T) {
	for _, c := range []struct{ name, own, mounts, want string }{
		{
			"a Pod: a cgroup namespace", "0::/\n",
			"700 690 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n", "/sys/fs/cgroup",
		},
		{
			"Docker without one", "0::/docker/0123\n",
			"700 690 0:26 /docker/0123 /sys/fs/cgroup ro - cgroup2 cgroup rw\n", "/sys/fs/cgroup",
		},
		{
			"a service of systemd", "0::/system.slice/pm.service\n",
			"30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/system.slice/pm.service",
		},
		{
			"both versions", "9:name=systemd:/x\n4:memory:/y\n0::/a\n",
			twoMounts + "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/unified/a",
		},
		{"only version 1", "4:memory:/y\n1:cpu:/\n", twoMounts, ""},
		{"not mounted", "0::/\n", twoMounts, ""},
		{"gVisor", "", "1 0 0:1 / / rw - 9p none rw\n", ""},
		{"mounted outside of our namespace", "0::/\n", "700 690 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n", ""},
		{"moved out of our namespace", "0::/../other\n", "700 690 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n", ""},
		{"another group is shown", "0::/ab\n", "700 690 0:26 /a /sys/fs/cgroup rw - cgroup2 cgroup rw\n", ""},
		{"removed under our feet", "0::/a (deleted)\n", "700 690 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n", ""},
		{"the later mount hides the earlier", "0::/\n", "1 0 0:26 / /old rw - cgroup2 c rw\n2 0 0:26 / /new rw - cgroup2 c rw\n", "/new"},
		{"escapes", "0::/\n", `1 0 0:26 / /a\040b\134c\xyz rw - cgroup2 c rw` + "\n", `/a b\c\xyz`},
		{"torn", "0::/\n", "1 0 0:26 / /a\n - cgroup2\n\n- - -\n", ""},
	} {
		group, ok := parseOwnGroup([]byte(c.own))
		got := ""
		if ok {
			got, _ = findPlace([]byte(c.mounts), group)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCgroupOfWhichLife(t *testing.T) {
	for _, c := range []struct {
		path, prefix, want string
		ok                 bool
	}{
		{"/pm.web/1", "", "pm.web/1", true},
		{"/pm.web/1/below/it", "", "pm.web/1", true},
		{"/pod/pm.web/1", "/pod", "pm.web/1", true},
		{"/podium/pm.web/1", "/pod", "", false},
		{"/pod", "/pod", "", true},
		{"/", "", "", true},
		{"/../pm.web/1", "", "", false},
	} {
		below, ok := belowPrefix(c.path, c.prefix)
		if got := leafOf(below); ok != c.ok || ok && got != c.want {
			t.Errorf("%q below %q: %q %v, want %q %v", c.path, c.prefix, got, ok, c.want, c.ok)
		}
	}
}

func TestKeyed(t *testing.T) {
	for _, c := range []struct {
		text, key string
		want      uint64
		ok        bool
	}{
		{"populated 1\nfrozen 0\n", "populated", 1, true},
		{"low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n", "oom_kill", 2, true},
		{"oom_kill 2\n", "oom", 0, false},
		{"oom_kill -2\n", "oom_kill", 0, false},
		{"oom_kill\n", "oom_kill", 0, false},
		{"", "oom_kill", 0, false},
	} {
		if got, ok := keyed([]byte(c.text), c.key); got != c.want || ok != c.ok {
			t.Errorf("%q of %q: %d %v", c.key, c.text, got, ok)
		}
	}
}

func FuzzCgroupPlace(f *testing.F) {
	f.Add([]byte("9:name=systemd:/x\n0::/a/b\n"), []byte(twoMounts+"41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 rw\n"))
	f.Add([]byte("0::/a\n"), []byte("1 0 0:26 /a /b rw - cgroup2 c rw\npopulated 1\n"))
	f.Fuzz(func(t *testing.T, own, mounts []byte) {
		if len(own)+len(mounts) > 1<<14 {
			return
		}
		_, _ = keyed(mounts, "populated")
		group, ok := parseOwnGroup(own)
		if !ok {
			return
		}
		if !strings.HasPrefix(group, "/") || strings.Contains(group, "\n") {
			t.Errorf("group %q", group)
		}
		if dir, ok := findPlace(mounts, group); ok && (!path.IsAbs(dir) || path.Clean(dir) != dir) {
			t.Errorf("place %q", dir)
		}
		if below, ok := belowPrefix(group, "/a"); ok && strings.Count(leafOf(below), "/") > 1 {
			t.Errorf("leaf %q of %q", leafOf(below), group)
		}
	})
}
