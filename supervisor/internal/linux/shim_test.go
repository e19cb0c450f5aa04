package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/processmanager/processmanager/supervisor"
)

// What the manager writes the shim reads.
func TestStepsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
			s := step{op: op(rapid.IntRange(0, int(opCount)-1).Draw(t, "op"))}
			for i := range ops[s.op].args {
				s.args[i] = rapid.Int64().Draw(t, "arg")
			}
			return s
		}), 1, 20).Draw(t, "steps")
		text := formatSteps(want)
		got, err := parseSteps(text)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q: %v, %v", text, got, err)
		}
	})
}

func TestStepsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  `unknown step ""`,
		"fly=1":                             `unknown step "fly=1"`,
		"setuid":                            `step "setuid" has 0 numbers, want 1`,
		"exec=1":                            `step "exec=1" has 1 numbers, want 0`,
		"rlimit=1,2":                        `step "rlimit=1,2" has 2 numbers, want 3`,
		"setuid=root":                       `step "setuid=root": strconv.ParseInt: parsing "root": invalid syntax`,
		"exec  exec":                        `unknown step ""`,
		strings.Repeat(" exec", stepsMax):   fmt.Sprintf("%d bytes of steps, at most %d", 5*stepsMax, stepsMax),
		"nice=99999999999999999999999 exec": `step "nice=99999999999999999999999": strconv.ParseInt: parsing "99999999999999999999999": value out of range`,
	} {
		if _, err := parseSteps(text); err == nil || err.Error() != want {
			t.Errorf("%.40q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzSteps(f *testing.F) {
	f.Add("oom=-500 rlimit=7,1024,-1 nice=-5 ionice=3,0 umask=18 bound=13 keepcaps group=7 setgroups setgid=7 setuid=7 clearambient caps=1,1 ambient=0 nonewprivs chdir exec")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseSteps(text)
		if err != nil {
			return
		}
		again, err := parseSteps(formatSteps(list))
		if err != nil || !slices.Equal(again, list) {
			t.Errorf("%q: %v, then %v, %v", text, list, again, err)
		}
	})
}

// Every resource that the manifest knows has a number, and no two have the same.
func TestRlimitNumbers(t *testing.T) {
	seen := map[int]string{}
	for _, name := range supervisor.RlimitNames() {
		n, ok := rlimitNumbers[name]
		if other, twice := seen[n]; !ok || twice {
			t.Errorf("%s: number %d, %v, also %q", name, n, ok, other)
		}
		seen[n] = name
	}
	if len(seen) != len(rlimitNumbers) {
		t.Errorf("%d names, %d numbers", len(seen), len(rlimitNumbers))
	}
}

// The names have the numbers of linux/capability.h.
func TestCapabilityNumbers(t *testing.T) {
	names := supervisor.CapabilityNames()
	for n, want := range map[int]string{
		unix.CAP_CHOWN: "CHOWN", unix.CAP_KILL: "KILL", unix.CAP_SETPCAP: "SETPCAP", unix.CAP_NET_BIND_SERVICE: "NET_BIND_SERVICE",
		unix.CAP_NET_RAW: "NET_RAW", unix.CAP_SYS_MODULE: "SYS_MODULE", unix.CAP_SYS_ADMIN: "SYS_ADMIN", unix.CAP_SYS_RESOURCE: "SYS_RESOURCE",
		unix.CAP_MKNOD: "MKNOD", unix.CAP_SETFCAP: "SETFCAP", unix.CAP_AUDIT_READ: "AUDIT_READ", unix.CAP_BPF: "BPF", unix.CAP_LAST_CAP: "CHECKPOINT_RESTORE",
	} {
		if names[n] != want {
			t.Errorf("%d is %s, want %s", n, names[n], want)
		}
	}
	if len(names) != unix.CAP_LAST_CAP+1 {
		t.Errorf("%d names, want %d", len(names), unix.CAP_LAST_CAP+1)
	}
}

// The order of the steps is what makes them possible and safe.
func TestStepsOrder(t *testing.T) {
	have := &rights{effective: 1<<41 - 1, permitted: 1<<41 - 1, bounding: 1<<41 - 1}
	id := Identity{User: "web", Groups: []supervisor.ID{"7"}}
	w, err := id.resolve(accounts(t, somePasswd, someGroup), have)
	if err != nil {
		t.Fatal(err)
	}
	st := Setup{
		AddCaps: []string{"NET_BIND_SERVICE"}, DropCaps: []string{"NET_RAW", "NET_BIND_SERVICE", "CHOWN"}, NoNewPrivs: true,
		Rlimits: map[string]supervisor.Rlimit{"nofile": {Soft: 1, Hard: supervisor.Unlimited}, "core": {}},
		Nice:    new(-5), IOPriority: &supervisor.IOPriority{Class: supervisor.IOBestEffort, Level: new(6)}, OOMScoreAdj: new(-500), Umask: ptr(supervisor.Umask(0o22)),
	}
	steps, err := st.steps(w, have)
	if err != nil {
		t.Fatal(err)
	}
	const want = "oom=-500 rlimit=4,0,0 rlimit=7,1,-1 nice=-5 ionice=2,6 umask=18 bound=0 bound=13 keepcaps " +
		"group=4 group=6 group=7 group=34 setgroups setgid=34 setuid=33 clearambient caps=1024,1024 ambient=10 nonewprivs"
	if got := formatSteps(steps); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// leased is a script that cannot be executed before release is called: somebody else
// is about to write to its interpreter.
func leased(t *testing.T) (script string, release func()) {
	t.Helper()
	dir := t.TempDir()
	interpreter := filepath.Join(dir, "interpreter")
	text, err := os.ReadFile("/bin/true")
	if err == nil {
		err = os.WriteFile(interpreter, text, 0o755)
	}
	script = filepath.Join(dir, "script")
	if err == nil {
		err = os.WriteFile(script, []byte("#!"+interpreter+"\n"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(interpreter, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	release = func() {
		if !closed {
			_ = unix.Close(fd)
		}
		closed = true
	}
	t.Cleanup(release)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no leases on this file system: %v", err)
	}
	return script, release
}

// A shim that hangs holds up nobody, and is not taken for the program.
func TestShimHangs(t *testing.T) {
	script, release := leased(t)
	s, r := newSystem(t)
	var stuck []Life
	for i := range maxWorkers + 1 {
		l := Life{fmt.Sprint("stuck", i), 1}
		stuck = append(stuck, l)
		c := command(l, newText(), script)
		c.Setup.NoNewPrivs = true
		s.Spawn(l, c)
	}
	for i := range 5 {
		l := Life{fmt.Sprint("other", i), 1}
		s.Spawn(l, command(l, newText(), "/bin/true"))
		r.over(t, l)
	}
	for _, l := range stuck {
		if got := r.story(l); got != "" {
			t.Errorf("%v reported %q while it hangs", l, got)
		}
	}
	release()
	for _, l := range stuck {
		if exit := r.over(t, l); exit.Code != 0 || exit.Signal != 0 {
			t.Errorf("%v: %+v", l, exit)
		}
	}
	if n := s.Orphans(); n != 0 {
		t.Errorf("%d orphans, want none", n)
	}
}

// A shim that dies before it has executed the program is no life and no orphan.
func TestShimKilled(t *testing.T) {
	script, release := leased(t)
	defer release()
	s, r := newSystem(t)
	s.beforeLanding = func(pid int) { _ = unix.Kill(pid, unix.SIGKILL) }
	before := openFiles(t)
	l := Life{"killed", 1}
	c := command(l, newText(), script)
	c.Setup.NoNewPrivs = true
	s.Spawn(l, c)
	r.until(t, "reported", func() bool { return len(r.events[l]) > 0 })
	if err := r.errs[l]; err == nil {
		release()
		t.Skipf("it was faster than the signal: %+v", r.over(t, l)) // and had said that it is about to execute
	} else if want := fmt.Sprintf("cannot set up %q: ended by signal 9 before the program was executed", script); err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if n, files := s.Orphans(), openFiles(t); n != 0 || files > before+opened(s) {
		t.Errorf("%d orphans, %d descriptors before, %d after", n, before, files)
	}
}

// Failures side by side: each is told to the right life, and nothing is left.
func TestShimFailuresAreNoOrphans(t *testing.T) {
	s, r := newSystem(t)
	const n = 60
	before := openFiles(t)
	for i := range n {
		l := Life{"x", uint64(i)}
		c := command(l, newText(), fmt.Sprintf("/no/such/%d", i))
		if i%2 == 0 {
			c.Setup.NoNewPrivs = true
		}
		s.Spawn(l, c)
	}
	r.until(t, "all failed", func() bool { return len(r.errs) == n })
	for i := range n {
		want := fmt.Sprintf(`exec "/no/such/%d": no such file or directory`, i)
		if err := r.errs[Life{"x", uint64(i)}]; err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
	}
	if got, files := s.Orphans(), openFiles(t); got != 0 || files > before+opened(s) {
		t.Errorf("%d orphans, %d descriptors before, %d after", got, before, files)
	}
}

func benchmarkSetup(b *testing.B, id Identity, st Setup) {
	needs(b, unix.CAP_SETUID, unix.CAP_SETGID)
	r := newTicker()
	s := New(r)
	defer s.Close()
	cpu(b)
	b.ReportAllocs()
	var gen uint64
	for b.Loop() {
		gen++
		l := Life{"true", gen}
		c := command(l, &sink{}, "/bin/true")
		c.Identity, c.Setup, c.Dir = id, st, "/"
		s.Spawn(l, c)
		<-r.spawned
		<-r.exited
	}
}

func BenchmarkSpawnPlain(b *testing.B)    { benchmarkSetup(b, Identity{}, Setup{}) }
func BenchmarkSpawnIdentity(b *testing.B) { benchmarkSetup(b, Identity{User: "65534"}, Setup{}) }
func BenchmarkSpawnShim(b *testing.B) {
	benchmarkSetup(b, Identity{User: "65534"}, Setup{NoNewPrivs: true, DropCaps: []string{"ALL"}})
}
