package telnet_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/processmanager/processmanager/telnet"
)

const abandoned = "Error: the wait was given up (Ctrl-C); what was begun goes on\n"

// Ctrl-C, as a byte or as telnet's IAC IP, ends the wait for the statement that is
// performed; those behind it are performed.
func TestT80InterruptAbandonsTheWait(t *testing.T) {
	for name, interrupt := range map[string]string{"byte": "\x03", "IAC IP": "\xff\xf4", "IAC IP, IAC DM": "\xff\xf4\xff\xf2"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, false, nil, nil, func(t *testing.T, w *world, c *client) {
				worked := false
				w.fake.Hook = func(ctx context.Context, method string) error {
					if method != "Restart" {
						return nil
					}
					go func() { time.Sleep(30 * time.Second); worked = true }() // the work is not the wait
					<-ctx.Done()
					return fmt.Errorf("cannot wait for %q: %w", "web", ctx.Err())
				}
				c.send("!!process.restart name:web jobid:1\n" + ask(2) + "\n")
				if got := c.after(10 * time.Second); got != "" {
					t.Errorf("answered already: %q", got)
				}
				c.send(interrupt)
				got, _ := c.read()
				if diff := cmp.Diff(frame("1", abandoned)+notFound(2), strings.ReplaceAll(got, "\r\n", "\n")); diff != "" {
					t.Error(diff)
				}
				c.after(time.Minute)
				if !worked {
					t.Error("the work was given up too")
				}
				c.send(interrupt + ask(3) + "\n") // nothing is performed: nothing happens
				if got, _ := c.read(); strings.ReplaceAll(got, "\r\n", "\n") != notFound(3) {
					t.Errorf("afterwards %q", got)
				}
			})
		})
	}
}

// What is being typed is forgotten first; only the next Ctrl-C ends the wait.
func TestT76InterruptForgetsWhatIsTyped(t *testing.T) {
	bubble(t, true, oneSecret, nil, func(t *testing.T, w *world, c *client) {
		w.fake.Hook = func(ctx context.Context, method string) error {
			if method == "Restart" {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		c.send("\xff\xfd\x01\xff\xfd\x03mysecretkey\r\x00!!process.restart name:web jobid:1\r\x00\r\x00")
		c.read()
		c.send("!!process.delete name:web\x03")
		if got, _ := c.read(); got != "!!process.delete name:web^C\r\n" {
			t.Errorf("the first: %q", got)
		}
		c.send("\x1b[200~half a paste\x03")
		if got, _ := c.read(); got != "^C\r\n" {
			t.Errorf("in a paste: %q", got)
		}
		c.send("\x03")
		if got, _ := c.read(); got != "^C\r\n"+strings.ReplaceAll(frame("1", abandoned), "\n", "\r\n") {
			t.Errorf("the last: %q", got)
		}
		if len(w.fake.Calls()) != 1 {
			t.Errorf("calls: %v", w.fake.Calls())
		}
	})
}

// A client in line mode discards what we send behind its IAC IP until its IAC DO
// TIMING-MARK is answered, so that comes first; a quote that was open is forgotten.
func TestT76InterruptInLineMode(t *testing.T) {
	bubble(t, true, oneSecret, nil, func(t *testing.T, w *world, c *client) {
		c.send("\xff\xfe\x01\xff\xfe\x03mysecretkey\r\n!!process.status name:'nosuch\r\n")
		c.read()
		c.send("\xff\xf4\xff\xfd\x06" + strings.ReplaceAll(ask(9), "\n", "\r\n") + "\r\n")
		want := "\xff\xfc\x06" + strings.ReplaceAll(notFound(9), "\n", "\r\n")
		if got, _ := c.read(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// An answer appears above the line that is being typed, wherever its cursor is.
func TestTypedLineIsShownAgainBehindAnAnswer(t *testing.T) {
	bubble(t, true, oneSecret, nil, func(t *testing.T, w *world, c *client) {
		release := make(chan struct{})
		w.fake.Hook = func(context.Context, string) error { <-release; return nil }
		c.send("\xff\xfd\x01\xff\xfd\x03mysecretkey\r\x00!!process.status name:nosuch jobid:2\r\x00\r\x00")
		c.send("!!help\x1b[D\x1b[D")
		c.read()
		close(release)
		got, _ := c.read()
		if diff := cmp.Diff("\b\b\b\b\x1b[J"+strings.ReplaceAll(notFound(2), "\n", "\r\n")+"!!help\b\b", got); diff != "" {
			t.Error(diff)
		}
	})
}

// Two peers that never stop to negotiate: one of them does.
func TestT76OptionStorm(t *testing.T) {
	bubble(t, false, oneSecret, nil, func(t *testing.T, w *world, c *client) {
		for opt := range 256 { // whoever asks for everything twice is served
			c.send(string([]byte{255, 253, byte(opt), 255, 251, byte(opt)}))
		}
		if _, closed := c.read(); closed {
			t.Fatal("given up too early")
		}
		for range 2000 {
			c.send("\xff\xfd\x18\xff\xfe\x18")
		}
		if _, closed := c.read(); !closed {
			t.Error("the storm goes on")
		}
		if !strings.Contains(w.log.String(), "cannot follow the telnet negotiation") {
			t.Errorf("the log does not tell: %s", w.log)
		}
	})
}

// What may be looked at may be completed; a slow list does not hold the keyboard for
// long.
func TestCompletionAsksAsTheCaller(t *testing.T) {
	bubble(t, true, oneSecret, nil, func(t *testing.T, w *world, c *client) {
		c.send("\xff\xfd\x01\xff\xfd\x03looksecret\r\x00")
		c.read()
		c.send("!!process.stop name:we\t")
		if got, _ := c.read(); got != "!!process.stop name:web " {
			t.Errorf("got %q", got)
		}
		if calls := w.fake.Calls(); len(calls) != 1 || calls[0].Method != "List" || calls[0].Who.Role.String() != "viewer" {
			t.Errorf("calls: %v", calls)
		}
		w.fake.Hook = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		start := time.Now()
		c.send("\x15!!process.stop name:we\t")
		if got := c.after(time.Second); !strings.Contains(got, "\a") || time.Since(start) > time.Second {
			t.Errorf("got %q", got)
		}
	})
}

// A connection that says nothing is closed in time, at each of its stages.
func TestT79SilentConnections(t *testing.T) {
	for name, tt := range map[string]struct {
		say  string
		want time.Duration
	}{
		"before login":       {"", time.Minute},
		"a part of a secret": {"mysecr", time.Minute},
		"an open quote":      {"mysecretkey\n!!process.stop name:'x", 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false, oneSecret, func(*telnet.Options) {})
				defer w.end()
				c := w.dial()
				c.send(tt.say)
				start := time.Now()
				for closed := false; !closed; _, closed = c.read() {
					time.Sleep(time.Second)
				}
				if d := time.Since(start); d < tt.want || d > tt.want+time.Second {
					t.Errorf("closed after %v", d)
				}
				if len(w.fake.Calls()) > 0 {
					t.Errorf("half a statement was performed: %v", w.fake.Calls())
				}
				_ = c.conn.Close()
			})
		})
	}
}

// ours are the sequences that the screen and the terminal write.
var ours = regexp.MustCompile(`\x1b\[(\d*[ABCDHJK]|\?2004[hl])`)

// withoutTelnet takes out the options, which are bytes of any kind.
func withoutTelnet(got string) string {
	var b strings.Builder
	for i := 0; i < len(got); i++ {
		switch {
		case got[i] != 0xFF:
			b.WriteByte(got[i])
		case i+1 < len(got) && got[i+1] == 0xFF:
			i++
		default:
			i += 2
		}
	}
	return b.String()
}

// FuzzSession says anything to a server, before and after login, in keys and in lines:
// nothing panics, the connection has an end, and a terminal is sent nothing that others
// wrote and that it would act on.
func FuzzSession(f *testing.F) {
	f.Add([]byte("!!process.status name:web\x1b[D\x7f\t\r\x00\x1b[A\r\x00"), true)
	f.Add([]byte("\xff\xfb\x1f\xff\xfa\x1f\x00\x0a\x00\x18\xff\xf0!!process.logs name:web\r\n\x1b[200~a\r\x1b[201~\x03\xff\xf6"), true)
	f.Add([]byte("!!process.list\n\n!!process.logs name:web\n\n\xff\xfe\x01!!help\n\n"), false)
	f.Fuzz(func(t *testing.T, said []byte, known bool) {
		if len(said) > 4<<10 {
			t.Skip("too long")
		}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, true, oneSecret, nil)
			c := w.dial()
			c.send("\xff\xfd\x01\xff\xfd\x03")
			if known {
				c.send("mysecretkey\r\x00")
			}
			c.send(string(said))
			_ = c.conn.CloseWrite()
			time.Sleep(time.Hour)
			got, closed := c.read()
			if !closed {
				t.Error("the connection has no end")
			}
			for _, told := range w.count.told() {
				if strings.HasSuffix(told, " panic") {
					t.Errorf("%s: %s", told, w.log)
				}
			}
			if rest := ours.ReplaceAllString(withoutTelnet(got), ""); strings.Contains(rest, "\x1b") {
				t.Errorf("sent a sequence that is not the screen's: %q", rest)
			}
			_ = c.conn.Close()
			w.end()
		})
	})
}
