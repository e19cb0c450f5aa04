package telnet_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// pty is the user's side of a terminal.
type pty struct {
	t *testing.T
	*os.File
}

// openPTY makes a terminal of a size and returns both of its sides.
func openPTY(t *testing.T, columns, rows uint16) (pty, *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	p := pty{t, user}
	n := 0
	p.control(func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		var err error
		n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	p.resize(columns, rows)
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p, program
}

func (p pty) control(f func(fd int) error) {
	p.t.Helper()
	raw, err := p.SyscallConn()
	if err == nil {
		var inner error
		err = raw.Control(func(fd uintptr) { inner = f(int(fd)) })
		if inner != nil {
			err = inner
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// resize makes the terminal another size, as a user does with a window.
func (p pty) resize(columns, rows uint16) {
	p.t.Helper()
	p.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows})
	})
}

// startAt runs a client at a terminal.
func startAt(t *testing.T, columns uint16, name string, args ...string) (*program, pty) {
	t.Helper()
	cmd := command(t, name, args...)
	user, terminal := openPTY(t, columns, 24)
	defer terminal.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	return run(t, cmd, user, user), user
}

// telnetClients are the programs that people have; %s is host and port.
var telnetClients = map[string][]string{
	"inetutils": {"inetutils-telnet", "%s", "%s"},
	"binary":    {"inetutils-telnet", "-8", "%s", "%s"},
	"netkit":    {"telnet-ssl", "%s", "%s"},
	"busybox":   {"busybox", "telnet", "%s", "%s"},
}

func telnetTo(addr string, words []string) []string {
	host, port, _ := net.SplitHostPort(addr)
	at := []string{host, port}
	out := []string{}
	for _, word := range words {
		if word == "%s" {
			word, at = at[0], at[1:]
		}
		out = append(out, word)
	}
	return out
}

// Real telnet clients at a real terminal: what a user does in a session.
func TestT76TelnetAtATerminal(t *testing.T) {
	for name, words := range telnetClients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := telnetTo(serve(t, "tcp"), words)
			p, terminal := startAt(t, 70, words[0], words[1:]...)
			session(t, p, terminal, name != "busybox") // which tells the size only once
		})
	}
}

// The same through TLS.
func TestTLSWithTelnet(t *testing.T) {
	config, files := tlsConfig(t)
	host, port, _ := net.SplitHostPort(serveTLS(t, config))
	p, terminal := startAt(t, 70, "telnet-ssl", "-z", "ssl", "-z", "cacert="+files.Cert, "-z", "verify=1", host, port)
	session(t, p, terminal, true)
}

func session(t *testing.T, p *program, terminal pty, resizes bool) {
	t.Helper()
	p.expect(" ** Welcome: you are not authenticated, provide secret.\r\n")
	p.send("mysecretkeX\x7fy\r")
	p.expect(" ** Welcome: you are authenticated.\r\n")
	p.expect("\x1b[?2004h")
	if strings.Contains(p.seen, "mysecret") {
		t.Errorf("the secret was echoed: %q", p.seen)
	}
	// Keys: an interrupt, letters of several bytes, editing in the middle, completion.
	p.send("!!process.stop name:gone")
	p.expect("!!process.stop name:gone")
	p.send("\x03")
	p.expect("^C\r\n")
	p.send("!!process.status name:'Grüße中' jobid:1\r")
	p.expect("!!process.status name:'Grüße中' jobid:1")
	p.expect("\r\n**RESULT** 1\r\nError: cannot show \"Grüße中\": no such process\r\n**ENDRESULT**\r\n")
	p.send("!!proc\tstatu\tname:nosuch jobid:22\x1b[D\x7f")
	p.send("\r")
	p.expect("**RESULT** 2\r\n")
	p.expect("**ENDRESULT**\r\n")
	// History, and a table of the terminal's width.
	p.send("!!process.list name:x\r")
	p.expect("**ENDRESULT**\r\n")
	p.send("\x1b[A\x17\r")
	p.expect("**RESULT**\r\n")
	p.expectTable(70)
	terminal.resize(120, 24)
	// The client is told by a signal; when it has told us is not known.
	for wide := !resizes; !wide; {
		p.send("\x1b[A\r")
		p.expect("**RESULT**\r\n")
		wide = p.expectTable(120) > 70
	}
	// A paste is one text; a quote that is open is shown.
	p.send("\x1b[200~!!process.status name:nosuch\r  jobid:'4\x1b[201~")
	p.expect("jobid:'4")
	p.send("\r")
	p.expect("'> ")
	p.send("2'\r")
	p.expect("Error: line 2, column 3: a jobid must be one line without control characters\r\n")
	p.expect("**ENDRESULT**\r\n")
	p.send("\x04")
	p.expectEnd()
	if !strings.Contains(p.seen, "\x1b[?2004l") {
		t.Errorf("the terminal was not left as it was found: %q", p.seen)
	}
}

// A user who prefers lines: the client takes them back from us, with the echo, and its
// Ctrl-C becomes IAC IP with IAC DO TIMING-MARK, without whose answer it shows nothing
// more.
func TestT76TelnetInLineMode(t *testing.T) {
	words := telnetTo(serve(t, "tcp"), telnetClients["inetutils"])
	p, _ := startAt(t, 70, words[0], words[1:]...)
	p.expect("provide secret.\r\n")
	p.send("mysecretkey\r")
	p.expect("you are authenticated.\r\n")
	p.send("\x1d")
	p.expect("telnet> ")
	p.send("mode line\r")
	p.expect("\x1b[?2004l") // we do not show lines any more
	p.send("!!process.status name:'nosuX\x7fch\r")
	p.expect("name:'nosu")
	// The client puts the IAC IP in front of what it has read and not yet sent: the line
	// has arrived when what was asked behind it is answered.
	p.send("\x1d")
	p.expect("telnet> ")
	p.send("send ayt\r")
	p.expect("Process Manager is here.\r\n")
	p.send("\x03")
	p.send("!!process.status name:nosuch jobid:9\r")
	p.expect("**RESULT** 9\r\nError: cannot show \"nosuch\": no such process\r\n**ENDRESULT**\r\n")
	p.send("!!quit\r")
	p.expect("Bye\r\n")
	p.expectEnd()
}

// expectTable reads to the end of a frame and returns the length of its longest line.
func (p *program) expectTable(columns int) int {
	p.t.Helper()
	from := p.from
	p.expect("**ENDRESULT**\r\n")
	widest := 0
	for line := range strings.Lines(p.seen[from:p.from]) {
		widest = max(widest, len([]rune(strings.TrimRight(line, "\r\n"))))
	}
	if widest > columns {
		p.t.Errorf("a table of %d columns: %s", widest, p.seen[from:p.from])
	}
	return widest
}

// A terminal without telnet: lines, echoed by the terminal, and nothing that is meant
// for one.
func TestLinesAtATerminal(t *testing.T) {
	for name, words := range map[string]func(addr string) []string{
		"nc":    func(addr string) []string { return []string{"nc", "-U", addr} },
		"socat": func(addr string) []string { return []string{"socat", "-", "UNIX-CONNECT:" + addr} },
		"two ptys": func(addr string) []string {
			return []string{"socat", "-,raw,echo=0,icrnl", "SYSTEM:'exec socat STDIO UNIX-CONNECT:" + addr + "',pty,setsid,ctty"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := words(serve(t, "unix"))
			p, _ := startAt(t, 70, words[0], words[1:]...)
			p.expect("provide secret.\r\n")
			p.send("mysecretkey\n")
			p.expect("you are authenticated.\r\n")
			p.send("!!process.statuX\x7fs name:nosuch jobid:7\n")
			p.expect(strings.ReplaceAll(notFound(7), "\n", "\r\n"))
			p.send("!!process.status\n  name:nosuch jobid:8\n\n")
			p.expect(strings.ReplaceAll(notFound(8), "\n", "\r\n"))
			p.send("!!quit\n")
			p.expect("Bye\r\n**ENDRESULT**\r\n")
			if name != "two ptys" { // its inner terminal need not end at once
				p.expectEnd()
			}
			if strings.Contains(p.seen, "\x1b") || strings.Contains(p.seen, "\xff") {
				t.Errorf("bytes for a terminal: %q", p.seen)
			}
		})
	}
}
