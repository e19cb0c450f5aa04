package telnet_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/processmanager/processmanager/supervisor/access"
	"github.com/processmanager/processmanager/telnet"
)

// program is a real client that runs.
type program struct {
	t     *testing.T
	stdin io.WriteCloser
	out   chan string // pieces of stdout, closed at its end
	seen  string      // everything so far
	from  int         // where the next expect begins
}

// patience bounds the life of a client.
const patience = 30 * time.Second

// command prepares a client, or skips when it is not installed.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	// The user's files must not matter: ~/.telnetrc.
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "TERM=xterm", "LC_ALL=C.UTF-8")
	return cmd
}

// start runs a client that is fed by a pipe.
func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	cmd := command(t, name, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return run(t, cmd, stdin, stdout)
}

// run starts a client and reads what it shows. It is ended with the test.
func run(t *testing.T, cmd *exec.Cmd, stdin io.WriteCloser, stdout io.Reader) *program {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, stdin: stdin, out: make(chan string, 100)}
	go func() {
		defer close(p.out)
		buf := make([]byte, 4<<10)
		for {
			n, err := stdout.Read(buf)
			if n > 0 {
				p.out <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = stdin.Close()
		for range p.out { // to the end, before Wait closes the pipe
		}
		_ = cmd.Wait()
	})
	return p
}

func (p *program) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil {
		p.t.Fatalf("cannot type %q: %v; so far: %q", text, err, p.tail())
	}
}

// expect waits until a text is shown behind the last one.
func (p *program) expect(text string) {
	p.t.Helper()
	for {
		if i := strings.Index(p.seen[p.from:], text); i >= 0 {
			p.from += i + len(text)
			return
		}
		piece, ok := <-p.out
		if !ok {
			p.t.Fatalf("the client ended before it showed %q: %q", text, p.tail())
		}
		p.seen += piece
	}
}

// tail is the end of what was shown.
func (p *program) tail() string { return p.seen[max(0, len(p.seen)-2000):] }

// expectEnd waits until the client has ended.
func (p *program) expectEnd() {
	for piece := range p.out {
		p.seen += piece
	}
}

// serve runs a server on a real socket and returns its address.
func serve(t *testing.T, network string) string {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "tn") // short: a socket's path has a limit
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		addr = filepath.Join(dir, "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, network == "tcp")
}

func serveTLS(t *testing.T, config *tls.Config) string {
	t.Helper()
	l, err := access.ListenTCP("127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, l, true)
}

func serveOn(t *testing.T, l net.Listener, tcp bool) string {
	t.Helper()
	srv := telnet.NewServer(telnet.Options{Control: newFake(), Auth: oneSecret})
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx, l, tcp) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// A real telnet client that is fed by a pipe.
func TestT76TelnetInAPipe(t *testing.T) {
	host, port, _ := net.SplitHostPort(serve(t, "tcp"))
	p := start(t, "inetutils-telnet", host, port)
	p.expect("provide secret.")
	p.send("mysecretkey\n")
	p.expect("you are authenticated.")
	p.send("!!process.status name:nosuch jobid:1\n\n!!quit\n")
	p.expect("**RESULT** 1")
	p.expect("**ENDRESULT**")
	p.expect("Bye")
	p.expectEnd()
	if strings.Contains(p.seen, "\x1b") {
		t.Errorf("no terminal, but sequences for one: %q", p.seen)
	}
}

// nc, on both kinds of socket, with everything in one write and the end of input.
func TestT76Netcat(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			addr, end := serve(t, network), "\n"
			args := []string{"-N", "-U", addr}
			if network == "tcp" {
				host, port, _ := net.SplitHostPort(addr)
				args, end = []string{"-N", host, port}, "\r\n"
			}
			p := start(t, "nc", args...)
			p.send("mysecretkey\n" + ask(1) + ask(2))
			_ = p.stdin.Close()
			p.expectEnd()
			want := " ** Welcome: you are not authenticated, provide secret.\n ** Welcome: you are authenticated.\n" + notFound(1) + notFound(2)
			want = strings.ReplaceAll(want, "\n", end)
			if got := strings.TrimPrefix(p.seen, "\xff\xfb\x01\xff\xfb\x03"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// socat on the unix socket, one Enter at a time.
func TestT76Socat(t *testing.T) {
	p := start(t, "socat", "-", "UNIX-CONNECT:"+serve(t, "unix"))
	p.expect("provide secret.\n")
	p.send("mysecretkey\n")
	p.expect("you are authenticated.\n")
	p.send(ask("e42"))
	p.expect(notFound("e42"))
	p.send("!!quit\n")
	p.expect("Bye\n**ENDRESULT**\n")
	p.expectEnd()
}
