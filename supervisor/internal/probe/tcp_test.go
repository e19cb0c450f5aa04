package probe

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/processmanager/processmanager/supervisor"
	"go.uber.org/goleak"
)

// fullBacklog returns a port where a connection neither opens nor fails: somebody
// listens, never accepts, and the queue is full.
func fullBacklog(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	p := name.(*syscall.SockaddrInet4).Port
	// A queue of length 0 takes one.
	conn, err := net.Dial("tcp", address("", p))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return p
}

func TestTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p := port(t, ln.Addr().String())
	ports := []supervisor.Port{{Name: "db", ContainerPort: p}}
	for _, a := range []supervisor.TCPSocketAction{{Port: ref(p)}, {Port: "db"}, {Port: ref(p), Host: "localhost"}} {
		got, _ := try(t, patient, Target{TCP: &a, Ports: ports})
		wantText(t, got, "", p)
		// It was closed, and nothing was written.
		conn, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
		conn.Close()
	}

	p = closedPort(t)
	got, err := try(t, patient, Target{TCP: &supervisor.TCPSocketAction{Port: ref(p)}})
	wantText(t, got, "TCP 127.0.0.1:{port}: connection refused", p)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v is not ECONNREFUSED", err)
	}
	got, err = try(t, patient, Target{TCP: &supervisor.TCPSocketAction{Port: "0"}})
	wantText(t, got, `cannot find port "0": it is no number from 1 to 65535, and the process names no ports`, p)
	if !errors.Is(err, supervisor.ErrInvalid) {
		t.Errorf("%v is not ErrInvalid", err)
	}
}

func TestExactlyOne(t *testing.T) {
	for _, target := range []Target{
		{},
		{TCP: &supervisor.TCPSocketAction{Port: "1"}, GRPC: &supervisor.GRPCAction{Port: 1}},
	} {
		if _, err := try(t, patient, target); !errors.Is(err, supervisor.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
}

// TestT43NothingStays: attempts that nobody answers must not pile up. A transport
// by itself goes on dialling, and shaking hands, after the request was given up.
func TestT43NothingStays(t *testing.T) {
	full, silent := fullBacklog(t), speak(t, "", true)
	servers := goleak.IgnoreCurrent() // with the goroutine of silent
	for range 3 {
		for _, target := range []Target{
			{HTTP: &supervisor.HTTPGetAction{Port: ref(full)}},
			{TCP: &supervisor.TCPSocketAction{Port: ref(full)}},
			{GRPC: &supervisor.GRPCAction{Port: full}},
			{HTTP: &supervisor.HTTPGetAction{Port: ref(silent)}},
			{HTTP: &supervisor.HTTPGetAction{Port: ref(silent), Scheme: supervisor.SchemeHTTPS}},
			{GRPC: &supervisor.GRPCAction{Port: silent}},
		} {
			if _, err := try(t, short/4, target); err == nil {
				t.Error("an answer came")
			}
		}
	}
	goleak.VerifyNone(t, servers)
}
