package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The kinds of a message.
const (
	kindLaunched = 'S' // PID 1 is about to be executed
	kindRuns     = 'R' // a child runs
	kindDone     = 'D' // a child has done what it was asked to do; value is in ns
	kindEnd      = 'E' // PID 1 has been reaped; sent by this program to itself
)

// wire is a message as it is sent. workload.c knows the layout.
type wire struct {
	Run, Kind, Index, Stamp, Value int64
}

// message is a wire with the sender's pid as it is seen from here, which the
// kernel vouches for.
type message struct {
	wire
	pid int
}

// receiver takes the reports of all children of all runs, which tell their run.
type receiver struct {
	path     string
	conn     *net.UnixConn
	messages chan message
	done     chan struct{}
}

// queueLength is how many datagrams may wait. With the kernel's default of 10
// children would wait for each other when a thousand of them report at once.
const queueLength = "8192"

func newReceiver(path string) (*receiver, error) {
	conn, err := listenDeep(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the socket for reports: %w", err)
	}
	r := &receiver{path: path, conn: conn, messages: make(chan message, 8192), done: make(chan struct{})}
	go r.receive()
	return r, nil
}

// listenDeep opens the socket in a network namespace of its own, where the queue
// length can be set without touching the machine's; a socket in the file system
// is reachable from everywhere all the same. Where that is not allowed the queue
// is short.
func listenDeep(path string) (*net.UnixConn, error) {
	type result struct {
		conn *net.UnixConn
		err  error
	}
	ch := make(chan result)
	go func() {
		// Never unlocked: the thread ends with the goroutine, and the
		// namespace with the socket.
		runtime.LockOSThread()
		if unix.Unshare(unix.CLONE_NEWNET) == nil {
			_ = os.WriteFile("/proc/sys/net/unix/max_dgram_qlen", []byte(queueLength), 0o600)
		}
		conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		ch <- result{conn, err}
	}()
	res := <-ch
	if res.err != nil {
		return nil, res.err
	}
	raw, err := res.conn.SyscallConn()
	if err == nil {
		var opt error
		err = raw.Control(func(fd uintptr) { opt = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
		if err == nil {
			err = opt
		}
	}
	if err != nil {
		_ = res.conn.Close()
		return nil, err
	}
	return res.conn, nil
}

func (r *receiver) close() {
	_ = r.conn.Close()
	// receive may be waiting for room in the channel.
	for {
		select {
		case <-r.messages:
		case <-r.done:
			return
		}
	}
}

func (r *receiver) receive() {
	defer close(r.done)
	buf, oob := make([]byte, 256), make([]byte, 256)
	for {
		n, oobn, _, _, err := r.conn.ReadMsgUnix(buf, oob)
		if err != nil {
			return
		}
		m := message{pid: senderPID(oob[:oobn])}
		if binary.Read(bytes.NewReader(buf[:n]), binary.NativeEndian, &m.wire) == nil {
			r.messages <- m
		}
	}
}

// drain forgets what earlier runs have said.
func (r *receiver) drain() {
	for {
		select {
		case <-r.messages:
		default:
			return
		}
	}
}

func senderPID(oob []byte) int {
	list, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for i := range list {
		if cred, err := syscall.ParseUnixCredentials(&list[i]); err == nil {
			return int(cred.Pid)
		}
	}
	return 0
}

// sendWait is how long a report may wait for room in the socket.
const sendWait = 20 * time.Second

// send reports from Go, as workload.c does.
func send(path string, w wire) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetWriteDeadline(time.Now().Add(sendWait)); err != nil {
		return err
	}
	w.Stamp = now()
	var b bytes.Buffer
	if err := binary.Write(&b, binary.NativeEndian, w); err != nil {
		return err
	}
	_, err = conn.Write(b.Bytes())
	return err
}

// now is CLOCK_MONOTONIC in nanoseconds, comparable between processes.
func now() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // cannot happen: the clock exists and t is ours
	}
	return t.Nano()
}

// since is the time between two stamps in milliseconds.
func since(from, to int64) float64 { return float64(to-from) / float64(time.Millisecond) }
