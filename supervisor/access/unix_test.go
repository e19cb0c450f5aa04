package access

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// shortDir is a temporary directory whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "access")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func listen(t *testing.T, path string, o UnixOptions) net.Listener {
	t.Helper()
	l, err := ListenUnix(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// talk connects to the path and checks that l is what answers.
func talk(t *testing.T, l net.Listener, path string) {
	t.Helper()
	got := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = c.Write([]byte("hello"))
			c.Close()
		}
		got <- err
	}()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := make([]byte, 5)
	if _, err := c.Read(b); err != nil || string(b) != "hello" {
		t.Errorf("read %q, %v", b, err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// leaveStale leaves a socket at which nobody listens, as a killed program does.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

// The mode is watched while the socket is made: whoever finds the name finds the
// mode.
func TestT81T103ModeFromTheFirstMoment(t *testing.T) {
	for _, umask := range []int{0o000, 0o022, 0o077} {
		for _, mode := range []fs.FileMode{0, 0o600, 0o660, 0o666} {
			want := mode
			if mode == 0 {
				want = 0o600
			}
			t.Run(fmt.Sprintf("umask %03o mode %04o", umask, mode), func(t *testing.T) {
				path := filepath.Join(shortDir(t), "pm.sock")
				defer syscall.Umask(syscall.Umask(umask))
				ready, found := make(chan struct{}), make(chan fs.FileMode, 1)
				go func() {
					close(ready)
					for {
						if info, err := os.Lstat(path); err == nil {
							found <- info.Mode().Perm()
							return
						}
					}
				}()
				<-ready
				l := listen(t, path, UnixOptions{Mode: mode})
				if got := <-found; got != want {
					t.Errorf("found with the mode %04o, want %04o", got, want)
				}
				if got := names(t, filepath.Dir(path)); got != "pm.sock" {
					t.Errorf("the directory holds %q, want the socket only", got)
				}
				talk(t, l, path)
			})
		}
	}
}

func TestGroup(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a file to any group")
	}
	for group, want := range map[string]uint32{"": 0, "12345": 12345, "root": 0} {
		path := filepath.Join(shortDir(t), "pm.sock")
		listen(t, path, UnixOptions{Mode: 0o660, Group: group})
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t).Gid; got != want || info.Mode().Perm() != 0o660 {
			t.Errorf("group %q: got %d and mode %04o, want %d and 0660", group, got, info.Mode().Perm(), want)
		}
	}
}

func TestT81TheSecondInstanceRefuses(t *testing.T) {
	path := filepath.Join(shortDir(t), "pm.sock")
	first := listen(t, path, UnixOptions{})
	_, err := ListenUnix(path, UnixOptions{})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Fatalf("got %v, want ErrInUse and the path", err)
	}
	question, err := first.Accept() // the second's: is anybody there?
	if err != nil {
		t.Fatal(err)
	}
	question.Close()
	talk(t, first, path)
	if got := names(t, filepath.Dir(path)); got != "pm.sock" {
		t.Errorf("the directory holds %q, want the socket only", got)
	}
}

func TestAFullQueueIsNotStale(t *testing.T) {
	path := filepath.Join(shortDir(t), "pm.sock")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", path) // fills it
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := ListenUnix(path, UnixOptions{}); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(shortDir(t), "pm.sock")
	leaveStale(t, path)
	talk(t, listen(t, path, UnixOptions{}), path)
}

// Between the question and the removal another program may take the name.
func TestASocketTakenForStaleComesBack(t *testing.T) {
	dir := shortDir(t)
	path, private := filepath.Join(dir, "pm.sock"), filepath.Join(dir, "old")
	l := listen(t, path, UnixOptions{})
	if err := takeAway(path, private); !errors.Is(err, ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	question, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	question.Close()
	talk(t, l, path)
	l.Close()
	leaveStale(t, path)
	if err := os.Remove(private); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(takeAway(path, private), takeAway(path, private)); err != nil { // gone the second time
		t.Errorf("a stale one: %v", err)
	}
	if got := names(t, dir); got != "" {
		t.Errorf("left behind: %q", got)
	}
}

// Where there are no hard links a socket that is in use keeps its name as well.
func TestT81InUseWithoutLinks(t *testing.T) {
	dir := shortDir(t)
	born, path := filepath.Join(dir, "born"), filepath.Join(dir, "pm.sock")
	l := listen(t, path, UnixOptions{})
	leaveStale(t, born)
	if err := placeWithoutLinks(born, path, syscall.EPERM); !errors.Is(err, ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	question, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	question.Close()
	talk(t, l, path)
	l.Close()
	leaveStale(t, path)
	if err := placeWithoutLinks(born, path, syscall.EPERM); err != nil {
		t.Errorf("a stale one: %v", err)
	}
	if got := names(t, dir); got != "pm.sock" {
		t.Errorf("the directory holds %q, want the socket only", got)
	}
}

// Of many that start at the same time on a stale socket one wins, and it is the
// one that clients reach.
func TestManyStartAtOnce(t *testing.T) {
	for round := range 60 {
		path := filepath.Join(shortDir(t), "pm.sock")
		if round%2 == 0 {
			leaveStale(t, path)
		}
		var wg sync.WaitGroup
		winners := make(chan net.Listener, 8)
		for range cap(winners) {
			wg.Go(func() {
				l, err := ListenUnix(path, UnixOptions{})
				switch {
				case err == nil:
					winners <- l
				case !errors.Is(err, ErrInUse):
					t.Errorf("got %v, want ErrInUse", err)
				}
			})
		}
		wg.Wait()
		if len(winners) != 1 {
			t.Fatalf("round %d: %d listen, want 1", round, len(winners))
		}
		l := <-winners
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatalf("round %d: the winner cannot be reached: %v", round, err)
		}
		c.Close()
		l.Close()
		if got := names(t, filepath.Dir(path)); got != "" {
			t.Errorf("round %d: left behind: %q", round, got)
		}
	}
}

func TestWhatIsNotASocketIsNotTouched(t *testing.T) {
	dir := shortDir(t)
	target := filepath.Join(dir, "target")
	write(t, target, "precious")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, word := range map[string]string{target: "regular file", link: "symbolic link", sub: "directory"} {
		_, err := ListenUnix(path, UnixOptions{})
		if err == nil || !strings.Contains(err.Error(), "not a socket ("+"a "+word) {
			t.Errorf("%s: got %v, want a refusal that tells of a %s", path, err, word)
		}
	}
	if got := names(t, dir); got != "link sub target" {
		t.Errorf("the directory holds %q", got)
	}
}

func TestT81RefusedPaths(t *testing.T) {
	dir := shortDir(t)
	write(t, filepath.Join(dir, "file"), "")
	for _, c := range []struct {
		story, path string
		options     UnixOptions
		want        string
	}{
		{"empty", "", UnixOptions{}, "empty"},
		{"abstract", "@pm", UnixOptions{}, "abstract"},
		{"too long", filepath.Join(dir, strings.Repeat("x", MaxUnixPath)), UnixOptions{}, "a unix socket allows 107"},
		{"no parent", filepath.Join(dir, "none", "pm.sock"), UnixOptions{}, filepath.Join(dir, "none") + " does not exist"},
		{"parent is a file", filepath.Join(dir, "file", "pm.sock"), UnixOptions{}, "is not a directory"},
		{"odd mode", filepath.Join(dir, "pm.sock"), UnixOptions{Mode: fs.ModeSetuid | 0o600}, "permission bits"},
		{"no group", filepath.Join(dir, "pm.sock"), UnixOptions{Group: "no such group"}, `no group "no such group"`},
		{"directory not writable", "/proc/pm.sock", UnixOptions{}, "cannot be written"},
	} {
		t.Run(c.story, func(t *testing.T) {
			l, err := ListenUnix(c.path, c.options)
			if err == nil {
				l.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), "cannot listen on "+c.path+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want the path and %q", err, c.want)
			}
		})
	}
	_, err := ListenUnix(filepath.Join(dir, "none", "pm.sock"), UnixOptions{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap fs.ErrNotExist", err)
	}
	if got := names(t, dir); got != "file" {
		t.Errorf("left behind: %q", got)
	}
}

// The private directory's path is longer than the socket's own.
func TestTheLongestPath(t *testing.T) {
	dir := shortDir(t)
	for _, short := range []bool{true, false} { // a long name; a long directory with a short name
		path := filepath.Join(dir, strings.Repeat("x", MaxUnixPath-len(dir)-1))
		if !short {
			sub := filepath.Join(dir, strings.Repeat("y", MaxUnixPath-len(dir)-3))
			if err := os.Mkdir(sub, 0o700); err != nil {
				t.Fatal(err)
			}
			path = filepath.Join(sub, "z")
		}
		if len(path) != MaxUnixPath {
			t.Fatalf("the test's path has %d bytes", len(path))
		}
		leaveStale(t, path)
		l := listen(t, path, UnixOptions{})
		talk(t, l, path)
		if got := l.Addr().String(); got != path {
			t.Errorf("Addr is %s, want %s", got, path)
		}
	}
}

func TestCloseRemovesOnlyItsOwn(t *testing.T) {
	path := filepath.Join(shortDir(t), "pm.sock")
	first := listen(t, path, UnixOptions{})
	if err := os.Remove(path); err != nil { // by hand, say
		t.Fatal(err)
	}
	second := listen(t, path, UnixOptions{})
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	talk(t, second, path)
	if err := errors.Join(second.Close(), second.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there after Close: %v", err)
	}
	if _, err := second.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v, want net.ErrClosed", err)
	}
}

func TestPeer(t *testing.T) {
	path := filepath.Join(shortDir(t), "pm.sock")
	l := Places(listen(t, path, UnixOptions{}), 3, nil)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, want := Peer(s), fmt.Sprintf("unix pid=%d uid=%d", os.Getpid(), os.Getuid()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	tcp, err := ListenTCP("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	client, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := tcp.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if got, want := Peer(server), client.LocalAddr().String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if got := Peer(a); got != "pipe" {
		t.Errorf("got %q, want pipe", got)
	}
}
