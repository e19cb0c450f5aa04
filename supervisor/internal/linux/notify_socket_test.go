package linux

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// send is a child that sends its arguments to the socket, each as a message; "fd" sends
// one with a descriptor, "long" one that is too long, "barrier" waits for an answer.
func send(args []string) int {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: os.Getenv(EnvNotify)})
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for _, m := range args {
		var ends [2]int
		switch m {
		case "long":
			m = strings.Repeat("x", notifySize+1)
		case "fd", "barrier":
			if unix.Pipe2(ends[:], unix.O_CLOEXEC) != nil {
				return 1
			}
		}
		var rights []byte
		if ends[1] != 0 {
			rights = unix.UnixRights(ends[1])
			m = map[string]string{"fd": "FDSTORE=1", "barrier": barrier}[m]
		}
		err = retry(func() error { return unix.Sendmsg(fd, []byte(m), rights, nil, 0) })
		if err != nil {
			fmt.Println(err)
			return 1
		}
		if ends[1] != 0 { // closed by the receiver?
			_ = unix.Close(ends[1])
			if n, err := unix.Read(ends[0], make([]byte, 1)); n != 0 || err != nil {
				return 1
			}
			fmt.Println("closed")
		}
	}
	return 0
}

// hearing adds Notify to a command; what is heard is noted among the reports.
func hearing(c Command, l Life, r *recorder) Command {
	c.Notify = func(m string) { r.note(l, m, nil) }
	c.NotifyRefused = func(why string) { r.note(l, "refused: "+why, nil) }
	return c
}

func TestNotify(t *testing.T) {
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	c := hearing(myself(l, out, "send", "READY=1", "long", "fd", "STATUS=a\nb", "barrier", "STOPPING=1"), l, r)
	c.Env = append([]string{EnvNotify + "=/run/of/another"}, c.Env...)
	warmUp(t, s, r)
	before := openFiles(t)
	s.Spawn(l, c)
	if exit := r.over(t, l); exit.Code != 0 || out.String() != "closed\nclosed\n" {
		t.Errorf("%+v, output %q", exit, out)
	}
	if got, want := r.story(l), "spawned READY=1 refused: it is longer than 4096 bytes FDSTORE=1 STATUS=a\nb STOPPING=1 exited"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if now := openFiles(t); now > before+3 { // the runtime's poller, its eventfd, and /proc
		t.Errorf("%d descriptors, before %d", now, before)
	}
}

// Everybody of the tree may speak: a short-lived child of the shell, one that left the
// session, one that was adopted. Of somebody else nothing is heard.
func TestNotifyIsOfTheTree(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, r := newSystem(t)
	l, out := Life{"web", 1}, newText()
	say := childMode + "=send " + exe
	s.Spawn(l, hearing(shell(l, out, `echo "$NOTIFY_SOCKET"; echo up
		`+say+` child barrier
		setsid env `+say+` session barrier
		setsid sh -c '(`+say+` orphan barrier; :) & :'
		sleep 1000`), l, r))
	out.await(t, "up")
	for _, m := range []string{"child", "session", "orphan"} {
		r.await(t, l, m)
	}
	// Another life, a task of the process, and this program itself know the name.
	name, _, _ := strings.Cut(out.String(), "\n")
	other := Life{"other", 1}
	c := myself(other, newText(), "send", "stranger", "barrier")
	c.Env = append(c.Env, EnvNotify+"="+name)
	s.Spawn(other, c)
	r.over(t, other)
	c.Output = nil
	if exit, err := s.Exec(t.Context(), Life{"web/liveness", 1}, c); err != nil || exit.Code != 0 {
		t.Errorf("task: %+v, %v", exit, err)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("stranger")); err != nil {
		t.Fatal(err)
	}
	s.Kill(l, ScopeTree)
	r.over(t, l)
	got := r.story(l)
	if strings.Contains(got, "stranger") {
		t.Errorf("reported %q", got)
	}
	if n := strings.Count(got, "is not of the process's tree"); n != 3 || !strings.Contains(got, fmt.Sprintf("its sender, pid %d, ", os.Getpid())) {
		t.Errorf("%d refused, want 3, one of them of pid %d: %q", n, os.Getpid(), got)
	}
}

// systemd's own client, where it is installed.
func TestNotifyBySystemd(t *testing.T) {
	if _, err := exec.LookPath("systemd-notify"); err != nil {
		t.Skip("no systemd-notify here")
	}
	s, r := newSystem(t)
	l := Life{"web", 1}
	s.Spawn(l, hearing(shell(l, newText(), `systemd-notify --ready --status=hello; systemd-notify WATCHDOG=1`), l, r))
	if exit := r.over(t, l); exit.Code != 0 {
		t.Errorf("%+v", exit)
	}
	if got := r.story(l); !strings.HasPrefix(got, "spawned READY=1\nSTATUS=hello") || !strings.HasSuffix(got, "WATCHDOG=1 exited") {
		t.Errorf("reported %q", got)
	}
}

// A member that is gone when its message is read counts, if it was known as one.
func TestNotifyOfAMemberThatIsGone(t *testing.T) {
	s, r := newSystem(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, out, gate := Life{"web", 1}, newText(), fifo(t)
	c := shell(l, out, childMode+`=send `+exe+` first barrier
		(sh -c 'echo up; read x <`+gate+`; `+childMode+`=send exec `+exe+` second' &)
		sleep 1000`)
	var hold sync.Mutex
	c.Notify = func(m string) {
		r.note(l, m, nil)
		if m == "hold" {
			hold.Lock()
			defer hold.Unlock()
		}
	}
	c.NotifyRefused = func(why string) { t.Errorf("refused: %s", why) }
	hold.Lock()
	s.Spawn(l, c)
	out.await(t, "up")
	r.await(t, l, "first")
	eventually(t, "the grandchild is adopted and seen", func() bool { return usageOf(s, "web").TreeSize == 3 })
	// Of the leader itself, so that it is handed on and holds the socket.
	s.mu.Lock()
	n := s.lives[l].notify
	s.mu.Unlock()
	stuck := make(chan struct{})
	go func() {
		defer close(stuck)
		n.handle(message{text: "hold", sender: r.pid(l)})
	}()
	r.await(t, l, "hold")
	s.senders.mu.Lock() // the socket's goroutine gets no further
	before := s.Orphans()
	open(t, gate)
	eventually(t, "it is reaped", func() bool { return s.Orphans() > before })
	s.senders.mu.Unlock()
	hold.Unlock()
	<-stuck
	r.await(t, l, "second")
	s.Kill(l, ScopeTree)
	r.over(t, l)
}

// Who is not in our PID namespace has the number 0 here, and is a stranger.
func TestNotifyFromOutsideOfTheNamespace(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childMode+"=outsider")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: lines.Text(), Net: "unixgram"})
	if err != nil {
		t.Fatalf("%q: %v", lines.Text(), err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("READY=1")); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	lines.Scan()
	if got := lines.Text(); got != "spawned refused: its sender is of another PID namespace exited" {
		t.Errorf("%q", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// outsider is the part of a manager in a namespace to whom somebody outside speaks.
func outsider() int {
	if mountProc() != nil || Prepare() != nil {
		return 1
	}
	r := newRecorder()
	s := New(r)
	defer s.Close()
	l := Life{"web", 1}
	c := hearing(shell(l, printer{}, `echo "$NOTIFY_SOCKET"; read x; exit 0`), l, r)
	c.Stdin = true
	s.Spawn(l, c)
	r.ended(l)
	fmt.Println(r.story(l))
	return 0
}

func TestNotifyIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &notifySocket{tokens: notifyBurst, stopped: make(chan struct{})}
		began := time.Now()
		for range notifyBurst {
			n.pace()
		}
		if passed := time.Since(began); passed != 0 {
			t.Errorf("the first took %v", passed)
		}
		for range 2 * notifyRate {
			n.pace()
		}
		if passed := time.Since(began); passed < 1900*time.Millisecond || passed > 2100*time.Millisecond {
			t.Errorf("%d more took %v, want two seconds", 2*notifyRate, passed)
		}
		close(n.stopped)
		if n.pace() {
			t.Error("it goes on after stop")
		}
	})
}

// The System is closed while lives with sockets run: their goroutines end.
func TestCloseWhileSomebodyIsHeard(t *testing.T) {
	r := newRecorder()
	s := New(r)
	l := Life{"left", 1}
	c := hearing(command(l, newText(), "/bin/sleep", "1000"), l, r)
	c.ReadyFD, c.OnReady = 3, func() {}
	s.Spawn(l, c)
	r.await(t, l, "spawned")
	s.Close()
	pid := r.pid(l)
	_ = unix.Kill(pid, unix.SIGKILL)
	if _, err := unix.Wait4(pid, nil, 0, nil); err != nil {
		t.Error(err)
	}
}
