package linux

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// EnvNotify is the variable of sd_notify(3) that names the socket.
	EnvNotify = "NOTIFY_SOCKET"

	notifySize  = 4 << 10 // a message, at most; longer ones are refused
	notifyRate  = 300     // messages a second; who sends more waits in send(2)
	notifyBurst = 300
	notifyDrain = 512 // how many are still taken when the life is over

	// barrier is what sd_notify_barrier(3) sends, with a descriptor that is closed
	// when everything before it was handled.
	barrier = "BARRIER=1"
)

// notifySocket is the datagram socket of one life. Its name is in the abstract
// namespace, so that no file system needs to be writable, and cannot be guessed; and
// the kernel says who sent a message, because a name can be read in /proc/net/unix.
//
//	a message                                        is
//	of a member of the life's tree                   handed on
//	of a member that is gone by now                  handed on, if it was known as one
//	of anybody else, or longer than 4 KiB            refused, and told
//	BARRIER=1                                        answered
//
// Descriptors that come with it are closed (there is no store for them).
type notifySocket struct {
	sys  *System
	life *life
	call func(message string)
	deny func(why string) // nil: nobody wants to know
	file *os.File         // in the runtime's poller: who waits needs no thread
	buf  []byte
	oob  []byte

	tokens float64 // messages that may be taken now
	filled time.Time

	stopped chan struct{} // closed by stop
	once    sync.Once
	done    chan struct{} // closed when no call comes any more
}

// wireNotify makes the socket and puts its name into the child's environment.
func (s *System) wireNotify(l *life, p *spawning) error {
	if l.cmd.Notify == nil {
		return nil
	}
	fd, name, err := bindNotify()
	if err != nil {
		return fmt.Errorf("cannot make the socket of sd_notify: %w", err)
	}
	n := &notifySocket{
		sys: s, life: l, call: l.cmd.Notify, deny: l.cmd.NotifyRefused, file: os.NewFile(uintptr(fd), name),
		buf:    make([]byte, notifySize),
		oob:    make([]byte, unix.CmsgSpace(unix.SizeofUcred)+unix.CmsgSpace(4*maxRights)),
		tokens: notifyBurst, stopped: make(chan struct{}), done: make(chan struct{}),
	}
	l.notify = n
	p.whenOver(func() {
		if l.pid == 0 {
			_ = n.file.Close()
		}
	})
	prefix := EnvNotify + "="
	env := slices.DeleteFunc(slices.Clone(p.attr.Env), func(kv string) bool { return strings.HasPrefix(kv, prefix) })
	p.attr.Env = append(env, prefix+name)
	return nil
}

// maxRights is how many descriptors the kernel lets one message carry (SCM_MAX_FD).
const maxRights = 253

// bindNotify makes a socket under a name of 128 random bits.
func bindNotify() (fd int, name string, err error) {
	var random [16]byte
	for n := 0; n < len(random); {
		got, err := unix.Getrandom(random[n:], 0)
		if err != nil && err != unix.EINTR {
			return -1, "", fmt.Errorf("no random numbers: %w", err)
		}
		n += max(got, 0)
	}
	name = "@processmanager-notify-" + hex.EncodeToString(random[:])
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, "", err
	}
	if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: name})
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, "", err
	}
	return fd, name, nil
}

// serve is the goroutine of one socket.
func (n *notifySocket) serve() {
	defer close(n.done)
	defer func() { _ = n.file.Close() }()
	conn, err := n.file.SyscallConn()
	if err != nil {
		return
	}
	for n.pace() {
		var (
			m   message
			got error
		)
		err := conn.Read(func(fd uintptr) bool {
			m, got = n.receive(int(fd))
			return got != unix.EAGAIN
		})
		if err != nil { // stop has set a deadline
			break
		}
		if got == nil { // else no memory: the pace keeps this from spinning
			n.handle(m)
		}
	}
	n.drain(conn)
}

// pace waits until one more message may be taken. It reports false when the life is
// over.
func (n *notifySocket) pace() bool {
	now := time.Now()
	if !n.filled.IsZero() {
		n.tokens = min(notifyBurst, n.tokens+notifyRate*now.Sub(n.filled).Seconds())
	}
	n.filled = now
	if n.tokens < 1 {
		wait := time.NewTimer(time.Second / notifyRate)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-n.stopped:
		}
	}
	n.tokens--
	select {
	case <-n.stopped:
		return false
	default:
		return true
	}
}

// drain handles what had been sent when the life ended.
func (n *notifySocket) drain(conn syscall.RawConn) {
	for range notifyDrain {
		var (
			m   message
			err error
		)
		if conn.Control(func(fd uintptr) { m, err = n.receive(int(fd)) }) != nil || err != nil {
			return
		}
		n.handle(m)
	}
}

// stop has the goroutine end; it takes what was sent before.
func (n *notifySocket) stop() {
	if n != nil {
		n.once.Do(func() {
			close(n.stopped)
			_ = n.file.SetReadDeadline(time.Unix(1, 0))
		})
	}
}

// finish returns when no call comes any more.
func (n *notifySocket) finish() {
	if n != nil {
		n.stop()
		<-n.done
	}
}

// message is one datagram.
type message struct {
	text   string
	sender int // process id in our namespace; 0: it has none there
	cut    bool
}

// receive takes one message off the socket. Descriptors in it are closed: everything
// that came before is handled, which is what a barrier waits for.
func (n *notifySocket) receive(fd int) (message, error) {
	var (
		got, oob, flags int
		err             error
	)
	err = retry(func() error {
		got, oob, flags, _, err = unix.Recvmsg(fd, n.buf, n.oob, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		return err
	})
	if err != nil {
		return message{}, err
	}
	m := message{text: string(n.buf[:got]), cut: flags&unix.MSG_TRUNC != 0}
	controls, _ := unix.ParseSocketControlMessage(n.oob[:oob])
	for i := range controls {
		if cred, err := unix.ParseUnixCredentials(&controls[i]); err == nil {
			m.sender = int(cred.Pid)
		}
		if fds, err := unix.ParseUnixRights(&controls[i]); err == nil {
			for _, fd := range fds {
				_ = unix.Close(fd)
			}
		}
	}
	return m, nil
}

func (n *notifySocket) handle(m message) {
	if m.text == barrier {
		return
	}
	if why := n.refusal(m); why == "" {
		n.call(m.text)
	} else if n.deny != nil {
		n.deny(why)
	}
}

// refusal is why a message is not handed on; empty: it is.
func (n *notifySocket) refusal(m message) string {
	switch {
	case m.cut:
		return fmt.Sprintf("it is longer than %d bytes", notifySize)
	case n.sys.sentByMember(n.life, m.sender):
		return ""
	case m.sender <= 0:
		return "its sender is of another PID namespace"
	}
	return fmt.Sprintf("its sender, pid %d, is not of the process's tree", m.sender)
}
