package access

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// script is a listener that answers Accept from a list, then blocks until it is
// closed.
type script struct {
	answers []error // nil: a connection
	calls   []time.Time
	closed  chan struct{}
}

func (s *script) Accept() (net.Conn, error) {
	s.calls = append(s.calls, time.Now())
	if len(s.answers) == 0 {
		<-s.closed
		return nil, net.ErrClosed
	}
	err := s.answers[0]
	s.answers = s.answers[1:]
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "unix", Err: os.NewSyscallError("accept4", err)}
	}
	c, other := net.Pipe()
	other.Close()
	return c, nil
}
func (s *script) Close() error   { close(s.closed); return nil }
func (s *script) Addr() net.Addr { return &net.UnixAddr{Name: "script"} }

func TestT79AcceptWaitsWhenDescriptorsRunOut(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		t.Run(fmt.Sprint(errno), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{closed: make(chan struct{})}
				for range 20 {
					s.answers = append(s.answers, errno)
				}
				s.answers = append(s.answers, nil)
				start := time.Now()
				c, err := Places(s, 1, nil).Accept()
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				if len(s.calls) != 21 {
					t.Errorf("Accept was tried %d times, want 21", len(s.calls))
				}
				// 5 ms doubling: 5+10+…+640 ms, then twelve seconds
				if took, want := time.Since(start), 1275*time.Millisecond+12*time.Second; took != want {
					t.Errorf("it took %s, want %s", took, want)
				}
			})
		})
	}
}

func TestOtherErrorsOfAcceptPass(t *testing.T) {
	s := &script{closed: make(chan struct{}), answers: []error{syscall.EINVAL, nil}}
	l := Places(s, 1, nil)
	if _, err := l.Accept(); !errors.Is(err, syscall.EINVAL) {
		t.Fatalf("got %v, want EINVAL", err)
	}
	c, err := l.Accept() // the failed one holds no place
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestCloseEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{closed: make(chan struct{})}
		for range 100 {
			s.answers = append(s.answers, syscall.EMFILE)
		}
		l := Places(s, 1, nil)
		time.AfterFunc(2*time.Second, func() { l.Close() })
		start := time.Now()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want net.ErrClosed", err)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("Accept ended after %s, want with Close after 2s", took)
		}
	})
}
